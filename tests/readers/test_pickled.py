"""Pickled entries: what they name is listed, nothing is ever loaded."""

import builtins
import io
import os
import pickle
import pickletools
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Head, Pickle
from pipcacheplus.readers.http.cc1_pickle import MAX_PICKLE_BYTES
from pipcacheplus.readers.http.head import read_head
from pipcacheplus.readers.http.payload import open_payload
from tests.readers.responses import Counted

HEADER_CLASS = b"cpip._vendor.requests.packages.urllib3._collections\nHTTPHeaderDict\n"
HEADER_NAME = "pip._vendor.requests.packages.urllib3._collections.HTTPHeaderDict"


def read(pickled: bytes) -> Head | Broken:
    data = b"cc=1," + pickled
    return read_head(io.BytesIO(data), len(data))


def listed(pickled: bytes) -> Pickle:
    head = read(pickled)
    assert isinstance(head, Head), head
    assert head.pickle is not None
    return head.pickle


def short(text: bytes) -> bytes:
    """Push a text as Python 2 does."""
    return b"U" + bytes([len(text)]) + text


def long(text: bytes) -> bytes:
    """Push a long text as Python 2 does."""
    return b"T" + len(text).to_bytes(4, "little") + text


def entry_of_python_2(body: bytes, *, header_class: bytes = HEADER_CLASS) -> bytes:
    """Write what pip 6.0.6 stores under Python 2.7: protocol 2, headers as an object with pairs in lists."""
    pair = b"(" + short(b"etag") + b"]q\x0b" + short(b"ETag") + b"q\x05" + short(b'"abc"') + b"\x86q\x06a"
    pair += short(b"vary") + b"]q\x07h\x02" + short(b"Accept") + b"\x86q\x08au"
    headers = header_class + b"q\x03)\x81}" + short(b"_data") + b"}" + pair + b"sb"
    response = b"}(" + short(b"body") + b"q\x01" + long(body) + short(b"status") + b"q\x09K\xc8"
    response += short(b"headers") + headers + short(b"reason") + short(b"OK") + b"u"
    return b"\x80\x02}(" + short(b"vary") + b"q\x02}" + short(b"response") + response + b"u."


def entry_of_python_3(body: bytes, protocol: int) -> bytes:
    response = {"body": body, "headers": {"Content-Type": "text/html", "other": "x"}, "status": 301, "reason": "Gone"}
    return pickle.dumps({"response": response, "vary": {}}, protocol)


class Call:
    """Something whose pickle calls a function when it is loaded."""

    def __init__(self, function: object, *args: object) -> None:
        self.what = function, args

    def __reduce__(self) -> Any:  # noqa: ANN401 - what pickle asks for
        """Have the function called."""
        return self.what


