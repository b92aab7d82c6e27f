"""The libraries in a wheel, seen while it is read to its end."""

import io
import tracemalloc
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipcacheplus.catalog.stored_facts import pack_libraries, unpack_libraries
from pipcacheplus.model.facts import Broken, Libraries, Library
from pipcacheplus.readers.integrity import read_wheel_to_end
from pipcacheplus.readers.libraries import LibraryWatcher
from tests.support import artefacts
from tests.support.elves import NUMPY_1, NUMPY_2, elf

MODULE = elf(["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.34"]}, exports=["PyInit_a"])
MIB = 1 << 20


def seen(content: bytes) -> Libraries:
    watcher = LibraryWatcher()
    assert read_wheel_to_end(io.BytesIO(content), len(content), watcher=watcher) is None
    return watcher.libraries()


def wheel(folder: Path, files: Mapping[str, bytes]) -> bytes:
    return artefacts.wheel(folder, "demo", files=files).read_bytes()


def test_members_are_taken_for_what_they_begin_with(tmp_path: Path) -> None:
    files = {"demo/a.so": MODULE, "demo/b.so": b"no library", "demo/notes": elf(["libm.so.6"]), "demo.py": b"x = 1\n"}
    found = seen(wheel(tmp_path, files)).found
    assert [(one.path, one.needed) for one in found] == [
        ("demo/a.so", ("libc.so.6",)),
        ("demo/notes", ("libm.so.6",)),
    ]


def test_a_wheel_without_any_has_none(tmp_path: Path) -> None:
    assert seen(wheel(tmp_path, {"demo.py": b""})) == Libraries()


def test_what_cannot_be_read_is_counted(tmp_path: Path) -> None:
    files = {"a.so": MODULE, "cut.so": MODULE[:100], "magic.so": b"\x7fELF"}
    found = seen(wheel(tmp_path, files))
    assert (len(found.found), found.not_read) == (1, 2)


@pytest.mark.parametrize(
    ("name", "start", "count"),
    [
        ("a.so", b"\xcf\xfa\xed\xfe", 1),
        ("a.dylib", b"\xca\xfe\xba\xbe", 1),
        ("a.so", b"\xfe\xed\xfa\xce", 1),
        ("A.class", b"\xca\xfe\xba\xbe", 0),
        ("a.pyd", b"MZ", 1),
        ("a.DLL", b"MZ", 1),
        ("gui.exe", b"MZ", 0),
    ],
)
@pytest.mark.parametrize("size", [100, MIB])
def test_libraries_of_other_systems_are_counted(tmp_path: Path, name: str, start: bytes, count: int, size: int) -> None:
    assert seen(wheel(tmp_path, {name: start + bytes(size)})) == Libraries(others=count)


@pytest.mark.parametrize("padding", [0, 300_000, 15 * MIB, 17 * MIB])
def test_a_library_is_read_whatever_its_size(tmp_path: Path, padding: int) -> None:
    found = seen(wheel(tmp_path, {"a.so": elf(["libc.so.6"], padding=padding), "b.so": elf(["libm.so.6"])}))
    assert [(one.path, one.needed) for one in found.found] == [("a.so", ("libc.so.6",)), ("b.so", ("libm.so.6",))]
    assert found.not_read == 0


def test_the_dynamic_section_is_read_wherever_it_lies(tmp_path: Path) -> None:
    (found,) = seen(wheel(tmp_path, {"a.so": elf(["libc.so.6"], gap=17 * MIB, text=bytes(2 * MIB))})).found
    assert found.needed == ("libc.so.6",)


@pytest.mark.parametrize(("text", "numpy"), [(NUMPY_1, "1"), (NUMPY_2("1.20"), "1.20")])
def test_it_makes_no_difference_where_a_piece_ends(text: bytes, numpy: str) -> None:
    content = elf(["libc.so.6"], text=text, exports=["PyInit__demo"])
    for at in range(4, len(content), 3):
        watcher = LibraryWatcher()
        pieces = [content[:at], content[at:]]
        assert list(watcher.watched("a.so", len(content), pieces)) == pieces
        (found,) = watcher.libraries().found
        assert (found.needed, found.numpy, found.is_extension) == (("libc.so.6",), numpy, True)


