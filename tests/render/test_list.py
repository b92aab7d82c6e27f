"""`list`: a table on a terminal, in which lines that look alike are told apart or put together; values in a pipe."""

import re
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest

from pipcacheplus.model.values import Area, Entry, Kind, Shape
from pipcacheplus.render.ci import FORMAT as CI
from pipcacheplus.render.human import FORMAT
from pipcacheplus.render.text import sorting
from pipcacheplus.render.view import View
from tests.support.values import NUMPY, PAGE, SIX, a_file, a_view, an_entry

TIMES = "\N{MULTIPLICATION SIGN}"
LEFT = an_entry(f"http-v2/a/{'0123456789' * 8}.tmp", shape=Shape.TEMPORARY, kind=Kind.LEFTOVER)
NOW_S = 1_795_219_200 + 4 * 86_400
"""Four days after the entries were written, three after they were used."""
ABI3 = an_entry(
    "http-v2/ee", project="argon2-cffi-bindings", version="21.2.0", tags=("cp36-abi3-manylinux2014_x86_64",)
)


def text(view: View, *, width: int | None = None, color: bool = False) -> str:
    pieces: list[str] = []
    view = view._replace(now_s=NOW_S, short_id=lambda id_: id_.rpartition("/")[2][:8])
    FORMAT.render(view, pieces.append, width=width, color=color)
    return "".join(pieces)


def lines(view: View, *, width: int | None = None) -> list[str]:
    return text(view, width=width).splitlines()


def a_wheel(key: str, url: str | None) -> Entry:
    return an_entry(f"http-v2/{key}", project="demo", version="1.0", url=url)


def a_build(key: str, url: str | None) -> Entry:
    path = f"wheels/{key}/demo-1.0-py3-none-any.whl"
    return an_entry(path, area=Area.WHEELS, shape=Shape.BUILT_WHEEL, kind=Kind.BUILT_WHEEL, project="demo", url=url)


MIRRORS = (
    a_wheel("aa", "https://files.example/1/demo-1.0-py3-none-any.whl"),
    a_wheel("bb", "https://mirror.example/2/demo-1.0-py3-none-any.whl"),
    a_wheel("cc", "https://files.example/3/demo-1.0-py3-none-any.whl"),
)


def test_a_table_goes_by_project_then_pages_then_the_rest_then_totals() -> None:
    assert lines(a_view("list", entries=(LEFT, PAGE, SIX, NUMPY)), width=120) == [
        "PROJECT  VERSION  KIND            FOR                         SIZE  USED        FROM         ID",
        "numpy    2.1.0    wheel           cp312 manylinux x86_64    8.2 kB  3 days ago  - (http-v2)  abcde",
        "six      1.16.0   built wheel     py2.py3 (cp311)           8.2 kB  3 days ago  -            six-1.16",
        "numpy             index page                                8.2 kB  3 days ago  - (http-v2)  01234",
        "-                 temporary file                            4.1 kB  3 days ago  - (http-v2)  01234567",
        "",
        "4 entries, 7 files (28 kB)",
    ]


def test_versions_are_in_order_of_their_numbers() -> None:
    versions = ["1.10", "1.9.post1", "1.9", "1.9rc1", "1.9.1", "1.9-dev2"]
    entries = tuple(an_entry(f"http-v2/{version}", project="numpy", version=version) for version in versions)
    expected = ["1.9-dev2", "1.9rc1", "1.9", "1.9.post1", "1.9.1", "1.10"]
    assert [line.split("\t")[1] for line in lines(a_view("list", entries=entries))] == expected
    assert [line.split()[1] for line in lines(a_view("list", entries=entries), width=80)[1:7]] == expected


def test_entries_that_look_the_same_are_one_line_which_verbosity_opens() -> None:
    used_later = an_entry(
        a_file("http-v2/dd", atime_ns=(NOW_S - 86_400) * 10**9), project="demo", version="1.0", url=MIRRORS[0].url
    )
    view = a_view("list", entries=(*MIRRORS, used_later))
    told = lines(view, width=120)
    assert [line.split()[3:] for line in told[1:3]] == [
        ["12", "kB", "yesterday", "files.example", "(http-v2)", f"{TIMES}3"],
        ["4.1", "kB", "3", "days", "ago", "mirror.example", "(http-v2)", "bb"],
    ]
    assert f"{TIMES}N stands for N entries that look the same; -v lists each with its ID" in told
    opened = text(view._replace(verbosity=1), width=200)
    assert TIMES not in opened
    for entry in view.entries:
        assert re.search(rf"{entry.url} +{entry.id}\n", opened)


