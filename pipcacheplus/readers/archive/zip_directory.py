"""Central directory of a zip archive: where its members lie, within bounds, and without an exception for broken data.

`zipfile` is not used, because it has no bounds: it reads a directory of any length, makes an object for each member,
does not compare the header in front of a member with the directory, and raises something different for each damage.
Speed is no reason to read the members here (Python 3.11: a wheel of 10 kB is read to its end in 0.3 ms by both, one of
50 MB and 5,000 members in 0.5 s here, in 0.4 s by `zipfile`). Opening is faster, as members are decoded on
access: 15 instead of 43 µs for 11 members, 1 instead of 16 ms and 0.6 instead of 3 MB for 5,000.

Sources: PKWARE's APPNOTE.TXT 6.3 for the records; `zipfile.py` of Python 3.13 for what is tolerated (bytes in front
of the archive, or behind it), because pip reads with it.
"""

import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from pipcacheplus.disk.file_content import read_at
from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.archive.magic import ZIP_END, ZIP_MEMBER

__all__ = [
    "DEFLATED",
    "FULL32",
    "STORED",
    "CentralDirectory",
    "Member",
    "data_start",
    "read_directory",
    "read_front",
    "read_member",
]

MAX_MEMBERS = 200_000
MAX_DIRECTORY_BYTES = 64 << 20

_TAIL_BYTES = 8 << 10
"""Holds the whole central directory of most wheels."""
_MAX_TAIL_BYTES = 76 + 22 + 0xFFFF
"""Both records of zip64, the end record, and the longest comment."""

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_SIGNATURE = b"PK\6\6"
_LOCATOR64 = struct.Struct("<4sLQL")
_LOCATOR64_SIGNATURE = b"PK\6\7"

_ENTRY = struct.Struct("<4s4xHH4x3L3H8xL")
_STEP = struct.Struct("<4s4xH18x3H")
_ENTRY_SIGNATURE = b"PK\1\2"
_ENTRY_BYTES = 46
_LOCAL = struct.Struct("<4s22xHH")
_FULL16 = 0xFFFF
FULL32 = 0xFFFF_FFFF
_ENCRYPTED = 0x2041
"""Bits 0, 6 and 13: encrypted, strongly encrypted, masked local headers."""
_UTF8 = 0x800
STORED = 0
DEFLATED = 8


class Member(NamedTuple):
    """One member, as the central directory describes it; sizes and offset in bytes."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    offset: int
    """Of the local header, from the start of the file."""

    @property
    def name(self) -> str:
        """Return the name as text; what cannot be decoded is replaced."""
        return _text(self.raw_name, self.flags)


def _text(raw_name: bytes, flags: int) -> str:
    # The decoder of cp437 is slow, and seldom needed.
    is_utf8 = flags & _UTF8 or raw_name.isascii()
    return raw_name.decode("utf-8" if is_utf8 else "cp437", "replace")


class _EndRecord(NamedTuple):
    """The contents of the records at the end of the file."""

    members: int
    is_wide: bool
    """Whether the count comes from zip64; otherwise it may have wrapped at 65,536."""
    size: int
    offset: int
    shift: int
    trailing: int
    raw: bytes | None
    """The central directory, if it was read already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CentralDirectory:
    """A central directory whose records follow each other as they should."""

    raw: bytes
    starts: tuple[int, ...]
    """The offset in `raw` of the record of each member."""
    offset: int
    """Of the central directory, from the start of the file."""
    shift: int
    """Bytes in front of the archive."""
    trailing: int
    """Bytes behind the archive."""

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self.starts)

    def members(self) -> Iterator[Member]:
        """Yield the members in the order of the directory; each is decoded on access."""
        return map(self.member, self.starts)

    def member(self, start: int) -> Member:
        """Decode the record at an offset of `starts`."""
        _, flags, method, crc, packed, size, name_size, extra_size, _, offset = _ENTRY.unpack_from(self.raw, start)
        name_end = start + _ENTRY_BYTES + name_size
        if FULL32 in (packed, size, offset):
            extra = self.raw[name_end : name_end + extra_size]
            size, packed, offset = _widened(extra, size, packed, offset)
        raw_name = self.raw[start + _ENTRY_BYTES : name_end]
        # No member starts behind the directory; a garbled offset must not become one beyond every file.
        return Member(raw_name, flags, method, crc, packed, size, min(offset + self.shift, self.offset))

    def names(self) -> Iterator[str]:
        """Yield the names of the members in the order of the directory; nothing else of them is decoded."""
        return (self._name(start)[1] for start in self.starts)

    def _name(self, start: int) -> tuple[bytes, str]:
        _, flags, name_size, _, _ = _STEP.unpack_from(self.raw, start)
        raw_name = self.raw[start + _ENTRY_BYTES : start + _ENTRY_BYTES + name_size]
        return raw_name, _text(raw_name, flags)

    def named_like(self, part: bytes) -> Iterator[Member]:
        """Yield the members whose name contains these bytes; the others are not decoded."""
        return (self.member(start) for start, _ in self.names_like(part))

    def names_like(self, part: bytes) -> Iterator[tuple[int, str]]:
        """Yield start and name of the members whose name contains these bytes; nothing else of them is decoded."""
        raw, starts = self.raw, self.starts
        at = raw.find(part)
        while at >= 0:
            index = bisect_right(starts, at)
            start = starts[index - 1]
            raw_name, name = self._name(start)
            if part in raw_name:
                yield start, name
            if index == len(starts):
                return
            at = raw.find(part, starts[index])


