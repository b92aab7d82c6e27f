"""Reading of a number of bytes from an unbuffered file, which may return fewer at a time."""

from typing import BinaryIO

__all__ = ["read_at", "read_up_to"]

_PIECE_BYTES = 1 << 20
"""Most bytes that are requested at once: an unbuffered file allocates all of them, however short it is."""


def read_up_to(file: BinaryIO, count: int) -> bytes:
    """Read `count` bytes from the position of the file; fewer only at its end.

    Raises:
        OSError: It cannot be read.
    """
    data = file.read(min(count, _PIECE_BYTES))
    if len(data) == count or not data:
        return data
    parts = [data]
    missing = count - len(data)
    while missing and (data := file.read(min(missing, _PIECE_BYTES))):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    """Read `count` bytes from `offset`; fewer only at the end of the file.

    Raises:
        OSError: It cannot be read.
    """
    file.seek(offset)
    return read_up_to(file, count)
