"""How gzip, bzip2 and xz are unpacked piece by piece, in bounded memory, without an exception for broken data."""

import zlib
from collections.abc import Generator, Iterator
from typing import BinaryIO

from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.archive.decoders import Decoder, Inflater, bzip2_decoder, decode_piece, lzma_decoder

__all__ = ["MAX_BYTES", "MAX_RATIO", "RATIO_SLACK_BYTES", "Stream", "format_of"]

MAX_BYTES = 16 << 30
MAX_RATIO = 1100
"""deflate cannot pack better than 1,032 to 1; the others can, but then hold nothing that anybody wants."""
RATIO_SLACK_BYTES = 16 << 20
_PIECE_BYTES = 256 << 10
_MAX_PARTS = 100_000

_MAGICS = {"tar.gz": b"\x1f\x8b", "tar.bz2": b"BZh", "tar.xz": b"\xfd7zXZ\0", "zip": b"PK\3\4"}
_LONGEST_MAGIC = 6
_TAR_MAGIC = slice(257, 262)

_Piece = bytes | Broken | Unknown


def format_of(front: bytes) -> str | None:
    """Return the archive format by its magic bytes, as in `Sdist.format`; `None` if it is none of them.

    Args:
        front: The first 512 bytes.
    """
    for name, magic in _MAGICS.items():
        if front.startswith(magic):
            return name
    return "tar" if front[_TAR_MAGIC] == b"ustar" else None


class Stream:
    """The content of a packed file, taken from front to end; `fault` says why it ended early."""

    def __init__(
        self,
        file: BinaryIO,
        kind: str,
        *,
        max_bytes: int = MAX_BYTES,
        max_ratio: int = MAX_RATIO,
        piece_bytes: int = _PIECE_BYTES,
    ) -> None:
        self.position = 0
        """Bytes of content taken or skipped."""
        self.fault: Broken | Unknown | None = None
        """Set once the content ended before its sound end."""
        self._piece = b""
        self._at = 0
        self._pieces = _pieces(_Source(file, piece_bytes), kind, max_bytes=max_bytes, max_ratio=max_ratio)

    def take(self, count: int) -> bytes:
        """Return `count` bytes; fewer only at the end.

        Raises:
            OSError: The file cannot be read.
        """
        parts = []
        missing = count
        while missing > 0 and self._fill():
            part = self._piece[self._at : self._at + missing]
            parts.append(part)
            self._at += len(part)
            missing -= len(part)
        self.position += count - missing
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def skip(self, count: int) -> bool:
        """Pass over `count` bytes; tell whether there were as many.

        Raises:
            OSError: The file cannot be read.
        """
        missing = count
        while missing > 0 and self._fill():
            step = min(missing, len(self._piece) - self._at)
            self._at += step
            missing -= step
        self.position += count - missing
        return not missing

    def drain(self) -> Broken | Unknown | None:
        """Go to the end of the file, and return the fault.

        Raises:
            OSError: The file cannot be read.
        """
        while self._fill():
            self.position += len(self._piece) - self._at
            self._at = len(self._piece)
        return self.fault

    def _fill(self) -> bool:
        while self._at == len(self._piece):
            if self.fault:
                return False
            piece = next(self._pieces, None)
            if not isinstance(piece, bytes):
                self.fault = piece
                return False
            self._piece, self._at = piece, 0
        return True


class _Source:
    """A file read from front to end."""

    def __init__(self, file: BinaryIO, piece_bytes: int) -> None:
        file.seek(0)
        self.fed = 0
        """Bytes read."""
        self._file = file
        self._piece_bytes = piece_bytes

    def read(self) -> bytes:
        data = self._file.read(self._piece_bytes)
        self.fed += len(data)
        return data

    def read_behind(self, rest: bytes) -> bytes:
        """Return what follows the end of packed data, without the zeros that may fill the file up."""
        rest = rest.lstrip(b"\0")
        while len(rest) < _LONGEST_MAGIC and (more := self.read()):
            rest = (rest + more).lstrip(b"\0")
        return rest


def _pieces(source: _Source, kind: str, *, max_bytes: int, max_ratio: int) -> Iterator[_Piece]:
    """Yield the content in pieces; the last one is the fault, if there is one."""
    made = 0
    for piece in iter(source.read, b"") if kind == "tar" else _unpacked(source, kind):
        yield piece
        made += len(piece) if isinstance(piece, bytes) else 0
        if made > max_bytes or made > source.fed * max_ratio + RATIO_SLACK_BYTES:
            yield Unknown(reason=f"{source.fed} bytes unpack to {made} and more")
            return


def _unpacked(source: _Source, kind: str) -> Iterator[_Piece]:
    """Unpack one part after the other: each of the formats may be several files, one behind the other."""
    data = source.read()
    for _ in range(_MAX_PARTS):
        decoder = _decoder(kind)
        if isinstance(decoder, Unknown):
            yield decoder
            return
        rest = yield from _part(source, decoder, data)
        data = source.read_behind(rest) if rest is not None else b""
        if not data:
            return
        if not data.startswith(_MAGICS[kind]):
            # Python's gzip raises for this; bz2 and lzma take no notice.
            reason = "other bytes behind the packed data"
            yield Broken(reason=reason) if kind == "tar.gz" else Unknown(reason=reason)
            return
    yield Unknown(reason=f"more than {_MAX_PARTS} packed parts")


def _part(source: _Source, decoder: Decoder, data: bytes) -> Generator[_Piece, None, bytes | None]:
    """Unpack up to the end that the data itself marks; return what lies behind it, `None` after a fault."""
    while True:
        piece = decode_piece(decoder, data)
        yield piece
        if not isinstance(piece, bytes):
            return None
        if decoder.eof:
            return decoder.unused_data
        data = b""
        if decoder.needs_input:
            data = source.read()
            if not data:
                yield Broken(reason="ends inside the packed data", offset=source.fed, is_cut=True)
                return None


def _decoder(kind: str) -> Decoder | Unknown:
    if kind == "tar.gz":
        return Inflater(16 + zlib.MAX_WBITS)
    return bzip2_decoder() if kind == "tar.bz2" else lzma_decoder()
