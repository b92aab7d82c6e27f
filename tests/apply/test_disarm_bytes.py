"""Where the headers of a stored response stand, and what goes over them."""

import calendar
import io
import os
import tracemalloc
from collections.abc import Mapping
from email.utils import parsedate_tz
from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.apply.disarm_bytes import Use, Write, study
from pipcacheplus.model.facts import Head
from pipcacheplus.readers.http.head import read_head
from tests.support.builders import file_headers, page_headers
from tests.support.stored import NOW_S, response

DATE = "Thu, 25 Dec 2025 00:00:00 GMT"
NO_DATE = "Thu, 25 Dec 1000 00:00:00 GMT"


def studied(path: Path, content: bytes, *, is_single: bool = False) -> tuple[Use, bytes]:
    """Return what is said of a response, and its bytes after the write."""
    path.write_bytes(content)
    with io.FileIO(path) as file:
        use, write = study(file, len(content), is_single=is_single)
    if write is None:
        return use, content
    end = write.offset + len(write.content)
    return use, content[: write.offset] + write.content + content[end:]


def headers_of(content: bytes) -> Mapping[str, str]:
    head = read_head(io.BytesIO(content), len(content))
    assert isinstance(head, Head)
    return dict(head.headers)


@pytest.mark.parametrize(
    ("name", "value", "becomes"),
    [
        ("ETag", '"abc"', '"~~~"'),
        ("etag", 'W/"abc"', 'W/"~~~"'),
        ("ETAG", 'a"b"c"d', 'a"~~~"d'),
        ("ETag", "abc", "~~~"),
        ("ETag", '""', "~~"),
        ("ETag", "", ""),
        ("ETag", '"~~"', '"~~"'),
        ("Last-Modified", DATE, NO_DATE),
        ("Last-Modified", "Sunday, 06-Nov-94 08:49:37 GMT", "~" * 30),
        ("Expires", DATE, NO_DATE),
        ("Expires", "0", "0"),
        ("Expires", "-1", "-1"),
        ("Date", DATE, NO_DATE),
        ("Date", "Thu Dec 25 00:00:00 2025", "Thu Dec 25 00:00:00 1000"),
        ("Date", "Thu, 25 Dec 2025 00:00:00 +0000", "Thu, 25 Dec 1000 00:00:00 +0000"),
        ("Date", "yesterday", "yesterday"),  # of a date that is none pip makes an error anyway
        ("Cache-Control", "max-age=600, public", "max-age=000, public"),
        ("Cache-Control", 'public, Max-Age = "31536000"', 'public, Max-Age = "00000000"'),
        ("Cache-Control", "s-maxage=600", "s-maxage=600"),
        ("Content-Length", "2025", "2025"),
        ("X-Date", DATE, DATE),
    ],
)
def test_what_a_value_becomes(tmp_path: Path, name: str, value: str, becomes: str) -> None:
    content = response(b"", {"Date": DATE, name: value} if name != "Date" else {name: value})
    use, after = studied(tmp_path / "head", content)
    assert use is Use.DISARMABLE
    assert headers_of(after)[name.lower()] == becomes


@pytest.mark.parametrize("headers", [file_headers(b"x"), page_headers(b"x")], ids=["file", "page"])
def test_what_is_disarmed_is_expired_for_pip(tmp_path: Path, headers: dict[str, str]) -> None:
    _, after = studied(tmp_path / "head", response(b"", headers))
    told = headers_of(after)
    parsed = parsedate_tz(told["date"])
    assert parsed is not None
    assert NOW_S - calendar.timegm(parsed[:6]) > 1000 * 365 * 86_400
    assert int(told["cache-control"].partition("max-age=")[2].partition(",")[0]) == 0
    assert told["etag"] != headers["ETag"]


def test_what_is_disarmed_already_is_not_written_again(tmp_path: Path) -> None:
    _, after = studied(tmp_path / "head", response(b"", page_headers(b"x")))
    path = tmp_path / "head"
    path.write_bytes(after)
    with io.FileIO(path) as file:
        assert study(file, len(after), is_single=False) == (Use.DISARMABLE, None)


