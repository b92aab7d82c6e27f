"""Bringing back from the trash: byte for byte, with times and rights, and never over anything that is there."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.run import apply
from pipcacheplus.apply.undoing import undo
from pipcacheplus.errors import BadRequestError, CacheBusyError, NotACacheError
from pipcacheplus.model import (
    CacheDir,
    Source,
    State,
)
from tests.apply.doing import MACHINES, Clock, a_system, left, machine, only, planned, states
from tests.apply.trashes import everything, runs, seen, the_trash, trashed, undone
from tests.builders import NOW_S, Cache, page_headers, tree
from tests.holding import held

URL = "https://files.example/demo"


@MACHINES
@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_all_comes_back_byte_for_byte_with_times_and_rights(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    is_exclusive: bool,  # noqa: FBT001 - as above
) -> None:
    everything(cache)
    for number, path in enumerate(sorted(cache.path.rglob("*"))):
        path.chmod((0o700 if path.is_dir() else 0o600) | (0 if path.is_dir() else number % 8))
    before = seen(cache.path)
    system = machine(has_descriptors=has_descriptors)
    away = trashed(cache, is_exclusive=is_exclusive, system=system)
    assert seen(cache.path) != before
    report = undone(cache, system=system)
    assert seen(cache.path) == before
    assert set(states(report).values()) == {State.RESTORED}
    assert states(report).keys() == states(away).keys()
    assert [outcome.action.entry.kind for outcome in report.outcomes] == [o.action.entry.kind for o in away.outcomes]
    assert (report.run, report.freed_bytes, runs(cache)) == (away.run, 0, [])


def test_a_file_that_a_plan_names_twice_comes_back_once(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    other = cache.http_v2(URL + "2", b"x")
    before = seen(cache.path)
    plan = planned(cache)
    doubled = replace(plan, actions=(*plan.actions, *plan.actions))
    away = apply(doubled, is_exclusive=True, system=machine(), trash=True)
    assert [outcome.state for outcome in away.outcomes] == [State.TRASHED, State.TRASHED, State.GONE, State.GONE]
    report = undone(cache)
    assert [(outcome.action.entry.id, outcome.state) for outcome in report.outcomes] == [
        (one, State.RESTORED) for one in sorted([head, other])
    ]
    assert seen(cache.path) == before


def test_where_users_have_no_numbers_nobody_is_another(cache: Cache) -> None:
    everything(cache)
    before = seen(cache.path)
    trashed(cache, system=machine(uid=None))
    undone(cache, system=machine(uid=None))
    assert seen(cache.path) == before


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o770])
def test_directories_are_made_again_with_the_rights_of_those_above(cache: Cache, mode: int) -> None:
    head = cache.http_v2(URL, b"x")
    for folder in [cache.path, *cache.path.rglob("*")]:
        if folder.is_dir():
            folder.chmod(mode)
    before = seen(cache.path)
    trashed(cache)
    assert not cache.real(head).parent.exists()
    old = os.umask(0o077)
    try:
        undone(cache)
    finally:
        os.umask(old)
    assert seen(cache.path) == before


def test_an_area_that_is_gone_is_made_again(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    before = seen(cache.path)
    trashed(cache)
    cache.real("http-v2").rmdir()
    undone(cache)
    assert seen(cache.path).keys() == before.keys()


@MACHINES
@pytest.mark.parametrize("which", ["", ".body"], ids=["head", "body"])
def test_what_is_newer_stays_and_the_rest_of_the_entry_stays_in_the_trash(
    cache: Cache,
    has_descriptors: bool,  # noqa: FBT001 - a row's value
    which: str,
) -> None:
    head, other = cache.http_v2(URL, b"x" * 300), cache.http_v2(URL + "2", b"y")
    before = seen(cache.path)
    system = machine(has_descriptors=has_descriptors)
    trashed(cache, system=system)
    cache.write(head + which, b"newer", age_s=5)
    report = undone(cache, system=system)
    assert states(report) == {head: State.CHANGED, other: State.RESTORED}
    assert [outcome.error for outcome in report.outcomes if outcome.state is State.CHANGED] == [
        "something else lies there by now"
    ]
    assert left(cache) == {head + which, other, other + ".body"}
    assert cache.real(head + which).read_bytes() == b"newer"
    cache.real(head + which).unlink()
    assert states(undone(cache, system=system)) == {head: State.RESTORED}
    assert seen(cache.path) == before
    assert runs(cache) == []


@pytest.mark.parametrize("has_links", [True, False])
@MACHINES
def test_what_appears_between_the_look_and_the_move_stays_and_no_body_is_left_under_it(
    cache: Cache,
    has_links: bool,  # noqa: FBT001 - a row's value
    has_descriptors: bool,  # noqa: FBT001 - as above
) -> None:
    head = cache.http_v2(URL, b"x" * 300)
    trashed(cache)

    def link(source: str, name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.link` takes it
        if not name.endswith(".body"):
            cache.real(head).write_bytes(b"newer")
        if not has_links:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        os.link(source, name, **where)

    report = undone(cache, system=machine(has_descriptors=has_descriptors, link=link))
    assert (only(report).state, only(report).moved) == (State.CHANGED, ())
    assert left(cache) == {head}
    assert cache.real(head).read_bytes() == b"newer"
    assert sorted(path.name for path in runs(cache)[0].iterdir()) == ["0", "1", "manifest"]


@MACHINES
def test_where_files_have_one_name_only_all_comes_back_too(cache: Cache, has_descriptors: bool) -> None:  # noqa: FBT001 - a row's value
    def link(*_names: str, **_where: int) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    everything(cache)
    before = seen(cache.path)
    trashed(cache)
    report = undone(cache, system=machine(has_descriptors=has_descriptors, link=link))
    assert set(states(report).values()) == {State.RESTORED}
    assert seen(cache.path) == before


def failing(name: str, *, times: int = 1, number: int = errno.EIO) -> dict[str, Any]:
    """Let a call fail for the first few times."""
    said = [0]
    real = getattr(os, name)

    def call(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        said[0] += 1
        if said[0] <= times:
            raise OSError(number, os.strerror(number))
        return real(*arguments, **more)

    return {name: call}


def test_the_main_file_comes_last(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.built_wheel("demo")
    placed: list[str] = []

    def link(source: str, name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.link` takes it
        placed.append(name.rpartition(".")[2])
        os.link(source, name, **where)

    trashed(cache, is_exclusive=True)
    undone(cache, system=a_system(link=link))
    assert [placed[0], placed[2], placed[3]] == ["body", "json", "whl"]
    assert len(left(cache)) == 4


def link_bodies_only(source: str, name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.link` takes it
    if not name.endswith(".body"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.link(source, name, **where)


def test_if_the_head_cannot_come_the_body_goes_again(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    before = seen(cache.path)
    trashed(cache)

    report = undone(cache, system=a_system(link=link_bodies_only))
    assert (only(report).state, only(report).error, only(report).moved) == (
        State.FAILED,
        os.strerror(errno.ENOSPC),
        (),
    )
    assert not cache.real(head + ".body").exists()
    undone(cache)
    assert seen(cache.path) == before


@pytest.mark.parametrize("name", ["unlink", "mkdir"])
def test_a_failure_is_told_and_the_next_undo_ends_it(cache: Cache, name: str) -> None:
    for number in range(3):
        cache.http_v2(f"{URL}{number}", b"x")
    before = seen(cache.path)
    trashed(cache)
    report = undone(cache, system=machine(**failing(name)))
    assert [outcome.state for outcome in report.failed] == [State.FAILED]
    assert len(runs(cache)) == 1
    assert len([path for path in left(cache) if not path.endswith("/")]) == 4
    assert set(states(undone(cache)).values()) <= {State.RESTORED}
    assert seen(cache.path) == before
    assert runs(cache) == []


def test_a_body_that_cannot_go_again_is_told_to_be_there(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    before = seen(cache.path)
    trashed(cache)

    report = undone(cache, system=machine(link=link_bodies_only, **failing("rename")))
    assert (only(report).state, [file.path for file in only(report).moved]) == (State.FAILED, [head + ".body"])
    assert left(cache) == {head + ".body"}
    assert undone(cache).failed == ()
    assert seen(cache.path) == before


def test_what_a_pip_renewed_while_the_body_goes_again_is_its_own(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    trashed(cache)

    def link(source: str, name: str, **where: Any) -> None:  # noqa: ANN401 - as `os.link` takes it
        if not name.endswith(".body"):
            for renewed in (head, head + ".body"):
                cache.write(renewed + ".new", b"newer")
                cache.real(renewed + ".new").rename(cache.real(renewed))
        os.link(source, name, **where)

    assert only(undone(cache, system=a_system(link=link))).state is State.CHANGED
    assert {cache.real(path).read_bytes() for path in left(cache)} == {b"newer"}


@pytest.mark.parametrize("which", ["", ".body"], ids=["head", "body"])
def test_half_an_entry_does_not_come_back_without_the_other(cache: Cache, which: str) -> None:
    head = cache.http_v2(URL, b"x")
    trashed(cache)
    (run,) = runs(cache)
    os.rename(run / "0", run / "gone") if which else os.rename(run / "1", run / "gone")
    report = undone(cache)
    assert (only(report).state, only(report).error) == (State.CHANGED, "a part of it is gone")
    assert left(cache) == {"http-v2/"}
    assert head


def test_a_body_does_not_come_back_under_another_head(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")

    def unlinked(name: str, to: str, **where: Any) -> None:  # noqa: ANN401 - as `os.rename` takes it
        if len(name) == 56:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.rename(name, to, **where)

    trashed(cache, is_exclusive=True, system=a_system(rename=unlinked))
    assert left(cache) == {head}
    cache.write(head + ".new", b"newer")
    cache.real(head + ".new").rename(cache.real(head))
    assert only(undone(cache)).state is State.CHANGED
    assert left(cache) == {head}


def disarmed(cache: Cache) -> str:
    """Leave a head disarmed in the cache, as a run does that is told to stop during the wait."""
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    clock = Clock()
    trashed(cache, clock=clock, stop=lambda: clock.slept_s > 0)
    assert b"~~" in cache.real(head).read_bytes()
    return head


@MACHINES
def test_what_was_made_harmless_and_stayed_is_put_right(cache: Cache, has_descriptors: bool) -> None:  # noqa: FBT001 - a row's value
    cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    before = seen(cache.path)
    head = disarmed(cache)
    report = undone(cache, system=machine(has_descriptors=has_descriptors))
    assert states(report) == {head: State.RESTORED}
    assert only(report).moved == ()
    assert seen(cache.path) == {**before, head: (before[head][0], *seen(cache.path)[head][1:])}  # type: ignore[index] # of a file
    assert runs(cache) == []


def test_what_a_pip_renewed_after_it_was_made_harmless_is_left_alone(cache: Cache) -> None:
    head = disarmed(cache)
    cache.write(head + ".new", b"newer")
    cache.real(head + ".new").rename(cache.real(head))
    assert undone(cache).outcomes == ()
    assert cache.real(head).read_bytes() == b"newer"
    assert left(cache) == {head, head + ".body"}


def test_a_link_in_the_place_of_what_was_made_harmless_leads_nowhere(cache: Cache, tmp_path: Path) -> None:
    disarmed(cache)
    cache.real("http-v2").rename(tmp_path / "outside")
    cache.real("http-v2").symlink_to(tmp_path / "outside")
    before = tree(tmp_path / "outside")
    assert undone(cache).outcomes == ()
    assert tree(tmp_path / "outside") == before


def test_what_was_written_to_after_it_was_made_harmless_is_left_alone(cache: Cache) -> None:
    head = disarmed(cache)
    content = bytearray(cache.real(head).read_bytes())
    content[content.index(b"~~")] = ord("a")
    with cache.real(head).open("r+b") as file:
        file.write(content)
    assert undone(cache).outcomes == ()
    assert cache.real(head).read_bytes() == content


def test_a_head_in_the_trash_that_is_not_the_one_that_was_moved_stays_there(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    trashed(cache)
    (run,) = runs(cache)
    (run / "1").write_bytes(b"other")
    report = undone(cache)
    assert (only(report).state, only(report).error) == (State.CHANGED, "it was written to since it was moved")
    assert left(cache) == {"http-v2/"}
    assert head


def test_a_run_after_one_that_was_told_to_stop_is_undone_before_it(cache: Cache) -> None:
    cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    before = seen(cache.path)
    head = disarmed(cache)
    trashed(cache)
    undone(cache)
    undone(cache)
    assert seen(cache.path)[head] == (before[head][0], *seen(cache.path)[head][1:])  # type: ignore[index] # of a file
    assert runs(cache) == []


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
        with pytest.raises(BadRequestError, match="undo --list"):
            undone(cache, run)
    trashed(cache)
    with pytest.raises(BadRequestError, match="undo --list"):
        undone(cache, "20200101T000000Z")
    assert left(cache) == {"http-v2/"}


def test_of_an_empty_trash_nothing_comes(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    assert undone(cache).outcomes == ()
    assert left(cache) == {head, head + ".body"}


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
    with held(cache.path), pytest.raises(CacheBusyError):
        undone(cache)
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


def test_files_with_names_that_are_not_utf_8_come_back(cache: Cache) -> None:
    wheel = cache.built_wheel("demo")
    folder = cache.build_directory(wheel, b"half")
    with open(os.fsencode(cache.real(folder)) + b"/\xff\n\x1b", "wb") as file:
        file.write(b"x")
    os.utime(cache.real(folder), (NOW_S - 9e5, NOW_S - 9e5))
    before = seen(cache.path)
    trashed(cache, is_exclusive=True)
    undone(cache)
    assert seen(cache.path) == before


def test_a_cache_that_was_moved_with_its_trash_finds_it(cache: Cache, tmp_path: Path) -> None:
    head = cache.http_v2(URL, b"x")
    (tmp_path / "home").mkdir()
    trashed(cache)
    trash = the_trash(cache)
    shutil.move(cache.path, tmp_path / "home" / "cache")
    shutil.move(trash, tmp_path / "home" / trash.name)
    moved = CacheDir(path=str(tmp_path / "home" / "cache"), source=Source.ARGUMENT)
    assert states(undo(moved, system=a_system())) == {head: State.RESTORED}
