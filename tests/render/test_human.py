"""Text for people: what it says, and that it can be read at any width."""

import re

import pytest

from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family
from pipcacheplus.cli.base.owners import summarize_survey
from pipcacheplus.model.values import (
    Area,
    CacheDir,
    Count,
    Entry,
    Group,
    Kind,
    NotJudged,
    Owned,
    OwnFiles,
    OwnKind,
    OwnState,
    Remedy,
    Severity,
    Shape,
    Source,
    State,
    Survey,
)
from pipcacheplus.render import paths
from pipcacheplus.render.human import FORMAT
from pipcacheplus.render.summary import summarize_entries, summarize_not_judged, summarize_outcomes, summarize_state
from pipcacheplus.render.view import View
from tests.support.values import NUMPY, PAGE, SIX, a_finding, a_view, an_entry, an_outcome

LEFT = an_entry(f"http-v2/a/{'0123456789' * 8}.tmp", shape=Shape.TEMPORARY, kind=Kind.LEFTOVER)
EVIL_FILES = OwnFiles(
    kind=OwnKind.TRASH, path="/\x1b\n", cache="/\x1b\n", files=1, size=1, disk_size=0, used_s=1_795_219_200
)
EVIL = an_entry("a\x1b[2J\nb\u202e\udcff", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN)


def text(view: View, *, width: int | None = None, color: bool = False) -> str:
    pieces: list[str] = []
    FORMAT.render(view, pieces.append, width=width, color=color)
    return "".join(pieces)


def lines(view: View, *, width: int | None = None) -> list[str]:
    return text(view, width=width).splitlines()


def numpy(version: str) -> Entry:
    return an_entry(f"http-v2/{version}", project="numpy", version=version)


def test_dir_prints_the_path_alone() -> None:
    assert text(a_view("dir")) == "/cache\n"


def test_a_list_goes_by_project_then_pages_then_the_rest_then_totals() -> None:
    assert lines(a_view("list", entries=(LEFT, PAGE, SIX, NUMPY))) == [
        "numpy 2.1.0  wheel        cp312 manylinux x86_64  8.2 kB  2026-11-22",
        "six 1.16.0   built wheel  py2.py3 (cp311)         8.2 kB  2026-11-22",
        "",
        "Pages",
        "numpy, index page  8.2 kB  2026-11-22",
        "",
        "Others",
        f"temporary file {LEFT.id}  4.1 kB  2026-11-22",
        "",
        "4 entries, 7 files (28 kB)",
    ]


def test_versions_are_in_order_of_their_numbers() -> None:
    view = a_view("list", entries=tuple(map(numpy, ["1.10", "1.9.post1", "1.9", "1.9rc1", "1.9.1", "1.9-dev2"])))
    assert [line.split()[1] for line in lines(view)[:-2]] == ["1.9-dev2", "1.9rc1", "1.9", "1.9.post1", "1.9.1", "1.10"]


def test_a_list_of_nothing_says_so() -> None:
    assert lines(a_view("list")) == ["Nothing cached."]


def test_a_quiet_list_is_its_totals() -> None:
    assert lines(a_view("list", entries=(NUMPY,), verbosity=-1)) == ["1 entry, 2 files (8.2 kB)"]


def test_a_verbose_list_names_every_id_in_full() -> None:
    told = text(a_view("list", entries=(NUMPY, PAGE), verbosity=1))
    assert NUMPY.id in told
    assert PAGE.id in told


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_list_keeps_within_a_terminal(width: int) -> None:
    told = lines(a_view("list", entries=(LEFT, PAGE, SIX, NUMPY)), width=width)
    assert max(map(len, told)) <= max(width, 60)


def test_nothing_is_cut_where_nobody_looks() -> None:
    assert LEFT.id in text(a_view("list", entries=(LEFT,)))
    assert LEFT.id not in text(a_view("list", entries=(LEFT,)), width=80)


