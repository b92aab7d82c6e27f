"""The decoders of zlib, bz2 and lzma behind one face: bounded output, and no exception for broken data."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Protocol

from pipcacheplus.model.facts import Broken, Unknown

__all__ = ["MAX_DECODER_BYTES", "Decoder", "Inflater", "bzip2_decoder", "decode_piece", "lzma_decoder"]

MAX_DECODER_BYTES = 128 << 20
"""Memory for one decoder; `xz -9` needs half of it."""
_PIECE_BYTES = 256 << 10


class Decoder(Protocol):
    """What the decoders of `bz2` and `lzma` have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the packed data was met."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out before more goes in."""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take these bytes, and give at most `max_length`."""


class Inflater:
    """zlib's decoder, made to behave like the others."""

    def __init__(self, window_bits: int) -> None:
        self._inner = zlib.decompressobj(window_bits)
        self._is_full = False

    @property
    def eof(self) -> bool:
        """Return whether the end of the packed data was met."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """Return whether nothing more comes out before more goes in."""
        return not self._is_full and not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """Return what was given beyond the end."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take these bytes, and give at most `max_length`.

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
    """Give data to a decoder, and take at most 256 KiB from it."""
    try:
        return decoder.decompress(data, _PIECE_BYTES)
    except MemoryError:
        return Unknown(reason="unpacking takes more memory than we allow")
    except (zlib.error, OSError, EOFError, ValueError):
        # OSError is what bz2 raises for broken data; no file is read here.
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
