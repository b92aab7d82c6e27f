"""Read the members of a zip archive to their end, in bounded memory, and compare their checksums."""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, Protocol

from msgspec.structs import replace

from pipcacheplus.disk.file_content import read_at
from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.archive.decompress import (
    MAX_DECODER_BYTES,
    RATIO_SLACK_BYTES,
    Decoder,
    Inflater,
    bzip2_decoder,
    decode_piece,
    lzma_decoder,
)
from pipcacheplus.readers.archive.record import Row
from pipcacheplus.readers.archive.zip_directory import DEFLATED, FULL32, STORED, CentralDirectory, Member, data_start

__all__ = ["Piece", "Watcher", "read_members"]

_PIECE_BYTES = 256 << 10
_FEW_MEMBERS = 1000
"""Most members that are in memory at once; of more, only the offsets are."""
_LOCAL = struct.Struct("<6x2H4x3L")
_LOCAL_BYTES = 30
_USUAL_EXTRA_BYTES = 64
_HAS_DESCRIPTOR = 0x8
"""Sizes and checksum stand behind the data, and need not be in the local header."""
_BZIP2 = 12
_LZMA = 14
_LZMA_HEADER = struct.Struct("<2sHBL")
_LZMA_HEADER_BYTES = 9
_LZMA_PROPERTY_BYTES = 5

Piece = bytes | Broken | Unknown


class Watcher(Protocol):
    """Receives the contents of members while they are read."""

    magics: tuple[bytes, ...]
    """First bytes of the contents that it receives."""

    def see(self, name: str, content: bytes) -> None:
        """Receive a whole member, which begins with one of `magics` and is undamaged."""

    def watched(self, name: str, size: int, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Yield the pieces of any member unchanged; if it is damaged, they end early, or with the fault."""


def read_members(
    file: BinaryIO,
    directory: CentralDirectory,
    *,
    rows: Mapping[str, Row],
    max_bytes: int,
    max_ratio: int,
    watcher: Watcher | None = None,
) -> Broken | Unknown | None:
    """Read members to their end, and compare checksum, and digest and size where there is a row.

    Args:
        file: The archive.
        directory: Its central directory.
        rows: By name.
        max_bytes: Most bytes of content, all members together, by the sizes in the directory.
        max_ratio: Bytes of content to a packed byte, beyond which a member is not unpacked.
        watcher: Receives the contents of the members; its exceptions are passed on.

    Returns:
        The first broken member; otherwise the first unknown one; `None` if all are whole.

    Raises:
        OSError: The file cannot be read.
    """
    unknown: Unknown | None = None
    end = total = 0
    for member in _by_offset(directory):
        if member.offset < end:
            return Broken(reason=f"{member.name} overlaps another member", offset=member.offset)
        total += member.size
        if total > max_bytes:
            return unknown or Unknown(reason=f"archive of more than {max_bytes} bytes")
        found = _read(file, member, rows.get(member.name), max_ratio, watcher)
        if isinstance(found, Broken):
            return found
        if isinstance(found, Unknown):
            unknown = unknown or found
            continue
        end = found
        if end > directory.offset:
            return Broken(reason=f"{member.name} reaches into the central directory", offset=member.offset)
    return unknown


def _by_offset(directory: CentralDirectory) -> Iterator[Member]:
    """Yield the members in the order of the file, which is nearly always that of the directory."""
    if len(directory) <= _FEW_MEMBERS:
        return iter(sorted(directory.members(), key=_offset))
    offsets = [member.offset for member in directory.members()]
    if all(offsets[index - 1] <= offsets[index] for index in range(1, len(offsets))):
        return directory.members()
    order = sorted(range(len(offsets)), key=offsets.__getitem__)
    return (directory.member(directory.starts[index]) for index in order)


def _offset(member: Member) -> int:
    return member.offset


def _read(
    file: BinaryIO, member: Member, row: Row | None, max_ratio: int, watcher: Watcher | None
) -> int | Broken | Unknown:
    """Return where the member's data ends."""
    front_bytes = _LOCAL_BYTES + len(member.raw_name) + _USUAL_EXTRA_BYTES + min(member.packed_size, _PIECE_BYTES)
    front = read_at(file, member.offset, front_bytes)
    start = data_start(front, member)
    if isinstance(start, Broken):
        return start
    small = _small_and_whole(front[start : start + member.packed_size], member, row)
    if small is None:
        decoder = _decoder(member, front[start : start + _LZMA_HEADER_BYTES], max_ratio)
        if isinstance(decoder, Unknown):
            return decoder
        pieces: Iterable[Piece] = _content(_packed(file, member, front, start), decoder)
        if watcher is not None:
            pieces = watcher.watched(member.name, member.size, pieces)
        fault = _compare(pieces, member, row)
        if fault:
            return fault
    elif watcher is not None and small.startswith(watcher.magics):
        watcher.see(member.name, small)
    if not _agrees(front, member):
        return Unknown(reason=f"header of {member.name} does not agree with the directory")
    return member.offset + start + member.packed_size


def _small_and_whole(packed: bytes, member: Member, row: Row | None) -> bytes | None:
    """Return the content of a small, undamaged member; any other is read piece by piece to find the fault."""
    if member.size > _PIECE_BYTES or len(packed) < member.packed_size or member.method not in {STORED, DEFLATED}:
        return None
    content = packed
    if member.method == DEFLATED:
        try:
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, member.size + 1)
        except zlib.error:
            return None
    if len(content) != member.size or zlib.crc32(content) != member.crc:
        return None
    if row is None:
        return content
    is_it = row.algorithm is None or hashlib.new(row.algorithm, content).digest() == row.digest
    return content if is_it and row.size in {None, member.size} else None


