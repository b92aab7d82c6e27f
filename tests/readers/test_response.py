"""The heads of cached responses in all formats, sound, cut, mutated and hostile."""

import hashlib
import io
import json
import zlib
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipcacheplus.model.facts import Broken, Head, Span
from pipcacheplus.readers.http.cc4_msgpack import read_packed
from tests.readers.responses import (
    HEADERS,
    Counted,
    broken,
    document,
    encoded,
    encoded_document,
    measured,
    packed,
    read,
    sound,
    text64,
)


@pytest.mark.parametrize(("cc", "data"), [(4, packed(document(b"abc"))), (2, encoded(encoded_document(b"abc")))])
def test_a_sound_entry_tells_all_that_pip_stored(cc: int, data: bytes) -> None:
    head = sound(data)
    assert (head.cc, head.status, head.reason, head.body_size) == (cc, 200, "OK", 3)
    assert head.headers == tuple((name.lower(), value) for name, value in HEADERS.items()) or cc == 2
    assert sorted(head.headers) == sorted((name.lower(), value) for name, value in HEADERS.items())
    assert sorted(head.vary) == [("Accept", None), ("Accept-Encoding", "identity")]


def test_an_ordinary_head_takes_one_read_of_8_kib() -> None:
    data = packed(document())
    file = Counted(data)
    assert (sound(data, file).body_size, file.reads) == (0, 1)


@given(st.data())
def test_a_head_says_the_same_at_once_and_value_by_value(data: st.DataObject) -> None:
    whole = bytearray(packed(document()))
    for at in data.draw(st.lists(st.integers(5, len(whole) - 1), max_size=2)):
        whole[at] = data.draw(st.integers(0, 255))
    content = bytes(whole) + data.draw(st.sampled_from([b"", b"\xc0"]))
    at_once, by_value = (
        read_packed(io.BytesIO(content), content[:front], len(content), start=5, limit=1 << 20)
        for front in (len(content), 8)
    )
    if isinstance(at_once, Head):
        at_once = replace(at_once, body=getattr(by_value, "body", None))
    assert at_once == by_value


@pytest.mark.parametrize("order", [["body", "headers", "status"], ["status", "headers", "body"]])
@pytest.mark.parametrize("is_vary_first", [False, True])
def test_a_payload_is_passed_by_wherever_it_stands(order: list[str], *, is_vary_first: bool) -> None:
    body = hashlib.shake_128(b"large").digest(50_000_000)
    doc = document(body)
    fields = {name: doc["response"][name] for name in order}
    outer = {"vary": doc["vary"], "response": fields} if is_vary_first else {"response": fields, "vary": doc["vary"]}
    data = packed(outer)
    file = Counted(data)
    head = sound(data, file)
    assert head.body == Span(offset=data.index(body[:64]), length=len(body))
    assert file.count < 32 << 10


@pytest.mark.parametrize("length", [0, 1, 31, 32, 255, 256, 8_100, 8_180, 65_535, 65_536])
def test_a_payload_is_found_whatever_form_its_length_takes(length: int) -> None:
    for body in (b"x" * length, "x" * length):
        data = packed(document(body))
        span = sound(data).body
        assert span is not None
        assert data[span.offset : span.offset + span.length] == b"x" * length


@pytest.mark.parametrize("filler", range(8_100, 8_200))
def test_a_length_across_the_end_of_the_first_read_is_found(filler: int) -> None:
    data = packed({"vary": {"a": "v" * filler}, "response": document(b"x" * 70_000)["response"]})
    assert sound(data).body_size == 70_000


def test_a_long_head_is_read_up_to_the_limit() -> None:
    data = packed(document(headers={"link": "x" * 200_000}))
    assert sound(data).header("link") == "x" * 200_000
    assert not broken(data, limit=100_000).is_cut
    many = packed(document(headers={f"h{i}": "x" * 500 for i in range(900)}))
    assert sound(many).header("h899") == "x" * 500
    assert broken(many, limit=100_000).reason == "metadata is longer than 100000 bytes"


