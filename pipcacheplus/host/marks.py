"""Marks: moments that a user noted of a cache, so as to ask later what was not used since; kept in a folder of our own.

A mark is one small file. Its time is that which the file system gave it, as the times of use are which it is compared
with; what is written in it only says of which cache it is.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress

from pipcacheplus.host.state import OwnFolder, disk_size, open_own_folder
from pipcacheplus.model.values import OwnFiles, OwnKind

__all__ = ["FOLDER", "MARK_NAME", "Marks"]

FOLDER = "marks"
"""The name of the folder in our state directory."""
MARK_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What a mark may be called: it begins with a letter, so that none looks like an age or a date."""
_FILE = re.compile(r"mark-[0-9a-f]{32}-(?P<name>[A-Za-z0-9_-]{1,64})\.json")
_MAX_BYTES = 1 << 16


class Marks:
    """The marks of all caches; the folder is made when something is first marked."""

    def __init__(self, folder: str) -> None:
        """Take the folder, absolute; it and the one above are used only if they are ours alone."""
        self.folder = folder

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

    def files(self) -> Iterator[OwnFiles]:
        """Yield what is kept, a value for each mark.

        Raises:
            OSError: The folder is not ours alone, or cannot be read.
        """
        with suppress(FileNotFoundError), self._open() as own:
            for name in own.names():
                status = own.status_of(name) if _FILE.fullmatch(name) else None
                if status is not None:
                    yield OwnFiles(
                        kind=OwnKind.MARKS,
                        path=os.path.join(self.folder, name),
                        cache=_cache_of(own, name),
                        files=1,
                        size=status.st_size,
                        disk_size=disk_size(status),
                        used_s=int(status.st_mtime),
                    )

    def remove(self, path: str) -> None:
        """Remove one mark, by the path that `files` tells; raises as that."""
        with suppress(FileNotFoundError), self._open() as own:
            own.unlink(os.path.basename(path))

    def _open(self, *, is_made: bool = False) -> OwnFolder:
        return open_own_folder(*os.path.split(self.folder), is_made=is_made)


def _name(cache_path: str, name: str) -> str:
    return f"mark-{hashlib.sha256(cache_path.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}-{name}.json"


def _cache_of(own: OwnFolder, name: str) -> str | None:
    try:
        with open(own.open_file(name, os.O_RDONLY), "rb") as file:
            found = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    path = found.get("cache") if isinstance(found, dict) else None
    return path if isinstance(path, str) else None
