"""What a source distribution says of itself."""

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Sdist, Unknown
from pipcacheplus.readers.sdist import read_sdist
from tests.readers.archives import PACKERS, damaged, tarred, wheel, zipped

INFO = b"Metadata-Version: 1.0\nName: Demo.Pure\nVersion: 1.0\n\ntext\n"
OTHER = b"Metadata-Version: 1.0\nName: other\nVersion: 9\n"
FILES = {"demo-1.0/": b"", "demo-1.0/setup.py": b"#", "demo-1.0/PKG-INFO": INFO, "demo-1.0/big": b"x" * 5000}


def read(data: bytes) -> Sdist | Broken | Unknown:
    return read_sdist(io.BytesIO(data), len(data))


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_archive_says_its_name(kind: str, form: int) -> None:
    expected = Sdist(name="Demo.Pure", version="1.0", format=kind, top="demo-1.0")
    assert expected == read(tarred(FILES, kind, form=form))


def test_a_zip_archive_says_its_name() -> None:
    assert Sdist(name="Demo.Pure", version="1.0", format="zip", top="demo-1.0") == read(zipped(FILES))


@pytest.mark.parametrize(
    ("files", "name", "top"),
    [
        ({"d/PKG-INFO": INFO}, "Demo.Pure", "d"),
        ({"./d/PKG-INFO": INFO}, "Demo.Pure", "d"),
        ({"PKG-INFO": INFO}, "Demo.Pure", None),
        ({"d/x.egg-info/PKG-INFO": INFO}, "Demo.Pure", "d"),
        ({"d/x.egg-info/PKG-INFO": OTHER, "d/PKG-INFO": INFO}, "Demo.Pure", "d"),
        ({"x.egg-info/PKG-INFO": OTHER, "d/PKG-INFO": INFO}, "Demo.Pure", None),
        ({"d/vendored/other-9/PKG-INFO": OTHER}, None, "d"),
        ({"d/setup.py": b""}, None, "d"),
        ({"d/PKG-INFO/": b""}, None, "d"),
        ({"d/PKG-INFO": b"no header"}, None, "d"),
        ({"a/x": b"", "b/PKG-INFO": INFO}, "Demo.Pure", None),
    ],
)
@pytest.mark.parametrize("pack", [tarred, zipped])
def test_the_pkg_info_nearest_the_top_counts(
    files: dict[str, bytes], name: str | None, top: str | None, pack: "type"
) -> None:
    found = read(pack(files))
    assert isinstance(found, Sdist)
    assert (name, top) == (found.name, found.top)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_long_name_does_not_hide_the_file(form: int) -> None:
    top = "demo-" + "1" * 200
    found = read(tarred({f"{top}/{'n' * 300}": b"x" * 700, f"{top}/PKG-INFO": INFO}, form=form))
    assert isinstance(found, Sdist)
    assert ("Demo.Pure", top) == (found.name, found.top)


def test_links_have_no_content() -> None:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        link = tarfile.TarInfo("demo-1.0/link")
        link.type, link.linkname = tarfile.SYMTYPE, "PKG-INFO"
        archive.addfile(link)
        member = tarfile.TarInfo("demo-1.0/PKG-INFO")
        member.size = len(INFO)
        archive.addfile(member, io.BytesIO(INFO))
    found = read(gzip.compress(plain.getvalue(), mtime=0))
    assert isinstance(found, Sdist)
    assert found.name == "Demo.Pure"


