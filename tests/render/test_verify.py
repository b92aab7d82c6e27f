"""The text of `verify`: the verdict first, then what is normal, then what is wrong with the command that removes it."""

from collections.abc import Mapping

import pytest

from pipcacheplus.checks.base.check import checks
from pipcacheplus.model.values import (
    Area,
    Count,
    CountedFindings,
    Entry,
    Finding,
    Group,
    Kind,
    NotJudged,
    Remedy,
    Severity,
    Shape,
)
from pipcacheplus.render import human, paths
from pipcacheplus.render.summary import summarize_not_judged
from pipcacheplus.render.text.step_summary import step_summary
from pipcacheplus.render.view import Json, OutputFormat, View
from tests.support.values import NUMPY, PAGE, SIX, a_finding, a_view, an_entry

LEFT = an_entry(f"http-v2/a/{'0123456789' * 8}.tmp", shape=Shape.TEMPORARY, kind=Kind.LEFTOVER)
EMPTY = an_entry(shape=Shape.EMPTY_DIRECTORY, kind=Kind.LEFTOVER, id="http-v2/a/b")
WARNING, INFO = Severity.WARNING, Severity.INFO
PARTIAL = a_finding(
    LEFT, group=Group.PARTIAL, severity=WARNING, message="temporary file was never finished", check="temporary-left"
)
EXPIRED = a_finding(PAGE, group=Group.STALE, severity=INFO, message="page is old", check="response-expired")
COUNTS: dict[str, Json] = {"entries": 78, "files": 150, "bytes": 400_000, "disk_bytes": 454_000}


def text(view: View, *, width: int | None = None, color: bool = False, form: OutputFormat = human.FORMAT) -> str:
    pieces: list[str] = []
    form.render(view, pieces.append, width=width, color=color)
    return "".join(pieces)


def a_verification(*findings: Finding, summary: Mapping[str, Json] | None = None, **more: object) -> View:
    return a_view("verify", findings=findings, summary=COUNTS if summary is None else summary, **more)


def verdict(*findings: Finding, not_judged: dict[NotJudged, Count] | None = None, **more: object) -> str:
    summary = {**COUNTS, "not_judged": summarize_not_judged(not_judged or {}, {})}
    return text(a_verification(*findings, summary=summary, verbosity=-1, **more)).removesuffix("\n")


def test_the_verdict_comes_first_then_each_group_with_the_command_that_removes_it() -> None:
    assert text(a_verification(PARTIAL, a_finding(NUMPY), EXPIRED)).splitlines() == [
        "1 damaged, 1 incomplete of 78 entries",
        "Normal: 1 cached page past the freshness lifetime; pip asks the index again before it uses such a page",
        "",
        "Damaged: 1 entry (8.2 kB)",
        "  error    numpy 2.1.0, wheel for cp312 on manylinux x86_64: content is not what the index published",
        "  To remove it: python -m pipcacheplus prune --corrupt",
        "",
        "Incomplete: 1 entry (4.1 kB)",
        f"  warning  temporary file {LEFT.id}: temporary file was never finished",
        "  To remove it: python -m pipcacheplus prune --partial",
    ]


UNSAFE = a_finding(SIX, group=Group.UNSAFE, check="response-pickled")
UNREADABLE = a_finding(PAGE, severity=WARNING, check="head-unreadable")
DOUBTFUL = a_finding(PAGE, severity=WARNING, remedy=Remedy.NONE, check="pages-disagree")


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ((), "Nothing is damaged: 78 entries, 150 files checked (454 kB)"),
        ((EXPIRED,), "Nothing is damaged: 78 entries, 150 files checked (454 kB)"),
        ((PARTIAL,), "Nothing is damaged: 78 entries, 150 files checked (454 kB); 1 incomplete"),
        ((DOUBTFUL,), "Nothing is damaged: 78 entries, 150 files checked (454 kB); 1 doubtful"),
        ((a_finding(NUMPY),), "1 damaged of 78 entries; nothing else is wrong"),
        ((a_finding(NUMPY), EXPIRED), "1 damaged of 78 entries; nothing else is wrong"),
        ((UNREADABLE,), "1 damaged of 78 entries; nothing else is wrong"),
        ((UNSAFE,), "1 unsafe of 78 entries; nothing is damaged"),
        ((UNSAFE, PARTIAL), "1 unsafe, 1 incomplete of 78 entries; nothing is damaged"),
        # Groups with errors come before the others, and an entry counts once, for its worst finding.
        ((a_finding(NUMPY), a_finding(NUMPY, group=Group.STALE, severity=WARNING), UNSAFE, PARTIAL),
         "1 damaged, 1 unsafe, 1 incomplete of 78 entries"),
        ((UNREADABLE, DOUBTFUL, UNSAFE), "1 unsafe, 1 damaged of 78 entries"),
    ],
)  # fmt: skip
def test_the_verdict_says_what_is_damaged_and_what_else_is_wrong(findings: tuple[Finding, ...], said: str) -> None:
    assert verdict(*findings) == said