def test_names_and_values_in_bytes_are_taken_as_text() -> None:
    doc = document() | {"vary": {b"Accept": b"text/html"}}
    assert sound(packed(doc)).vary == (("Accept", "text/html"),)


def test_text_that_is_not_utf_8_survives_a_round_trip() -> None:
    data = packed(document(reason="OKAY")).replace(b"OKAY", b"OK\xe9Y")
    assert sound(data).reason == "OK\udce9Y"


def test_fields_that_a_later_pip_might_add_are_passed_by() -> None:
    doc = document(trailers=[[1, {"a": [None]}], 2.5]) | {"format": {"x": [1] * 900}}
    assert sound(packed(doc)).status == 200


def test_vary_may_be_missing() -> None:
    assert sound(packed({"response": document()["response"]})).vary == ()


MAP = b"\x81\xa8response"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packed(document()) + b"\0more", "5 bytes behind the end"),
        (packed({"vary": {}}), "no response in it"),
        (packed(document(headers=[])), "headers is not a map"),
        (packed(document(headers={"a": 1})), "a value that is not text"),
        (packed(document(status="200")), "status is not a number"),
        (packed(document(status=True)), "status is not a number"),
        (packed(document(body=None)), "content is not bytes"),
        (packed(document(body=[])), "content is not bytes"),
        (packed(document(reason=7)), "a value that is not text"),
        (packed([]), "not the msgpack of a response"),
        (packed({"response": {"body": b"", "headers": {}}}), "response without status"),
        (b"cc=4,\x82\xa4vary\x80\xa4vary\x80", "a key twice in a map"),
        (packed({"vary": {}, "response": document()["response"]}).replace(b"Accept", b"ACCEPT", 1), None),
        (b"cc=4," + MAP + b"\x81\xa7headers\x82\xa1a\xa1b\xa1a\xa1b", "response without content"),
        (b"cc=4," + b"\xc1" * 20, "not the msgpack of a response"),
        (b"cc=4," + MAP + b"\x81\xa7headers" + b"\x81\xa1a" * 5_000, "not the msgpack of a response"),
        (b"cc=4," + b"\x81\xa4junk" + b"\x91" * 200_000, "not the msgpack of a response"),
        (b"cc=4," + MAP + b"\x81\xa7headers\xdf\xff\xff\xff\xff", "not the msgpack of a response"),
        (b"cc=4," + MAP + b"\x81\xa7headers\xdd\xff\xff\xff\xff", "not the msgpack of a response"),
        (b"cc=4," + MAP + b"\x81\xa7headers\xc9\xff\xff\xff\xff\1", "not the msgpack of a response"),
        (b"cc=4," + MAP + b"\x81\xa7headers" + b"\xdc\x03\xe8" * 5_000, "not the msgpack of a response"),
        (b"cc=4,\xdf\xff\xff\xff\xff", "not the msgpack of a response"),
        (packed(document(status=msgpack.Timestamp(1))), "not the msgpack of a response"),
    ],
)
def test_msgpack_that_is_no_response_is_broken(data: bytes, reason: str | None) -> None:
    head, peak = measured(data)
    assert peak < 12 << 20
    if reason is None:
        assert isinstance(head, Head)
    else:
        assert (head.reason, isinstance(head, Broken) and head.is_cut) == (reason, False)


def test_a_name_that_stands_twice_in_the_headers_is_broken() -> None:
    data = packed(document(headers={"a": "1", "b": "2"})).replace(b"\xa1b\xa12", b"\xa1a\xa12")
    assert broken(data).reason == "a name twice in headers"


@pytest.mark.parametrize(
    "data",
    [
        packed(document(b"payload" * 9_000)),
        packed(document()),
        encoded(encoded_document(b"payload" * 9_000)),
        encoded(encoded_document()),
    ],
)
def test_every_front_part_of_a_sound_entry_is_cut(data: bytes) -> None:
    for length in {*range(min(len(data), 400)), *range(0, len(data), 997), len(data) - 1}:
        assert broken(data[:length]).is_cut, length


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"cc=9,abcdef", "no known format (cc=9)"),
        (b"cc=3,abcdef", "no known format (cc=3)"),
        (b"cc=44abcdef", "no known format (no mark)"),
        (b"\x82\xa8resp", "no known format (no mark)"),
        (b"cc=9", "no known format (no mark)"),
    ],
)
def test_other_formats_are_named_and_not_cut(data: bytes, reason: str) -> None:
    assert broken(data) == Broken(reason=reason, offset=0)