@pytest.mark.parametrize(
    "view",
    [
        a_view("list", entries=(EVIL,), verbosity=1),
        a_view("show", entries=(EVIL,)),
        a_view("verify", findings=(a_finding(EVIL, message="\x1b[0m", evidence=(("a\x1b", "\x07"),)),), verbosity=1),
        a_view("prune", outcomes=(an_outcome(EVIL, State.FAILED, "\x1b", error="\x1b]0;"),), verbosity=1),
        a_view("purge", kept=(EVIL,), verbosity=1),
        a_view("state", summary=summarize_state(OwnState(files=(EVIL_FILES,)), clears=False)),
        a_view("info", cache=CacheDir(path="/\x1b", source=Source.CONFIG, detail="\x1b", disabled_by="\x1b")),
    ],
)
@pytest.mark.parametrize("width", [None, 80])
def test_no_command_lets_a_name_reach_the_terminal_unescaped(view: View, width: int | None) -> None:
    told = text(view, width=width)
    assert told.replace("\n", "").isprintable()
    assert "\\x1b" in told


def test_an_entry_is_shown_with_all_that_is_known_and_nothing_that_is_not() -> None:
    assert lines(a_view("show", entries=(SIX,))) == [
        "six 1.16.0, built wheel for py2.py3",
        "  Id:                wheels/ab/cd/ef/0/six-1.16.0-py2.py3-none-any.whl",
        "  Kind:              built wheel",
        "  Project:           six",
        "  Version:           1.16.0",
        "  File name:         six-1.16.0-py2.py3-none-any.whl",
        "  Tags:              py2-none-any py3-none-any",
        "  Interpreter:       cp311",
        "  Written:           2026-11-21T00:00:00Z",
        "  Last used (atime): 2026-11-22T00:00:00Z",
        "  Size:              8.2 kB (content: 11,203 bytes)",
        "  Files:             /cache/wheels/ab/cd/ef/0/origin.json",
        "                     /cache/wheels/ab/cd/ef/0/six-1.16.0-py2.py3-none-any.whl",
    ]


def test_what_is_wrong_is_told_by_group_with_the_command_that_helps() -> None:
    partial = a_finding(
        LEFT, group=Group.PARTIAL, severity=Severity.WARNING, message="was never finished", check="temporary-left"
    )
    stale = a_finding(PAGE, group=Group.STALE, severity=Severity.WARNING)
    view = a_view(
        "verify",
        findings=(partial, a_finding(NUMPY), stale),
        summary={"entries": 78, "bytes": 400_000, "disk_bytes": 454_000},
    )
    assert lines(view) == [
        "Corrupt: 1 entry (8.2 kB)",
        "  error    numpy 2.1.0, wheel for cp312 on manylinux x86_64: content is not what the index published",
        "  To remove it: python -m pipcacheplus prune --corrupt",
        "",
        "Partial: 1 entry (4.1 kB)",
        f"  warning  temporary file {LEFT.id}: was never finished",
        "  To remove it: python -m pipcacheplus prune --partial",
        "",
        "Also: 1 entry stale (-v names them)",
        "",
        "78 entries checked (454 kB): 1 error, 2 warnings",
    ]


def test_the_command_that_helps_means_the_same_cache() -> None:
    repeated = {"--cache-dir": "--cache-dir '/my cache'", "--python": "--python python3.9"}
    view = a_view("verify", repeated=repeated, program="./pipcacheplus", findings=(a_finding(NUMPY),))
    assert "  To remove it: ./pipcacheplus prune --corrupt --cache-dir '/my cache' --python python3.9\n" in text(view)
    few = text(view._replace(is_selection=True))
    assert f"  To remove it: ./pipcacheplus remove {NUMPY.id} --cache-dir '/my cache'\n" in few
    entries = [an_entry(f"http-v2/{at}") for at in range(9)]
    many = text(view._replace(is_selection=True, findings=tuple(map(a_finding, entries))))
    assert "prune --corrupt --cache-dir '/my cache' --python python3.9 (that takes all such entries)\n" in many


def test_no_command_is_offered_where_none_helps() -> None:
    told = text(a_view("verify", findings=(a_finding(NUMPY, remedy=Remedy.NONE),)))
    assert "prune" not in told