@pytest.mark.parametrize("size", [0, 5, 31, 32, 300, 70_000])
def test_the_payload_of_a_single_file_is_not_touched(tmp_path: Path, size: int) -> None:
    body = b"\xa4ETag\xa3abc"[:size] + b"z" * max(0, size - 9)
    content = response(body, page_headers(body))
    use, after = studied(tmp_path / "entry", content, is_single=True)
    assert (use, len(after)) == (Use.DISARMABLE, len(content))
    assert msgpack.unpackb(after[5:])["response"]["body"] == body


def test_headers_before_the_payload_are_found(tmp_path: Path) -> None:
    whole = {"vary": {"Accept": None}, "response": {"status": 200, "headers": {"ETag": '"abc"'}, "body": b"z" * 9000}}
    content = b"cc=4," + msgpack.packb(whole)
    use, after = studied(tmp_path / "entry", content, is_single=True)
    assert use is Use.DISARMABLE
    assert headers_of(after) == {"etag": '"~~~"'}


@pytest.mark.parametrize(
    ("content", "is_single", "use"),
    [
        (response(b"", {"Date": DATE}), False, Use.DISARMABLE),
        (response(b"", {"Date": DATE}), True, Use.NONE),  # nothing that pip could ask by
        (response(b"", {"Last-Modified": DATE}), True, Use.DISARMABLE),
        (response(b"", {"Location": "/x"}, status=301), False, Use.NONE),
        (response(b"", {"X": "y"}), False, Use.NONE),
        (response(b"", {}), False, Use.NONE),
        (response(b"x", page_headers(b"x"), cc=2), True, Use.UNKNOWN),
        (response(b"x", page_headers(b"x"), cc=1), True, Use.UNKNOWN),
        (response(b"x", page_headers(b"x"), cc=2), False, Use.NONE),  # no pip reads it in `http-v2`
        (b"", False, Use.NONE),
        (b"cc=", True, Use.NONE),
        (b"cc=3,x", True, Use.NONE),
        (b"cc=4,", False, Use.NONE),
        (b"cc=4," + msgpack.packb({"response": {}}), False, Use.NONE),
        (b"cc=4," + msgpack.packb({}), False, Use.NONE),
        (b"cc=4," + msgpack.packb({"response": {"headers": {"ETag": 5}}}), False, Use.NONE),
        (response(b"", page_headers(b"x"))[:-40], False, Use.DISARMABLE),  # the headers are there
        (response(b"", page_headers(b"x"))[:60], False, Use.NONE),
    ],
)
def test_what_a_pip_can_have_to_do_with_it(tmp_path: Path, content: bytes, is_single: bool, use: Use) -> None:  # noqa: FBT001 - a row's value
    assert studied(tmp_path / "entry", content, is_single=is_single)[0] is use


@pytest.mark.parametrize(
    "extra", [None, 1.5, -7, "text", b"x" * 70_000, [1, [2, {"a": None}]], {"headers": {"ETag": "x"}}, [[[[[[1]]]]]]]
)
def test_what_stands_before_the_headers_is_stepped_over(tmp_path: Path, extra: object) -> None:
    whole = {
        "extra": extra,
        "response": {"strict": True, "more": extra, "body": b"ETag", "headers": {"ETag": '"a"'}, "status": 200},
    }
    use, after = studied(tmp_path / "entry", b"cc=4," + bytes(msgpack.packb(whole)))
    assert use is Use.DISARMABLE
    whole["response"]["headers"]["ETag"] = '"~"'  # type: ignore[index]  # it is a map
    assert msgpack.unpackb(after[5:]) == whole


def in_map(name: bytes, value: bytes, *, behind: bytes = b"\xa6status\xcc\xc8") -> bytes:
    """Return a response with one header, both parts as they stand in msgpack."""
    return b"cc=4,\x81\xa8response\x83\xa4body\xc4\x00\xa7headers\x81" + name + value + behind


ETAG, ABC = b"\xa4ETag", b'\xa5"abc"'