def test_an_empty_file_is_cut() -> None:
    assert broken(b"") == Broken(reason="empty", offset=0, is_cut=True)


OTHER = "not the JSON that pip writes"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(encoded_document(b"abc"), sort_keys=True, indent=1),
        json.dumps({"vary": {}, **encoded_document(b"abc")}, separators=(",", ":")),  # another order
        json.dumps({"response": {"status": 200, "body": "QUJD", "headers": {}}}, separators=(",", ":")),
        json.dumps({"a": 1, **encoded_document(b"abc")}, separators=(",", ":"), sort_keys=True),
        '{"response":{"bod\\u0079":"QUJD"}}',
        '{"response":{"body":null,"headers":{},"status":200}}',
        '{"response":{"body":"QUJD',
        "[" * 100_000,
        '{"a":' + "9" * 900_000 + "}",
        "[]",
        "}]",
        "",
    ],
)
def test_json_that_no_pip_wrote_is_broken_and_not_cut(text: str) -> None:
    assert broken(raw(text)) == Broken(reason=OTHER)


def test_the_spaces_that_json_puts_by_itself_do_not_matter() -> None:
    doc = encoded_document(b"abc" * 50_000)
    assert sound(raw(json.dumps(doc, sort_keys=True))) == sound(encoded(doc))


@pytest.mark.parametrize("text", ["[]" * 500, '{"response":{"body":"????' + "QUJD" * 500 + '"}}'])
def test_damage_of_the_stream_comes_before_what_is_wrong_with_its_text(text: str) -> None:
    data = raw(text)
    assert broken(data).reason in {OTHER, "content is not base64"}
    assert broken(data[:-1]) == Broken(reason="ends inside the zlib stream", is_cut=True)
    assert broken(data[:-1] + b"!").reason == "zlib stream is damaged"


def test_a_body_within_other_fields_is_not_taken_for_the_body() -> None:
    doc = encoded_document(b"abc")
    doc["response"]["strict"] = {"body": ["?", {"body": "?"}], "a\\": 'b"{[,'}
    doc["with"] = {"response": {"body": "?"}}
    assert sound(encoded(doc)).body_size == 3


@pytest.mark.parametrize("length", [*range(12), *range(49_100, 49_160), 98_300])
def test_a_payload_that_ends_anywhere_within_a_part_is_measured(length: int) -> None:
    assert sound(encoded(encoded_document(b"x" * length))).body_size == length


def test_bytes_behind_a_zlib_stream_are_no_damage() -> None:
    assert sound(encoded(encoded_document(b"abc")) + b"more").body_size == 3


def test_a_json_entry_with_a_large_payload_is_read_in_little_memory() -> None:
    body = hashlib.shake_128(b"large").digest(12 << 20)
    head, peak = measured(encoded(encoded_document(body)))
    assert isinstance(head, Head)
    assert head.body_size == len(body)
    assert peak < 2 << 20