def _decoder(member: Member, front: bytes, max_ratio: int) -> Decoder | Unknown | None:
    """Return the decoder for a member's data, `None` if it is stored as it is."""
    if member.method == STORED:
        return None
    if member.method == DEFLATED:
        return Inflater(-zlib.MAX_WBITS)
    if member.size > member.packed_size * max_ratio + RATIO_SLACK_BYTES:
        return Unknown(reason=f"{member.packed_size} bytes of {member.name} unpack to {member.size}")
    if member.method == _BZIP2:
        return bzip2_decoder()
    if member.method == _LZMA and len(front) == _LZMA_HEADER_BYTES:
        return _lzma(front)
    return Unknown(reason=f"{member.name} is packed by method {member.method}")


def _lzma(front: bytes) -> Decoder | Unknown:
    """Return a decoder by the properties in front of the data (APPNOTE.TXT 5.8)."""
    _, length, packed, dictionary_bytes = _LZMA_HEADER.unpack(front)
    rest, lc = divmod(packed, 9)
    pb, lp = divmod(rest, 5)
    if length != _LZMA_PROPERTY_BYTES or pb > 4 or lc + lp > 4 or dictionary_bytes > MAX_DECODER_BYTES:  # noqa: PLR2004 - the format's own bounds
        return Unknown(reason="LZMA data with unsupported properties")
    # 0x4000000000000001 is LZMA_FILTER_LZMA1, so that `lzma` need not be imported here; 4 KiB is the least it takes.
    filters = {"id": 0x4000_0000_0000_0001, "dict_size": max(dictionary_bytes, 4096), "lc": lc, "lp": lp, "pb": pb}
    return lzma_decoder(raw=[filters])


def _packed(file: BinaryIO, member: Member, front: bytes, start: int) -> Iterator[bytes | Broken]:
    """Yield the packed data in pieces."""
    piece = front[start : start + member.packed_size]
    missing = member.packed_size - len(piece)
    yield piece[_LZMA_HEADER_BYTES:] if member.method == _LZMA else piece
    if missing:
        file.seek(member.offset + start + len(piece))
    while missing:
        piece = file.read(min(missing, _PIECE_BYTES))
        if not piece:
            yield Broken(reason=f"ends inside {member.name}", offset=member.offset, is_cut=True)
            return
        missing -= len(piece)
        yield piece


def _content(packed: Iterable[bytes | Broken], decoder: Decoder | None) -> Iterator[Piece]:
    """Yield the content in pieces; the last one is the fault, if there is one."""
    for data in packed:
        if decoder is None or not isinstance(data, bytes):
            yield data
            continue
        yield (piece := decode_piece(decoder, data))
        while isinstance(piece, bytes) and not decoder.eof and not decoder.needs_input:
            yield (piece := decode_piece(decoder, b""))
        if decoder.eof:
            return


def _compare(pieces: Iterable[Piece], member: Member, row: Row | None) -> Broken | Unknown | None:
    digest = hashlib.new(row.algorithm) if row and row.algorithm else None
    crc = size = 0
    for piece in pieces:
        if isinstance(piece, Unknown):
            return piece
        if isinstance(piece, Broken):
            return replace(piece, reason=f"{member.name}: {piece.reason}", offset=member.offset)
        size += len(piece)
        if size > member.size:
            break
        crc = zlib.crc32(piece, crc)
        if digest:
            digest.update(piece)
    if size != member.size:
        return Broken(reason=f"{member.name} has not the size that the zip directory gives", offset=member.offset)
    if crc != member.crc:
        return Broken(reason=f"checksum of {member.name} is wrong", offset=member.offset)
    if row and ((digest and digest.digest() != row.digest) or row.size not in {None, size}):
        return Broken(reason=f"{member.name} differs from RECORD", offset=member.offset, is_tolerated=True)
    return None


def _agrees(local: bytes, member: Member) -> bool:
    """Return whether the local header agrees with the directory; readers use only the latter."""
    flags, method, crc, packed_size, size = _LOCAL.unpack_from(local)
    if (method, crc, packed_size, size) == (member.method, member.crc, member.packed_size, member.size):
        return True
    said = ((crc, member.crc), (packed_size, member.packed_size), (size, member.size))
    is_open = bool(flags & _HAS_DESCRIPTOR)
    return method == member.method and all(here in {there, FULL32} or (is_open and not here) for here, there in said)
