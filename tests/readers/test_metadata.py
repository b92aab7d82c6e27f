"""Header fields, and a METADATA served beside a wheel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Metadata
from pipcacheplus.readers.metadata import fields, name_and_version, read_metadata


@pytest.mark.parametrize(
    "text",
    [
        b"Metadata-Version: 2.1\nName: Demo.X\nVersion: 1.0+l\n\nName: other\n",
        b"metadata-version:2.1\r\nNAME:   Demo.X  \r\nversion:1.0+l\r\n\r\n",
        b"Metadata-Version: 2.1\nName: Demo.X\nVersion: 1.0+l",
        b"Metadata-Version: 2.1\r\nName: Demo.X\t\r\nVersion:1.0+l\r\n",
        b"Metadata-Version: 2.1\nSummary: a\n  folded\n\tName: other\nVersion: 1.0+l\nName: Demo.X",
        b"Metadata-Version: 2.1\nName: Demo.X\nName: second\nVersion: 1.0+l\nVersion: 2\n",
    ],
)
def test_a_metadata_file_says_name_and_version(text: bytes) -> None:
    assert Metadata(name="Demo.X", version="1.0+l") == read_metadata(text)


@pytest.mark.parametrize(
    ("text", "reason", "is_cut"),
    [
        (b"", "is empty", True),
        (b"<html>", "does not start with Metadata-Version", False),
        (b"Name: demo\nVersion: 1\n", "does not start with Metadata-Version", False),
        (b"Metadata-Version: 2.1\nName: demo\n", "no Version in the metadata", True),
        (b"Metadata-Version: 2.1\nName: demo\n\nVersion: 1\n", "no Version in the metadata", False),
        (b"Metadata-Version: 2.1\nName:\nVersion: 1\n\n", "no Name in the metadata", False),
        (b"Metadata-Version: 2.1\nName: demo\nVersion: \nVersion: 1\n\n", "no Version in the metadata", False),
        (b"Metadata-Version: 2\nName: x\nVersion:" + b"1" * 2000 + b"\n\n", "Version in the metadata is longer", False),
        (b"Metadata-Version: 2.1\nno field\nName: x\nVersion: 1\n\n", "no Name in the metadata", False),
        (b"Metadata-Version: 2\nName: " + b"x" * 2000 + b"\nVersion: 1\n\n", "Name in the metadata is longer", False),
    ],
)
def test_what_is_no_metadata_has_a_reason(text: bytes, reason: str, *, is_cut: bool) -> None:
    found = read_metadata(text)
    assert isinstance(found, Broken)
    assert found.reason.startswith(reason)
    assert is_cut == found.is_cut


def test_a_value_that_is_not_utf_8_is_replaced() -> None:
    assert list(fields(b"Name: \xff")) == [("name", "\ufffd")]


@given(
    pairs=st.lists(
        st.tuples(
            st.from_regex(r"[A-Za-z][A-Za-z-]*", fullmatch=True),
            st.text(st.characters(blacklist_categories=["C", "Z"])),
        )
    ),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_fields_are_read_as_they_were_written(pairs: list[tuple[str, str]], end: str) -> None:
    text = "".join(f"{name}: {value}{end}" for name, value in pairs) + end + "Name: body"
    assert [(name.lower(), value) for name, value in pairs] == list(fields(text.encode()))


_LINES = [
    *("Metadata-Version: 2.1", "Name:", "Name: x", "Version: 1", "Version:\t", " folded", "nofield", "", "N: é"),
    *("name : y", "VERSION: 2", "Name: " + "é" * 600, "Version: \x0b3"),
]


@given(
    pieces=st.lists(
        st.sampled_from(_LINES),
    ),
    end=st.sampled_from(["\n", "\r\n", " \n"]),
)
def test_name_and_version_are_the_first_fields_of_these_names(pieces: list[str], end: str) -> None:
    data = end.join(["Metadata-Version: 1", *pieces]).encode()
    first = dict(reversed(list(fields(data))))
    named = (first.get("name"), first.get("version"))
    is_sound = all(value and len(value) <= 1024 for value in named)
    assert named_in(data) == (named if is_sound else None)


def named_in(data: bytes) -> tuple[str | None, str | None] | None:
    found = name_and_version(data)
    return None if isinstance(found, Broken) else found


@given(data=st.binary())
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    for front in (b"", b"Metadata-Version: 1\n", b"Metadata-Version: 1\nName: x\nVersion:"):
        assert isinstance(read_metadata(front + data), (Metadata, Broken))
