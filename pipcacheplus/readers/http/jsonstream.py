"""The JSON inside a cc=2 entry, unpacked a little at a time, and where in it the payload stands.

Source: pip 6.0.7 to 9.0.3, `cachecontrol/serialize.py`: the text of `response.body` comes first, the headers last.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

__all__ = ["EncodedError", "pieces", "unpack"]

_CHUNK = 64 << 10
_MAX_DEPTH = 16
_KEY_LENGTH = 16
"""More bytes of a key than tell `response` and `body` from all others."""
_MAX_RATIO, _FREE_BYTES = 200, 64 << 20
"""What unpacks to more than this many times its size, and is not small, was made to keep us busy."""
_OUTSIDE = re.compile(rb'["{}\[\],]')
_INSIDE = re.compile(rb'["\\]')
_BODY_PATH = [b"response", b"body"]


class EncodedError(Exception):
    """The stream does not hold a response; the text is the reason."""

    def __init__(self, reason: str, *, is_cut: bool = False) -> None:
        self.is_cut = is_cut
        super().__init__(reason)


def unpack(file: BinaryIO, size: int, *, start: int) -> Iterator[bytes]:
    """Yield what the zlib stream holds, at most 64 KiB at a time; the file may be used in between.

    Raises:
        EncodedError: It is no zlib, it ends early, or it unpacks to more than any response.
    """
    stream = zlib.decompressobj()
    left = _FREE_BYTES + _MAX_RATIO * size
    while not stream.eof:
        packed = stream.unconsumed_tail
        if not packed:
            file.seek(start)
            packed = file.read(min(_CHUNK, size - start)) if size > start else b""
            start += len(packed)
        if not packed:
            raise EncodedError(reason="ends inside the zlib stream", is_cut=True)
        try:
            data = stream.decompress(packed, _CHUNK)
        except zlib.error as error:
            raise EncodedError(reason="zlib stream is damaged") from error
        left -= len(data)
        if left < 0:
            raise EncodedError(reason="zlib stream unpacks to more than any response")
        if data:
            yield data


def pieces(chunks: Iterable[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Split JSON into the text of `response.body`, marked `True`, and all the rest, marked `False`.

    The parts of the rest, joined, are the same JSON with an empty body. Text is told from structure, nothing else is
    checked: a parser has to look at the rest.

    >>> list(pieces([b'{"response": {"body": "QU', b'JD"}}']))
    [(False, b'{"response": {"body": "'), (True, b'QU'), (True, b'JD'), (False, b'"}}')]

    Raises:
        EncodedError: It is nested deeper than any response.
    """
    scan = _Scan()
    for chunk in chunks:
        begin = at = 0
        was_body = scan.is_body
        while at < len(chunk):
            at = scan.step(chunk, at)
            if scan.is_body != was_body:
                # The quote that ends a body belongs to the rest.
                end = at - 1 if was_body else at
                if end > begin:
                    yield was_body, chunk[begin:end]
                begin, was_body = end, scan.is_body
        if at > begin:
            yield was_body, chunk[begin:]


class _Scan:
    """Knows, at each byte of JSON, whether it is in the text of `response.body`."""

    def __init__(self) -> None:
        self.is_body = False
        self._is_text = False
        self._is_escaped = False
        self._is_key = False
        self._text = b""
        """The text that is open or was last; its first bytes are enough."""
        self._kinds: list[bytes] = []
        self._keys: list[bytes] = []
        """Kind and current key of each object or array that is open."""

    def step(self, chunk: bytes, at: int) -> int:
        """Go on to behind the next byte that means something; return the place."""
        if self._is_escaped:
            self._is_escaped = False
            return at + 1
        match = (_INSIDE if self._is_text else _OUTSIDE).search(chunk, at)
        if self._is_key and self._is_text and len(self._text) < _KEY_LENGTH:
            self._text += chunk[at : match.start() if match else None][:_KEY_LENGTH]
        if match is None:
            return len(chunk)
        if not self._is_text:
            self._structure(match[0])
        elif match[0] == b"\\":
            # A key that is written with escapes is none of pip's.
            self._is_escaped, self._text = True, b"\\" * _KEY_LENGTH
        else:
            self._close()
        return match.end()

    def _structure(self, byte: bytes) -> None:
        if byte == b'"':
            self._is_text, self._text = True, b""
            self.is_body = not self._is_key and self._keys == _BODY_PATH
        elif byte in b"{[":
            if len(self._kinds) == _MAX_DEPTH:
                raise EncodedError(reason="nested deeper than any response")
            self._kinds.append(byte)
            self._keys.append(b"")
            self._is_key = byte == b"{"
        elif byte == b",":
            self._is_key = self._kinds[-1:] == [b"{"]
        elif self._kinds:
            self._kinds.pop()
            self._keys.pop()
            self._is_key = False

    def _close(self) -> None:
        self._is_text = self.is_body = False
        if self._is_key and self._keys:
            self._keys[-1] = self._text
            self._is_key = False