def read_directory(
    file: BinaryIO, size: int, *, max_members: int = MAX_MEMBERS, max_bytes: int = MAX_DIRECTORY_BYTES
) -> CentralDirectory | Broken | Unknown:
    """Find and read the central directory; no member is read.

    Args:
        file: Seekable.
        size: Its length in bytes.
        max_members: With more than these the result is `Unknown`.
        max_bytes: Most bytes of the central directory.

    Raises:
        OSError: The file cannot be read.
    """
    if not size:
        return Broken(reason="is empty", offset=0, is_cut=True)
    end = _read_end(file, size)
    if not isinstance(end, _EndRecord):
        return end
    if end.members > max_members or end.size > max_bytes:
        return Unknown(reason=f"archive of {end.members} members with a directory of {end.size} bytes")
    raw = end.raw if end.raw is not None else read_at(file, end.offset, end.size)
    if len(raw) != end.size:
        return Broken(reason="ends inside the central directory", offset=end.offset + len(raw), is_cut=True)
    starts = _starts(raw, end, max_members)
    if not isinstance(starts, list):
        return starts
    if end.shift and read_at(file, 0, 4) == ZIP_MEMBER:
        # An archive inside a truncated one has an end record of its own: all offsets are then too large.
        return Broken(reason="central directory belongs to an archive inside this one", is_cut=True)
    return CentralDirectory(raw=raw, starts=tuple(starts), offset=end.offset, shift=end.shift, trailing=end.trailing)


def read_member(file: BinaryIO, member: Member, *, limit: int) -> bytes | Broken | Unknown:
    """Return the content of one small member; its checksum is compared.

    Args:
        file: The archive.
        member: Of its directory.
        limit: Most bytes of content; a larger member is `Unknown`.

    Raises:
        OSError: The file cannot be read.
    """
    if member.size > limit:
        return Unknown(reason=f"{member.name} has {member.size} bytes")
    return read_front(file, member, length=limit)


def read_front(file: BinaryIO, member: Member, *, length: int) -> bytes | Broken | Unknown:
    """Return the first `length` bytes of a member's content; if that is all of it, its checksum is compared.

    Raises:
        OSError: The file cannot be read.
    """
    if member.flags & _ENCRYPTED:
        return Unknown(reason=f"{member.name} is encrypted")
    if member.method not in {STORED, DEFLATED}:
        return Unknown(reason=f"{member.name} is packed by method {member.method}")
    # Even data that deflate cannot shrink grows by less than a thousandth.
    wanted = min(member.packed_size, length + length // 1000 + 4096)
    local_size = _LOCAL.size + len(member.raw_name)
    # Most local headers carry few extra bytes, so that one read gets header and data.
    data = read_at(file, member.offset, local_size + 64 + wanted)
    start = data_start(data, member)
    if isinstance(start, Broken):
        return start
    packed = data[start : start + wanted]
    if len(packed) < wanted:
        packed = read_at(file, member.offset + start, wanted)
    if len(packed) < wanted:
        return Broken(reason=f"ends inside {member.name}", offset=member.offset, is_cut=True)
    return _content(packed, member, length)


def data_start(local: bytes, member: Member) -> int | Broken:
    """Return how many bytes behind its local header's start a member's data starts.

    Args:
        local: The file's bytes from there, at least 30 and the name.
        member: As the central directory describes it.
    """
    if len(local) < _LOCAL.size + len(member.raw_name):
        return Broken(reason=f"ends inside the header of {member.name}", offset=member.offset, is_cut=True)
    signature, name_size, extra_size = _LOCAL.unpack_from(local)
    if signature != ZIP_MEMBER:
        return Broken(reason=f"no header in front of {member.name}", offset=member.offset)
    if local[_LOCAL.size : _LOCAL.size + name_size] != member.raw_name:
        return Broken(reason=f"header of {member.name} has another name", offset=member.offset)
    return _LOCAL.size + int(name_size) + int(extra_size)


def _content(packed: bytes, member: Member, length: int) -> bytes | Broken:
    if member.method == STORED:
        content = packed[:length]
    else:
        try:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, min(length, member.size) + 1)[: length + 1]
        except zlib.error:
            return Broken(reason=f"data of {member.name} cannot be unpacked", offset=member.offset)
    if member.size > length:
        return content[:length]
    if len(content) != member.size:
        return Broken(reason=f"{member.name} has not the size that the zip directory gives", offset=member.offset)
    if zlib.crc32(content) != member.crc:
        return Broken(reason=f"checksum of {member.name} is wrong", offset=member.offset)
    return content


