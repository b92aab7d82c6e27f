"""Marks: moments that a user noted of a cache, so as to ask later what was not used since; kept in a folder of our own.

A mark is one small file. Its time is that which the file system gave it, as the times of use are which it is compared
with; what is written in it only says of which cache it is.
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
"""What a mark may be called: it begins with a letter, so that none looks like an age or a date."""
_FILE = re.compile(r"mark-[0-9a-f]{32}-(?P<name>[A-Za-z0-9_-]{1,64})\.json")
_MAX_BYTES = 1 << 16


class Marks(KeptFiles):
    """The marks of all caches."""

    KIND = OwnKind.MARKS

    def set(self, cache_path: str, name: str) -> int:
        """Note that it is now; a mark of the same name is moved.

        Args:
            cache_path: Of the cache, without links.
            name: As `MARK_NAME` has it.

        Returns:
            The moment, in nanoseconds since 1970.

        Raises:
            OSError: It cannot be written, or the folder is not ours alone.
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
            OSError: The mark, or the folder, is not ours alone, or cannot be looked at.
        """
        with suppress(FileNotFoundError), self._open() as own:
            status = own.check(_name(cache_path, name))
            return None if status is None else status.st_mtime_ns
        return None

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