def test_what_lies_in_the_middle_of_a_large_library_is_not_read(tmp_path: Path) -> None:
    found = seen(wheel(tmp_path, {"a.so": elf(["libc.so.6"], padding=17 * MIB, text=bytes(2 * MIB))}))
    assert found == Libraries(not_read=1)


def test_a_library_of_two_gigabytes_takes_some_megabytes() -> None:
    first = elf(["libc.so.6"], comment=None)
    piece = bytes(256 << 10)
    total = 2 << 30

    def pieces() -> Iterator[bytes]:
        yield first
        for _ in range((total - len(first)) // len(piece)):
            yield piece

    watcher = LibraryWatcher()
    tracemalloc.start()
    try:
        for _ in watcher.watched("a.so", total, pieces()):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [one.needed for one in watcher.libraries().found] == [("libc.so.6",)]
    assert peak < 64 * MIB


def test_a_thousand_libraries_are_looked_at_and_no_more(tmp_path: Path) -> None:
    small = elf()
    found = seen(wheel(tmp_path, {f"{number}.so": small for number in range(1003)}))
    assert (len(found.found), found.not_read) == (1000, 3)


def test_the_names_of_all_libraries_together_have_an_end(tmp_path: Path) -> None:
    large = elf(["x" * 4000] * 100)
    found = seen(wheel(tmp_path, {f"{number}.so": large for number in range(4)}))
    assert (len(found.found), found.not_read) == (2, 2)


@pytest.mark.parametrize("padding", [0, 255 << 10, 300_000])
@pytest.mark.parametrize(
    ("text", "numpy"),
    [
        (b"", None),
        (NUMPY_1, "1"),
        (NUMPY_2("1.20"), "1.20"),
        (NUMPY_2("1.23+"), "1.23"),
        (NUMPY_2("2.0"), "2.0"),
        (b"\0numpy.core._multiarray_umath\0_ARRAY_API\0", None),
        (NUMPY_2("x"), None),
    ],
)
def test_for_which_numpy_a_module_was_built_is_told(
    tmp_path: Path, text: bytes, numpy: str | None, padding: int
) -> None:
    content = elf(text=bytes(padding) + text)
    (found,) = seen(wheel(tmp_path, {"a.so": content})).found
    assert found.numpy == numpy


def test_a_member_that_is_not_sound_is_no_library(tmp_path: Path) -> None:
    content = wheel(tmp_path, {"a.so": MODULE})
    at = content.index(b"a.so") + 10
    broken = content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]
    watcher = LibraryWatcher()
    assert isinstance(read_wheel_to_end(io.BytesIO(broken), len(broken), watcher=watcher), Broken)


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    many = Libraries(
        found=tuple(
            Library(
                path=f"{number}\udcff.so",
                machine="x86_64",
                soname="a.so",
                needed=("libc.so.6",),
                rpath=("$ORIGIN",),
                runpath=("/opt",),
                versions=(("libc.so.6", ("GLIBC_2.34",)),),
                compilers=("GCC",),
                is_extension=True,
                numpy="1",
            )
            for number in range(100)
        ),
        not_read=1,
        others=2,
    )
    assert unpack_libraries(pack_libraries(many)) == many
    assert len(pack_libraries(many)) < 2000
    one = Libraries(found=many.found[:1])
    assert unpack_libraries(pack_libraries(one)) == one


def test_a_stored_member_is_seen_as_well() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
        archive.writestr("demo-1.0.dist-info/WHEEL", b"Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("demo-1.0.dist-info/RECORD", b"")
        archive.writestr("a.so", MODULE + bytes(MIB))
    assert [one.path for one in seen(out.getvalue()).found] == ["a.so"]