def test_a_verdict_never_says_that_nothing_is_damaged_if_something_was_not_judged() -> None:
    not_judged = {NotJudged.FOREIGN: Count(2, 2, 300, 4000), NotJudged.YOUNG: Count(1, 1, 300, 4000)}
    assert verdict(not_judged=not_judged) == "No damage found: 75 of 78 entries checked (446 kB); 3 not judged"
    assert verdict(a_finding(NUMPY), not_judged=not_judged) == (
        "1 damaged of 78 entries; nothing else is wrong; 3 not judged"
    )
    libraries = {NotJudged.LIBRARIES: Count(2, 2, 300, 4000)}
    assert verdict(not_judged=libraries) == "Nothing is damaged: 78 entries, 150 files checked (454 kB)"
    summary = {**COUNTS, "not_judged": summarize_not_judged({}, {NotJudged.OTHER_DEVICE: 1})}
    assert text(a_verification(summary=summary)).splitlines()[0] == (
        "No damage found: 78 of 78 entries checked (454 kB); 1 directory not entered"
    )


def test_where_nothing_was_checked_the_verdict_says_so() -> None:
    assert text(a_verification(summary={})) == "Nothing to check: the cache has no entries.\n"
    assert text(a_verification(summary={}, is_selection=True)) == "Nothing matches, so nothing was checked.\n"


def test_the_verdict_alone_is_the_quiet_text() -> None:
    assert text(a_verification(a_finding(NUMPY), EXPIRED, verbosity=-1)) == (
        "1 damaged of 78 entries; nothing else is wrong\n"
    )


def test_the_verdict_stands_in_the_summary_of_a_ci_job_too() -> None:
    view = a_verification(a_finding(NUMPY), summary={**COUNTS, "findings": 1, "by_severity": {}, "by_group": {}})
    assert "\n\n1 damaged of 78 entries&#59; nothing else is wrong\n\n| Findings" in step_summary(view)


def test_what_is_normal_is_one_line_however_often_it_was_found_and_listed_only_with_v() -> None:
    pages = [an_entry(f"http-v2/{at}", kind=Kind.INDEX_PAGE, project=f"p{at}") for at in range(3)]
    found = [a_finding(page, group=Group.STALE, severity=INFO, check="response-expired") for page in pages]
    counted = (CountedFindings("response-expired", Group.STALE, INFO, 4180),)
    said = (
        "Normal: 4,183 cached pages past the freshness lifetime; pip asks the index again before it uses such a page\n"
    )
    view = a_verification(*found, counted=counted)
    assert text(view).endswith(said)
    assert "p1, index page" not in text(view)
    every = text(a_verification(*found, verbosity=1))
    assert "Stale (information only): 3 entries (12 kB)\n" in every
    assert every.count(", index page: ") == 3


def test_every_check_whose_findings_are_information_says_in_words_what_it_counts() -> None:
    by_prune_alone = {"built-wheel-old"}
    informing = {check for check in checks() if check.severity is INFO and check.slug not in by_prune_alone}
    assert {check.slug for check in informing if check.normal is None} == set()
    other = a_finding(PAGE, severity=INFO, check="some-slug")
    assert "Normal: 1 with some slug\n" in text(a_verification(other))


def test_what_is_information_and_cannot_be_removed_is_not_counted_as_normal() -> None:
    recent = a_finding(LEFT, group=Group.PARTIAL, severity=INFO, remedy=Remedy.NONE, check="temporary-left")
    assert text(a_verification(recent)) == "Nothing is damaged: 78 entries, 150 files checked (454 kB)\n"
    assert LEFT.id in text(a_verification(recent, verbosity=1))


def numbered(count: int, severity: Severity, first: int = 0) -> list[Finding]:
    entries = [an_entry(f"http-v2/{at:03}", project=f"p{at:03}") for at in range(first, first + count)]
    return [a_finding(entry, severity=severity) for entry in entries]