def bomb(length: int) -> bytes:
    """Return an entry whose payload is a run of zeros."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(b'{"response":{"body":"')]
    parts += [packer.compress(b"A" * (1 << 20)) for _ in range(length >> 20)]
    return b"cc=2," + b"".join(parts) + packer.compress(b'"}}') + packer.flush()


def test_a_stream_that_unpacks_to_absurd_lengths_is_given_up() -> None:
    head, peak = measured(bomb(200 << 20))
    assert isinstance(head, Broken)
    assert head.reason == "zlib stream unpacks to more than any response"
    assert peak < 2 << 20


def changed(**response: Any) -> bytes:  # noqa: ANN401 - any value, also a wrong one
    doc = encoded_document(b"abc")
    doc["response"] |= response
    return encoded(doc)


def raw(text: str | bytes) -> bytes:
    return b"cc=2," + zlib.compress(text.encode() if isinstance(text, str) else text)


def behind(rest: str | bytes) -> bytes:
    """Return an entry in which this stands behind the payload."""
    return raw(b'{"response":{"body":"QUJD"' + (rest.encode() if isinstance(rest, str) else rest))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"cc=2,garbage", "zlib stream is damaged"),
        (changed(body="abc"), "content is not base64"),
        (changed(body="ab=c"), "content is not base64"),
        (changed(body="a==="), "content is not base64"),
        (changed(body="QQ==QUJD"), "content is not base64"),
        (changed(body="QUJD" * 20_000 + "QQ==" + "QUJD" * 40_000), "content is not base64"),
        (changed(body="ab\ncabc"), "content is not base64"),
        (changed(body="\\u0041BCD"), "content is not base64"),
        (changed(headers=[]), "headers is not a map"),
        (changed(headers={"YQ==": "!"}), "not the JSON of a response"),
        (changed(headers={"YQ==": "\xe9"}), "not the JSON of a response"),
        (changed(headers={"YQ==": 1}), "a value that is not text"),
        (changed(status=None), "status is not a number"),
        (changed(headers={text64(str(i)): "" for i in range(1_001)}), "too many headers"),
        (behind("}}}"), "not the JSON of a response"),
        (behind("}}"), "response without headers"),
        (behind(',"headers":{}}}'), "response without status"),
        (behind(',"body":"QUJD"}}'), "a name twice in response"),
        (behind('},"response":{}}'), "a name twice in document"),
        (behind(',"headers":{"YQ==":"","YQ==":""},"status":200}}'), "a name twice in headers"),
        (behind(b',"a":"\xff"}}'), "not the JSON of a response"),
        (behind(',"a":' + "[" * 100_000), "not the JSON of a response"),
        (behind(',"a":NaN}}'), "not the JSON of a response"),
        (behind(',"a":' + "9" * 900_000 + "}}"), "a number longer than any of pip's"),
        (behind(',"a":"' + "9" * 2_000_000 + '"}}'), "metadata is longer than 1048576 bytes"),
    ],
)
def test_json_that_is_no_response_is_broken(data: bytes, reason: str) -> None:
    head, peak = measured(data)
    assert isinstance(head, Broken)
    assert (head.reason, head.is_cut) == (reason, False)
    assert peak < 8 << 20


ENTRIES = [packed(document(b"body" * 50)), encoded(encoded_document(b"body" * 50))]


@given(st.sampled_from([b"", b"cc=4,", b"cc=2,", b"cc=1,", b"cc=4,\x82\xa8response", b"cc=9,"]), st.binary())
def test_random_bytes_never_raise(prefix: bytes, rest: bytes) -> None:
    assert isinstance(read(prefix + rest), (Head, Broken))


@given(st.binary(max_size=400))
def test_random_text_within_sound_zlib_never_raises(text: bytes) -> None:
    assert isinstance(read(raw(text)), Broken)


@settings(deadline=None)
@given(st.sampled_from(ENTRIES), st.lists(st.tuples(st.integers(5, 500), st.binary(max_size=3)), max_size=4))
def test_mutated_entries_never_raise(entry: bytes, changes: list[tuple[int, bytes]]) -> None:
    data = entry
    for at, new in changes:
        data = data[:at] + new + data[at + len(new) + 1 :]
    head = read(data)
    assert isinstance(head, (Head, Broken))
    if isinstance(head, Head) and head.body:
        assert head.body.offset + head.body.length <= len(data)


@given(st.binary(max_size=300), st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=5))
def test_what_is_written_is_read(body: bytes, vary: dict[str, str]) -> None:
    head = sound(packed(document(body) | {"vary": vary}))
    assert (head.body_size, head.vary) == (len(body), tuple(vary.items()))
    coded = {text64(name): text64(value) for name, value in vary.items()}
    head = sound(encoded(encoded_document(body) | {"vary": coded}))
    assert (head.body_size, dict(head.vary)) == (len(body), vary)