@pytest.mark.parametrize(
    ("content", "becomes"),
    [
        (in_map(b"\xd9\x04ETag", b'\xdb\0\0\0\x05"abc"'), b'"~~~"'),  # lengths longer than they need be
        (in_map(b"\xc4\x04ETag", b'\xc5\0\x05"abc"'), b'"~~~"'),  # bytes in place of text
        (in_map(ETAG, b'\xa5"\xff\x80\xfe"'), b'"~~~"'),  # no UTF-8
        (in_map(ETAG, b'\xa5"\xed\xa0\x80"'), b'"~~~"'),  # half a surrogate pair
        (in_map(b"\xa4E\xe9ag", ABC), None),
        (in_map(ETAG, ABC, behind=b"\xa6status\xcc\xc8more"), b'"~~~"'),
        (in_map(ETAG, ABC, behind=b""), b'"~~~"'),
        (in_map(ETAG, b"\xc0"), None),
        (in_map(ETAG, b"\x91\xa1x"), None),
        (in_map(b"\x01", ABC), None),
    ],
)
def test_a_value_is_found_in_whatever_form_it_stands(tmp_path: Path, content: bytes, becomes: bytes | None) -> None:
    use, after = studied(tmp_path / "entry", content)
    assert use is (Use.NONE if becomes is None else Use.DISARMABLE)
    assert after == (content if becomes is None else content.replace(content[content.index(b'"') :][:5], becomes))


def test_a_name_that_stands_twice_is_written_over_twice(tmp_path: Path) -> None:
    content = b"cc=4,\x81\xa8response\x81\xa7headers\x82" + 2 * (ETAG + ABC)
    _, after = studied(tmp_path / "entry", content)
    assert after == content.replace(b"abc", b"~~~")


def test_what_is_written_to_while_we_look_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "entry"
    before, after = (response(b"", {"ETag": f'"{letter}"'}) for letter in ("a", "b"))

    class Overtaken(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            path.write_bytes(after)
            return data

    path.write_bytes(before)
    with Overtaken(path) as file:
        assert study(file, len(before), is_single=False) == (Use.UNKNOWN, None)


@pytest.mark.skipif(os.name == "nt", reason="a file is not sparse there unless it is made so")
def test_a_payload_of_gigabytes_is_not_held(tmp_path: Path) -> None:
    length = 3 << 30
    with (tmp_path / "entry").open("wb+", buffering=0) as file:
        file.write(b"cc=4,\x81\xa8response\x82\xa4body\xc6" + length.to_bytes(4, "big"))
        size = file.seek(length, os.SEEK_CUR) + file.write(b"\xa7headers\x81" + ETAG + ABC)
        tracemalloc.start()
        try:
            found = study(file, size, is_single=True)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert found == (Use.DISARMABLE, Write(size - 5, b'"~~~"'))
    assert peak < 4 << 20


def test_more_headers_than_any_server_sends_are_not_read(tmp_path: Path) -> None:
    content = response(b"", {f"X-{n}": "y" for n in range(1001)})
    assert studied(tmp_path / "entry", content)[0] is Use.NONE


def test_a_value_longer_than_any_server_sends_is_not_read(tmp_path: Path) -> None:
    assert studied(tmp_path / "entry", response(b"", {"ETag": "x" * (64 << 10)}))[0] is Use.DISARMABLE
    assert studied(tmp_path / "entry", response(b"", {"ETag": "x" * (65 << 10)}))[0] is Use.UNKNOWN


NAMES = st.sampled_from(["ETag", "Last-Modified", "Expires", "Date", "Cache-Control", "Server", "vary"])
VALUES = st.one_of(
    st.text('abc019"~, =;-\u00e9\u20ac', max_size=40), st.sampled_from([DATE, '"abc"', "max-age=600", "W/" + '"' * 3])
)


@given(headers=st.dictionaries(NAMES, VALUES, max_size=7), body=st.binary(max_size=300))
def test_every_head_keeps_its_length_its_names_and_its_other_values(
    tmp_path_factory: pytest.TempPathFactory, headers: dict[str, str], body: bytes
) -> None:
    content = response(body, headers)
    _, after = studied(tmp_path_factory.getbasetemp() / "any-head", content)
    assert len(after) == len(content)
    was, now = msgpack.unpackb(content[5:])["response"], msgpack.unpackb(after[5:])["response"]
    assert list(was["headers"]) == list(now["headers"])
    assert {name: now["headers"][name] for name in {"Server", "vary"} & set(headers)} == {
        name: headers[name] for name in {"Server", "vary"} & set(headers)
    }
    assert {**was, "headers": None} == {**now, "headers": None}


@given(content=st.binary(max_size=200).map(lambda tail: b"cc=4," + tail))
def test_no_bytes_make_it_raise(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    use, after = studied(tmp_path_factory.getbasetemp() / "any-bytes", content)
    assert len(after) == len(content)
    assert use is Use.DISARMABLE or after == content