def test_where_there_is_little_room_lines_that_look_the_same_are_told_apart_below() -> None:
    entries = (*MIRRORS, ABI3)
    told = lines(a_view("list", entries=entries), width=70)
    at = next(at for at, line in enumerate(told) if line.startswith("demo"))
    assert told[at + 1] == "    files.example (http-v2)"
    assert told[at + 3] == "    mirror.example (http-v2)"
    assert "FROM is left out, as the terminal is too narrow for it; -v shows it" in told
    assert sum("files.example" in line for line in told) == 1


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_table_keeps_within_a_terminal_and_cuts_nothing(width: int) -> None:
    view = a_view("list", entries=(LEFT, PAGE, SIX, NUMPY, ABI3))
    told = lines(view, width=width)
    assert max(map(len, told[:-1])) <= max(width, 70)
    assert "…" not in "".join(told)
    at = told[0].index("VERSI")
    assert "argon2cffibindings" in re.sub(r"\W", "", "".join(line[:at] for line in told))


def test_at_200_columns_each_entry_has_one_line() -> None:
    view = a_view("list", entries=(LEFT, PAGE, SIX, NUMPY, *MIRRORS[:2], ABI3))
    assert len(lines(view, width=200)) == 1 + 7 + 2


def test_where_verbosity_leaves_no_room_url_and_id_stand_below() -> None:
    told = lines(a_view("list", entries=(MIRRORS[0], LEFT), verbosity=1), width=80)
    assert told[2:4] == [f"    {MIRRORS[0].url}", f"    {MIRRORS[0].id}"]
    assert told[5:7] == ["    unknown URL", f"    {LEFT.id}"]


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://me@files.example:8443/a/demo-1.0.tar.gz", "built from files.example:8443"),
        ("https://files.example/demo-1.0.zip?x=1#y", "built from files.example"),
        ("https://git.example/me/demo.git", "built from git.example/me/demo.git"),
        ("ssh://git@git.example/me/demo", "built from git.example/me/demo"),
        ("file:///home/me/demo", "built from /home/me/demo"),
        ("file:///home/me/demo-1.0.tar.gz", "built from /home/me/demo-1.0.tar.gz"),
        ("no URL", "built from no URL"),
        (None, "-"),
    ],
)
def test_a_built_wheel_is_from_what_it_was_built_from(url: str | None, place: str) -> None:
    told = lines(a_view("list", entries=(a_build("ab", url),)), width=200)
    assert told[1].split("3 days ago")[1].rpartition("demo-1.0")[0].strip() == place


def test_a_file_that_no_pip_wrote_is_from_where_it_lies() -> None:
    foreign = an_entry("notes/a.txt", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN)
    assert "  notes/a.txt  " in lines(a_view("list", entries=(foreign,)), width=80)[1]


def test_a_log_has_days_that_stay_true_and_lines_that_are_whole() -> None:
    pieces: list[str] = []
    CI.render(a_view("list", entries=(LEFT, NUMPY), now_s=NOW_S), pieces.append, width=None, color=False)
    told = "".join(pieces)
    assert told.startswith("PROJECT")
    assert told.count("  2026-11-22  ") == 2
    assert LEFT.id in told


def test_pages_without_a_url_are_named_below_a_list_of_all_and_not_of_a_selection() -> None:
    summary = {"pages_without_url": 2}
    told = lines(a_view("list", entries=(SIX,), summary=summary), width=80)
    assert any(line.startswith("The URL of 2 cached pages is not known, so files are not") for line in told)
    assert max(map(len, told)) <= 80
    chosen = lines(a_view("list", entries=(SIX,), summary=summary, is_selection=True), width=80)
    assert "cached pages" not in "".join(chosen)


