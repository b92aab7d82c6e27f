"""What has not changed is told again without being read."""

import shutil
from dataclasses import replace

import pytest

from pipcacheplus.catalog import update as survey_module
from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.recording import LOOSE, Trace
from pipcacheplus.catalog.rows import entry_stamp
from pipcacheplus.model.values import Shape
from tests.replay.caches import Found, Full, names, surveyed
from tests.support.requests import NOW
from tests.support.values import an_entry


def test_the_cache_of_these_tests_has_what_could_be_told_wrong(full: Full) -> None:
    found = full.runs.without()
    assert found.checks == {
        "archive-broken",
        "build-directory-left",
        "directory-empty",
        "http-body-missing",
        "lock-left",
        "response-expired",
        "response-pickled",
        "selfcheck-orphaned",
        "temporary-left",
        "wheel-tag-incompatible",
    }
    assert found.passed.entries > 3


def test_what_has_not_changed_is_told_again_and_only_one_in_64_is_opened(full: Full) -> None:
    first, second = full.runs.with_ledger(), full.runs.with_ledger()
    assert first.told == second.told == full.runs.without().told
    assert first.has_read(full.page)
    may_be_opened = set[str]()
    for entry in full.runs.entries():
        if entry.shape in LOOSE or entry_stamp(entry)[0] % 64 == 1:
            may_be_opened |= names(entry)
    assert second.opened <= may_be_opened


def test_reading_all_again_finds_the_same(told: Full) -> None:
    assert told.runs.with_ledger().told == told.runs.with_ledger(is_deep=True).told
    assert told.runs.with_ledger(is_deep=True).has_read(told.page)


def test_another_version_of_ours_looks_for_itself(told: Full, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey_module, "__version__", "99.0")
    assert told.runs.with_ledger().has_read(told.page)
    assert not told.runs.with_ledger().has_read(told.page)


def test_what_was_asked_for_by_name_is_neither_recorded_nor_told_again(told: Full) -> None:
    with told.runs.ledger() as ledger:
        before = ledger.recording
        found = surveyed(told.runs.what(only_findings=False), ledger)
        assert ledger.recording == before
    assert found.has_read(told.page)
    assert len(found.judged) > len(told.runs.without().judged)


def test_what_may_change_under_its_stamp_is_not_recorded(full: Full) -> None:
    newest_ns = max(file.ctime_ns for entry in full.runs.entries() for file in entry.files)
    for clock_ns, is_recorded in ((newest_ns + 10**9, False), (newest_ns + 3 * 10**9, True)):
        with Ledger(full.runs.state, str(full.runs.cache.path), clock_ns=clock_ns) as ledger:
            surveyed(full.runs.what(), ledger)
            assert bool(ledger.recording) is is_recorded


def test_what_cannot_be_looked_at_is_neither_recorded_nor_hidden(told: Full) -> None:
    told.runs.cache.foreign("mine/" + "d/" * 80 + "notes.txt")
    for _ in range(3):
        found = told.runs.with_ledger()
        assert len(found.warned) == 1
        assert found.told == told.runs.without().told
        assert found.has_read(told.page)
    shutil.rmtree(told.runs.cache.real("mine"))
    assert not told.runs.with_ledger().warned


def test_what_depends_on_the_world_outside_is_judged_each_time(told: Full) -> None:
    def gone(found: Found) -> bool:
        return "selfcheck-orphaned" in found.checks

    assert gone(told.runs.with_ledger())
    told.runs.context = replace(NOW, has_path=lambda _path: True)
    found = told.runs.with_ledger()
    assert not gone(found)
    assert not found.has_read(told.page)
    assert found.told == told.runs.without().told


def test_stamps_of_parts_add_up_whatever_the_order(full: Full) -> None:
    traces = []
    for order in (1, -1):
        trace = Trace()
        for entry in full.runs.entries()[::order]:
            part = Trace()
            part.see(entry)
            trace.join(part)
        traces.append(trace)
    one, other = traces
    assert (one.stamps, one.newest_ns) == (other.stamps, other.newest_ns)
    assert {entry.shape for entry in one.loose} == {Shape.SELFCHECK, Shape.LOCK}


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_part_that_is_not_whole_makes_none_of_it_whole(is_whole: bool) -> None:  # noqa: FBT001 - a row's value
    trace = Trace(until_s=5)
    trace.join(Trace(until_s=7, is_whole=is_whole))
    trace.join(Trace(until_s=None, loose=[an_entry("selfcheck.json", shape=Shape.SELFCHECK)]))
    assert (trace.until_s, trace.is_whole, len(trace.loose)) == (5, is_whole, 1)
