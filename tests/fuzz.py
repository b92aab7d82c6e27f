"""Feed the readers with bytes that a fuzzer finds: `nox -s drill-fuzz`.

No bytes may make one raise, or take 2 s or 2 GiB.
The first byte chooses the reader, the rest is what it reads. What is found becomes a test of that reader.
"""

import io
import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["pipcacheplus"]):
    from pipcacheplus.model.facts import Broken
    from pipcacheplus.readers.elf import read_elf
    from pipcacheplus.readers.http.content import decode
    from pipcacheplus.readers.http.head import read_head
    from pipcacheplus.readers.http.payload import PayloadError, open_payload
    from pipcacheplus.readers.integrity import read_to_end, read_wheel_to_end
    from pipcacheplus.readers.metadata import read_metadata
    from pipcacheplus.readers.origin import read_origin
    from pipcacheplus.readers.page import read_page
    from pipcacheplus.readers.sdist import read_sdist
    from pipcacheplus.readers.selfcheck import read_selfcheck
    from pipcacheplus.readers.wheel import read_wheel

_LIMIT = 1 << 20


def _response(data: bytes, prefix: bytes) -> None:
    file = io.BytesIO(prefix + data)
    head = read_head(file, len(prefix) + len(data))
    if isinstance(head, Broken):
        return
    payload = open_payload(file, head)
    if payload is not None:
        try:
            payload.read(_LIMIT)
        except PayloadError:
            return  # what it raises on purpose


READERS: tuple[Callable[[bytes], object], ...] = (
    lambda data: _response(data, b"cc=4,"),
    lambda data: _response(data, b"cc=2,"),
    lambda data: _response(data, b"cc=1,"),
    lambda data: _response(data, b""),
    lambda data: read_wheel(io.BytesIO(data), len(data)),
    lambda data: read_wheel_to_end(io.BytesIO(data), len(data), max_bytes=_LIMIT),
    lambda data: read_to_end(io.BytesIO(data), len(data), max_bytes=_LIMIT),
    lambda data: read_sdist(io.BytesIO(data), len(data)),
    lambda data: read_page(data, content_type="text/html"),
    lambda data: read_page(data, content_type="application/vnd.pypi.simple.v1+json"),
    lambda data: decode(io.BytesIO(data), "gzip", limit=_LIMIT),
    lambda data: decode(io.BytesIO(data), "deflate", limit=_LIMIT),
    lambda data: read_elf(io.BytesIO(b"\x7fELF" + data), len(data) + 4, path=""),
    read_metadata,
    read_origin,
    read_selfcheck,
)


def feed(data: bytes) -> None:
    """Give bytes to the reader that the first of them chooses."""
    if data:
        READERS[data[0] % len(READERS)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, feed)
    atheris.Fuzz()