def test_an_error_of_any_group_is_told_in_full() -> None:
    told = text(a_view("verify", findings=(a_finding(PAGE, group=Group.STALE),), verbosity=-1))
    assert "error    numpy, index page" in told


def test_information_is_only_counted_until_it_is_asked_for() -> None:
    young = a_finding(
        LEFT, group=Group.PARTIAL, severity=Severity.INFO, evidence=(("age_s", 5), ("is_cut", None), ("fresh_until", 0))
    )
    assert "Also: 1 entry partial" in text(a_view("verify", findings=(young,)))
    told = text(a_view("verify", findings=(young,), verbosity=1))
    assert "    age s: 5\n    is cut: unknown\n    fresh until: 1970-01-01T00:00:00Z\n" in told


def test_an_entry_has_one_line_with_the_worst_first_and_what_pip_does_about_it() -> None:
    found = (
        a_finding(NUMPY, message="smells", severity=Severity.WARNING, evidence=(("effect", "frowns"),)),
        a_finding(NUMPY, message="is broken", evidence=(("effect", "fails"),)),
    )
    told = lines(a_view("verify", findings=found))
    assert [line for line in told if "numpy" in line] == [
        "  error    numpy 2.1.0, wheel for cp312 on manylinux x86_64: is broken; smells (pip fails)"
    ]


def test_a_sound_cache_has_nothing_wrong() -> None:
    view = a_view("verify", summary={"entries": 1, "bytes": 10, "disk_bytes": 4096})
    assert lines(view) == ["1 entry checked (4.1 kB): nothing wrong"]


def test_what_a_command_removes_is_counted_beside_it_if_it_is_not_what_was_listed() -> None:
    empty = an_entry(shape=Shape.EMPTY_DIRECTORY, kind=Kind.LEFTOVER, id="http-v2/a/b")
    partial = {"group": Group.PARTIAL, "severity": Severity.WARNING}
    told = {
        (a_finding(NUMPY), a_finding(SIX, remedy=Remedy.NONE)): "  To remove 1 entry: ",
        (a_finding(NUMPY), a_finding(NUMPY), a_finding(SIX)): "  To remove them: ",
        (a_finding(LEFT, **partial), a_finding(empty, group=Group.PARTIAL, severity=Severity.INFO)): (
            "  To remove 1 entry and 1 empty directory: "
        ),
    }
    for found, line in told.items():
        assert line in text(a_view("verify", findings=found))
    young = a_finding(LEFT, group=Group.PARTIAL, severity=Severity.INFO, remedy=Remedy.NONE)
    assert "partial" not in text(a_view("verify", findings=(young,)))


def test_what_could_not_be_judged_has_a_line_for_each_reason_with_the_option_that_judges_it() -> None:
    counts = {NotJudged.LIMIT: Count(1, 2, 300, 4096), NotJudged.YOUNG: Count(2, 2, 5000, 8192)}
    not_judged = summarize_not_judged(counts, {NotJudged.UNREADABLE: 1, NotJudged.OTHER_DEVICE: 2})
    summary = {"entries": 5, "bytes": 10, "disk_bytes": 16_384, "not_judged": not_judged}
    told = [
        "Not judged: 1 entry (4.1 kB), not verifiable: beyond a limit, or of a form that is not read",
        "Not judged: 1 directory with all that lies below, unreadable: the system did not let us read it",
        "Not judged: 2 entries (8.2 kB), young: a pip may still be writing it (--min-age 0 judges all)",
        "Not judged: 2 directories with all that lies below, on another file system: not entered",
        "",
    ]
    last = "2 of 5 entries checked (4.1 kB): nothing wrong; 3 not judged (1 not verifiable, 2 young)"
    assert lines(a_view("verify", summary=summary)) == [*told, last]
    assert lines(a_view("verify", summary=summary, verbosity=-1)) == [last]


