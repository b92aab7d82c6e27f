"""Checksum of the file of a catalog: it finds any damage by a disk, but not a deliberate change.

It is in the lock file, and only while no run uses the catalog: a run removes it before it writes, and writes it
again when it ends. A run that was killed leaves none; then rows are judged by their own checksums.

SQLite locks a database by POSIX locks, and a process loses those as soon as it closes any descriptor of that file. So
a database is read here only while this process has no connection to it; where a second thread may have one, the
descriptor is closed later.
"""

import os
import struct
import zlib
from collections import Counter
from threading import Lock

from pipcacheplus.catalog.files import DATABASE, LOCK
from pipcacheplus.host.state import OwnFolder

__all__ = ["Checksums"]

_ROW = struct.Struct(">4sQI")
"""A mark, the bytes of the database, and their CRC-32."""
_MARK = b"sum1"
_AT = 16
"""Its offset: Windows locks the first byte."""
_CHUNK = 1 << 20
_guard = Lock()
_users: Counter[str] = Counter()
_to_close: dict[str, list[int]] = {}


class Checksums:
    """The checksum of one catalog. It counts as a user of the database until `close`."""

    def __init__(self, own: OwnFolder, name: str) -> None:
        """Store the directory with the catalogs, and the name of one."""
        self._own = own
        self._name = name
        self._path = os.path.join(own.path, name)
        with _guard:
            _users[self._path] += 1

    def close(self) -> None:
        """Mark this catalog as not used any more."""
        with _guard:
            _users[self._path] -= 1
            if _users[self._path] <= 0:
                del _users[self._path]
                for descriptor in _to_close.pop(self._path, ()):
                    os.close(descriptor)

    def is_garbled(self) -> bool:
        """Return whether the database changed since the last run; without a checksum, it counts as unchanged.

        Raises:
            OSError: It cannot be read.
        """
        stated = self._stated()
        # Another run may come and go meanwhile: then the checksum has changed too.
        return stated is not None and stated != self._made() and stated == self._stated()

    def take_away(self, lock: int) -> None:
        """Remove the checksum, because the database is going to change.

        Args:
            lock: Descriptor of the lock file, which is locked.

        Raises:
            OSError: It cannot be written.
        """
        if os.fstat(lock).st_size:
            self._write(lock, bytes(_ROW.size))

    def make(self, lock: int) -> None:
        """Write the checksum of the database, unless a journal shows that it is not whole; raises as `take_away`."""
        journal = self._own.status_of(self._name + DATABASE + "-journal")
        if journal is None or not journal.st_size:
            self._write(lock, self._made())

    def _write(self, lock: int, row: bytes) -> None:
        os.lseek(lock, _AT, os.SEEK_SET)
        os.write(lock, row)

    def _stated(self) -> bytes | None:
        try:
            descriptor = self._own.open_file(self._name + LOCK, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            os.lseek(descriptor, _AT, os.SEEK_SET)
            row = os.read(descriptor, _ROW.size)
        finally:
            os.close(descriptor)
        return row if row.startswith(_MARK) else None

    def _made(self) -> bytes:
        descriptor = self._own.open_file(self._name + DATABASE, os.O_RDONLY)
        try:
            size = made = 0
            while chunk := os.read(descriptor, _CHUNK):
                size += len(chunk)
                made = zlib.crc32(chunk, made)
        finally:
            with _guard:
                is_mine = _users[self._path] <= 1
                if not is_mine:
                    _to_close.setdefault(self._path, []).append(descriptor)
            if is_mine:
                os.close(descriptor)
        return _ROW.pack(_MARK, size, made)
