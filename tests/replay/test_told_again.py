"""What has not changed is told again without being read."""

import shutil
from collections import Counter
from dataclasses import replace

import pytest

from pipcacheplus.catalog import schema
from pipcacheplus.model.facts import Depth
from pipcacheplus.pips.layout import ORIGIN_NAME
from pipcacheplus.plan.select import Selection
from tests.replay.caches import Found, Full
from tests.support.requests import NOW


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
    assert len([one for one in found.entries if not one.findings]) > 3


def test_what_has_not_changed_is_told_again_and_nothing_is_opened(known: Full) -> None:
    expected = known.runs.without()
    found = known.runs.with_catalog()
    assert found.told == expected.told
    assert expected.has_read(known.page)
    assert found.opened == set()


@pytest.mark.parametrize("depth", [Depth.ENDS, Depth.WHOLE])
def test_in_64_runs_each_file_is_read_again_in_one_of_them(full: Full, depth: Depth) -> None:
    first = full.runs.with_catalog(depth=depth)
    later = [full.runs.with_catalog(depth=depth) for _ in range(65)]
    assert all(found.told == first.told for found in later)
    read_again = Counter(name for found in later[:64] for name in found.opened if name != ORIGIN_NAME)
    assert read_again == Counter(first.opened - {ORIGIN_NAME})  # which is the name of several
    assert later[64].opened == later[0].opened


def test_reading_all_again_finds_the_same(known: Full) -> None:
    expected = known.runs.without()
    found = known.runs.with_catalog(is_deep=True)
    assert (expected.told, expected.opened) == (found.told, found.opened)


def test_another_version_of_ours_reads_for_itself(known: Full, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    assert known.runs.with_catalog().has_read(known.page)
    assert not known.runs.with_catalog().has_read(known.page)


def test_who_wants_some_entries_leaves_nothing_behind_that_others_would_see(full: Full) -> None:
    selection = Selection(("kind:wheel",))
    for _ in range(2):
        assert full.runs.with_catalog(selection=selection).told == full.runs.without(selection=selection).told
        assert full.runs.with_catalog(depth=Depth.ENDS).told == full.runs.without(depth=Depth.ENDS).told
    assert full.runs.with_catalog().told == full.runs.without().told


def test_who_wants_names_alone_reads_no_content(full: Full) -> None:
    content = full.runs.cache.real(full.wheel + ".body")
    found = full.runs.with_catalog(depth=Depth.ENDS)
    assert content.name in found.opened
    assert not found.checks & {"archive-broken", "body-digest-mismatch"}
    assert full.runs.with_catalog().has_read(content.name)
    assert not full.runs.with_catalog().has_read(content.name)


def test_what_may_change_under_its_stamp_is_read_again(full: Full) -> None:
    newest_ns = max(file.ctime_ns for entry in full.runs.entries() for file in entry.files)
    everything = full.runs.without().opened
    for clock_ns in (newest_ns + 10**9, newest_ns + 3 * 10**9):
        assert full.runs.with_catalog(clock_ns=clock_ns).opened == everything
    assert not full.runs.with_catalog(clock_ns=newest_ns + 3 * 10**9).has_read(full.page)


def test_what_cannot_be_looked_at_is_told_by_each_run(known: Full) -> None:
    known.runs.cache.foreign("mine/" + "d/" * 80 + "notes.txt")
    for _ in range(3):
        found = known.runs.with_catalog()
        assert len(found.warned) == 1
        assert found.told == known.runs.without().told
    shutil.rmtree(known.runs.cache.real("mine"))
    assert not known.runs.with_catalog().warned


def test_what_depends_on_the_world_outside_is_judged_each_time(known: Full) -> None:
    def gone(found: Found) -> bool:
        return "selfcheck-orphaned" in found.checks

    assert gone(known.runs.with_catalog())
    known.runs.context = replace(NOW, has_path=lambda _path: True)
    found = known.runs.with_catalog()
    assert not gone(found)
    assert found.told == known.runs.without().told