def test_what_is_not_pips_is_named_if_that_is_asked_for() -> None:
    summary = {"not_judged": summarize_not_judged({NotJudged.FOREIGN: Count(1, 1, 4, 4096)}, {})}
    foreign = (an_entry("notes.txt", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN),)
    told = "Not judged: 1 entry (4.1 kB), foreign: no pip writes such names: neither opened nor removed"
    assert f"{told} (-v names them)\n" in text(a_view("verify", summary=summary, foreign=foreign))
    assert f"{told}\n    notes.txt\n" in text(a_view("verify", summary=summary, foreign=foreign, verbosity=1))


def test_what_belongs_to_others_and_a_restored_cache_are_told() -> None:
    survey = Survey(uid=1000, owner="me", others=(Owned(0, "root", 2, 1, 12_288),), restored_s=1_795_219_200)
    summary = summarize_survey(survey, "/my cache", ())
    said = ("2 files and 1 directory (12 kB) of root (uid 0)", "chown -Rh me '/my cache'", "2026-11-21T00:00:00Z")
    for command in ("verify", "info"):
        for words in said:
            assert words in text(a_view(command, summary=summary))


def test_every_reason_for_not_judging_has_its_words() -> None:
    for reason in NotJudged:
        summary = {"not_judged": summarize_not_judged({reason: Count(1)}, {})}
        assert "Not judged: 1 entry (0 bytes), " in text(a_view("verify", summary=summary))


OUTCOMES = (
    an_outcome(NUMPY, State.REMOVED, "http-body-missing"),
    an_outcome(SIX, State.CHANGED),
    an_outcome(PAGE, State.FAILED, error="Permission denied"),
)


def test_a_removal_tells_what_became_of_each_entry_and_ends_with_pips_count() -> None:
    view = a_view("prune", outcomes=OUTCOMES, summary=summarize_outcomes(OUTCOMES, ()))
    assert lines(view) == [
        "removed: numpy 2.1.0, wheel for cp312 on manylinux x86_64 (8.2 kB), http body missing",
        "kept: changed since the scan: six 1.16.0, built wheel for py2.py3 (8.2 kB), asked for",
        "failed: numpy, index page (8.2 kB), asked for: Permission denied",
        "Entries that could not be removed: 1",
        "Entries removed: 1, files: 2 (8.2 kB)",
    ]


def test_a_dry_run_says_would() -> None:
    outcomes = (an_outcome(SIX, State.PLANNED),)
    view = a_view("remove", outcomes=outcomes, summary=summarize_outcomes(outcomes, ()), is_dry_run=True)
    assert lines(view) == [
        "would remove: six 1.16.0, built wheel for py2.py3 (8.2 kB), asked for",
        "Entries to remove: 1, files: 2 (8.2 kB)",
    ]


def test_what_was_kept_is_counted_and_named_if_asked() -> None:
    view = a_view("purge", kept=(PAGE,), verbosity=1, summary=summarize_outcomes((), (PAGE,)))
    assert lines(view) == [
        "kept: numpy, index page",
        "Entries kept: 1, files: 2 (8.2 kB)",
        "Entries removed: 0, files: 0 (0 bytes)",
    ]


def test_a_quiet_removal_tells_what_stayed_and_the_count() -> None:
    view = a_view("purge", outcomes=OUTCOMES, verbosity=-1, summary=summarize_outcomes(OUTCOMES, ()))
    assert [line.partition(":")[0] for line in lines(view)] == [
        "kept",
        "failed",
        "Entries that could not be removed",
        "Entries removed",
    ]


def test_information_begins_with_pips_own_lines() -> None:
    told = {
        "http_v2_location": "/cache/http-v2",
        "http_location": "/cache/http",
        "http_bytes": 333_999,
        "http_files": 78,
        "wheels_location": "/cache/wheels",
        "wheels_bytes": 1_300_000_000,
        "wheels": 18,
    }
    room = {"directories": 3, "directory_bytes": 12_288, "du_bytes": 28_672}
    health = {"free_bytes": 10**12}
    view = a_view("info", summary={**summarize_entries((NUMPY, SIX)), **room, "pip": told, "health": health})
    assert lines(view)[:13] == [
        "Package index page cache location (pip v23.3+): /cache/http-v2",
        "Package index page cache location (older pips): /cache/http",
        "Package index page cache size: 333 kB",
        "Number of HTTP files: 78",
        "Locally built wheels location: /cache/wheels",
        "Locally built wheels size: 1300.0 MB",
        "Number of locally built wheels: 18",
        "",
        "Kind           entries  files  on disk",
        "wheel                1      2   8.2 kB",
        "built wheel          1      2   8.2 kB",
        "3 directories                    12 kB",
        "all                  2      4    28 kB",
    ]
    assert "Free on this disk:    1.0 TB" in text(view)
    assert "Setting:              caching is enabled in pip" in text(view)


