"""Whether an archive is whole, by its own checksums."""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.integrity import read_to_end, read_wheel_to_end
from tests.readers.archives import PACKERS, damaged, files_of, tarred, wheel, zipped

Verdict = Broken | Unknown | None

FILES = {"demo-1.0/": b"", "demo-1.0/PKG-INFO": b"Name: demo\n", "demo-1.0/data": bytes(range(256)) * 3000}
RECORD = "demo-1.0.dist-info/RECORD"


def whole(data: bytes, **limits: int) -> Verdict:
    return read_to_end(io.BytesIO(data), len(data), **limits)


def recorded(data: bytes) -> Verdict:
    return read_wheel_to_end(io.BytesIO(data), len(data))


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_sound_tar_archive_is_whole(kind: str, form: int) -> None:
    assert whole(tarred(FILES | {"demo-1.0/" + "long/" * 30 + "name": b"x"}, kind, form=form)) is None


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
@pytest.mark.parametrize("files", [FILES, {}, files_of(), {"a": b"", "b": os.urandom(600_000)}])
def test_a_sound_zip_archive_is_whole(method: int, files: dict[str, bytes]) -> None:
    assert whole(zipped(files, method=method)) is None


def test_a_zip_archive_that_was_written_as_a_stream_is_whole() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]  # no wider than needed here
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    assert whole(bytes(pipe.data)) is None


def test_a_zip_archive_whose_directory_has_another_order_is_whole() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files_of().items():
            archive.writestr(name, content)
        archive.filelist.reverse()
    assert recorded(out.getvalue()) is None