def test_reading_stops_at_the_name() -> None:
    data = tarred({"d/PKG-INFO": INFO, "d/big": bytes(range(256)) * 4000})
    assert isinstance(read(data[: len(data) // 2]), Sdist)


@pytest.mark.parametrize("kind", PACKERS)
def test_an_archive_cut_in_front_of_the_name_is_cut(kind: str) -> None:
    data = tarred({"d/data": b"".join(b"%d" % (n * n) for n in range(20_000)), "d/PKG-INFO": INFO}, kind)
    found = read(data[: len(data) // 2])
    assert isinstance(found, Broken)
    assert found.is_cut


def test_a_name_behind_too_many_bytes_is_not_looked_for() -> None:
    found = read(tarred({"d/zeros": bytes(17 << 20), "d/PKG-INFO": INFO}))
    assert Sdist(name=None, version=None, format="tar.gz", top="d") == found


def test_a_name_behind_too_many_members_is_not_looked_for() -> None:
    found = read(tarred({f"d/{number}": b"" for number in range(2100)} | {"d/PKG-INFO": INFO}))
    assert isinstance(found, Sdist)
    assert found.name is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Broken(reason="is empty", offset=0, is_cut=True)),
        (b"<html></html>", Broken(reason="not an archive", offset=0)),
        (zipped({}), Broken(reason="not an archive", offset=0)),
        (gzip.compress(b"", mtime=0), Unknown(reason="not a tar archive")),
        (gzip.compress(b"x" * 600, mtime=0), Unknown(reason="not a tar archive")),
        (b"\x1f\x8b\x08", Broken(reason="ends inside the packed data", offset=3, is_cut=True)),
        (b"\x1f\x8b\x00" + b"x" * 99, Broken(reason="packed data is garbled")),
    ],
)
def test_what_is_no_archive_of_a_project_has_a_reason(data: bytes, expected: Broken | Unknown) -> None:
    assert expected == read(data)


def test_a_hostile_pax_header_ends_the_search() -> None:
    digits = tarfile.TarInfo("x")
    digits.type, digits.size = tarfile.XHDTYPE, 2 << 20
    found = read(gzip.compress(digits.tobuf() + b"1" * (2 << 20), mtime=0))
    assert Unknown(reason=f"tar header of {2 << 20} bytes") == found


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (b"20 path=d/PKG-INFO2\n", None),  # sound, and renames the member
        (b"0 path=d/PKG-INFO22\n", "Demo.Pure"),  # a length of nothing once kept the reader busy for ever
        (b"1 path=x\n", "Demo.Pure"),
        (b"-9 path=x\n", "Demo.Pure"),
        (b"9999999 path=x\n", "Demo.Pure"),
        (b"x path=x\n", "Demo.Pure"),
        (b"path=x\n", "Demo.Pure"),
    ],
)
def test_a_pax_record_of_a_garbled_length_is_passed_over(record: bytes, name: str | None) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, len(record)
    member = tarfile.TarInfo("d/PKG-INFO")
    member.size = len(INFO)
    blocks = header.tobuf(), record.ljust(512, b"\0"), member.tobuf(), INFO.ljust(512, b"\0"), bytes(1024)
    found = read(gzip.compress(b"".join(blocks), mtime=0))
    assert isinstance(found, Sdist)
    assert name == found.name


@pytest.mark.parametrize("kind", [*PACKERS, "zip"])
@given(damages=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255), st.integers(0, 7)), max_size=3))
def test_no_damage_makes_the_reader_raise(kind: str, damages: list[tuple[int, int, int]]) -> None:
    data = zipped(FILES) if kind == "zip" else tarred(FILES, kind)
    for damage in damages:
        data = damaged(data, damage)
    assert isinstance(read(data), (Sdist, Broken, Unknown))


@pytest.mark.parametrize("magic", [b"", b"PK\3\4", b"\x1f\x8b\x08\0", b"BZh9", b"\xfd7zXZ\0", b"\0" * 257 + b"ustar"])
@given(data=st.binary(max_size=600))
def test_no_bytes_make_the_reader_raise(magic: bytes, data: bytes) -> None:
    assert isinstance(read(magic + data), (Sdist, Broken, Unknown))


@given(blocks=st.lists(st.binary(min_size=512, max_size=512), max_size=3), fields=st.binary(max_size=60))
def test_no_tar_header_makes_the_reader_raise(blocks: list[bytes], fields: bytes) -> None:
    header = bytearray(tarfile.TarInfo("d/PKG-INFO").tobuf(tarfile.USTAR_FORMAT))
    header[124 : 124 + len(fields[:12])] = fields[:12]
    header[156:157] = fields[12:13] or b"0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert isinstance(read(bytes(header) + b"".join(blocks)), (Sdist, Broken, Unknown))


def test_a_wheel_read_as_an_sdist_has_no_name() -> None:
    found = read(wheel())
    assert isinstance(found, Sdist)
    assert found.name is None
