"""Entries in the formats that hold a response and its body in one file, and how their heads are read."""

import base64
import io
import json
import tracemalloc
import zlib
from typing import Any, BinaryIO

import msgpack

from pipcacheplus.model.facts import Broken, Head
from pipcacheplus.readers.http.head import read_head

__all__ = [
    "HEADERS",
    "Counted",
    "broken",
    "document",
    "encoded",
    "encoded_document",
    "measured",
    "packed",
    "read",
    "sound",
    "text64",
]

HEADERS = {"Content-Type": "text/html", "ETag": '"abc"', "X-PyPI-File-Project": "demo"}


def document(body: object = b"", **response: Any) -> dict[str, Any]:  # noqa: ANN401 - any value, also a wrong one
    """Return what pip stores of a response, before it is written in a format."""
    fields = {"body": body, "headers": HEADERS, "status": 200, "version": 11, "reason": "OK", "decode_content": True}
    return {"response": fields | response, "vary": {"Accept-Encoding": "identity", "Accept": None}}


def packed(value: object) -> bytes:
    """Write an entry as pip 10.0 and later do."""
    return b"cc=4," + bytes(msgpack.packb(value, use_bin_type=True))


def text64(text: str | bytes) -> str:
    """Return base64 as text."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def encoded_document(body: bytes = b"") -> dict[str, Any]:
    """Return a response with its texts in base64, as pip 6.0.7 to 9.0.3 write it."""
    return {
        "response": document()["response"]
        | {"body": text64(body), "headers": {text64(k): text64(v) for k, v in HEADERS.items()}, "reason": text64("OK")},
        "vary": {text64("Accept-Encoding"): text64("identity"), text64("Accept"): None},
    }


def encoded(value: object) -> bytes:
    """Write an entry as pip 6.0.7 to 9.0.3 do."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return b"cc=2," + zlib.compress(text.encode())


class Counted(io.BytesIO):
    """A file that counts the bytes that are read from it."""

    count = 0
    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        data = super().read(size)
        self.count += len(data)
        self.reads += 1
        return data


def read(data: bytes, **limits: int) -> Head | Broken:
    """Read a head, sound or not."""
    return read_head(io.BytesIO(data), len(data), **limits)


def sound(data: bytes, file: BinaryIO | None = None) -> Head:
    """Read the head of a sound entry."""
    head = read_head(file or io.BytesIO(data), len(data))
    assert isinstance(head, Head), head
    return head


def broken(data: bytes, **limits: int) -> Broken:
    """Read a head that is broken."""
    head = read(data, **limits)
    assert isinstance(head, Broken)
    return head


def measured(data: bytes) -> tuple[Head | Broken, int]:
    """Return what was read, and the most bytes that were held on the way."""
    file = io.BytesIO(data)
    tracemalloc.start()
    try:
        return read_head(file, len(data)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
