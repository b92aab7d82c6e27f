"""Which run comes back from the trash, what is told of it, and who else may be at it."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.trash.undo import undo
from pipcacheplus.errors import BadRequestError, CacheBusyError, NotACacheError
from pipcacheplus.model.values import CacheDir, Measure, Plan, Report, Source, State, Warned
from tests.apply.doing import Clock, a_system, left, machine, only, states
from tests.apply.trashes import everything, runs, seen, the_trash, trashed, undone
from tests.support.builders import NOW_S, Cache, page_headers, tree
from tests.support.holding import held
from tests.support.mounts import MountedAs

URL = "https://files.example/demo"


def test_the_last_run_comes_back_first_or_the_one_that_is_named(cache: Cache) -> None:
    names = []
    for number in range(3):
        cache.http_v2(f"{URL}{number}", b"x")
        names.append(str(trashed(cache).run))
    assert undone(cache, names[0]).run == names[0]
    assert undone(cache).run == names[2]
    assert undone(cache).run == names[1]
    assert undone(cache).outcomes == ()
    assert len(left(cache)) == 6


def test_a_run_that_there_is_not_is_refused(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    for run in ("20200101T000000Z", "../x", ""):
        with pytest.raises(BadRequestError) as caught:
            undone(cache, run)
        assert str(caught.value) == f"run: there is no {run!r} in the trash; see `trashed()`"
    trashed(cache)
    with pytest.raises(BadRequestError, match="see `trashed"):
        undone(cache, "20200101T000000Z")
    assert left(cache) == {"http-v2/"}


def test_of_an_empty_trash_nothing_comes(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    opened = CacheDir(path=str(cache.path), source=Source.ARGUMENT)
    assert undone(cache) == Report(plan=Plan(cache=opened, actions=()), outcomes=())
    assert left(cache) == {head, head + ".body"}


def test_what_comes_back_is_reported_as_the_plan_of_this_cache(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    trashed(cache)
    report = undone(cache)
    assert report.plan.cache == CacheDir(path=str(cache.path), source=Source.ARGUMENT)
    assert report.plan.actions == (only(report).action,)


def test_a_dry_run_tells_what_would_come_and_touches_nothing(cache: Cache) -> None:
    head, taken = cache.http_v2(URL, b"x", headers=page_headers(b"x")), cache.http_v2(URL + "2", b"y")
    trashed(cache)
    cache.write(taken, b"newer")
    before = tree(cache.path.parent)
    report = undone(cache, is_planned=True)
    assert states(report) == {head: State.PLANNED, taken: State.CHANGED}
    assert {file.path for outcome in report.outcomes for file in outcome.moved} == {head, head + ".body"}
    assert tree(cache.path.parent) == before


def test_older_runs_are_emptied_but_not_the_one_that_comes_back(cache: Cache) -> None:
    week = a_system(now_s=lambda: NOW_S - 8 * 86_400)
    cache.http_v2(URL, b"x")
    trashed(cache, system=week)
    head = cache.http_v2(URL + "2", b"x")
    trashed(cache, system=week)
    report = undone(cache)
    assert (states(report), report.emptied_bytes > 0) == ({head: State.RESTORED}, True)
    assert left(cache) == {head, head + ".body"}
    assert runs(cache) == []


@pytest.mark.parametrize(
    ("kind", "measure"), [("ext4", Measure.EXACT), ("btrfs", Measure.UP_TO)], ids=["exact", "shared"]
)
def test_bytes_that_an_undo_frees_are_a_bound_where_files_can_share_blocks(
    cache: Cache, mounted_as: MountedAs, kind: str, measure: Measure
) -> None:
    for number in range(2):
        cache.http(f"{URL}{number}", b"x" * 5000)
        trashed(cache, system=a_system(now_s=lambda: NOW_S - 8 * 86_400))
    mounted_as(kind)
    report = undone(cache)
    assert (report.emptied_bytes, report.emptied_measure) == (8192, measure)
    again = undone(cache)
    assert (again.emptied_bytes, again.emptied_measure) == (0, Measure.EXACT)


def test_neither_a_dry_run_nor_one_that_is_told_to_stop_empties_anything(cache: Cache) -> None:
    week = a_system(now_s=lambda: NOW_S - 8 * 86_400)
    for number in range(2):
        cache.http(f"{URL}{number}", b"x" * 5000)
        trashed(cache, system=week)
    before = tree(cache.path.parent)
    assert undone(cache, is_planned=True).emptied_bytes == 0
    assert undone(cache, stop=lambda: True).emptied_bytes == 0
    assert tree(cache.path.parent) == before


def test_an_old_run_that_cannot_come_back_as_a_whole_is_not_emptied(cache: Cache) -> None:
    taken = cache.http(URL, b"x" * 5000)
    trashed(cache, system=a_system(now_s=lambda: NOW_S - 8 * 86_400))
    cache.write(taken, b"newer")
    report = undone(cache)
    assert (states(report), report.emptied_bytes) == ({taken: State.CHANGED}, 0)
    assert [run.name for run in runs(cache)] == [report.run]
    cache.real(taken).unlink()
    assert states(undone(cache)) == {taken: State.RESTORED}


def test_a_dry_run_leaves_a_run_in_which_nothing_is_left(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    trashed(cache)
    empty = the_trash(cache) / "20991231T235959Z"
    empty.mkdir(mode=0o700)
    undone(cache, is_planned=True)
    assert empty.is_dir()


def test_files_that_no_manifest_names_are_reported_with_their_run(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    run = str(trashed(cache).run)
    (the_trash(cache) / run / "7").write_bytes(b"mine")
    assert undone(cache).warnings == (Warned(path=run, message="holds files that are not in the manifest"),)
    assert (the_trash(cache) / run / "7").read_bytes() == b"mine"


@pytest.mark.parametrize("times", range(4))
def test_a_request_to_stop_is_heard_between_two_entries(cache: Cache, times: int) -> None:
    for number in range(3):
        cache.http_v2(f"{URL}{number}", b"x")
    before = seen(cache.path)
    trashed(cache)
    asked = [0]

    def stop() -> bool:
        asked[0] += 1
        return asked[0] > times

    report = undone(cache, stop=stop)
    assert (report.is_interrupted, len(report.outcomes)) == (True, max(0, times - 1))
    assert undone(cache).is_interrupted is False
    assert seen(cache.path) == before


def test_progress_ends_with_all_done(cache: Cache) -> None:
    for number in range(2):
        cache.http_v2(f"{URL}{number}", b"x")
    trashed(cache)
    told: list[tuple[int, int | None]] = []
    undone(cache, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert len(left(cache)) == 4


def test_two_undos_do_not_work_on_one_cache(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    before = seen(cache.path)
    trashed(cache)
    clock = Clock()
    with held(cache.path), pytest.raises(CacheBusyError):
        undone(cache, system=a_system(clock))
    assert clock.slept_s <= 0.11
    assert left(cache) == {"http-v2/"}
    undone(cache)
    assert seen(cache.path) == before


@pytest.mark.parametrize("step", ["link", "unlink", "mkdir", "utime"])
def test_two_undos_at_once_where_nothing_can_be_locked_bring_all_back_once(cache: Cache, step: str) -> None:
    everything(cache)
    before = seen(cache.path)
    trashed(cache)
    unlocked: dict[str, Any] = {"lock": lambda _descriptor: True, "unlock": lambda _descriptor: None}
    real = getattr(os, step)
    begun: list[str] = []
    racing = dict(unlocked)

    def call(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        if not begun:
            begun.append(step)
            undone(cache, system=a_system(**unlocked))
        return real(*arguments, **more)

    racing[step] = call
    report = undone(cache, system=machine(**racing))
    assert set(states(report).values()) <= {State.RESTORED, State.CHANGED, State.FAILED}
    assert {path: one[0] for path, one in seen(cache.path).items() if isinstance(one, tuple)} == {
        path: one[0] for path, one in before.items() if isinstance(one, tuple)
    }
    assert begun


def test_a_cache_of_another_user_is_left_alone(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    trashed(cache)
    before = tree(cache.path.parent)
    for has_descriptors in (True, False):
        with pytest.raises(NotACacheError, match="another user"):
            undone(cache, system=machine(has_descriptors=has_descriptors, uid=os.geteuid() + 1))
    assert tree(cache.path.parent) == before


def test_an_empty_run_is_passed_over(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    trashed(cache)
    (the_trash(cache) / "20991231T235959Z").mkdir(mode=0o700)
    assert states(undone(cache)) == {head: State.RESTORED}
    assert runs(cache) == []
    assert left(cache) == {head, head + ".body"}


def test_a_cache_that_was_moved_with_its_trash_finds_it(cache: Cache, tmp_path: Path) -> None:
    head = cache.http_v2(URL, b"x")
    (tmp_path / "home").mkdir()
    trashed(cache)
    trash = the_trash(cache)
    shutil.move(cache.path, tmp_path / "home" / "cache")
    shutil.move(trash, tmp_path / "home" / trash.name)
    moved = CacheDir(path=str(tmp_path / "home" / "cache"), source=Source.ARGUMENT)
    assert states(undo(moved, system=a_system())) == {head: State.RESTORED}
