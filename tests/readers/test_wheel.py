"""What a wheel says of itself."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Unknown, Wheel
from pipcacheplus.readers.archive.zip_directory import CentralDirectory, read_directory
from pipcacheplus.readers.wheel import has_dist_info, read_wheel
from tests.readers.archives import damaged, files_of, wheel, zipped


def read(data: bytes) -> Wheel | Broken | Unknown:
    return read_wheel(io.BytesIO(data), len(data))


def read_files(files: dict[str, bytes]) -> Wheel | Broken | Unknown:
    return read(zipped(files))


def test_a_wheel_says_its_name_version_and_tags() -> None:
    expected = Wheel(
        name="Demo.X",
        version="1.0",
        tags=("py3-none-any",),
        tags_as_written=("py3-none-any",),
        build=None,
        stem="Demo.X-1.0",
        members=4,
    )
    assert expected == read(wheel("Demo.X"))


@pytest.mark.parametrize(
    ("text", "tags", "build"),
    [
        (b"Tag: py2.py3-none-any\n", ("py2-none-any", "py3-none-any"), None),
        (b"Tag: py2-none-any\r\nTag: PY3-none-any\r\n", ("py2-none-any", "py3-none-any"), None),
        (b"Tag: cp311-abi3-linux_x86_64.win32\nBuild: 7\n", ("cp311-abi3-linux_x86_64", "cp311-abi3-win32"), "7"),
        (b"Tag: a-b-c\n\nTag: d-e-f\n", ("a-b-c", "d-e-f"), None),  # no body: an empty line changes nothing
        (b"Tag: only-two\n", (), None),
        (b"Build:\n", (), None),
    ],
)
def test_tags_are_expanded_and_sorted(text: bytes, tags: tuple[str, ...], build: str | None) -> None:
    found = read_files(files_of(wheel=text))
    assert isinstance(found, Wheel)
    assert (tags, build) == (found.tags, found.build)


def test_a_tag_that_stands_for_millions_is_unknown() -> None:
    part = ".".join(f"x{number}" for number in range(400))
    assert isinstance(read_files(files_of(wheel=f"Tag: {part}-{part}-{part}\n".encode())), Unknown)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"demo-1.0.dist-info/METADATA": None}, "no METADATA in demo-1.0.dist-info"),
        ({"demo-1.0.dist-info/WHEEL": None}, "no WHEEL in demo-1.0.dist-info"),
        ({"demo-1.0.dist-info/METADATA": b"Name: demo\n"}, "no Version in the metadata"),
        ({"demo-1.0.dist-info/METADATA": b"Name: demo\n\nVersion: 1.0\n"}, "no Version in the metadata"),
        ({"other-2.0.dist-info/METADATA": b""}, "more than one .dist-info directory"),
    ],
)
def test_a_zip_that_is_no_wheel_is_broken(change: dict[str, bytes | None], reason: str) -> None:
    files = {name: content for name, content in (files_of() | change).items() if content is not None}
    assert Broken(reason=reason) == read_files(files)


def test_only_the_dist_info_at_the_top_counts() -> None:
    vendored = {f"demo/_vendor/{name}": content for name, content in files_of("inner").items()}
    found = read_files(vendored | files_of())
    assert isinstance(found, Wheel)
    assert found.name == "demo"
    assert Broken(reason="zip without a .dist-info directory") == read_files(vendored)


@pytest.mark.parametrize(
    ("names", "stem"),
    [
        (["demo-1.0.dist-info/WHEEL"], "demo-1.0"),
        (["demo/a-1.0.dist-info/WHEEL"], None),
        (["demo-1.0.dist-info"], None),  # a file
        ([".dist-info/WHEEL"], None),
        (["x.dist-info.txt", "demo-1.0/PKG-INFO"], None),
    ],
)
def test_a_dist_info_directory_is_seen_in_the_names(names: list[str], stem: str | None) -> None:
    data = zipped(dict.fromkeys(names, b""))
    directory = read_directory(io.BytesIO(data), len(data))
    assert isinstance(directory, CentralDirectory)
    assert stem == has_dist_info(directory)


@pytest.mark.parametrize("lines", [10, 3000, 9000])
def test_a_long_header_is_read_up_to_its_end(lines: int) -> None:
    text = b"Metadata-Version: 2.1\n" + b"Classifier: many\n" * lines + b"Name: demo\nVersion: 2.0\n\n" + b"x" * 200_000
    found = read_files(files_of() | {"demo-1.0.dist-info/METADATA": text})
    assert isinstance(found, Wheel)
    assert found.version == "2.0"


def test_a_header_without_end_is_broken_after_a_mebibyte() -> None:
    text = b"Classifier: many\n" * 100_000 + b"Name: demo\nVersion: 2.0\n"
    assert isinstance(read_files(files_of() | {"demo-1.0.dist-info/METADATA": text}), Broken)


def test_a_directory_that_was_read_before_is_not_read_again() -> None:
    data = wheel()
    directory = read_directory(io.BytesIO(data), len(data))
    short = data[: len(data) // 2 + 200].ljust(len(data), b"\0")
    assert isinstance(read_wheel(io.BytesIO(short), len(data)), Broken)
    assert read_wheel(io.BytesIO(data), len(data), directory=directory) == read(data)


def test_a_wheel_cut_anywhere_is_cut() -> None:
    data = wheel()
    for keep in range(len(data)):
        found = read(data[:keep])
        assert isinstance(found, Broken)
        assert found.is_cut


def test_a_wheel_with_a_comment_and_stored_members_is_read() -> None:
    assert isinstance(read(zipped(files_of(), method=zipfile.ZIP_STORED, comment=b" " * 300)), Wheel)


@given(damages=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255), st.integers(0, 7)), max_size=3))
def test_no_damage_makes_the_reader_raise(damages: list[tuple[int, int, int]]) -> None:
    data = wheel()
    for damage in damages:
        data = damaged(data, damage)
    assert isinstance(read(data), (Wheel, Broken, Unknown))


@given(metadata=st.binary(max_size=200), text=st.binary(max_size=200))
def test_no_content_makes_the_reader_raise(metadata: bytes, text: bytes) -> None:
    files = files_of(wheel=text) | {"demo-1.0.dist-info/METADATA": metadata}
    assert isinstance(read_files(files), (Wheel, Broken, Unknown))
