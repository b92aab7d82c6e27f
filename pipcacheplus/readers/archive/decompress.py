"""Unpack gzip, bzip2 and xz piece by piece, in bounded memory, without an exception for broken data."""

import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import BinaryIO, Protocol

from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.archive.magic import BZIP2, GZIP, XZ

__all__ = [
    "MAX_BYTES",
    "MAX_DECODER_BYTES",
    "MAX_RATIO",
    "RATIO_SLACK_BYTES",
    "Decoder",
    "Inflater",
    "Stream",
    "bzip2_decoder",
    "decode_piece",
    "lzma_decoder",
]

MAX_BYTES = 16 << 30
MAX_RATIO = 1100
"""deflate cannot pack better than 1,032 to 1; the others can, but no useful file does."""
RATIO_SLACK_BYTES = 16 << 20
MAX_DECODER_BYTES = 128 << 20
"""Memory for one decoder; `xz -9` needs half of it."""
_PIECE_BYTES = 256 << 10
_MAX_PARTS = 100_000

_MAGICS = {"tar.gz": GZIP, "tar.bz2": BZIP2, "tar.xz": XZ}
_LONGEST_MAGIC = max(map(len, _MAGICS.values()))

_Piece = bytes | Broken | Unknown


class Decoder(Protocol):
    """The common interface of the decoders of `bz2` and `lzma`."""

    @property
    def eof(self) -> bool:
        """Whether the end of the packed data was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether more input is needed before there is more output."""

    @property
    def unused_data(self) -> bytes:
        """Input beyond the end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Decode these bytes, and return at most `max_length` bytes."""


class Inflater:
    """zlib's decoder with the interface of the others."""

    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)
        self._is_full = False

    @property
    def eof(self) -> bool:
        """Return whether the end of the packed data was reached."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """Return whether more input is needed before there is more output."""
        return not self._is_full and not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """Return the input beyond the end."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Decode these bytes, and return at most `max_length` bytes.

        Raises:
            zlib.error: The data is broken.
        """
        tail = self._inner.unconsumed_tail
        content = self._inner.decompress(tail + data if tail else data, max_length)
        self._is_full = len(content) == max_length
        return content


class _Lzma:
    """The decoder of `lzma`, with errors that can be caught without importing it."""

    def __init__(self, inner: Decoder, error: type[Exception]) -> None:
        self._inner = inner
        self._error = error

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return self._inner.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            return self._inner.decompress(data, max_length)
        except self._error as error:
            raise (MemoryError if "limit" in str(error) else ValueError)(str(error)) from error


def decode_piece(decoder: Decoder, data: bytes) -> bytes | Broken | Unknown:
    """Pass data to a decoder, and return at most 256 KiB of output."""
    try:
        return decoder.decompress(data, _PIECE_BYTES)
    except MemoryError:
        return Unknown(reason="unpacking needs more memory than the limit")
    except (zlib.error, OSError, EOFError, ValueError):
        # bz2 raises OSError for broken data; no file is read here.
        return Broken(reason="packed data is garbled")


def bzip2_decoder() -> Decoder | Unknown:
    """Return a decoder of bzip2."""
    try:
        import bz2  # noqa: PLC0415 - missing in some builds of Python, and seldom needed
    except ImportError:
        return Unknown(reason="this Python cannot read bzip2")
    return bz2.BZ2Decompressor()


def lzma_decoder(*, raw: Sequence[Mapping[str, int]] | None = None) -> Decoder | Unknown:
    """Return a decoder of xz, or of bare LZMA data with these filters."""
    try:
        import lzma  # noqa: PLC0415 - missing in some builds of Python, and seldom needed
    except ImportError:
        return Unknown(reason="this Python cannot read xz")
    if raw is not None:
        return _Lzma(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=raw), lzma.LZMAError)
    return _Lzma(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_DECODER_BYTES), lzma.LZMAError)


class Stream:
    """The content of a packed file, read from start to end; `fault` is the reason if it ended early."""

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
        self._pieces = _pieces(_PackedFile(file, piece_bytes), kind, max_bytes=max_bytes, max_ratio=max_ratio)

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
        """Skip `count` bytes; return whether there were as many.

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


class _PackedFile:
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


def _pieces(source: _PackedFile, kind: str, *, max_bytes: int, max_ratio: int) -> Iterator[_Piece]:
    """Yield the content in pieces; the last one is the fault, if there is one."""
    made = 0
    for piece in iter(source.read, b"") if kind == "tar" else _unpacked(source, kind):
        yield piece
        made += len(piece) if isinstance(piece, bytes) else 0
        if made > max_bytes or made > source.fed * max_ratio + RATIO_SLACK_BYTES:
            yield Unknown(reason=f"{source.fed} bytes unpack to {made} and more")
            return


def _unpacked(source: _PackedFile, kind: str) -> Iterator[_Piece]:
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
            # Python's gzip raises for this; bz2 and lzma ignore it.
            reason = "other bytes behind the packed data"
            yield Broken(reason=reason) if kind == "tar.gz" else Unknown(reason=reason)
            return
    yield Unknown(reason=f"more than {_MAX_PARTS} packed parts")


def _part(source: _PackedFile, decoder: Decoder, data: bytes) -> Generator[_Piece, None, bytes | None]:
    """Unpack up to the end that the data itself marks; return the bytes behind it, `None` after a fault."""
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