@pytest.mark.parametrize("kind", [*PACKERS, "zip"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
def test_a_cut_archive_is_cut(kind: str, share: float) -> None:
    data = zipped(FILES) if kind == "zip" else tarred(FILES, kind)
    found = whole(data[: int(len(data) * share) // 2])
    assert isinstance(found, Broken)
    assert found.is_cut


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz"])
def test_an_archive_short_of_one_byte_is_cut(kind: str) -> None:
    found = whole(tarred(FILES, kind)[:-1])
    assert isinstance(found, Broken)
    assert found.is_cut


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_a_flipped_byte_in_the_packed_data_is_found(kind: str) -> None:
    data = zipped({"a": os.urandom(5000)}) if kind == "zip" else tarred({"a": os.urandom(5000)}, kind)
    for at in range(len(data) // 4, len(data) * 3 // 4, 97):
        found = whole(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        assert isinstance(found, Broken)


def test_a_broken_member_is_named() -> None:
    data = zipped({"first.py": b"1", "second.py": b"abcdefgh"}, method=zipfile.ZIP_STORED)
    found = whole(data.replace(b"abcdefgh", b"abcdefgX", 1))
    assert isinstance(found, Broken)
    assert found.reason == "checksum of second.py is wrong"


@pytest.mark.parametrize(
    ("behind", "expected"),
    [(b"", None), (b"\0" * 700, None), (gzip.compress(b"", mtime=0), None), (b"garbage", Broken), (b"\x1f", Broken)],
)
def test_what_may_follow_gzip_data(behind: bytes, expected: type | None) -> None:
    found = whole(tarred(FILES) + behind)
    assert (found is None) if expected is None else isinstance(found, expected)


@pytest.mark.parametrize("kind", ["tar.bz2", "tar.xz"])
def test_other_bytes_behind_bzip2_and_xz_are_unknown(kind: str) -> None:
    assert isinstance(whole(tarred(FILES, kind) + b"garbage"), Unknown)


def test_several_packed_parts_are_one_archive() -> None:
    plain = tarred(FILES, "tar")
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        assert whole(pack(plain[:1000]) + pack(plain[1000:])) is None


def test_a_tar_archive_that_ends_inside_a_member_is_cut_though_its_packing_is_sound() -> None:
    found = whole(gzip.compress(tarred(FILES, "tar")[:5000], mtime=0))
    assert Broken(reason="tar archive ends at 5000", is_cut=True) == found


def test_a_bare_tar_archive_without_the_mark_of_its_end_is_unknown() -> None:
    plain = tarred({"a": b"x"}, "tar", form=tarfile.USTAR_FORMAT)
    assert isinstance(whole(plain[:1024]), Unknown)
    assert whole(gzip.compress(plain[:1024], mtime=0)) is None


def test_a_sparse_file_does_not_confuse_the_reader() -> None:
    header = bytearray(tarfile.TarInfo("sparse").tobuf(tarfile.GNU_FORMAT))
    header[156:157], header[482], header[124:136] = b"S", 1, b"%011o\0" % 512
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    blocks = b"\1" * 504 + b"\1" + b"\0" * 7, b"\0" * 512, b"content".ljust(512, b"\1")
    assert whole(gzip.compress(bytes(header) + b"".join(blocks) + b"\0" * 1024, mtime=0)) is None


@pytest.mark.parametrize("data", [b"", b"<html>" * 100, gzip.compress(b"text", mtime=0)])
def test_what_is_no_archive_is_broken(data: bytes) -> None:
    assert isinstance(whole(data), Broken)


def _edited(data: bytes, signature: bytes, offset: int, form: str, value: int) -> bytes:
    at = data.index(signature) + offset
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


@pytest.mark.parametrize(
    ("signature", "offset", "form", "value", "expected"),
    [
        (b"PK\3\4", 10, "<H", 77, type(None)),  # time of day: no checksum covers it
        (b"PK\3\4", 14, "<L", 77, Unknown),  # checksum in the local header, which nobody reads
        (b"PK\3\4", 22, "<L", 77, Unknown),  # size there
        (b"PK\3\4", 0, "<H", 77, Broken),
        (b"PK\3\4", 26, "<H", 2, Broken),  # length of the name
        (b"PK\1\2", 16, "<L", 77, Broken),
        (b"PK\1\2", 20, "<L", 2, Broken),  # packed size
        (b"PK\1\2", 24, "<L", 3, Broken),
        (b"PK\1\2", 24, "<L", 9999, Broken),
        (b"PK\1\2", 10, "<H", 99, Unknown),  # method
        (b"PK\1\2", 42, "<L", 5, Broken),  # offset
    ],
)
def test_a_damaged_record_of_a_member_is_judged_by_what_pip_makes_of_it(
    signature: bytes, offset: int, form: str, value: int, expected: type
) -> None:
    data = zipped({"a": b"content", "b": b"x"})
    assert isinstance(whole(_edited(data, signature, offset, form, value)), expected)


def test_members_that_share_their_data_are_broken() -> None:
    data = zipped({"a": b"1", "b": b"2"})
    second = data.rindex(b"PK\1\2")
    twice = data[:second].replace(b"\1\0\0\0b", b"\1\0\0\0a")
    twice += data[second : second + 42] + struct.pack("<L", 0) + b"a" + data[second + 47 :]
    at = data.index(b"PK\1\2")
    twice = twice[:second] + data[at : at + 47] + twice[second + 47 :]
    found = whole(twice)
    assert isinstance(found, Broken)
    assert "overlaps" in found.reason


def test_bytes_around_a_zip_archive_are_unknown() -> None:
    data = zipped({"a": b"1"})
    assert isinstance(whole(data + b"\0\0"), Unknown)
    assert isinstance(whole(b"#!/bin/sh" * 30 + data), Unknown)


@pytest.mark.parametrize("kind", ["tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_more_content_than_allowed_is_unknown(kind: str) -> None:
    files = {"zeros": bytes(1 << 20)}
    data = zipped(files) if kind == "zip" else tarred(files, kind)
    assert isinstance(whole(data, max_bytes=1 << 19), Unknown)
    assert whole(data, max_bytes=1 << 21) is None


@pytest.mark.parametrize("kind", ["tar.bz2", "tar.xz", zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_content_packed_far_better_than_any_real_one_is_unknown(kind: str | int) -> None:
    files = {"zeros": bytes(40 << 20)}
    data = tarred(files, kind) if isinstance(kind, str) else zipped(files, method=kind)
    assert isinstance(whole(data), Unknown)


def test_xz_data_that_wants_too_much_memory_is_unknown() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 << 20}]
    data = tarred(FILES, "tar")
    assert isinstance(whole(lzma.compress(data, filters=filters)), Unknown)


def test_an_unknown_member_does_not_hide_a_broken_one() -> None:
    data = _edited(zipped({"a": b"1", "b": b"abcdefgh"}, method=zipfile.ZIP_STORED), b"PK\1\2", 10, "<H", 99)
    assert isinstance(whole(data), Unknown)
    assert isinstance(whole(data.replace(b"abcdefgh", b"abcdefgX", 1)), Broken)


@pytest.mark.parametrize("kind", PACKERS)
def test_an_unbuffered_file_is_read_to_its_end(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(tarred(FILES, kind))
    with path.open("rb", buffering=0) as file:
        assert read_to_end(file, path.stat().st_size) is None


# ---- RECORD


def test_a_wheel_is_what_its_record_says() -> None:
    assert recorded(wheel()) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"demo.py": b"VERSION = 2\n" * 50}, "demo.py differs from RECORD"),
        ({"demo.py": b"VERSION"}, "demo.py differs from RECORD"),
        ({"demo.py": None}, "demo.py is in RECORD, but not in the archive"),
        ({RECORD: None}, "no RECORD in demo-1.0.dist-info"),
        ({RECORD: b'"demo.py\n'}, "demo.py\n is in RECORD, but not in the archive"),
        ({"more.py": b"not in RECORD"}, None),
        ({"demo-1.0.dist-info/RECORD.jws": b"{}"}, None),
    ],
)
def test_a_wheel_that_is_not_what_its_record_says_is_broken(
    change: dict[str, bytes | None], reason: str | None
) -> None:
    files = {name: content for name, content in (files_of() | change).items() if content is not None}
    found = recorded(zipped(files))
    assert reason == (found.reason if found else None)
    assert whole(zipped(files)) is None


@pytest.mark.parametrize(
    ("row", "is_broken"),
    [
        (b"demo.py,sha256=AAAA,\n", True),
        (b"demo.py,sha512=AAAA,600\n", True),
        (b"demo.py,,600\n", False),
        (b"demo.py,,601\n", True),
        (b"demo.py,md5=AAAA,600\n", False),  # not looked at
        (b"demo.py\n", False),
        (b"demo.py,sha256=A,600\n", True),
        (b"\n\ndir/,,\n", False),
        (b"../bin/demo,sha256=AAAA,1\n", False),
        (b"gone.py,,\n", True),
        ("gön.py,,\n".encode(), False),  # names of that kind have more than one spelling in archives
        (b"./demo.py,,\n", False),
        (b"demo-1.0.dist-info\\WHEEL,sha256=AAAA,\n", True),
    ],
)
def test_each_row_of_record_is_taken_for_what_it_proves(row: bytes, *, is_broken: bool) -> None:
    found = recorded(zipped(files_of() | {RECORD: row}))
    assert is_broken == isinstance(found, Broken)


@pytest.mark.parametrize("text", [b"\xff\xfe", b"a,b,c\n" * 3_000_000])
def test_a_record_that_we_do_not_read_is_unknown(text: bytes) -> None:
    assert isinstance(recorded(zipped(files_of() | {RECORD: text})), Unknown)


def test_a_zip_without_dist_info_has_no_record() -> None:
    assert isinstance(recorded(zipped(FILES)), Broken)


@pytest.mark.parametrize("kind", [*PACKERS, "wheel"])
@given(damages=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255), st.integers(0, 7)), max_size=3))
def test_no_damage_makes_a_reader_raise(kind: str, damages: list[tuple[int, int, int]]) -> None:
    data = wheel() if kind == "wheel" else tarred({"a/b": b"content" * 99}, kind)
    for damage in damages:
        data = damaged(data, damage)
    for verdict in (whole(data), read_wheel_to_end(io.BytesIO(data), len(data))):
        assert isinstance(verdict, (Broken, Unknown, type(None)))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@given(damages=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255), st.integers(0, 7)), max_size=3))
def test_no_damage_of_rare_packings_makes_the_reader_raise(method: int, damages: list[tuple[int, int, int]]) -> None:
    data = zipped({"a": b"content" * 99}, method=method)
    for damage in damages:
        data = damaged(data, damage)
    assert isinstance(whole(data), (Broken, Unknown, type(None)))


@pytest.mark.parametrize("magic", [b"", b"PK\3\4", b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"\0" * 257 + b"ustar"])
@given(data=st.binary(max_size=600))
def test_no_bytes_make_a_reader_raise(magic: bytes, data: bytes) -> None:
    assert isinstance(whole(magic + data), (Broken, Unknown, type(None)))