@pytest.mark.parametrize(
    ("kinds", "count", "said"),
    [
        (("index-page", "links-page", "wheel"), 3, "3 of 9: the relative links there tell of no file (--index-url"),
        (("index-page", "wheel"), 0, "none of 4"),
        (("wheel",), 0, None),
        (("response",), None, "not counted (-v reads pages)"),
        (("built-wheel",), None, None),
    ],
)
def test_information_says_which_share_of_the_pages_has_no_known_url(
    kinds: tuple[str, ...], count: int | None, said: str | None
) -> None:
    counts = {kind: Count(4 + at, 1, 1, 1)._asdict() for at, kind in enumerate(kinds)}
    view = a_view("info", summary={"by_kind": counts, "pages_without_url": count, "health": {}})
    found = [line.partition(":")[2].strip() for line in lines(view) if line.startswith("  Pages of unknown URL:")]
    assert [one.startswith(said or "") for one in found] == ([True] if said else [])


def test_colours_are_there_only_if_they_are_wanted() -> None:
    view = a_view("verify", findings=(a_finding(NUMPY),))
    assert "\x1b[31merror" in text(view, color=True)
    plain = re.sub(r"\x1b\[\d+m", "", text(view, color=True))
    assert plain == text(view)


def test_paths_are_absolute_each_once_and_nothing_else() -> None:
    other = an_entry("wheels/ab/cd/ef/0/six-2-py3-none-any.whl", SIX.files[1])
    pieces: list[str] = []
    paths.FORMAT.render(a_view("list", entries=(SIX, other)), pieces.append, width=None, color=False)
    assert "".join(pieces).splitlines() == [
        "/cache/wheels/ab/cd/ef/0/origin.json",
        "/cache/wheels/ab/cd/ef/0/six-1.16.0-py2.py3-none-any.whl",
        "/cache/wheels/ab/cd/ef/0/six-2-py3-none-any.whl",
    ]


@pytest.mark.parametrize(
    ("state", "count"), [(State.REMOVED, 2), (State.PLANNED, 2), (State.CHANGED, 0), (State.FAILED, 0)]
)
def test_paths_of_a_removal_are_those_that_went(state: State, count: int) -> None:
    pieces: list[str] = []
    paths.FORMAT.render(a_view("prune", outcomes=(an_outcome(NUMPY, state),)), pieces.append, width=None, color=False)
    assert len(pieces) == count


def test_paths_are_raw_in_a_pipe_and_escaped_on_a_terminal() -> None:
    for width, shown in [(None, "/cache/a\x1b[2J\nb\u202e\udcff\n"), (80, "/cache/a\\x1b[2J\\x0ab\\u202e\\udcff\n")]:
        pieces: list[str] = []
        paths.FORMAT.render(a_view("list", entries=(EVIL,)), pieces.append, width=width, color=False)
        assert "".join(pieces) == shown


def test_paths_of_another_system_have_its_separator() -> None:
    cache = CacheDir(path="C:\\cache", source=Source.DEFAULT)
    assert a_view("list", cache=cache, separator="\\").absolute("http-v2/0") == "C:\\cache\\http-v2\\0"


@pytest.mark.parametrize("command", [name for name in Family("pipcacheplus.cli", "COMMAND", Command) if name != "pip"])
def test_every_command_but_the_real_pip_has_a_text_for_people(command: str) -> None:
    FORMAT.render(a_view(command=command), lambda _text: None, width=None, color=False)
