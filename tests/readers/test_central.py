"""The central directory of a zip archive, found and read by hand."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.archive.zip_directory import CentralDirectory, read_directory, read_front, read_member
from tests.readers.archives import damaged, wheel, zipped


def directory_of(data: bytes, **limits: int) -> CentralDirectory | Broken | Unknown:
    return read_directory(io.BytesIO(data), len(data), **limits)


def sound(data: bytes, **limits: int) -> CentralDirectory:
    directory = directory_of(data, **limits)
    assert isinstance(directory, CentralDirectory), directory
    return directory


@pytest.mark.parametrize(
    "data",
    [
        wheel(),
        zipped({}),
        zipped({"a": b"1"}, comment=b"words" * 10_000),
        zipped({"é/ü": b"1", "b" * 60_000: b"", "c/": b""}),
        zipped({str(number): b"x" for number in range(70_000)}, method=zipfile.ZIP_STORED),  # zip64
    ],
    ids=["wheel", "empty", "comment", "names", "zip64"],
)
def test_the_members_are_those_that_zipfile_reads(data: bytes) -> None:
    expected = [
        (i.filename, i.compress_type, i.CRC, i.compress_size, i.file_size, i.header_offset)
        for i in zipfile.ZipFile(io.BytesIO(data)).infolist()
    ]
    found = [(m.name, m.method, m.crc, m.packed_size, m.size, m.offset) for m in sound(data).members()]
    assert expected == found


def test_a_comment_that_looks_like_an_end_record_is_seen_through() -> None:
    assert len(sound(zipped({"a": b"1"}, comment=b"PK\5\6 is no end record" * 1000))) == 1


def test_a_name_in_the_old_code_page_is_decoded_as_such() -> None:
    data = zipped({"é": b""}).replace("é".encode(), b"\x82x").replace(b"\0\x08", b"\0\0")
    assert [member.name for member in sound(data).members()] == ["éx"]


def test_bytes_in_front_of_the_archive_are_passed_over() -> None:
    data = b"#!/bin/sh\n" + zipped({"a": b"content"})
    directory = sound(data)
    assert directory.shift == 10
    assert read_member(io.BytesIO(data), next(directory.members()), limit=100) == b"content"


def test_bytes_behind_the_archive_are_counted() -> None:
    assert sound(zipped({"a": b"1"}) + b"\0\0\0").trailing == 3


@pytest.mark.parametrize("keep", [*range(1, 60), 200, 300])
def test_a_cut_archive_is_cut_wherever_it_ends(keep: int) -> None:
    data = wheel()
    found = directory_of(data[:-keep])
    assert isinstance(found, Broken)
    assert found.is_cut


def test_an_archive_cut_inside_its_comment_is_cut() -> None:
    found = directory_of(zipped({"a": b"1"}, comment=b"some words")[:-1])
    assert isinstance(found, Broken)
    assert found.reason == "ends inside the archive's comment"
    assert found.is_cut


def test_the_directory_of_an_archive_inside_a_cut_one_is_not_taken_for_its_own() -> None:
    inner = zipped({"inside": b"1"})
    outer = zipped({"first": b"0", "inner.zip": inner, "last": b"2" * 99}, method=zipfile.ZIP_STORED)
    cut = outer[: outer.index(b"last") - 30]
    found = directory_of(cut)
    assert isinstance(found, Broken)
    assert found.is_cut


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "is empty"), (b"<html>", "not an archive"), (b"P", "no end of a zip archive")]
)
def test_what_is_no_archive_has_a_reason(data: bytes, reason: str) -> None:
    found = directory_of(data)
    assert isinstance(found, Broken)
    assert reason == found.reason


def _edited(data: bytes, signature: bytes, offset: int, form: str, value: int) -> bytes:
    at = data.rindex(signature) + offset
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


@pytest.mark.parametrize(
    ("offset", "form", "value", "expected"),
    [
        (20, "<H", 0, CentralDirectory),
        (4, "<H", 1, Unknown),  # number of this disk
        (10, "<H", 9, Unknown),  # members on all disks
        (12, "<L", 9, Broken),  # size of the directory
        (16, "<L", 1 << 30, Broken),  # where it starts
        (16, "<L", 0xFFFF_FFFF, Broken),  # zip64 without its records
    ],
)
def test_an_end_record_that_does_not_fit_is_told_from_one_that_we_do_not_read(
    offset: int, form: str, value: int, expected: type
) -> None:
    assert isinstance(directory_of(_edited(zipped({"a": b"1"}), b"PK\5\6", offset, form, value)), expected)


def test_a_count_that_does_not_fit_is_broken() -> None:
    data = _edited(_edited(zipped({"a": b"1"}), b"PK\5\6", 8, "<H", 2), b"PK\5\6", 10, "<H", 2)
    found = directory_of(data)
    assert isinstance(found, Broken)
    assert "1 members instead of 2" in found.reason


def test_an_encrypted_member_makes_the_archive_unknown() -> None:
    assert isinstance(directory_of(_edited(zipped({"a": b"1"}), b"PK\1\2", 8, "<H", 1)), Unknown)


@pytest.mark.parametrize("limits", [{"max_members": 2}, {"max_bytes": 100}])
def test_an_archive_beyond_a_limit_is_unknown(limits: dict[str, int]) -> None:
    data = zipped({"a": b"", "b": b"", "c": b""})
    assert isinstance(directory_of(data, **limits), Unknown)
    assert len(sound(data, max_members=3, max_bytes=141)) == 3


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("content", [b"", b"x", b"abc" * 1000])
def test_a_member_is_read_as_it_was_written(method: int, content: bytes) -> None:
    data = zipped({"a": b"-", "b": content}, method=method)
    member = list(sound(data).members())[1]
    assert content == read_member(io.BytesIO(data), member, limit=len(content))
    assert content[:2] == read_front(io.BytesIO(data), member, length=2)


def test_a_member_beyond_the_limit_is_unknown() -> None:
    data = zipped({"a": b"abc"})
    assert isinstance(read_member(io.BytesIO(data), next(sound(data).members()), limit=2), Unknown)


def test_a_member_packed_in_another_way_is_unknown() -> None:
    data = zipped({"a": b"abc"}, method=zipfile.ZIP_BZIP2)
    assert isinstance(read_member(io.BytesIO(data), next(sound(data).members()), limit=9), Unknown)


@pytest.mark.parametrize(
    ("at", "reason"),
    [(0, "no header in front of a"), (26, "another name"), (30, "another name"), (31, "checksum of a is wrong")],
)
def test_a_damaged_member_is_broken(at: int, reason: str) -> None:
    data = bytearray(zipped({"a": b"abc"}, method=zipfile.ZIP_STORED))
    data[at] ^= 0x3F
    found = read_member(io.BytesIO(data), next(sound(bytes(data)).members()), limit=9)
    assert isinstance(found, Broken)
    assert reason in found.reason


def test_a_member_said_to_lie_far_outside_is_broken() -> None:
    data = _edited(zipped({"a": b"abc"}), b"PK\1\2", 42, "<L", 0xFFFF_FFF0)
    assert isinstance(read_member(io.BytesIO(data), next(sound(data).members()), limit=9), Broken)


def test_an_unbuffered_file_is_read_as_a_buffered_one(tmp_path: Path) -> None:
    data = zipped({str(number): b"x" for number in range(500)})
    (tmp_path / "a.zip").write_bytes(data)
    with (tmp_path / "a.zip").open("rb", buffering=0) as file:
        assert sound(data) == read_directory(file, len(data))


def test_an_unreadable_file_raises() -> None:
    class Bad(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "input/output error")

    with pytest.raises(OSError, match="input/output"):
        read_directory(Bad(), 100)


@given(damages=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255), st.integers(0, 7)), max_size=3))
def test_no_damage_makes_a_reader_raise(damages: list[tuple[int, int, int]]) -> None:
    data = wheel()
    for damage in damages:
        data = damaged(data, damage)
    directory = directory_of(data)
    if isinstance(directory, CentralDirectory):
        for member in directory.members():
            assert isinstance(read_member(io.BytesIO(data), member, limit=1 << 16), (bytes, Broken, Unknown))


@given(data=st.binary(max_size=300))
def test_no_bytes_make_a_reader_raise(data: bytes) -> None:
    assert isinstance(directory_of(b"PK\3\4" + data), (CentralDirectory, Broken, Unknown))
    directory_of(data + b"PK\5\6" + data[:18])
    directory_of(b"PK\1\2" + data + zipped({})[:12] + data[:10])
