"""The words, sizes and columns of text for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.model.values import Area, Entry, Kind, Shape
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import describe, pip_size, safe, size, target
from tests.support.values import NUMPY, PAGE, SIX, an_entry


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("numpy 2.1.0", "numpy 2.1.0"),
        ("café 日本", "café 日本"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\r\t\0", "a\\x0ab\\x0d\\x09\\x00"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u200b\u2066", "\\u200b\\u2066"),
        ("\x9b31m", "\\x9b31m"),
        ("\u2028", "\\u2028"),
        ("caf\udce9", "caf\\udce9"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_names_that_a_terminal_would_obey_are_escaped(text: str, shown: str) -> None:
    assert shown == safe(text)


@given(st.text(alphabet=st.characters()))
def test_what_is_safe_is_printable_and_can_be_encoded(text: str) -> None:
    shown = safe(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert safe(shown) == shown


@pytest.mark.parametrize(
    ("size_bytes", "as_pip", "for_people"),
    [
        (0, "0 bytes", "0 bytes"),
        (1, "1 bytes", "1 byte"),
        (1000, "1000 bytes", "1000 bytes"),
        (1001, "1.0 kB", "1.0 kB"),
        (10_000, "10.0 kB", "10.0 kB"),
        (10_999, "10 kB", "10 kB"),
        (1_000_000, "1000 kB", "1000 kB"),
        (1_000_001, "1.0 MB", "1.0 MB"),
        (999_900_000, "999.9 MB", "999.9 MB"),
        (999_990_000, "1000.0 MB", "1.0 GB"),
        (1_300_000_000, "1300.0 MB", "1.3 GB"),
        (2_500_000_000_000, "2500000.0 MB", "2.5 TB"),
    ],
)
def test_sizes_are_pips_up_to_gigabytes(size_bytes: int, as_pip: str, for_people: str) -> None:
    assert (as_pip, for_people) == (pip_size(size_bytes), size(size_bytes))


LEFT = an_entry("http-v2/x.tmp", shape=Shape.TEMPORARY, kind=Kind.LEFTOVER)
EMPTY = an_entry(id="wheels/ab", area=Area.WHEELS, shape=Shape.EMPTY_DIRECTORY, kind=Kind.LEFTOVER)
FOREIGN = an_entry("notes\n.txt", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN)
REDIRECT = an_entry("http-v2/y", kind=Kind.REDIRECT, url="https://host.test/a")
NARROW = an_entry("http-v2/z", project="demo", version="1", tags=("cp27-cp27mu-macosx_10_9_x86_64",))


@pytest.mark.parametrize(
    ("entry", "phrase"),
    [
        (NUMPY, "numpy 2.1.0, wheel for cp312 on manylinux x86_64"),
        (SIX, "six 1.16.0, built wheel for py2.py3"),
        (PAGE, "numpy, index page"),
        (LEFT, "temporary file http-v2/x.tmp"),
        (EMPTY, "empty directory wheels/ab"),
        (FOREIGN, "foreign file notes\\x0a.txt"),
        (REDIRECT, "redirect https://host.test/a"),
        (NARROW, "demo 1, wheel for cp27 cp27mu on macos x86_64"),
    ],
)
def test_an_entry_is_described_in_one_phrase(entry: Entry, phrase: str) -> None:
    assert phrase == describe(entry)


@pytest.mark.parametrize("project", [None, "demo"])
def test_what_a_terminal_would_obey_is_escaped_in_tags_too(project: str | None) -> None:
    entry = an_entry("http-v2/a", project=project, tags=("py3\x1b[31m-none-any",))
    assert "\x1b" not in describe(entry)


def test_a_target_names_the_interpreter_only_if_the_tags_do_not() -> None:
    assert target(NUMPY) == "cp312 manylinux x86_64"
    assert target(SIX) == "py2.py3 (cp311)"


def test_columns_are_aligned_and_one_gives_way_to_a_narrow_terminal() -> None:
    rows = [("demo", "a very long description of a thing", "1 kB"), ("x", "short", "16.4 MB")]
    wide = list(Layout(width=None, color=False).table(rows, right=(2,), give=1))
    assert wide == [
        "demo  a very long description of a thing     1 kB",
        "x     short                               16.4 MB",
    ]
    narrow = list(Layout(width=40, color=False).table(rows, right=(2,), give=1))
    assert narrow == [
        "demo  a very long description …     1 kB",
        "x     short                      16.4 MB",
    ]
