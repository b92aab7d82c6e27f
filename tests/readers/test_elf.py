"""What a file in ELF asks of the machine that loads it."""

import io
import os
import struct
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipcacheplus.model.facts import Broken, Library, Unknown
from pipcacheplus.readers.elf import Budget, read_elf
from tests.support.elves import AARCH64, elf

WHOLE = elf(
    ["libc.so.6", "libfoo.so.1"],
    soname="me.so",
    runpath="$ORIGIN/../demo.libs:/opt/lib",
    versions={"libc.so.6": ["GLIBC_2.34", "GLIBC_2.2.5"], "libfoo.so.1": ["FOO_1"]},
    offered=["ME_1", "ME_2"],
    exports=["PyInit_me"],
)


def read(content: bytes, **more: object) -> Library | Broken | Unknown:
    return read_elf(io.BytesIO(content), len(content), path="me.so", **more)  # type: ignore[arg-type] # its arguments


def test_what_is_needed_is_told() -> None:
    assert read(WHOLE, is_offered=True) == Library(
        path="me.so",
        machine="x86_64",
        soname="me.so",
        needed=("libc.so.6", "libfoo.so.1"),
        runpath=("$ORIGIN/../demo.libs", "/opt/lib"),
        versions=(("libc.so.6", ("GLIBC_2.34", "GLIBC_2.2.5")), ("libfoo.so.1", ("FOO_1",))),
        offered=("ME_1", "ME_2"),
        compilers=("GCC: (Debian 12.2.0-14) 12.2.0",),
        is_extension=True,
    )


def test_own_versions_are_told_only_if_they_are_wanted() -> None:
    found = read(WHOLE)
    assert isinstance(found, Library)
    assert found.offered == ()


@pytest.mark.parametrize(
    ("machine", "bits", "is_little", "name"),
    [
        (62, 64, True, "x86_64"),
        (62, 32, True, "x86_64-32le"),
        (3, 32, True, "i686"),
        (AARCH64, 64, True, "aarch64"),
        (AARCH64, 64, False, "aarch64-64be"),
        (40, 32, True, "arm"),
        (21, 64, True, "ppc64le"),
        (21, 64, False, "ppc64"),
        (22, 64, False, "s390x"),
        (243, 64, True, "riscv64"),
        (258, 64, True, "loongarch64"),
        (8, 32, False, "mips-32be"),
        (0xBEEF, 64, True, "48879-64le"),
    ],
)
def test_every_machine_class_and_byte_order_is_read(machine: int, bits: int, *, is_little: bool, name: str) -> None:
    content = elf(
        ["libc.so.6"], versions={"libc.so.6": ["GLIBC_2.34"]}, machine=machine, bits=bits, is_little=is_little
    )
    found = read(content)
    assert isinstance(found, Library), found
    assert (found.machine, found.needed, found.versions) == (name, ("libc.so.6",), (("libc.so.6", ("GLIBC_2.34",)),))


def test_a_version_that_a_loader_does_without_is_left_out() -> None:
    found = read(elf(["a.so"], versions={"a.so": ["A_1", "A_2"]}, weak=["A_2"]))
    assert isinstance(found, Library)
    assert found.versions == (("a.so", ("A_1",)),)


def test_a_file_without_sections_names_no_compiler() -> None:
    found = read(elf(["a.so"], comment=None))
    assert isinstance(found, Library)
    assert found.compilers is None


def test_a_program_without_a_dynamic_part_needs_nothing() -> None:
    content = bytearray(elf(["a.so"]))
    content[64 + 56] = 4  # PT_DYNAMIC becomes PT_NOTE
    found = read(bytes(content))
    assert isinstance(found, Library)
    assert (found.needed, found.is_extension) == ((), False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an ELF file"),
        (b"INPUT ( /lib/libc.so.6 )\n", "not an ELF file"),
        (b"\xca\xfe\xba\xbe" + bytes(60), "not an ELF file"),
        (b"\x7fELF", "an ELF file of no known class or byte order"),
        (b"\x7fELF\x03\x01\x01" + bytes(60), "an ELF file of no known class or byte order"),
        (b"\x7fELF\x02\x05\x01" + bytes(60), "an ELF file of no known class or byte order"),
        (WHOLE[:40], "a record lies beyond the end of the file"),
        (WHOLE[:100], "a record lies beyond the end of the file"),
    ],
)
def test_what_no_loader_would_load_is_broken(content: bytes, reason: str) -> None:
    assert read(content) == Broken(reason=reason)


