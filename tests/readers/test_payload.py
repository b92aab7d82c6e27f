"""The payload inside a one-file entry behaves as a file of its own."""

import hashlib
import io
import os
import tracemalloc
import zipfile
import zlib
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipcacheplus.model.facts import Head, Pickle, Span
from pipcacheplus.readers.http.head import read_head
from pipcacheplus.readers.http.payload import KEPT_BYTES, PayloadError, open_payload
from tests.readers.responses import Counted, document, encoded, encoded_document, packed


def opened(data: bytes, file: io.BytesIO | None = None) -> BinaryIO:
    file = file or io.BytesIO(data)
    head = read_head(file, len(data))
    assert isinstance(head, Head)
    payload = open_payload(file, head)
    assert payload is not None
    return payload


def entries(body: bytes) -> list[bytes]:
    """Return entries in all formats that hold a body of any size in the same file."""
    return [packed(document(body)), encoded(encoded_document(body))]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 400_000), st.just(0)),
        st.tuples(st.just("seek"), st.integers(0, 700_000), st.just(os.SEEK_SET)),
        st.tuples(st.just("seek"), st.integers(-400_000, 400_000), st.sampled_from([os.SEEK_CUR, os.SEEK_END])),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 6) | st.integers(0, 600_000), st.integers(0, 9), STEPS, st.booleans())
def test_any_reading_and_seeking_is_as_in_memory(
    length: int,
    seed: int,
    steps: list[tuple[str, int, int]],
    is_raw: bool,  # noqa: FBT001 - hypothesis fills it
) -> None:
    body = hashlib.shake_128(bytes([seed])).digest(length)
    for data in entries(body):
        model, stream = io.BytesIO(body), opened(data)
        real = stream.raw if is_raw and isinstance(stream, io.BufferedReader) else stream
        for verb, number, whence in steps:
            if verb == "seek":
                base = {os.SEEK_SET: 0, os.SEEK_CUR: model.tell(), os.SEEK_END: length}[whence]
                assert real.seek(max(number, -base), whence) == model.seek(base + max(number, -base))
            elif is_raw:
                part = real.read(number)
                assert part is not None
                assert part == model.read(len(part))
                assert part or number == 0 or model.tell() >= length
            else:
                assert real.read(number) == model.read(number)
            assert real.tell() == model.tell()


@pytest.mark.parametrize("data", entries(b"payload"))
def test_it_can_be_read_and_sought_but_not_written(data: bytes) -> None:
    stream = opened(data)
    assert (stream.readable(), stream.seekable(), stream.writable()) == (True, True, False)
    with pytest.raises(io.UnsupportedOperation):
        stream.write(b"x")
    with pytest.raises(ValueError, match="-1"):
        stream.seek(-1)


@pytest.mark.parametrize("data", entries(b"payload" * 50_000))
def test_closing_it_leaves_the_file_open_and_others_may_move_the_file(data: bytes) -> None:
    file = io.BytesIO(data)
    with opened(data, file) as stream:
        assert stream.read(7) == b"payload"
        file.seek(3)
        assert stream.read() == b"payload" * 49_999
    assert not file.closed


def test_a_head_without_a_payload_in_it_opens_an_empty_one() -> None:
    assert opened(packed(document())).read() == b""


def test_a_body_that_the_head_cannot_tell_is_not_opened() -> None:
    unknown = Pickle(calls=(), is_plain=True, strings=(), body=None)
    assert open_payload(io.BytesIO(), Head(cc=1, status=None, headers=(), pickle=unknown)) is None
    assert open_payload(io.BytesIO(), Head(cc=2, status=200, headers=())) is None


def archive(members: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for number in range(members):
            file.writestr(f"demo/{number}.py", hashlib.shake_128(bytes([number])).digest(100_000))
    return buffer.getvalue()


def test_an_archive_is_named_and_read_in_two_passes() -> None:
    body = archive(60)
    data = encoded(encoded_document(body))
    file = Counted(data)
    head = read_head(file, len(data))
    assert isinstance(head, Head)
    stream = open_payload(file, head)
    assert stream is not None
    file.count = 0
    with zipfile.ZipFile(stream) as opened_archive:
        assert file.count <= len(data)
        assert opened_archive.testzip() is None
    assert file.count <= 2 * len(data)


def test_a_large_payload_is_read_in_little_memory() -> None:
    body = hashlib.shake_128(b"large").digest(12 << 20)
    for data in entries(body):
        stream = opened(data)
        digest = hashlib.sha256()
        tracemalloc.start()
        try:
            while part := stream.read(100_000):
                digest.update(part)
            stream.seek(5 << 20)
            assert stream.read(9) == body[5 << 20 : (5 << 20) + 9]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert digest.digest() == hashlib.sha256(body).digest()
        assert peak < 6 * KEPT_BYTES


def test_a_file_that_was_changed_since_raises_while_it_is_read() -> None:
    body = hashlib.shake_128(b"x").digest(900_000)
    for data in entries(body):
        file = io.BytesIO(data)
        stream = opened(data, file)
        file.seek(0)
        file.truncate(len(data) // 2)
        with pytest.raises(PayloadError):
            stream.read()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"response":{"body":"QUJD"}}', "content is shorter than its metadata says"),
        (b'{"response":{"body":"QUJDRA"}}', "content cannot be decoded: content is not base64"),
        (b'{"response":{"body":"Q!JDQUJD"}}', "content cannot be decoded: content is not base64"),
        (b'{"response":{"body":"QUJD', "content cannot be decoded: not the JSON that pip writes"),
        (b"[" * 99, "content cannot be decoded: not the JSON that pip writes"),
    ],
)
def test_what_does_not_fit_the_head_is_named(text: bytes, reason: str) -> None:
    file = io.BytesIO(b"cc=2," + zlib.compress(text))
    stream = open_payload(file, Head(cc=2, status=200, headers=(), body_size=6))
    assert stream is not None
    with pytest.raises(PayloadError, match=reason) as caught:
        stream.read()
    assert isinstance(caught.value, OSError)
    assert str(caught.value) == caught.value.reason


def test_a_span_beyond_the_file_raises_while_it_is_read() -> None:
    head = Head(cc=4, status=200, headers=(), body=Span(offset=5, length=90), body_size=90)
    stream = open_payload(io.BytesIO(b"cc=4,abc"), head)
    assert stream is not None
    with pytest.raises(PayloadError, match="file ends inside the content"):
        stream.read()
