"""Undo a `Content-Encoding`: pip stores a payload as it was received.

Source: pip 26.3 `_vendor/urllib3/response.py` for what is tolerated: other bytes behind gzip data, and bare deflate.
"""

import io
import zlib
from typing import BinaryIO

from pipcacheplus.disk.file_content import read_up_to
from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.archive.magic import GZIP

__all__ = ["decode"]

_GZIP = 16 + zlib.MAX_WBITS
_MAX_PARTS = 1000


def decode(source: bytes | BinaryIO, encoding: str | None, *, limit: int) -> bytes | Broken | Unknown:
    """Return the content; at most twice `limit` bytes are held.

    Args:
        source: The payload, or a file that is read from its position to its end.
        encoding: The header's value; `None` or nothing stands for `identity`.
        limit: Most bytes, both packed and unpacked. More are `Unknown`.

    Raises:
        OSError: The file cannot be read.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    data = read_up_to(file, limit + 1)
    if len(data) > limit:
        return Unknown(reason=f"content of more than {limit} bytes")
    word = (encoding or "").strip().lower()
    if word in {"", "identity"}:
        return data
    if word in {"gzip", "x-gzip"}:
        return _gunzip(data, limit)
    if word == "deflate":
        # Some servers send it without the header that it should have.
        is_bare = not data or data[0] & 0x0F != zlib.DEFLATED
        content, _ = _inflate(data, -zlib.MAX_WBITS if is_bare else zlib.MAX_WBITS, limit)
        return content
    return Unknown(reason=f"content encoding {word[:40]}")


def _gunzip(data: bytes, limit: int) -> bytes | Broken | Unknown:
    parts: list[bytes] = []
    for _ in range(_MAX_PARTS):
        content, data = _inflate(data, _GZIP, limit)
        if not isinstance(content, bytes):
            return content
        parts.append(content)
        limit -= len(content)
        if not data.startswith(GZIP):
            return parts[0] if len(parts) == 1 else b"".join(parts)
    return Unknown(reason=f"content of more than {_MAX_PARTS} packed parts")


def _inflate(data: bytes, window_bits: int, limit: int) -> tuple[bytes | Broken | Unknown, bytes]:
    """Return the content and the bytes behind its packed form."""
    decoder = zlib.decompressobj(window_bits)
    try:
        content = decoder.decompress(data, limit + 1)
    except zlib.error:
        return Broken(reason="encoded content is garbled"), b""
    if len(content) > limit:
        return Unknown(reason=f"content of more than {limit} bytes"), b""
    if not decoder.eof:
        return Broken(reason="encoded content ends too early", offset=len(data), is_cut=True), b""
    return content, decoder.unused_data
