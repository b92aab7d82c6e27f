"""How a zip archive ends: the record that tells where its central directory lies, also in zip64.

Sources: PKWARE's APPNOTE.TXT 6.3; `zipfile.py` of Python 3.13 for what is tolerated (bytes in front of the archive, or
behind it), because that is what pip reads with.
"""

import struct
from typing import BinaryIO, NamedTuple

from pipcacheplus.model.facts import Broken, Unknown

__all__ = ["LOCAL_SIGNATURE", "End", "read_at", "read_end"]

LOCAL_SIGNATURE = b"PK\3\4"
"""What a member starts with, and so nearly every archive."""

_TAIL_BYTES = 8 << 10
"""Holds the whole central directory of most wheels."""
_MAX_TAIL_BYTES = 76 + 22 + 0xFFFF
"""Both records of zip64, the end record, and the longest comment."""

_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\5\6"
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_SIGNATURE = b"PK\6\6"
_LOCATOR64 = struct.Struct("<4sLQL")
_LOCATOR64_SIGNATURE = b"PK\6\7"
_FULL32 = 0xFFFF_FFFF


class End(NamedTuple):
    """What the records at the end of the file say."""

    members: int
    is_wide: bool
    """Whether the count comes from zip64; else it may have wrapped at 65,536."""
    size: int
    offset: int
    shift: int
    trailing: int
    raw: bytes | None
    """The central directory, if it was read already."""


def read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    """Read `count` bytes from `offset`; fewer only at the end of the file, also if the file is unbuffered.

    Raises:
        OSError: It cannot be read.
    """
    file.seek(offset)
    data = file.read(count)
    if len(data) == count or not data:
        return data
    parts = [data]
    missing = count - len(data)
    while missing and (data := file.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)


def read_end(file: BinaryIO, size: int) -> End | Broken | Unknown:
    """Find the end record; that the directory is where it says is not looked at.

    Raises:
        OSError: The file cannot be read.
    """
    tail_offset, tail = 0, b""
    for count in (_TAIL_BYTES, _MAX_TAIL_BYTES):
        tail_offset = max(0, size - count)
        tail = read_at(file, tail_offset, size - tail_offset)
        at = _find_end(tail)
        if at >= 0:
            return _end(file, tail, tail_offset, at)
        if not tail_offset:
            break
    # Other bytes may follow, or the comment may be cut.
    at = tail.rfind(_END_SIGNATURE)
    if at >= 0:
        return _end(file, tail, tail_offset, at)
    is_cut = read_at(file, 0, 4) in {LOCAL_SIGNATURE[: min(size, 4)], _END_SIGNATURE[: min(size, 4)]}
    return Broken(reason="no end of a zip archive" if is_cut else "no archive", is_cut=is_cut)


def _find_end(tail: bytes) -> int:
    """Return where the end record starts whose comment ends with the file, -1 if there is none."""
    at = tail.rfind(_END_SIGNATURE)
    while at >= 0:
        comment_size = int.from_bytes(tail[at + 20 : at + 22], "little")
        if at + _END.size + comment_size == len(tail):
            return at
        at = tail.rfind(_END_SIGNATURE, 0, at)
    return -1


def _end(file: BinaryIO, tail: bytes, tail_offset: int, at: int) -> End | Broken | Unknown:
    trailing = len(tail) - at - _END.size
    if trailing < 0:
        return Broken(reason="ends inside the end record", offset=tail_offset + len(tail), is_cut=True)
    _, disk, first_disk, here, count, directory_size, offset, comment_size = _END.unpack_from(tail, at)
    trailing -= comment_size
    if trailing < 0:
        return Broken(reason="ends inside the archive's comment", offset=tail_offset + len(tail), is_cut=True)
    end_offset = tail_offset + at
    wide = _read_wide(file, end_offset)
    if wide is not None:
        end_offset, disk, first_disk, here, count, directory_size, offset = wide
    elif _FULL32 in {directory_size, offset}:
        return Broken(reason="zip64 records are missing", offset=end_offset)
    if disk or first_disk or here != count:
        return Unknown(reason="archive of several disks")
    start = end_offset - directory_size
    if start < 0 or start < offset:
        return Broken(reason="bytes are missing in front of the central directory", offset=end_offset)
    inside = start - tail_offset
    raw = tail[inside : inside + directory_size] if inside >= 0 else None
    return End(count, wide is not None, directory_size, start, start - offset, trailing, raw)


def _read_wide(file: BinaryIO, end_offset: int) -> tuple[int, int, int, int, int, int, int] | None:
    """Return where zip64's end record starts and what it says; `None` if there is none."""
    front_size = _END64.size + _LOCATOR64.size
    if end_offset < front_size:
        return None
    records = read_at(file, end_offset - front_size, front_size)
    if records[_END64.size : _END64.size + 4] != _LOCATOR64_SIGNATURE or records[:4] != _END64_SIGNATURE:
        return None
    _, _, _, _, disk, first_disk, here, count, size, offset = _END64.unpack_from(records)
    return end_offset - front_size, disk, first_disk, here, count, size, offset
