"""Text for people: what it says, and that it can be read at any width."""

import re
from dataclasses import replace

import pytest

from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family
from pipcacheplus.cli.base.owners import summarize_survey
from pipcacheplus.model.values import (
    Area,
    CacheDir,
    Entry,
    Finding,
    Kind,
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
from pipcacheplus.render.summary import summarize_outcomes, summarize_state
from pipcacheplus.render.view import Json, View
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


@pytest.mark.parametrize(
    "view",
    [
        a_view("list", entries=(EVIL,), verbosity=1),
        a_view("show", entries=(EVIL,)),
        a_view("verify", findings=(a_finding(EVIL, message="\x1b[0m", evidence=(("a\x1b", "\x07"),)),), verbosity=1),
        a_view("prune", outcomes=(an_outcome(EVIL, State.FAILED, "\x1b", error="\x1b]0;"),), verbosity=1),
        a_view("purge", kept=(EVIL,), verbosity=1),
        a_view("state", summary=summarize_state(OwnState(files=(EVIL_FILES,)), clears=False)),
        a_view("report", summary={"output": "/\x1b\u202e", "output_bytes": 1}),
        a_view("info", cache=CacheDir(path="/\x1b", source=Source.CONFIG, detail="\x1b", disabled_by="\x1b")),
    ],
)
@pytest.mark.parametrize("width", [None, 80])
def test_no_command_lets_a_name_reach_the_terminal_unescaped(view: View, width: int | None) -> None:
    told = text(view, width=width)
    assert told.replace("\n", "").replace("\t", "" if width is None else "\t").isprintable()
    assert "\\x1b" in told


def test_an_entry_is_shown_with_all_that_is_known_and_nothing_that_is_not() -> None:
    assert lines(a_view("show", entries=(SIX,))) == [
        "six 1.16.0, built wheel for py2.py3",
        "  Id:        wheels/ab/cd/ef/0/six-1.16.0-py2.py3-none-any.whl",
        "  Kind:      built wheel",
        "  Project:   six",
        "  Version:   1.16.0",
        "  File name: six-1.16.0-py2.py3-none-any.whl",
        "  Tags:      py2-none-any py3-none-any",
        "  Built by:  CPython 3.11",
        "  Written:   2026-11-21T00:00:00Z",
        "  Last used: 2026-11-22T00:00:00Z",
        "  Size:      11,203 bytes, 8.2 kB on the disk",
        "  Files:     /cache/wheels/ab/cd/ef/0/origin.json",
        "             /cache/wheels/ab/cd/ef/0/six-1.16.0-py2.py3-none-any.whl",
    ]


def test_the_files_of_a_cached_response_are_shown_by_what_they_hold() -> None:
    told = lines(a_view("show", entries=(replace(NUMPY, fresh_until_s=1_795_219_200),)))
    assert "  Metadata file: /cache/http-v2/a/b/c/d/e/abcde" in told
    assert "  Content file:  /cache/http-v2/a/b/c/d/e/abcde.body" in told
    assert "  Fresh until:   2026-11-21T00:00:00Z" in told


def test_where_no_access_times_are_kept_last_use_is_shown_by_times_of_writing() -> None:
    (told,) = [line for line in lines(a_view("show", entries=(SIX,), last_use="mtime")) if "Last used" in line]
    assert told == "  Last used: 2026-11-21T00:00:00Z (by times of writing, as no access times are kept here)"


@pytest.mark.parametrize(
    ("entry", "evidence", "found", "said"),
    [
        (NUMPY, {"proof": "index-page"}, (), "yes: a cached index page publishes its digest"),
        (NUMPY, {"proof": "index-page"}, (a_finding(NUMPY),), "no"),
        (NUMPY, {"proof": None, "damage": "no zip"}, (a_finding(NUMPY),), "no: no zip"),
        (NUMPY, {"proof": None, "damage": "no zip"}, (), "no: no zip"),
        (
            NUMPY,
            {"proof": None, "read_to_its_end": True},
            (),
            "in part: archive checksums are right; no index page in this cache gives a digest to compare with",
        ),
        (
            SIX,
            {"proof": None, "read_to_its_end": True},
            (),
            "in part: archive checksums are right; pip stores no digest to compare with",
        ),
        (
            NUMPY,
            {"proof": None, "read_to_its_end": False},
            (),
            "not possible: no index page in this cache gives a digest to compare with",
        ),
        (PAGE, {"proof": None, "read_to_its_end": False}, (), "not possible: it has no digest"),
        (
            NUMPY,
            {"proof": None, "damage": "cut", "not_judged": "young"},
            (),
            "not yet: it looks damaged (cut), but a pip may still be writing it (`verify --min-age 0` judges it)",
        ),
        (
            NUMPY,
            {"proof": None},
            (a_finding(NUMPY, check="pages-disagree", severity=Severity.WARNING, remedy=Remedy.NONE),),
            "not possible: cached pages publish different digests of it",
        ),
    ],
)
def test_show_says_once_whether_the_content_was_verified(
    entry: Entry, evidence: dict[str, Json], found: tuple[Finding, ...], said: str
) -> None:
    told = lines(a_view("show", entries=(entry,), findings=found, summary={"evidence": {entry.id: evidence}}))
    assert [line.partition(":")[2].strip() for line in told if line.startswith("  Verified:")] == [said]
    assert not any("amage:" in line for line in told)


def test_show_names_what_is_wrong_first_and_calls_what_is_normal_a_note() -> None:
    stale = a_finding(NUMPY, check="response-expired", severity=Severity.INFO, message="page is old")
    broken = a_finding(NUMPY, evidence=(("effect", "pip 9.0 never reads it, pip 26.3 fails"),))
    told = lines(a_view("show", entries=(NUMPY,), findings=(broken, stale)))
    assert told[1:3] == [
        "  error: content is not what the index published (pip 26.3 fails) [body-digest-mismatch]",
        "  note: page is old [response-expired]",
    ]


def test_why_is_one_line_an_entry_in_a_pipe_and_wrapped_on_a_terminal() -> None:
    sentence = "pip 23.3 and later reads it; prune keeps it"
    view = a_view("why", entries=(SIX,), summary={"why": {SIX.id: {"sentence": sentence}}})
    assert lines(view) == [f"six 1.16.0, built wheel for py2.py3: {sentence}."]
    wrapped = lines(view, width=60)
    assert max(map(len, wrapped)) <= 60
    assert " ".join(line.strip() for line in wrapped) == lines(view)[0]


def test_what_belongs_to_others_and_a_restored_cache_are_told() -> None:
    survey = Survey(uid=1000, owner="me", others=(Owned(0, "root", 2, 1, 12_288),), restored_s=1_795_219_200)
    summary = summarize_survey(survey, "/my cache", ())
    said = ("2 files and 1 directory (12 kB) of root (uid 0)", "chown -Rh me '/my cache'", "2026-11-21T00:00:00Z")
    for command, verbosity in (("verify", 1), ("info", 0)):
        for words in said:
            assert words in text(a_view(command, summary=summary, verbosity=verbosity))
    assert said[1] in text(a_view("verify", summary=summary))


OUTCOMES = (
    an_outcome(NUMPY, State.REMOVED, "http-body-missing"),
    an_outcome(SIX, State.CHANGED),
    an_outcome(PAGE, State.FAILED, error="Permission denied"),
)


def test_a_removal_tells_what_became_of_each_entry_and_ends_with_pips_count() -> None:
    view = a_view("prune", outcomes=OUTCOMES, summary=summarize_outcomes(OUTCOMES, ()))
    assert lines(view) == [
        "Removed, http body missing: 1 entry (8.2 kB)",
        "  numpy 2.1.0, wheel for cp312 on manylinux x86_64 (8.2 kB)",
        "kept: changed since the scan: six 1.16.0, built wheel for py2.py3 (8.2 kB), requested",
        "failed: numpy, index page (8.2 kB), requested: Permission denied",
        "Entries that could not be removed: 1",
        "Entries removed: 1, files: 2 (8.2 kB)",
    ]


def test_a_dry_run_says_would() -> None:
    outcomes = (an_outcome(SIX, State.PLANNED),)
    view = a_view("remove", outcomes=outcomes, summary=summarize_outcomes(outcomes, ()), is_dry_run=True)
    assert lines(view) == [
        "Would remove: 1 entry (8.2 kB)",
        "  six 1.16.0, built wheel for py2.py3 (8.2 kB)",
        "Entries to remove: 1, files: 2 (8.2 kB)",
    ]


def test_entries_that_go_for_the_same_reasons_stand_together_and_the_first_are_listed() -> None:
    many = tuple(an_outcome(numpy(f"1.{at}"), State.PLANNED, "response-expired") for at in range(22))
    empty = an_entry(shape=Shape.EMPTY_DIRECTORY, kind=Kind.LEFTOVER, id="http-v2/a/b")
    others = (an_outcome(SIX, State.PLANNED, "a-b", "c"), an_outcome(empty, State.PLANNED, "directory-empty"))
    outcomes = (*many[:5], *others, *many[5:])
    view = a_view("prune", outcomes=outcomes, summary=summarize_outcomes(outcomes, ()), is_dry_run=True)
    told = lines(view)
    assert told[0] == "Would remove, response expired: 22 entries (90 kB)"
    assert told[1:21] == [f"  numpy 1.{at}, wheel (4.1 kB)" for at in range(20)]
    assert told[21:26] == [
        "  ... and 2 more: -v lists them",
        "Would remove, a b, c: 1 entry (8.2 kB)",
        "  six 1.16.0, built wheel for py2.py3 (8.2 kB)",
        "Would remove, directory empty: 1 empty directory (0 bytes)",
        "  empty directory http-v2/a/b (0 bytes)",
    ]
    every = text(view._replace(verbosity=1))
    assert "more: -v" not in every
    assert every.count(", wheel (4.1 kB)") == 22
    # That one more would be left out takes as much room as to list it.
    assert "more: -v" not in text(view._replace(outcomes=many[:21]))


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


def test_colours_are_there_only_if_they_are_wanted() -> None:
    view = a_view("verify", findings=(a_finding(NUMPY),))
    assert "\x1b[31m  error" in text(view, color=True)
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
