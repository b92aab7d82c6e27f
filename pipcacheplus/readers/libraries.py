"""Libraries, extension modules and programs in a wheel, found while its members are read to their end.

The first bytes of a member decide its type. Of one of up to `_FRONT_BYTES` all is in memory; of a larger one its
front, its end and its dynamic section are, together `_FRONT_BYTES` and twice `_TAIL_BYTES` at most, however many
gigabytes it has: there linkers put the parts that a loader reads. Other parts are not read, and the member counts so.
Of a wheel at most `_MAX_LIBRARIES` are read, and some 65,000 records of them together, that is 3 s.

Mach-O (macOS) and PE (Windows) are counted, and not read.
"""

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

from pipcacheplus.model.facts import Libraries, Library
from pipcacheplus.readers.archive.zip_members import Piece
from pipcacheplus.readers.elf import (
    MAGIC,
    NUMPY_CHECK,
    NUMPY_TWO,
    Budget,
    NotHeldError,
    dynamic_span,
    numpy_minimum,
    read_elf,
)

__all__ = ["LibraryWatcher"]

_MAX_LIBRARIES = 1000
_FRONT_BYTES = 16 << 20
_TAIL_BYTES = 1 << 20
_SEGMENTS_BYTES = 16 << 10
"""Holds header and segments, as linkers write them."""
_MACH_O = (b"\xfe\xed\xfa\xce", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""Of 32 and 64 bits, in both byte orders, and of several architectures, which is that of Java's classes too."""
_MACH_O_NAMES = (".so", ".dylib")
_PE = b"MZ"
_PE_NAMES = (".pyd", ".dll")
_NUMPY_BYTES = 512
"""Bytes of two pieces that are searched together: more than the length of the messages that are searched."""


class LibraryWatcher:
    """Collects the libraries of one wheel."""

    magics: tuple[bytes, ...] = (MAGIC, *_MACH_O, _PE)

    def __init__(self) -> None:
        self._found: list[Library] = []
        self._budget = Budget()
        self._not_read = self._others = self._seen = 0

    def libraries(self) -> Libraries:
        """Return the libraries that were found."""
        return Libraries(found=tuple(self._found), not_read=self._not_read, others=self._others)

    def see(self, name: str, content: bytes) -> None:
        """Examine a member."""
        if not content.startswith(MAGIC):
            self._others += _is_other(name, content)
        elif self._is_one_more():
            self._read(name, io.BytesIO(content), len(content), _numpy(content))

    def watched(self, name: str, size: int, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Examine a member that comes in pieces, and pass them on."""
        held: _Held | None = None
        is_first = True
        for piece in pieces:
            if is_first and isinstance(piece, bytes):
                is_first = not piece
                if piece.startswith(MAGIC):
                    held = _Held(size) if self._is_one_more() else None
                else:
                    self._others += _is_other(name, piece)
            if held is not None and isinstance(piece, bytes):
                held.add(piece)
            yield piece
        if held is not None:
            self._read(name, cast("BinaryIO", held), held.size, held.numpy)

    def _is_one_more(self) -> bool:
        self._seen += 1
        if self._seen > _MAX_LIBRARIES:
            self._not_read += 1
        return self._seen <= _MAX_LIBRARIES

    def _read(self, name: str, file: BinaryIO, size: int, numpy: str | None) -> None:
        found = read_elf(file, size, path=name, budget=self._budget, numpy=numpy)
        if isinstance(found, Library):
            self._found.append(found)
        else:
            self._not_read += 1


def _is_other(name: str, content: bytes) -> bool:
    """Return whether a member is a library of another system; programs for it lie in wheels of every system."""
    lower = name.lower()
    is_mach_o = content.startswith(_MACH_O) and lower.endswith(_MACH_O_NAMES)
    return is_mach_o or (content.startswith(_PE) and lower.endswith(_PE_NAMES))


def _numpy(content: bytes) -> str | None:
    """Return the use of NumPy's C API by a binary, as in `Library`."""
    if NUMPY_CHECK not in content:
        return None
    return numpy_minimum(content) or (None if NUMPY_TWO in content else "1")


class _Held(io.RawIOBase):
    """The front, the end and the dynamic section of a file that came in pieces, with the interface of the file."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = 0
        """Bytes so far."""
        self._front = bytearray()
        self._tail = bytearray()
        self._tail_at = max(0, size - _TAIL_BYTES)
        self._dynamic = bytearray()
        self._dynamic_span: tuple[int, int] | None = None
        self._is_front_read = False
        self._at = 0
        self._last = b""
        self._has_check = self._has_two = False
        self._minimum: str | None = None

    def add(self, piece: bytes) -> None:
        """Take the next piece."""
        self._look_for_numpy(piece)
        if len(self._front) < _FRONT_BYTES:
            self._front += piece[: _FRONT_BYTES - len(self._front)]
        if not self._is_front_read and len(self._front) >= _SEGMENTS_BYTES:
            # Segments are listed right behind the header; a section that lies there is in the front itself.
            self._is_front_read = True
            self._dynamic_span = dynamic_span(bytes(self._front))
        if self._dynamic_span is not None:
            start, length = self._dynamic_span
            self._dynamic += self._part(piece, start, min(length, _TAIL_BYTES))
        self._tail += self._part(piece, self._tail_at, _TAIL_BYTES)
        self.size += len(piece)

    def _part(self, piece: bytes, start: int, length: int) -> bytes:
        """Return the bytes of a piece that lie in a part of the file."""
        return piece[max(0, start - self.size) : max(0, start + length - self.size)]

    def _look_for_numpy(self, piece: bytes) -> None:
        both = self._last[-_NUMPY_BYTES:] + piece
        self._has_check = self._has_check or NUMPY_CHECK in both
        self._has_two = self._has_two or NUMPY_TWO in both
        self._minimum = self._minimum or numpy_minimum(both)
        self._last = piece

    @property
    def numpy(self) -> str | None:
        """Its use of NumPy's C API, as in `Library`."""
        if not self._has_check:
            return None
        return self._minimum or (None if self._has_two else "1")

    def seekable(self) -> bool:
        """Return that it is."""
        return True

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, which may be anywhere."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def read(self, count: int = -1) -> bytes:
        """Return bytes from the position.

        Raises:
            NotHeldError: Not all of them are held.
        """
        left = max(0, self.size - self._at)
        count = left if count < 0 else min(count, left)
        for start, part in self._parts():
            inside = self._at - start
            if inside >= 0 and inside + count <= len(part):
                self._at += count
                return bytes(part[inside : inside + count])
        raise NotHeldError

    def _parts(self) -> Iterator[tuple[int, bytearray]]:
        yield 0, self._front
        yield self._tail_at, self._tail
        if self._dynamic_span is not None:
            yield self._dynamic_span[0], self._dynamic