@pytest.fixture(autouse=True)
def _nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise AssertionError("a pickle was loaded")  # noqa: EM101, TRY003 - it is never seen

    for name in ("load", "loads", "Unpickler", "_Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)


def test_an_entry_of_python_2_tells_what_pip_stored() -> None:
    head = read(entry_of_python_2(b"PK\x03\x04\xff" * 90))
    assert isinstance(head, Head)
    assert (head.cc, head.status, head.reason, head.body_size) == (1, 200, "OK", 450)
    assert head.headers == (("etag", '"abc"'), ("vary", "Accept"))
    assert head.pickle is not None
    assert (head.pickle.calls, head.pickle.is_plain) == ((HEADER_NAME,), True)
    assert head.pickle.body == b"PK\x03\x04\xff" * 90
    assert head.pickle.strings[:3] == ("vary", "response", "body")


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_an_entry_of_python_3_tells_what_pip_stored(protocol: int) -> None:
    head = read(entry_of_python_3(b"\x00\xffbody", protocol))
    assert isinstance(head, Head)
    assert (head.status, head.reason, head.body_size) == (301, "Gone", 6)
    assert head.header("content-type") == "text/html"
    assert head.pickle is not None
    assert (head.pickle.calls, head.pickle.is_plain, head.pickle.body) == ((), True, b"\x00\xffbody")


def test_an_empty_body_is_not_taken_for_unknown() -> None:
    head = read(entry_of_python_3(b"", 4))
    assert isinstance(head, Head)
    assert head.body_size == 0
    payload = open_payload(io.BytesIO(), head)
    assert payload is not None
    assert payload.read() == b""


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.mkdir, f"{os.name}.mkdir"), (builtins.eval, "builtins.eval")],
)
def test_a_call_is_named_in_every_protocol(tmp_path: Path, protocol: int, function: object, name: str) -> None:
    doc = {"response": {"body": b"x" * 999, "more": Call(function, str(tmp_path / "made"))}}
    found = listed(pickle.dumps(doc, protocol))
    assert (name.replace("builtins", "__builtin__") if protocol < 3 else name) in found.calls
    assert not found.is_plain
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("pickled", "calls"),
    [
        (b"cos\nsystem\n.", ("os.system",)),
        (b"(S'id'\nios\nsystem\n.", ("os.system",)),
        (b"\x8c\x02os\x8c\x06system\x93.", ("os.system",)),
        (b"\x8c\x02os\x94\x8c\x06system\x940h\x00h\x01\x93.", ("os.system",)),
        (b"\x8c\x06system\x940\x8c\x02osq\x07\x95\0\0\0\0\0\0\0\0h\x00\x93.", ("os.system",)),
        (b"\x8c\x06systemr\x00\x01\x00\x000Vos\nj\x00\x01\x00\x00\x93.", ("os.system",)),
        (b"Vos\np12\nVsystem\n\x93.", ("os.system",)),
        (b"V\\u006fs\nVsystem\n\x93.", ("os.system",)),
        (b"\x8c\x02osNK\x010\x8c\x06system\x93.", ("?",)),
        (b"\x8c\x02os\x8c\x06system2\x93.", ("?",)),
        (b"h\x05h\x06\x93.", ("?",)),
        (b"\x82\x05.", ("?",)),
        (b"\x83\x05\x00.", ("?",)),
        (b"\x84\x05\x00\x00\x00.", ("?",)),
        (b"Pname\n.", ("?",)),
        (b"NQ.", ("?",)),
        (b"ccaf\xe9\nrun\n.", ("caf\udce9.run",)),
        (b"ccopy_reg\n_reconstructor\n.", ("copy_reg._reconstructor",)),
        (HEADER_CLASS + b"cos\nsystem\n.", ("os.system", HEADER_NAME)),
        (HEADER_CLASS.replace(b"Dict\n", b"Dict.__init__\n") + b".", (HEADER_NAME + ".__init__",)),
        (HEADER_CLASS.replace(b"_vendor", b"\\x5fvendor") + b".", (HEADER_NAME.replace("_vendor", "\\x5fvendor"),)),
    ],
)
def test_a_call_is_found_however_it_is_written(pickled: bytes, calls: tuple[str, ...]) -> None:
    found = listed(pickled)
    assert (found.calls, found.is_plain) == (calls, False)


@pytest.mark.parametrize(
    "pickled",
    [
        b"N.",
        HEADER_CLASS + b".",
        short(HEADER_NAME[:50].encode()) + short(b"HTTPHeaderDict") + b"\x93.",
        HEADER_CLASS + b".cos\nsystem\n.",  # no loader looks behind the end
        short(b"cos") + b"0.",
    ],
)
def test_what_names_nothing_else_is_plain(pickled: bytes) -> None:
    assert listed(pickled).is_plain


@pytest.mark.parametrize(
    ("pickled", "is_cut"),
    [
        (b"", True),
        (b"\x80\x02}(", True),
        (b"U\x09abc", True),
        (b"Vabc", True),
        (b"\xff\xff", False),
        (b"T\xff\xff\xff\xffabc.", False),
        (b"\x8e" + b"\xff" * 8 + b"abc.", True),
        (HEADER_CLASS + b"N", True),
    ],
)
def test_a_pickle_that_cannot_be_followed_is_broken(pickled: bytes, *, is_cut: bool) -> None:
    head = read(pickled)
    assert isinstance(head, Broken)
    assert head.is_cut is is_cut


@pytest.mark.parametrize("damage", [b"", b"\xff", b"U\xffabc", b"T\xff\xff\xff\xff"])
def test_a_call_before_the_damage_is_told(damage: bytes) -> None:
    found = listed(b"cos\nsystem\n(U\x02idtR" + damage)
    assert (found.calls, found.is_plain) == (("os.system",), False)


def test_a_name_that_is_cut_is_told_because_python_2_imports_its_module() -> None:
    assert listed(b"cos\nsys").calls == ("os.?",)
    assert isinstance(read(b"cos"), Broken)


@pytest.mark.parametrize(
    "line",
    [
        b"I0x10\n",  # the loader of Python 2 takes it for a number
        b"L12\n",
        b"F1.5 x\n",
        b"S'a'  \n",  # that loader passes over the blanks
        b"S'\xe9'\n",
        b"S'\\q'\n",
        b"S'\\x1'\n",
        b"V\\u12\n",
        b"X\x01\0\0\0\xff",
        b"\x8d\x01\0\0\0\0\0\0\0\xff",
    ],
)
def test_behind_a_constant_that_cannot_be_read_nothing_is_plain_and_nothing_broken(line: bytes) -> None:
    assert not listed(line + b"0cos\nsystem\n.").is_plain
    assert not listed(b"cos\nsystem\n" + line + b"0.").is_plain


