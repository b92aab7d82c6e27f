"""How a content encoding is undone."""

import gzip
import io
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.http.content import decode

TEXT = b"Links for demo\n" * 100


def _same(data: bytes) -> bytes:
    return data


def _bare(data: bytes) -> bytes:
    return zlib.compress(data)[2:-4]


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    " GZip ": gzip.compress,
    "deflate": zlib.compress,
}


@pytest.mark.parametrize("encoding", [*ENCODINGS, None, "", "identity"])
@pytest.mark.parametrize("text", [b"", b"x", TEXT])
def test_what_was_encoded_is_decoded(encoding: str | None, text: bytes) -> None:
    encode = ENCODINGS.get(encoding or "", _same)
    assert text == decode(encode(text), encoding, limit=5000)
    assert text == decode(io.BytesIO(encode(text)), encoding, limit=5000)


def test_bare_deflate_is_decoded() -> None:
    assert decode(_bare(TEXT), "deflate", limit=5000) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_encoded_content_cut_anywhere_is_cut(encoding: str) -> None:
    data = ENCODINGS[encoding](TEXT)
    for keep in range(len(data)):
        found = decode(data[:keep], encoding, limit=5000)
        assert isinstance(found, Broken)
        assert found.is_cut


def test_garbled_content_is_broken() -> None:
    data = bytearray(gzip.compress(TEXT, mtime=0))
    data[-5] ^= 1
    assert Broken(reason="encoded content is garbled") == decode(bytes(data), "gzip", limit=5000)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_an_encoding_that_we_do_not_read_is_unknown(encoding: str) -> None:
    assert isinstance(decode(b"...", encoding, limit=5000), Unknown)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", None])
def test_content_beyond_the_limit_is_unknown(encoding: str | None) -> None:
    data = ENCODINGS.get(encoding or "", _same)(bytes(5001))
    assert isinstance(decode(data, encoding, limit=5000), Unknown)
    assert decode(data, encoding, limit=5001) == bytes(5001)


def test_several_parts_share_the_limit() -> None:
    data = gzip.compress(bytes(3000), mtime=0) * 2
    assert decode(data, "gzip", limit=6000) == bytes(6000)
    assert isinstance(decode(data, "gzip", limit=5999), Unknown)


def test_thousands_of_parts_are_unknown() -> None:
    assert isinstance(decode(gzip.compress(b"", mtime=0) * 1001, "gzip", limit=1 << 20), Unknown)


def test_other_bytes_behind_the_content_are_passed_over() -> None:
    assert decode(gzip.compress(TEXT, mtime=0) + b"more", "gzip", limit=5000) == TEXT


@given(data=st.binary(), encoding=st.sampled_from(["gzip", "deflate", "identity", "br"]))
def test_no_bytes_make_the_reader_raise(data: bytes, encoding: str) -> None:
    for front in (b"", b"\x1f\x8b\x08\0", b"\x78\x9c"):
        assert isinstance(decode(front + data, encoding, limit=100), (bytes, Broken, Unknown))
