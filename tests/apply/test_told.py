"""A report is told and heard as it was; whatever is heard instead is an error of the process, and does nothing."""

import errno
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.apply.told import Told, line_of_error, line_of_progress, lines_of
from pipcacheplus.errors import BadRequestError, CacheBusyError, NotACacheError
from pipcacheplus.model.values import Action, CacheDir, Outcome, Plan, Report, Source, State, Warned
from tests.apply.drawn import ENTRIES, NUMBERS, TEXTS
from tests.support.values import NUMPY, an_action, an_outcome

CACHE = CacheDir(path="/cache", source=Source.ARGUMENT)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)
WORDS = (
    "progress",
    "error",
    "args",
    "warned",
    "at",
    "run",
    "interrupted",
    "emptied",
    "state",
    "files",
    "removed",
    "id",
)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    """Draw what became of an entry: of its files, some went, and one that others share may have been left out."""
    entry = draw(ENTRIES.filter(lambda entry: len({file.path for file in entry.files}) == len(entry.files)))
    some = st.lists(st.sampled_from(entry.files), unique=True).map(tuple) if entry.files else st.just(())
    return Outcome(
        action=Action(entry=entry, reasons=("requested",), files=draw(st.sampled_from((entry.files, entry.files[:1])))),
        state=draw(st.sampled_from(State)),
        removed=draw(some),
        moved=draw(some),
        disk_size=draw(NUMBERS),
        error=draw(TEXTS),
    )


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """Draw a report; some of its actions may not have been begun."""
    told = draw(st.lists(outcomes(), max_size=4))
    actions = tuple(an_action(outcome.action.entry) for outcome in told)
    warnings = tuple(draw(st.lists(st.builds(Warned, path=st.text(max_size=5), message=st.text(max_size=5)))))
    return Report(
        plan=Plan(cache=CACHE, actions=actions, warnings=warnings),
        outcomes=tuple(outcome for outcome in told if draw(st.booleans())),
        warnings=warnings,
        is_interrupted=draw(st.booleans()),
        run=draw(TEXTS),
        emptied_bytes=draw(NUMBERS),
    )


def heard(told: Told, report: Report) -> Report | None:
    for line in lines_of(report, has_plan=told.plan is not None):
        assert told.report is None
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        told.take(line)
    return told.report


@given(reports())
def test_a_report_is_heard_as_it_was_told(report: Report) -> None:
    assert heard(Told(cache=CACHE, plan=report.plan), report) == report


@given(reports())
def test_where_the_plan_is_not_known_it_is_told_too(report: Report) -> None:
    report = replace(
        report,
        plan=replace(report.plan, warnings=()),
        outcomes=tuple(replace(one, action=an_action(one.action.entry)) for one in report.outcomes),
    )
    assert heard(Told(cache=CACHE), report) == report


def test_how_far_it_is_is_handed_on() -> None:
    seen: list[tuple[int, int | None]] = []
    told = Told(cache=CACHE, progress=lambda done, total: seen.append((done, total)))
    told.take(line_of_progress(1, 3))
    told.take(line_of_progress(2, None))
    Told(cache=CACHE).take(line_of_progress(1, 3))
    assert (seen, told.report) == ([(1, 3), (2, None)], None)


def test_what_whoever_is_told_raises_is_not_taken_for_nonsense() -> None:
    def refuse(_done: int, _total: int | None) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        Told(cache=CACHE, progress=refuse).take(line_of_progress(1, 3))


