"""cc=2: zlib of JSON as pip wrote it: a long base64 text, the payload, comes first.

Source: pip 6.0.7 to 9.0.3, `cachecontrol/serialize.py`: `json.dumps` with sorted keys and without spaces; the body,
header names and values, the reason, vary names and values are base64 of bytes, the status is a number. Those pips would
load any other spelling as well, but none wrote one; here only the spaces that `json.dumps` adds by default are
accepted.
"""

import json
import zlib
from base64 import b64decode
from collections.abc import Iterator
from typing import BinaryIO

from pipcacheplus.model.facts import Broken, Head
from pipcacheplus.readers.http.stored_response import DamageError, head_of, unique

__all__ = ["EncodedResponse", "read_encoded"]

_BEGIN = b'{"response":{"body":"'
_SPACED_BEGIN = b'{"response": {"body": "'
"""The form written by a tool that loads an entry and saves it with the defaults of `json.dumps`."""
_OTHER_SPELLING = "not the JSON that pip writes"
_CHUNK_BYTES = 64 << 10
MAX_RATIO, FREE_BYTES = 200, 64 << 20
"""Data that unpacks to more than this many times its size, and is not small, is hostile."""
_MAX_DIGITS = 18


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
    encoded = EncodedResponse(file, size, start=start)
    try:
        body_size = sum(map(len, encoded.payload()))
        document = unique(_decoded(encoded.document(limit)), "document")
        response = unique(document["response"], "response")
        return head_of(2, response, document.get("vary", ()), text=_text, body_size=body_size)
    except DamageError as error:
        # Damage of the stream comes first: it makes old pips end with a traceback.
        damage = encoded.damage() or error
        return Broken(reason=str(damage), is_cut=damage.is_cut)
    except (ValueError, RecursionError):
        return Broken(reason="not the JSON of a response")


class EncodedResponse:
    """The payload of an entry, and then the JSON around it, unpacked on the way in little memory; each is read once."""

    def __init__(self, file: BinaryIO, size: int | None, *, start: int) -> None:
        """Begin at the start of the stream; nothing is read yet.

        Args:
            file: Seekable; others may use it in between.
            size: Length of the file in bytes, which also bounds what it unpacks to; `None` if that was checked.
            start: Where the zlib stream begins.
        """
        self._chunks = _unpacked(file, size, start)
        self._text = b""
        """The part of the JSON that was unpacked last and not passed on yet."""

    def payload(self) -> Iterator[bytes]:
        """Yield the payload in parts of at most 48 KiB.

        Raises:
            DamageError: It is not zlib, or ends early, or unpacks to more than any response; it does not begin as pip
                writes it; it is not base64.
        """
        while len(self._text) < len(_SPACED_BEGIN):
            self._text += self._more()
        begin = next((begin for begin in (_BEGIN, _SPACED_BEGIN) if self._text.startswith(begin)), None)
        if begin is None:
            raise DamageError(reason=_OTHER_SPELLING)
        text = self._text[len(begin) :]
        while (end := text.find(b'"')) < 0:
            # The last four characters stay, because padding can only be at the very end.
            whole = max(0, len(text) - 1) // 4 * 4
            yield _without_padding(text[:whole])
            text = text[whole:] + self._more()
        yield _from_base64(text[:end])
        self._text = text[end:]

    def document(self, limit: int) -> bytes:
        """Return the JSON with an empty body, once all of the payload was yielded.

        Raises:
            DamageError: It has more than `limit` bytes; else as `payload`.
        """
        text = bytearray(_BEGIN + self._text)
        for chunk in self._chunks:
            text += chunk
            if len(text) > limit:
                raise DamageError(reason=f"metadata is longer than {limit} bytes")
        return bytes(text)

    def damage(self) -> DamageError | None:
        """Read to the end of the stream, and return the damage; whether it is JSON is not checked."""
        try:
            for _ in self._chunks:
                pass
        except DamageError as error:
            return error
        return None

    def _more(self) -> bytes:
        chunk = next(self._chunks, b"")
        if not chunk:
            raise DamageError(reason=_OTHER_SPELLING)
        return chunk


def _unpacked(file: BinaryIO, size: int | None, start: int) -> Iterator[bytes]:
    """Yield the contents of the zlib stream, 1 byte to 64 KiB at a time."""
    stream = zlib.decompressobj()
    made, most = 0, None if size is None else FREE_BYTES + MAX_RATIO * size
    while not stream.eof:
        packed = stream.unconsumed_tail
        if not packed:
            file.seek(start)
            packed = file.read(_CHUNK_BYTES if size is None else max(0, min(_CHUNK_BYTES, size - start)))
            start += len(packed)
        if not packed:
            raise DamageError(reason="ends inside the zlib stream", is_cut=True)
        try:
            data = stream.decompress(packed, _CHUNK_BYTES)
        except zlib.error as error:
            raise DamageError(reason="zlib stream is damaged") from error
        made += len(data)
        if most is not None and made > most:
            raise DamageError(reason="zlib stream unpacks to more than any response")
        if data:
            yield data


def _without_padding(text: bytes) -> bytes:
    if text.endswith(b"="):
        raise DamageError(reason="content is not base64")
    return _from_base64(text)


def _from_base64(text: bytes) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise DamageError(reason="content is not base64") from error


def _decoded(text: bytes) -> object:
    """Decode JSON; an object becomes a tuple of pairs, and nothing else does."""
    return json.loads(text.decode("utf-8"), object_pairs_hook=tuple, parse_int=_number, parse_constant=_number)


def _number(digits: str) -> int:
    """Convert a number of sensible length: converting takes time that grows with the square of it."""
    if len(digits) > _MAX_DIGITS:
        raise DamageError(reason="a number longer than any of pip's")
    return int(digits)


def _text(value: object) -> str:
    """Decode base64 of text."""
    if not isinstance(value, str):
        raise DamageError(reason="a value that is not text")
    return b64decode(value, validate=True).decode("utf-8", "surrogateescape")
