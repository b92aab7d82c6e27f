"""Carrying a plan out on this machine: who else is at work is found out, unless it is said."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import psutil
import pytest

from pipcacheplus.apply.apply import apply_here, empty_trash_here, trash_files_here, trashed_here, undo_here
from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.errors import BadRequestError, CacheBusyError, NotACacheError
from pipcacheplus.model.values import CacheDir, OwnFiles, OwnKind, Report, Source, State, Waiting
from tests.apply.doing import left, only, planned
from tests.apply.trashes import the_trash
from tests.support.builders import Cache, tree
from tests.support.holding import held
from tests.support.owners import given_away, is_root

URL = "https://files.example/demo"


def applied(
    cache: Cache,
    exclusive: bool | None,  # noqa: FBT001 - as `apply_here` has it
    *,
    path: str | None = None,
    ids: tuple[str, ...] = (),
    **more: Any,  # noqa: ANN401 - any argument
) -> Report:
    ours = {"has_access_times": True, "lock_timeout_s": 0, "wait_s": 0, "stop": None, "progress": None}
    ours |= {"trash": False, "trash_size": None, "is_planned": False, "waiting": None}
    return apply_here(planned(cache, *ids), path=path or str(cache.path), exclusive=exclusive, **(ours | more))


def brought_back(cache: Cache, **more: Any) -> Report:  # noqa: ANN401 - any argument
    ours = {"run": None, "is_planned": False, "lock_timeout_s": 0, "stop": None, "progress": None}
    return undo_here(CacheDir(path=str(cache.path), source=Source.ARGUMENT), **(ours | more))


def a_process(number: int, name: str) -> object:
    """Return a process, as psutil has it."""
    return type("Process", (), {"pid": number, "info": {"cmdline": [name, "install"]}})


class Mount:
    """The one of the root, as psutil has it."""

    mountpoint = os.path.abspath(os.sep)
    opts = "rw"

    def __init__(self, kind: str) -> None:
        self.fstype = kind


@pytest.mark.parametrize(
    ("exclusive", "kind", "has_pips", "state"),
    [
        (None, "ext4", False, State.REMOVED),
        (None, "ext4", True, State.BUSY),
        (None, "nfs4", False, State.BUSY),
        (True, "nfs4", True, State.REMOVED),
        (False, "ext4", False, State.BUSY),
    ],
)
def test_a_wheel_of_today_goes_if_nobody_else_is_here(
    cache: Cache,
    monkeypatch: pytest.MonkeyPatch,
    exclusive: bool | None,  # noqa: FBT001 - a row's value
    kind: str,
    has_pips: bool,  # noqa: FBT001 - a row's value
    state: State,
) -> None:
    monkeypatch.setattr(psutil, "process_iter", lambda _what: [a_process(1, "pip" if has_pips else "sh")])
    monkeypatch.setattr(psutil, "disk_partitions", lambda *, all: [Mount(kind)])  # noqa: A006 - psutil's name
    wheel = cache.built_wheel("demo")
    os.utime(cache.real(wheel))
    assert only(applied(cache, exclusive)).state is state
    assert cache.real(wheel).exists() == (state is State.BUSY)


def processes_of(*seen: object) -> Callable[[object], list[object]]:
    return lambda _what: list(seen)


def hidden(_what: object) -> list[object]:
    raise psutil.AccessDenied


@pytest.mark.parametrize(
    ("exclusive", "kind", "processes", "reason", "pid"),
    [
        (False, "ext4", processes_of(), "pips may be running", None),
        (None, "nfs4", processes_of(), "other machines may mount this file system", None),
        (None, "ext4", hidden, "processes cannot be listed, and a pip may be among them", None),
        (None, "ext4", processes_of(a_process(7, "pip")), "pip (process 7) is running", 7),
    ],
)
@pytest.mark.parametrize("is_reported", [True, False], ids=["reported", "silent"])
def test_a_wait_is_as_long_as_was_said_and_reported_with_its_reason(
    cache: Cache,
    monkeypatch: pytest.MonkeyPatch,
    exclusive: bool | None,  # noqa: FBT001 - a row's value
    kind: str,
    processes: Callable[[object], list[object]],
    reason: str,
    pid: int | None,
    is_reported: bool,  # noqa: FBT001 - as above
) -> None:
    monkeypatch.setattr(psutil, "process_iter", processes)
    monkeypatch.setattr(psutil, "disk_partitions", lambda *, all: [Mount(kind)])  # noqa: A006 - psutil's name
    cache.http_v2(URL, b"x")
    seen: list[Waiting] = []
    report = applied(cache, exclusive, wait_s=0.01, waiting=seen.append if is_reported else None)
    assert only(report).state is State.REMOVED
    assert bool(seen) is is_reported
    if is_reported:
        assert {one[:2] for one in seen} == {(reason, pid)}
        assert 0 < seen[0].left_s <= 0.01
        assert seen[-1].left_s == 0


def test_another_one_is_waited_for_both_ways_and_for_as_long_as_was_said(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    applied(cache, exclusive=True, trash=True)
    cache.http_v2(URL, b"x")
    for verb in (partial(applied, cache, exclusive=True), partial(brought_back, cache)):
        with held(cache.path), pytest.raises(CacheBusyError) as caught:
            verb(lock_timeout_s=0.01)
        assert (caught.value.path, caught.value.waited_s) == (str(cache.path), 0.01)
    assert len(left(cache)) == 2


def test_of_nothing_nobody_is_looked_for(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(psutil, "process_iter")
    cache.foreign("http/notes")
    assert applied(cache, None).outcomes == ()
    assert left(cache) == {"http/notes"}


def test_nothing_goes_by_a_plan_of_another_cache_or_where_nothing_may(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = cache.http_v2(URL, b"x")
    with pytest.raises(BadRequestError) as caught:
        applied(cache, exclusive=True, path="/other")
    assert str(caught.value) == f"plan: is for {cache.path}, not for /other; open that cache"
    monkeypatch.chdir(cache.path)
    with pytest.raises(NotACacheError, match="current directory"):
        applied(cache, exclusive=True)
    assert left(cache) == {head, head + ".body"}


def test_we_are_no_pip_ourselves(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "process_iter", lambda _what: [a_process(os.getpid(), "pip")])
    monkeypatch.setattr(psutil, "disk_partitions", lambda *, all: [Mount("ext4")])  # noqa: A006 - psutil's name
    os.utime(cache.real(cache.built_wheel("demo")))
    assert only(applied(cache, None)).state is State.REMOVED
    assert left(cache) == {"wheels/"}


@pytest.mark.parametrize(("has_access_times", "state"), [(True, State.REMOVED), (False, State.BUSY)])
def test_use_is_told_by_what_the_file_system_keeps(
    cache: Cache,
    has_access_times: bool,  # noqa: FBT001 - a row's value
    state: State,
) -> None:
    wheel = cache.built_wheel("demo")  # read and written a week ago, as its times have it; changed just now
    report = applied(cache, exclusive=False, has_access_times=has_access_times)
    assert only(report).state is state
    assert cache.real(wheel).exists() == (state is State.BUSY)


def test_who_is_told_to_stop_begins_nothing(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    report = applied(cache, exclusive=True, stop=lambda: True)
    assert (report.is_interrupted, report.outcomes) == (True, ())
    assert left(cache) == {head, head + ".body"}
    applied(cache, exclusive=True, trash=True)
    assert brought_back(cache, stop=lambda: True).outcomes == ()
    assert left(cache) == {"http-v2/"}


def test_progress_is_told_of_both_ways(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    told: list[tuple[int, int | None]] = []
    applied(cache, exclusive=True, trash=True, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (1, 1)
    told.clear()
    brought_back(cache, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (1, 1)
    assert left(cache) == {head, head + ".body"}


def test_a_run_is_listed_until_it_comes_back(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    assert trashed_here(str(cache.path)) == ()
    report = applied(cache, exclusive=True, trash=True)
    assert only(report).state is State.TRASHED
    assert [(one.run, one.files) for one in trashed_here(str(cache.path))] == [(report.run, 2)]
    with pytest.raises(BadRequestError):
        brought_back(cache, run="20000101T000000Z")
    assert only(brought_back(cache, is_planned=True)).state is State.PLANNED
    assert left(cache) == {"http-v2/"}
    assert only(brought_back(cache, run=report.run)).state is State.RESTORED
    assert trashed_here(str(cache.path)) == ()
    assert left(cache) == {head, head + ".body"}


def test_what_the_trash_has_no_room_for_is_emptied(cache: Cache) -> None:
    cache.http_v2(URL, b"x" * 5000)
    assert applied(cache, exclusive=True, trash=True, trash_size=0).emptied_bytes == 0  # its own run is spared
    cache.http_v2(URL, b"x" * 5000)
    report = applied(cache, exclusive=True, trash=True, trash_size=0)
    assert report.emptied_bytes > 5000
    assert [one.run for one in trashed_here(str(cache.path))] == [report.run]
    assert left(cache) == {"http-v2/"}


def test_the_trash_is_reported_and_emptied_as_a_whole_and_nothing_else_goes(cache: Cache) -> None:
    path = str(cache.path)
    stays = cache.built_wheel("demo")
    before = left(cache)
    assert trash_files_here(path) is None
    empty_trash_here(path)
    assert left(cache) == before
    for number in range(2):
        head = cache.http_v2(f"{URL}{number}", b"x" * 5000)
        applied(cache, exclusive=True, trash=True, ids=(head,))
    empty = cache.http_v2(URL, b"", has_head=False)
    applied(cache, exclusive=True, trash=True, ids=(empty + ".body",))
    runs = trashed_here(path)
    assert [run.files for run in runs] == [2, 2, 1]
    assert (runs[-1].size, runs[-1].disk_size) == (0, 0)
    assert trash_files_here(path) == OwnFiles(
        kind=OwnKind.TRASH,
        path=str(the_trash(cache)),
        cache=path,
        files=5,
        size=sum(run.size for run in runs),
        disk_size=sum(run.disk_size for run in runs),
        used_s=runs[-1].started_s,
    )
    assert sum(run.size for run in runs) > 10_000
    empty_trash_here(path)
    assert trash_files_here(path) is None
    assert not list(cache.path.parent.glob(".pipcacheplus-trash-*"))
    assert stays in left(cache)


def test_a_trash_is_not_emptied_while_another_one_works_or_where_nothing_may(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.http_v2(URL, b"x")
    applied(cache, exclusive=True, trash=True)
    with held(cache.path), pytest.raises(CacheBusyError):
        empty_trash_here(str(cache.path))
    monkeypatch.chdir(cache.path)
    with pytest.raises(NotACacheError, match="current directory"):
        empty_trash_here(str(cache.path))
    assert len(trashed_here(str(cache.path))) == 1


def test_nothing_comes_back_while_another_one_works_or_where_nothing_may(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.http_v2(URL, b"x")
    applied(cache, exclusive=True, trash=True)
    with held(cache.path), pytest.raises(CacheBusyError):
        brought_back(cache)
    monkeypatch.chdir(cache.path)
    with pytest.raises(NotACacheError, match="current directory"):
        brought_back(cache)
    assert left(cache) == {"http-v2/"}


@is_root
def test_in_python_root_is_refused_the_cache_of_another_user(theirs: Cache) -> None:
    theirs.http_v2(URL, b"x")
    given_away(theirs)
    before = tree(theirs.path)
    opened = PipCache(theirs.path)
    with pytest.raises(NotACacheError, match="another user"):
        opened.apply(opened.plan_purge(min_age_s=0), exclusive=True)
    with pytest.raises(NotACacheError, match="another user"):
        opened.undo()
    assert tree(theirs.path) == before
