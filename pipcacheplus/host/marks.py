"""Marks: times that a user stores for a cache, to find later the entries that were not used since.

A mark is one small file. Its time is set by the file system, as are the times of use with which it is compared; its
content only names the cache.
"""

import json
import os
import re
from contextlib import suppress

from pipcacheplus.host.kept_files import KeptFiles, digest_of_path
from pipcacheplus.host.state import OwnFolder
from pipcacheplus.model.values import OwnKind

__all__ = ["MARK_NAME", "Marks"]

MARK_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""The form of a mark's name: it begins with a letter, so that none looks like an age or a date."""
_FILE = re.compile(r"mark-[0-9a-f]{32}-(?P<name>[A-Za-z0-9_-]{1,64})\.json")
_MAX_BYTES = 1 << 16


class Marks(KeptFiles):
    """The marks of all caches."""

    KIND = OwnKind.MARKS

    def set(self, cache_path: str, name: str) -> int:
        """Store the present time; a mark of the same name is replaced.

        Args:
            cache_path: Path of the cache, without links.
            name: A name that matches `MARK_NAME`.

        Returns:
            The time, in nanoseconds since 1970.

        Raises:
            OSError: It cannot be written, or the folder is not only this user's.
        """
        with self._open(is_made=True) as own:
            file_name = _name(cache_path, name)
            descriptor = own.open_file(file_name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            with open(descriptor, "wb") as file:
                file.write(json.dumps({"cache": cache_path}).encode())
            status = own.check(file_name)
        if status is None:
            raise FileNotFoundError(os.path.join(self.folder, file_name))
        return status.st_mtime_ns

    def moment_ns(self, cache_path: str, name: str) -> int | None:
        """Return when a cache was marked, in nanoseconds since 1970; `None` if it was not.

        Raises:
            OSError: The mark, or the folder, is not only this user's, or cannot be examined.
        """
        with suppress(FileNotFoundError), self._open() as own:
            status = own.check(_name(cache_path, name))
            return None if status is None else status.st_mtime_ns
        return None

    def names(self, cache_path: str) -> tuple[str, ...]:
        """Return the names of the marks of a cache, sorted.

        Raises:
            OSError: The folder is not only this user's, or cannot be read.
        """
        with suppress(FileNotFoundError), self._open() as own:
            found = [match["name"] for match in map(_FILE.fullmatch, own.names()) if match is not None]
            return tuple(sorted(name for name in {*found} if own.status_of(_name(cache_path, name)) is not None))
        return ()

    def _is_kept(self, name: str) -> bool:
        return _FILE.fullmatch(name) is not None

    def _cache_of(self, own: OwnFolder, name: str) -> str | None:
        try:
            with open(own.open_file(name, os.O_RDONLY), "rb") as file:
                found = json.loads(file.read(_MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            return None
        path = found.get("cache") if isinstance(found, dict) else None
        return path if isinstance(path, str) else None


def _name(cache_path: str, name: str) -> str:
    return f"mark-{digest_of_path(cache_path)}-{name}.json"