def test_a_long_group_is_cut_with_a_count_errors_first() -> None:
    told = text(a_verification(*numbered(30, WARNING), *numbered(3, Severity.ERROR, 30))).splitlines()
    listed = [line.split()[1] for line in told if line.startswith(("  error", "  warning"))]
    assert listed == ["p030,", "p031,", "p032,", *(f"p{at:03}," for at in range(17))]
    assert "  ... and 13 more: -v lists them" in told
    assert "Damaged: 33 entries (135 kB)" in told
    every = text(a_verification(*numbered(33, WARNING), verbosity=1))
    assert (every.count("  warning  "), "more:" in every) == (33, False)
    # That one more would be left out takes as much room as to list it.
    assert "more:" not in text(a_verification(*numbered(21, WARNING)))


def test_the_command_means_the_same_cache_and_is_never_wrapped() -> None:
    repeated = {"--cache-dir": "--cache-dir '/my cache'", "--python": "--python python3.9"}
    view = a_verification(a_finding(NUMPY), repeated=repeated, program="./pipcacheplus")
    whole = "  To remove it: ./pipcacheplus prune --corrupt --cache-dir '/my cache' --python python3.9"
    for width in (None, 80, 40):
        assert whole in text(view, width=width).splitlines()


def test_where_entries_were_selected_the_command_removes_no_others() -> None:
    few = text(a_verification(a_finding(NUMPY), is_selection=True))
    assert f"  To remove it: python -m pipcacheplus remove {NUMPY.id}\n" in few
    many = text(a_verification(*numbered(9, WARNING), is_selection=True))
    assert "  To remove them: python -m pipcacheplus prune --corrupt (that takes all such entries)\n" in many


def test_a_command_never_removes_more_than_the_line_says() -> None:
    entries = [an_entry(f"http-v2/{at}") for at in range(9)]
    stale = [a_finding(entry, group=Group.STALE, severity=WARNING, check="response-unusable") for entry in entries]
    few = text(a_verification(stale[0], EXPIRED))
    assert "  To remove it: python -m pipcacheplus remove http-v2/0\n" in few
    counted = (CountedFindings("response-expired", Group.STALE, INFO, 40),)
    many = text(a_verification(*stale, EXPIRED, counted=counted))
    assert "  To remove them, and 41 entries for the same reason: python -m pipcacheplus prune --stale\n" in many
    empty = a_finding(EMPTY, group=Group.PARTIAL, severity=INFO, check="directory-empty")
    both = text(a_verification(PARTIAL, empty))
    assert "  To remove it and 1 empty directory: python -m pipcacheplus prune --partial\n" in both
    kept = a_finding(SIX, remedy=Remedy.NONE)
    assert "  To remove 1 entry: " in text(a_verification(a_finding(NUMPY), kept))


def test_no_command_is_offered_where_none_helps() -> None:
    assert "To remove" not in text(a_verification(a_finding(NUMPY, remedy=Remedy.NONE), DOUBTFUL))


def test_an_entry_has_one_line_with_the_worst_first_and_what_pip_does_about_it() -> None:
    found = (
        a_finding(NUMPY, message="smells", severity=WARNING, evidence=(("effect", "frowns"),)),
        a_finding(NUMPY, message="is broken", evidence=(("effect", "pip 9.0 never reads it, pip 26.3 fails"),)),
        a_finding(NUMPY, message="is old", severity=INFO),
    )
    told = text(a_verification(*found)).splitlines()
    assert [line for line in told if "numpy" in line] == [
        "  error    numpy 2.1.0, wheel for cp312 on manylinux x86_64: is broken; smells (pip 26.3 fails)"
    ]


@pytest.mark.parametrize("width", [80, 200])
def test_no_word_is_cut_and_lines_keep_within_a_terminal_but_for_long_words(width: int) -> None:
    effect = "pip 22.0.4, 23.0.1, 23.2.1 or 24.2 fails at every install until it is removed"
    view = a_verification(a_finding(NUMPY, evidence=(("effect", effect),)), PARTIAL)
    told = text(view, width=width)
    assert " ".join(told.split()) == " ".join(text(view).split())
    assert all(len(line) <= width for line in told.splitlines() if LEFT.id not in line)