def test_any_front_of_a_library_is_a_value() -> None:
    kinds = {type(read(WHOLE[:size])) for size in range(len(WHOLE))}
    assert kinds == {Broken, Library}  # without its sections a library is one still


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_bytes_changed_are_a_value(data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(4, len(content) - 1))
        content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=8))
    assert isinstance(read(bytes(content[: len(WHOLE)])), Library | Broken | Unknown)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 3]))
def test_any_bytes_behind_the_magic_are_a_value(rest: bytes, bits: int, order: int) -> None:
    assert isinstance(read(b"\x7fELF" + bytes([bits, order]) + rest), Library | Broken | Unknown)


def _with_dynamic(count: int, tag: int) -> bytes:
    """Return a library with so many tags, and no end of them."""
    content = bytearray(elf(["a.so"]))
    dynamic = struct.pack("<2Q", tag, 1) * count
    struct.pack_into("<6Q", content, 64 + 56 + 8, len(content), 0, 0, len(dynamic), len(dynamic), 8)
    return bytes(content) + dynamic


@pytest.mark.parametrize(("count", "tag"), [(9000, 1), (2_000_000, 0x6FFFFEF5), (600, 1)])
def test_more_records_than_any_library_has_are_not_looked_at(count: int, tag: int) -> None:
    content = _with_dynamic(count, tag)
    start = time.process_time()
    assert isinstance(read(content), Unknown)
    assert time.process_time() - start < 10  # at 50 µs each, two million would take 100 s


def test_more_segments_than_any_library_has_are_not_looked_at() -> None:
    content = bytearray(elf(["a.so"]) + bytes(300 * 56))
    struct.pack_into("<H", content, 56, 257)
    assert isinstance(read(bytes(content)), Unknown)
    struct.pack_into("<H", content, 56, 256)
    assert isinstance(read(bytes(content)), Library)


def test_a_version_that_follows_itself_for_ever_comes_to_an_end() -> None:
    content = bytearray(elf(["a.so"], versions={"a.so": ["A_1"]}))
    at = content.index(struct.pack("<2H", 1, 1), 64 + 2 * 56)
    struct.pack_into("<H", content, at + 2, 0xFFFF)
    assert isinstance(read(bytes(content)), Unknown)


def test_a_budget_is_shared_by_all_that_it_is_given_to() -> None:
    budget = Budget(records=60, characters=10_000)
    found = [type(read(WHOLE, budget=budget)) for _ in range(5)]
    assert found == sorted(found, key=lambda kind: kind is Unknown)
    assert set(found) == {Library, Unknown}


def test_names_are_kept_up_to_a_number_of_characters() -> None:
    long = "x" * 4000
    assert isinstance(read(elf([long] * 10), budget=Budget(characters=50_000)), Library)
    assert isinstance(read(elf([long] * 10), budget=Budget(characters=30_000)), Unknown)
    assert read(elf(["x" * 5000])) == Broken(reason="a name without an end")


def test_a_name_that_is_no_text_is_kept_as_paths_are() -> None:
    content = elf(["lib?.so"]).replace(b"lib?.so", b"lib\xff.so")
    found = read(content)
    assert isinstance(found, Library)
    assert [os.fsencode(name) for name in found.needed] == [b"lib\xff.so"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="its libraries are no ELF")
def test_the_c_library_of_this_machine_is_read() -> None:
    with open("/proc/self/maps", encoding="utf-8") as file:
        paths = {line.split()[-1] for line in file if "/libc.so.6" in line or "/ld-musl-" in line}
    if not paths:
        pytest.skip("this Python uses no shared C library that is known")
    path = Path(paths.pop())
    with path.open("rb") as library:
        found = read_elf(library, path.stat().st_size, path=str(path), is_offered=True)
    assert isinstance(found, Library)
    assert found.soname is not None
    assert "musl" in path.name or "GLIBC_PRIVATE" in found.offered
