"""Records of what pips used and what that was worth: a file of lines for each cache, in a folder of our own.

A line is one JSON object; one that cannot be read is passed over. A file that grew beyond a limit loses its older half.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pipcacheplus.host.state import OwnFolder, disk_size, open_own_folder, unlock
from pipcacheplus.model.values import OwnFiles, OwnKind

__all__ = ["FOLDER", "UseRecords"]

FOLDER = "records"
"""The name of the folder in our state directory."""
MAX_BYTES = 4 << 20
"""Of one file; some ten thousand installs."""
_SUFFIX = ".jsonl"
_LOCK = ".lock"


class UseRecords:
    """The records of all caches; the folder is made when something is first recorded."""

    def __init__(self, folder: str) -> None:
        """Take the folder, absolute; it and the one above are used only if they are ours alone."""
        self.folder = folder

    def add(self, cache_path: str, record: Mapping[str, Any]) -> None:
        """Append a record; while another run holds the file, it is left out.

        Args:
            cache_path: Of the cache, without links.
            record: Values that JSON can hold.

        Raises:
            OSError: It cannot be written, or the folder is not ours alone.
        """
        line = json.dumps({"cache": cache_path, **record}, separators=(",", ":")).encode() + b"\n"
        name = _name(cache_path)
        with self._open(is_made=True) as own:
            lock = own.lock(name + _LOCK)
            if lock is None:
                return
            try:
                status = own.check(name + _SUFFIX)
                if status is not None and status.st_size + len(line) > MAX_BYTES:
                    _halve(own, name + _SUFFIX)
                with open(own.open_file(name + _SUFFIX, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "wb") as file:
                    file.write(line)
            finally:
                unlock(lock)

    def of_cache(self, cache_path: str) -> list[Mapping[str, Any]]:
        """Return the records of a cache, the oldest first; none if there are none.

        Raises:
            OSError: They are not ours alone, or cannot be read.
        """
        with suppress(FileNotFoundError), self._open() as own:
            return list(_parsed(_content(own, _name(cache_path) + _SUFFIX)))
        return []

    def files(self) -> Iterator[OwnFiles]:
        """Yield what is kept, a value for each cache.

        Raises:
            OSError: The folder is not ours alone, or cannot be read.
        """
        with suppress(FileNotFoundError), self._open() as own:
            for name in own.names():
                status = own.status_of(name) if name.endswith(_SUFFIX) else None
                if status is not None:
                    first = next(_parsed(_content(own, name)), {})
                    cache = first.get("cache")
                    yield OwnFiles(
                        kind=OwnKind.RECORDS,
                        path=os.path.join(self.folder, name),
                        cache=cache if isinstance(cache, str) else None,
                        files=1,
                        size=status.st_size,
                        disk_size=disk_size(status),
                        used_s=int(status.st_mtime),
                    )

    def remove(self, path: str) -> None:
        """Remove the records of one cache, by the path that `files` names; raises as that."""
        with suppress(FileNotFoundError), self._open() as own:
            own.unlink(os.path.basename(path))

    def path_of(self, cache_path: str) -> str:
        """Return where the records of a cache lie, whether there are any or not."""
        return os.path.join(self.folder, _name(cache_path) + _SUFFIX)

    def _open(self, *, is_made: bool = False) -> OwnFolder:
        return open_own_folder(*os.path.split(self.folder), is_made=is_made)


def _name(cache_path: str) -> str:
    return hashlib.sha256(cache_path.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _content(own: OwnFolder, name: str) -> bytes:
    with open(own.open_file(name, os.O_RDONLY), "rb") as file:
        return file.read(2 * MAX_BYTES)


def _parsed(content: bytes) -> Iterator[Mapping[str, Any]]:
    for line in content.splitlines():
        with suppress(ValueError, RecursionError):
            found = json.loads(line)
            if isinstance(found, dict):
                yield found


def _halve(own: OwnFolder, name: str) -> None:
    """Leave the newer half of the lines."""
    lines = _content(own, name).splitlines(keepends=True)
    with open(own.open_file(name, os.O_WRONLY | os.O_TRUNC), "wb") as file:
        file.writelines(lines[len(lines) // 2 :])