def test_evidence_and_ids_are_listed_with_v() -> None:
    recent = a_finding(
        LEFT, group=Group.PARTIAL, severity=INFO, evidence=(("age_s", 5), ("is_cut", None), ("fresh_until", 0))
    )
    told = text(a_verification(recent, verbosity=1))
    assert f"    body-digest-mismatch: {LEFT.id}\n" in told
    assert "    age s: 5\n    is cut: unknown\n    fresh until: 1970-01-01T00:00:00Z\n" in told


def test_interpreters_are_named_beside_what_they_decide_or_with_v() -> None:
    summary = {**COUNTS, "pythons": [{"path": "/usr/bin/python3", "name": "cp311", "reason": None}]}
    said = "Interpreters considered: cp311 (1 interpreter)\n"
    unusable = a_finding(SIX, group=Group.INCOMPATIBLE, severity=WARNING)
    assert said not in text(a_verification(a_finding(NUMPY), summary=summary))
    assert f"Incompatible: 1 entry (8.2 kB)\n  {said}" in text(a_verification(unusable, summary=summary))
    for found in ((), (unusable,)):
        assert text(a_verification(*found, summary=summary, verbosity=1)).count(said) == 1


def test_what_was_not_judged_is_one_line_with_the_option_and_a_line_each_with_v() -> None:
    counts = {NotJudged.LIMIT: Count(1, 2, 300, 4096), NotJudged.YOUNG: Count(2, 2, 5000, 8192)}
    not_judged = summarize_not_judged(counts, {NotJudged.UNREADABLE: 1, NotJudged.OTHER_DEVICE: 2})
    view = a_verification(summary={**COUNTS, "not_judged": not_judged})
    assert text(view).splitlines()[1:] == [
        (
            "Not judged: 3 entries (12 kB) and 3 directories with all below: 1 beyond a limit or of a form that is not"
            " read, 1 directory that could not be read, 2 that a pip may still be writing (--min-age 0 judges them),"
            " 2 directories on another file system; -v says more"
        )
    ]
    assert text(view._replace(verbosity=1)).splitlines()[1:] == [
        "Not judged: 1 entry (4.1 kB) beyond a limit or of a form that is not read",
        "Not judged: 1 directory with all below that could not be read: the system refused, or they changed meanwhile",
        (
            "Not judged: 2 entries (8.2 kB) that a pip may still be writing: they are younger than --min-age"
            " (--min-age 0 judges them)"
        ),
        "Not judged: 2 directories with all below on another file system: they are not entered",
    ]


def test_what_is_not_pips_is_named_with_v() -> None:
    summary = {"not_judged": summarize_not_judged({NotJudged.FOREIGN: Count(1, 1, 4, 4096)}, {})}
    foreign = (an_entry("notes.txt", area=Area.OTHER, shape=Shape.FOREIGN, kind=Kind.FOREIGN),)
    view = a_verification(summary=summary, foreign=foreign)
    assert "Not judged: 1 entry (4.1 kB) that pip did not write; -v says more\n" in text(view)
    assert "that pip did not write: they are neither opened nor removed\n    notes.txt\n" in text(
        view._replace(verbosity=1)
    )


@pytest.mark.parametrize("reason", NotJudged)
@pytest.mark.parametrize("verbosity", [0, 1])
def test_every_reason_for_not_judging_has_its_words(reason: NotJudged, verbosity: int) -> None:
    summary = {"not_judged": summarize_not_judged({reason: Count(1)}, {})}
    (told,) = [
        line for line in text(a_verification(summary=summary, verbosity=verbosity)).splitlines() if "Not " in line
    ]
    label = "Not certain" if reason is NotJudged.LIBRARIES else "Not judged"
    assert told.startswith(f"{label}: 1 entry (0 bytes) ")
    assert not told.startswith(f"{label}: 1 entry (0 bytes) {reason.value}")  # as one without words would be


def test_paths_are_those_of_what_is_damaged_and_not_of_what_is_normal() -> None:
    def paths_of(*found: Finding) -> set[str]:
        return set(text(a_verification(*found), form=paths.FORMAT).splitlines())

    def absolute(entry: Entry) -> set[str]:
        return {f"/cache/{path}" for path in entry.paths}

    replaced = a_finding(SIX, group=Group.STALE, check="download-replaced")
    assert paths_of(a_finding(NUMPY), replaced, UNREADABLE) == absolute(NUMPY) | absolute(SIX) | absolute(PAGE)
    assert paths_of(EXPIRED, PARTIAL, DOUBTFUL) == set()