def _read_end(file: BinaryIO, size: int) -> _EndRecord | Broken | Unknown:
    """Find the end record; the position of the directory that it gives is not checked.

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
    # Other bytes may follow, or the comment may be truncated.
    at = tail.rfind(ZIP_END)
    if at >= 0:
        return _end(file, tail, tail_offset, at)
    is_cut = read_at(file, 0, 4) in {ZIP_MEMBER[: min(size, 4)], ZIP_END[: min(size, 4)]}
    return Broken(reason="no end of a zip archive" if is_cut else "not an archive", is_cut=is_cut)


def _find_end(tail: bytes) -> int:
    """Return where the end record starts whose comment ends with the file, -1 if there is none."""
    at = tail.rfind(ZIP_END)
    while at >= 0:
        comment_size = int.from_bytes(tail[at + 20 : at + 22], "little")
        if at + _END.size + comment_size == len(tail):
            return at
        at = tail.rfind(ZIP_END, 0, at)
    return -1


def _end(file: BinaryIO, tail: bytes, tail_offset: int, at: int) -> _EndRecord | Broken | Unknown:
    trailing = len(tail) - at - _END.size
    if trailing < 0:
        return Broken(reason="ends inside the end record", offset=tail_offset + len(tail), is_cut=True)
    _, disk, first_disk, here, count, directory_size, offset, comment_size = _END.unpack_from(tail, at)
    trailing -= comment_size
    if trailing < 0:
        return Broken(reason="ends inside the archive's comment", offset=tail_offset + len(tail), is_cut=True)
    end_offset = tail_offset + at
    wide = _read_wide(file, tail, at, end_offset)
    if wide is not None:
        end_offset, disk, first_disk, here, count, directory_size, offset = wide
    elif FULL32 in {directory_size, offset}:
        return Broken(reason="zip64 records are missing", offset=end_offset)
    if disk or first_disk or here != count:
        return Unknown(reason="archive of several disks")
    start = end_offset - directory_size
    if start < 0 or start < offset:
        return Broken(reason="bytes are missing in front of the central directory", offset=end_offset)
    inside = start - tail_offset
    raw = tail[inside : inside + directory_size] if inside >= 0 else None
    return _EndRecord(count, wide is not None, directory_size, start, start - offset, trailing, raw)


def _read_wide(
    file: BinaryIO, tail: bytes, at: int, end_offset: int
) -> tuple[int, int, int, int, int, int, int] | None:
    """Return the start and the contents of zip64's end record; `None` if there is none."""
    front_size = _END64.size + _LOCATOR64.size
    if end_offset < front_size:
        return None
    front = end_offset - front_size
    records = tail[at - front_size : at] if at >= front_size else read_at(file, front, front_size)
    if records[_END64.size : _END64.size + 4] != _LOCATOR64_SIGNATURE or records[:4] != _END64_SIGNATURE:
        return None
    _, _, _, _, disk, first_disk, here, count, size, offset = _END64.unpack_from(records)
    return front, disk, first_disk, here, count, size, offset


def _starts(raw: bytes, end: _EndRecord, max_members: int) -> list[int] | Broken | Unknown:
    starts: list[int] = []
    at = flags = 0
    step = _STEP.unpack_from
    while at + _ENTRY_BYTES <= len(raw):
        signature, member_flags, name_size, extra_size, comment_size = step(raw, at)
        if signature != _ENTRY_SIGNATURE:
            return Broken(reason="central directory is garbled", offset=end.offset + at)
        starts.append(at)
        flags |= member_flags
        at += _ENTRY_BYTES + name_size + extra_size + comment_size
    if at != len(raw):
        return Broken(reason="central directory is garbled", offset=end.offset + at)
    if len(starts) != end.members and (end.is_wide or (len(starts) - end.members) % (_FULL16 + 1)):
        return Broken(reason=f"central directory has {len(starts)} members instead of {end.members}", offset=end.offset)
    if len(starts) > max_members:
        return Unknown(reason=f"archive of {len(starts)} members")
    if flags & _ENCRYPTED:
        return Unknown(reason="archive is encrypted")
    return starts


def _widened(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Return size, packed size and offset with the values of zip64's extra field for those that are full."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            values = iter(
                struct.unpack_from(f"<{length // 8}Q", extra[: at + 4 + length].ljust(at + 4 + length), at + 4)
            )
            size, packed, offset = (next(values, old) if old == FULL32 else old for old in (size, packed, offset))
            break
        at += 4 + length
    return size, packed, offset