@pytest.mark.parametrize(
    "error",
    [
        BadRequestError("trash", "is not ours", "leave it"),
        CacheBusyError("/cache", 1.5),
        NotACacheError("/cache", "it is the home directory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_refused_there_is_refused_here(error: BadRequestError | CacheBusyError | NotACacheError) -> None:
    with pytest.raises(type(error)) as raised:
        Told(cache=CACHE).take(line_of_error(error))
    assert (type(raised.value), raised.value.args) == (type(error), error.args)


@pytest.mark.parametrize("path", [None, "/cache"])
def test_what_the_system_refuses_there_it_refuses_here(path: str | None) -> None:
    with pytest.raises(PermissionError) as raised:
        Told(cache=CACHE).take(line_of_error(OSError(errno.EACCES, "Permission denied", path)))
    assert (raised.value.errno, raised.value.strerror, raised.value.filename) == (
        errno.EACCES,
        "Permission denied",
        path,
    )


def test_a_refusal_without_a_number_keeps_its_words() -> None:
    with pytest.raises(OSError, match="no such thing"):
        Told(cache=CACHE).take(line_of_error(OSError("no such thing")))


NOTHING = {"at": 0, "state": "removed", "disk_size": 0, "error": None, "files": [], "removed": [], "moved": []}
NO_LINES = {
    "nothing": b"",
    "half a line": b"{",
    "a list": b"[]",
    "a number": b"3",
    "null": b"null",
    "no text": b"\xff",
    "a hundred thousand levels": b"[" * 100_000,
    "another exception": b'{"error": "SystemExit", "args": []}',
    "an exception without its arguments": b'{"error": "CacheBusyError", "args": []}',
    "arguments that are none": b'{"error": "OSError", "args": 3}',
    "a run that is no text": b'{"run": 3, "interrupted": false, "emptied": 0}',
    "less than nothing emptied": b'{"run": null, "interrupted": false, "emptied": -1}',
    "a warning without words": b'{"warned": ["path"]}',
    "a warning that is no text": b'{"warned": ["path", 3]}',
    "a warning of a number": b'{"warned": [3, "message"]}',
    "progress to many": b'{"progress": [1, "many"]}',
    "progress of less than nothing": b'{"progress": [-1, 3]}',
    "progress of one number": b'{"progress": 3}',
}
NO_OUTCOMES: dict[str, dict[str, object]] = {
    "of an action before the first": {"at": -1},
    "of an action behind the last": {"at": 1},
    "of an action by a text": {"at": "0"},
    "of an action by a truth": {"at": True},
    "in no state": {"state": "blown up"},
    "of a size below nothing": {"disk_size": -1},
    "of no size": {"disk_size": None},
    "of a file behind the last": {"files": [2]},
    "of a file before the first": {"removed": [-1]},
    "of no list of files": {"moved": 3},
    "with an error that is no text": {"error": 3},
}


@pytest.mark.parametrize("line", NO_LINES.values(), ids=NO_LINES)
def test_what_makes_no_sense_is_an_error_of_the_process(line: bytes) -> None:
    told = Told(cache=CACHE, plan=Plan(cache=CACHE, actions=(an_action(NUMPY),)))
    with pytest.raises(ChildProcessError, match="no sense"):
        told.take(line)
    assert told.report is None


@pytest.mark.parametrize("wrong", NO_OUTCOMES.values(), ids=NO_OUTCOMES)
def test_an_outcome_that_makes_no_sense_is_none(wrong: dict[str, object]) -> None:
    told = Told(cache=CACHE, plan=Plan(cache=CACHE, actions=(an_action(NUMPY),)))
    told.take(json.dumps(NOTHING).encode())
    with pytest.raises(ChildProcessError, match="no sense"):
        told.take(json.dumps(NOTHING | wrong).encode())
    told.take(b'{"run": null, "interrupted": false, "emptied": 0}')
    assert told.report is not None
    assert len(told.report.outcomes) == 1


@given(st.dictionaries(st.sampled_from(WORDS), JSON) | JSON)
def test_nothing_that_is_heard_raises_anything_else(said: object) -> None:
    told = Told(cache=CACHE, plan=Plan(cache=CACHE, actions=(an_action(NUMPY),)))
    try:
        told.take(json.dumps(said).encode())
    except (BadRequestError, CacheBusyError, NotACacheError, OSError):
        assert told.report is None


def test_an_outcome_is_that_of_the_action_that_was_planned() -> None:
    planned = an_action(NUMPY)
    plan = Plan(cache=CACHE, actions=(an_action(replace(NUMPY, id="other")), planned))
    report = Report(plan=plan, outcomes=(replace(an_outcome(NUMPY), action=planned),))
    result = heard(Told(cache=CACHE, plan=plan), report)
    assert result is not None
    assert result.plan is plan
    assert result.outcomes[0].action is planned