@pytest.mark.parametrize("line", [b"P\xe9\n", b"I0x10\n"])
def test_a_line_that_cannot_be_read_is_not_taken_for_a_cut_one(line: bytes) -> None:
    assert not listed(line).is_plain


def test_a_pickle_that_was_not_followed_to_its_end_names_no_call_of_pips() -> None:
    assert listed(HEADER_CLASS + b"I0x10\n.") == Pickle(calls=(), is_plain=False, strings=(), body=None)
    assert listed(HEADER_CLASS + b"cos\nsystem\nI0x10\n.").calls == ("os.system", HEADER_NAME)


@pytest.mark.parametrize("padding", [b"N0" * 60_000, b"V" + b"x" * 4_096 + b"\n0", b"I" + b"9" * 900_000 + b"\n0"])
def test_what_stands_behind_a_limit_of_ours_is_never_called_plain(padding: bytes) -> None:
    assert not listed(padding + b"cos\nsystem\n.").is_plain
    assert not listed(padding + b"N.").is_plain


def test_a_pickle_beyond_the_limit_is_not_read() -> None:
    data = b"cc=1," + entry_of_python_2(bytes(MAX_PICKLE_BYTES))
    file = Counted(data)
    head = read_head(file, len(data))
    assert head == Head(cc=1, status=None, headers=(), pickle=Pickle(calls=(), is_plain=False, strings=()))
    assert open_payload(file, head) is None
    assert file.count < 16 << 10


def of_the_limit(push: bytes, fill: bytes, end: bytes = b".") -> bytes:
    """Return the longest pickle that is read: one constant after `body`, and an end."""
    length = MAX_PICKLE_BYTES - len(b"\x8c\x04body" + push + bytes(4) + end)
    body = fill[:4] + fill[4:] * length
    return b"cc=1,\x8c\x04body" + push + length.to_bytes(4, "little") + body[:length] + end


@pytest.mark.parametrize(
    ("data", "most"),
    [
        (of_the_limit(b"T", b"\0" * 5), 3.1),  # text of Python 2, as pip writes it
        (of_the_limit(b"B", b"\0" * 5), 2.1),
        (of_the_limit(b"X", "\U0001f600x".encode()), 9.1),
        (of_the_limit(b"X", b"abcd\xff"), 4.1),
        (of_the_limit(b"X", b"abcde", b""), 3.1),
    ],
    ids=["python-2", "python-3", "wide", "garbled", "cut"],
)
def test_the_longest_pickle_takes_a_bounded_amount_of_memory(data: bytes, most: float) -> None:
    file = io.BytesIO(data)
    tracemalloc.start()
    try:
        assert isinstance(read_head(file, len(data)), (Head, Broken))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most * MAX_PICKLE_BYTES


def test_strings_are_few_and_short() -> None:
    texts = b"".join(b"X" + len(t).to_bytes(4, "little") + t for t in [b"a" * 4_096, b"b" * 4_097, *[b"c"] * 1_500])
    strings = listed(texts + b".").strings
    assert (len(strings), strings[0], strings[1]) == (1_000, "a" * 4_096, "c")


CODES = st.sampled_from([code.code.encode("latin-1") for code in pickletools.opcodes])
PARTS = st.one_of(CODES, st.binary(max_size=6), st.sampled_from([b"cos\nsystem\n", HEADER_CLASS, b"1\n", b"\0\0\0\0"]))


@given(st.lists(PARTS, max_size=40).map(b"".join))
def test_random_opcodes_never_raise(pickled: bytes) -> None:
    assert isinstance(read(pickled), (Head, Broken))


@given(st.integers(0, 400), st.binary(max_size=4))
def test_mutated_entries_never_raise(at: int, new: bytes) -> None:
    data = entry_of_python_2(b"body" * 20)
    assert isinstance(read(data[:at] + new + data[at + len(new) :]), (Head, Broken))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


@given(
    st.recursive(SCALARS, lambda of: st.lists(of) | st.dictionaries(st.text(), of) | st.tuples(of, of)),
    st.integers(3, 5),
)
def test_plain_data_is_plain(value: object, protocol: int) -> None:
    found = listed(pickle.dumps(value, protocol))
    # A bytearray is none of it, and so no protocol from 3 on names anything.
    assert (found.calls, found.is_plain) == ((), True)
