"""Records of the files that pips used and the downloads this saved: a file of lines for each cache.

A line is one JSON object; one that cannot be read is skipped. A file that grew beyond a limit loses its older half.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pipcacheplus.host.kept_files import KeptFiles, digest_of_path
from pipcacheplus.host.state import OwnFolder, unlock
from pipcacheplus.model.values import OwnKind

__all__ = ["UseRecords"]

MAX_BYTES = 4 << 20
"""Bytes of one file; some ten thousand installs."""
_SUFFIX = ".jsonl"
_LOCK = ".lock"


class UseRecords(KeptFiles):
    """The records of all caches."""

    KIND = OwnKind.RECORDS

    def add(self, cache_path: str, record: Mapping[str, Any]) -> None:
        """Append a record; while another run holds the lock of the file, it is dropped.

        Args:
            cache_path: Path of the cache, without links.
            record: Values that JSON can represent.

        Raises:
            OSError: It cannot be written, or the folder is not only this user's.
        """
        line = json.dumps({"cache": cache_path, **record}, separators=(",", ":")).encode() + b"\n"
        name = digest_of_path(cache_path)
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
        """Return the records of a cache, the oldest first.

        Raises:
            OSError: They are not only this user's, or cannot be read.
        """
        with suppress(FileNotFoundError), self._open() as own:
            return list(_parsed(_content(own, digest_of_path(cache_path) + _SUFFIX)))
        return []

    def path_of(self, cache_path: str) -> str:
        """Return the path of the records of a cache, whether there are any or not."""
        return os.path.join(self.folder, digest_of_path(cache_path) + _SUFFIX)

    def _is_kept(self, name: str) -> bool:
        return name.endswith(_SUFFIX)

    def _cache_of(self, own: OwnFolder, name: str) -> str | None:
        path = next(_parsed(_content(own, name)), {}).get("cache")
        return path if isinstance(path, str) else None


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
    """Keep the newer half of the lines."""
    lines = _content(own, name).splitlines(keepends=True)
    with open(own.open_file(name, os.O_WRONLY | os.O_TRUNC), "wb") as file:
        file.writelines(lines[len(lines) // 2 :])