def test_a_list_of_nothing_says_so_on_a_terminal_and_is_nothing_in_a_pipe() -> None:
    assert lines(a_view("list"), width=80) == ["Nothing cached."]
    assert lines(a_view("list", is_selection=True), width=80) == ["Nothing matches."]
    assert text(a_view("list")) == ""


def test_a_quiet_list_is_its_totals() -> None:
    view = a_view("list", entries=(NUMPY,), verbosity=-1)
    assert lines(view, width=80) == ["1 entry, 2 files (8.2 kB)"]
    assert lines(view) == ["1\t2\t8192"]


def test_a_pipe_gets_whole_values_one_entry_a_line() -> None:
    entries = (LEFT, PAGE, SIX, NUMPY, *MIRRORS)
    told = [line.split("\t") for line in lines(a_view("list", entries=entries))]
    assert [row[0] for row in told] == ["demo", "demo", "demo", "numpy", "six", "numpy", "-"]
    assert {row[7] for row in told} == {entry.id for entry in entries}
    assert told[0] == ["demo", "1.0", "wheel", "-", "4096", "2026-11-22T00:00:00Z", MIRRORS[0].url, MIRRORS[0].id]
    assert told[3][2:6] == ["wheel", "cp312 manylinux x86_64", "8192", "2026-11-22T00:00:00Z"]
    assert told[5][1:4] == ["-", "index-page", "-"]
    assert "\x1b" not in text(a_view("list", entries=entries), color=True)


def test_all_systems_of_a_wheel_are_in_a_pipe() -> None:
    tags = tuple(f"cp312-cp312-linux_{machine}" for machine in "abcdef")
    assert "\tcp312 linux a or linux b or linux c or linux d or linux e or linux f\t" in text(
        a_view("list", entries=(an_entry("http-v2/1", project="demo", tags=tags),))
    )


@pytest.mark.parametrize("name", ["a\tb", "a\nb", "a\x1b[2Jb", "\u202eb", "\udcff", "a\rb", "a\u2028b"])
def test_no_name_makes_another_line_or_column_in_a_pipe(name: str) -> None:
    evil = an_entry(name, project=name, version=name, url=name, tags=(f"{name}-{name}-{name}",), kind=Kind.RESPONSE)
    told = text(a_view("list", entries=(NUMPY, evil, MIRRORS[0])))
    rows = [line.split("\t") for line in told.splitlines()]
    assert sorted(map(len, rows)) == [8, 8, 8]
    assert told.replace("\t", "").replace("\n", "").isprintable()


@pytest.mark.parametrize("width", [None, 80])
def test_ten_thousand_entries_are_in_order(width: int | None) -> None:
    entries = tuple(an_entry(f"http-v2/{at:05}", project=f"p{at % 977:03}", version=str(at)) for at in range(10_000))
    told = lines(a_view("list", entries=entries), width=width)
    rows = [line.split()[:2] for line in told if line.startswith("p")]
    assert rows == sorted(rows, key=lambda row: (row[0], int(row[1])))
    assert len(rows) == 10_000


class Many(Sequence[Entry]):
    """So many entries that each is made when it is looked at."""

    def __init__(self, size: int, *, are_alike: bool) -> None:
        self.size = size
        self.are_alike = are_alike

    def __len__(self) -> int:
        """Return how many there are."""
        return self.size

    def __getitem__(self, at: Any) -> Any:  # noqa: ANN401 - an entry; nobody slices it
        """Return one."""
        if not 0 <= at < self.size:
            raise IndexError(at)
        return an_entry(f"http-v2/{at * 7919 % self.size:06}", project=None if self.are_alike else f"p{at}")


@pytest.mark.parametrize("are_alike", [False, True])
@pytest.mark.parametrize("width", [None, 80])
def test_memory_does_not_grow_with_the_number_of_entries(
    width: int | None, monkeypatch: pytest.MonkeyPatch, *, are_alike: bool
) -> None:
    monkeypatch.setattr(sorting, "_IN_MEMORY", 1024)  # as if the caches were eight times as large

    def peak(count: int) -> int:
        view = a_view("list", entries=Many(count, are_alike=are_alike), summary={"entries": count}, now_s=NOW_S)
        tracemalloc.start()
        try:
            FORMAT.render(view, lambda _text: None, width=width, color=False)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)  # modules and caches
    assert peak(8000) < 1.5 * peak(2000)
