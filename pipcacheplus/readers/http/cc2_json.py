"""cc=2: zlib of JSON, in which the payload is one long base64 text before everything else.

Source: pip 6.0.7 to 9.0.3, `cachecontrol/serialize.py`: sorted keys without spaces; the body, header names and values,
the reason, vary names and values are base64 of bytes, the status is a number. Here any order and any spaces will do.
"""

import json
from base64 import b64decode
from typing import Any, BinaryIO

from pipcacheplus.model.facts import Broken, Head
from pipcacheplus.readers.http.jsonstream import EncodedError, pieces, unpack
from pipcacheplus.readers.http.stored_response import MAX_HEADERS

__all__ = ["read_encoded"]

_MAX_DIGITS = 18
_MAX_PADDING = 2
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def read_encoded(file: BinaryIO, size: int, *, start: int, limit: int) -> Head | Broken:
    """Decode the head; of the payload only the length is kept.

    The whole file is unpacked, because the headers stand behind the payload. Bytes behind the end of the zlib stream
    are no damage: no pip looks at them.

    Args:
        file: Seekable; its position is moved.
        size: Length of the file in bytes.
        start: Where the zlib stream begins.
        limit: Most bytes of the JSON, the payload not counted.
    """
    body = _Base64()
    text = bytearray()
    try:
        for is_body, piece in pieces(unpack(file, size, start=start)):
            if is_body:
                body.add(piece)
            elif len(text) + len(piece) > limit:
                return Broken(reason=f"head longer than {limit} bytes")
            else:
                text += piece
        return _head(_document(bytes(text)), body.size())
    except EncodedError as damage:
        return Broken(reason=str(damage), is_cut=damage.is_cut)
    except ValueError:
        return Broken(reason="not the JSON of a response")


class _Base64:
    """Measures base64 text that comes in parts."""

    def __init__(self) -> None:
        self._length = 0
        self._padding = 0

    def add(self, text: bytes) -> None:
        """Take the next part.

        Raises:
            EncodedError: It is no base64.
        """
        core = text.rstrip(b"=")
        if core and (self._padding or core.translate(None, _ALPHABET)):
            raise EncodedError(reason="body is no base64")
        self._padding += len(text) - len(core)
        self._length += len(text)

    def size(self) -> int:
        """Return the number of bytes that it stands for.

        Raises:
            EncodedError: It cannot be the whole of a base64 text.
        """
        if self._length % 4 or self._padding > _MAX_PADDING:
            raise EncodedError(reason="body is no base64")
        return self._length // 4 * 3 - self._padding


def _document(text: bytes) -> dict[str, Any]:
    value = json.loads(text.decode("utf-8"), object_pairs_hook=_object, parse_int=_number, parse_constant=_number)
    return _dict(value, "document")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EncodedError(reason="a key twice in an object")
    return found


def _number(digits: str) -> int:
    """Convert a number of sensible length: converting takes time that grows with the square of it."""
    if len(digits) > _MAX_DIGITS:
        raise EncodedError(reason="a number longer than any of pip's")
    return int(digits)


def _head(document: dict[str, Any], body_size: int) -> Head:
    response = _dict(document.get("response"), "response")
    for name in ("body", "headers", "status"):
        if name not in response:
            raise EncodedError(reason=f"response without {name}")
    status, reason = response["status"], response.get("reason")
    if not isinstance(status, int) or isinstance(status, bool):
        raise EncodedError(reason="status is no number")
    if response["body"] != "":
        raise EncodedError(reason="body is no text")
    headers, vary = _dict(response["headers"], "headers"), _dict(document.get("vary", {}), "vary")
    if len(headers) > MAX_HEADERS or len(vary) > MAX_HEADERS:
        raise EncodedError(reason="too many headers")
    return Head(
        cc=2,
        status=status,
        headers=tuple((_text(name).lower(), _text(value)) for name, value in headers.items()),
        vary=tuple((_text(name), None if value is None else _text(value)) for name, value in vary.items()),
        reason=None if reason is None else _text(reason),
        body_size=body_size,
    )


def _dict(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise EncodedError(reason=f"{what} is no object")
    return value


def _text(value: object) -> str:
    """Decode base64 of text."""
    if not isinstance(value, str):
        raise EncodedError(reason="a value that is no text")
    return b64decode(value, validate=True).decode("utf-8", "surrogateescape")
