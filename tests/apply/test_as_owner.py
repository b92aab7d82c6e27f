"""Root works on the cache of a user in a process that becomes that user: this one stays who it is, and hears all."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipcacheplus.cache import PipCache
from pipcacheplus.errors import BadRequestError, CacheBusyError, NotACacheError
from pipcacheplus.model.values import Shape, State
from tests.apply.doing import left, only, states
from tests.apply.trashes import everything, seen
from tests.support.builders import Cache, page_headers, tree
from tests.support.holding import held
from tests.support.owners import SOMEBODY, given_away, is_root

pytestmark = pytest.mark.skipif(os.name == "nt", reason="users are others there")

URL = "https://files.example/demo"
IS_ASKING = b"~~"
"""Stands in a head that was written over: the wait has begun."""


@pytest.fixture(autouse=True)
def _away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def given(cache: Cache) -> PipCache:
    """Give a cache away, and open it as root."""
    given_away(cache)
    return PipCache(cache.path)


@is_root
def test_what_goes_is_removed_with_the_rights_of_the_owner_and_this_process_stays_root(theirs: Cache) -> None:
    goes = theirs.http_v2(URL, b"x")
    stuck = theirs.http(URL, b"x")
    opened = given(theirs)
    os.chown(theirs.real(stuck).parent, 0, 0)
    theirs.real(stuck).parent.chmod(0o755)
    report = opened.apply(opened.plan_purge(min_age_s=0), exclusive=True, as_owner=True)
    assert states(report) == {goes: State.REMOVED, stuck: State.FAILED}
    assert [outcome.error for outcome in report.failed] == ["Permission denied"]
    assert left(theirs) == {stuck, "http-v2/"}
    assert (os.getresuid(), os.getresgid()) == ((0, 0, 0), (0, 0, 0))


@is_root
def test_the_report_is_the_one_that_the_owner_would_have_got(theirs: Cache) -> None:
    own = Cache(theirs.path.parent.parent / "cache")  # of the same file system: sizes on the disk are told
    reports = []
    for one in (theirs, own):
        everything(one)
        opened = given(one) if one is theirs else PipCache(one.path)
        reports.append(opened.apply(opened.plan_purge(min_age_s=0), exclusive=True, as_owner=True))
    there, here = ({o.action.entry.id: (o.state, o.disk_size, o.error) for o in report.outcomes} for report in reports)
    assert there == here
    assert State.REMOVED in {state for state, _, _ in there.values()}
    assert left(theirs) == left(own) != set()


@is_root
def test_what_the_owner_moved_to_the_trash_comes_back_byte_for_byte(theirs: Cache) -> None:
    everything(theirs)
    opened = given(theirs)
    before = seen(theirs.path)
    report = opened.apply(opened.plan_purge(min_age_s=0), exclusive=True, trash=True, as_owner=True)
    assert set(states(report).values()) == {State.TRASHED}
    assert {path for path in tree(theirs.path) if not path.endswith("/")} == {"notes.txt", "http-v2/0/notes.txt"}
    (trash,) = (path for path in theirs.path.parent.iterdir() if path != theirs.path)
    assert {path.stat().st_uid for path in (trash, *trash.rglob("*"))} == {SOMEBODY}
    with pytest.raises(NotACacheError, match="as_owner=True"):
        opened.undo(report)
    dry = opened.undo(report, dry_run=True, as_owner=True)
    assert {outcome.state for outcome in dry.outcomes} == {State.PLANNED}
    back = opened.undo(report, as_owner=True)
    assert {outcome.state for outcome in back.outcomes} == {State.RESTORED}
    assert back.run == report.run
    assert {o.action.entry.id for o in back.outcomes} == {o.action.entry.id for o in report.outcomes}
    assert seen(theirs.path) == before


@is_root
def test_all_that_is_asked_of_a_removal_is_handed_on(theirs: Cache) -> None:
    theirs.http_v2(URL, b"x")
    theirs.built_wheel("demo")
    theirs.temporary("http-v2/0/1/2/4/8/01248" + "a" * 51)
    opened = given(theirs)
    plan = opened.plan_purge(min_age_s=0)
    leftover, response, wheel = (
        replace(plan, actions=tuple(action for action in plan.actions if action.entry.shape is shape))
        for shape in (Shape.TEMPORARY, Shape.PAIR, Shape.BUILT_WHEEL)
    )
    opened.apply(leftover, exclusive=True, trash=True, as_owner=True)
    far: list[tuple[int, int | None]] = []
    report = opened.apply(
        response,
        exclusive=False,
        wait_s=0,
        trash=True,
        trash_size=0,  # of what the first one moved there, nothing stays
        progress=lambda *so_far: far.append(so_far),
        as_owner=True,
    )
    assert report.plan is response
    assert only(report).state is State.TRASHED
    assert report.emptied_bytes > 0
    assert (far[0], far[-1]) == ((0, 1), (1, 1))
    with held(theirs.path), pytest.raises(CacheBusyError, match=r"waited 0\.1 s"):
        opened.apply(wheel, exclusive=True, lock_timeout_s=0.1, as_owner=True)
    # Nobody read the wheel for a week: that counts, and not that its owner got it just now.
    assert only(opened.apply(wheel, exclusive=False, wait_s=0, as_owner=True)).state is State.REMOVED
    assert not theirs.real(wheel.actions[0].entry.id).exists()
    assert {path for path in left(theirs) if not path.endswith("/")} == set()


@is_root
def test_all_that_is_asked_of_an_undo_is_handed_on(theirs: Cache) -> None:
    theirs.http_v2(URL, b"x")
    theirs.http_v2(URL + "/2", b"y")
    opened = given(theirs)
    plan = opened.plan_purge(min_age_s=0)
    before = tree(theirs.path)
    first, second = (
        opened.apply(replace(plan, actions=(action,)), exclusive=True, trash=True, as_owner=True)
        for action in plan.actions
    )
    report = opened.undo(first, stop=lambda: True, as_owner=True)
    assert (report.outcomes, report.is_interrupted) == ((), True)
    far: list[tuple[int, int | None]] = []
    report = opened.undo(first, progress=lambda *so_far: far.append(so_far), as_owner=True)
    assert states(report) == {plan.actions[0].entry.id: State.RESTORED}
    assert (far[0], far[-1]) == ((0, 1), (1, 1))
    with held(theirs.path), pytest.raises(CacheBusyError, match=r"waited 0\.1 s"):
        opened.undo(second, lock_timeout_s=0.1, as_owner=True)
    assert states(opened.undo(as_owner=True)) == {plan.actions[1].entry.id: State.RESTORED}
    assert tree(theirs.path) == before


@is_root
def test_what_is_refused_there_is_raised_here_and_touches_nothing(theirs: Cache) -> None:
    theirs.http_v2(URL, b"x")
    opened = given(theirs)
    plan = opened.plan_purge(min_age_s=0)
    before = tree(theirs.path)
    with held(theirs.path), pytest.raises(CacheBusyError):
        opened.apply(plan, exclusive=True, as_owner=True)
    os.chown(theirs.path.parent, 0, 0)
    with pytest.raises(BadRequestError, match="trash"):
        opened.apply(plan, exclusive=True, trash=True, as_owner=True)
    theirs.path.chmod(0o300)
    with pytest.raises(PermissionError):
        opened.apply(plan, exclusive=True, as_owner=True)
    theirs.path.chmod(0o700)
    assert tree(theirs.path) == before


@is_root
def test_without_being_asked_to_root_changes_nothing_of_theirs(theirs: Cache) -> None:
    theirs.http_v2(URL, b"x")
    opened = given(theirs)
    before = tree(theirs.path)
    with pytest.raises(NotACacheError, match="another user"):
        opened.apply(opened.plan_purge(min_age_s=0), exclusive=True)
    assert tree(theirs.path) == before


def test_who_owns_the_cache_needs_no_process(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.http_v2(URL, b"x")
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    opened = PipCache(cache.path)
    report = opened.apply(opened.plan_purge(min_age_s=0), exclusive=True, as_owner=True)
    assert only(report).state is State.REMOVED
    assert left(cache) == {"http-v2/"}
    assert opened.undo(as_owner=True).outcomes == ()


def test_who_is_not_root_is_refused(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    head = cache.http_v2(URL, b"x")
    opened = PipCache(cache.path)
    plan = opened.plan_purge(min_age_s=0)
    monkeypatch.setattr(os, "geteuid", lambda: cache.path.stat().st_uid + 1)
    with pytest.raises(NotACacheError, match="only root"):
        opened.apply(plan, as_owner=True)
    with pytest.raises(NotACacheError, match="only root"):
        opened.undo(as_owner=True)
    assert left(cache) == {head, head + ".body"}


@is_root
def test_a_request_to_stop_is_heard_there_during_the_wait(theirs: Cache) -> None:
    head = theirs.http_v2(URL, b"x", headers=page_headers(b"x"))
    leftover = theirs.temporary(head)
    opened = given(theirs)
    report = opened.apply(
        opened.plan_purge(min_age_s=0),
        exclusive=False,
        wait_s=60,
        stop=lambda: IS_ASKING in theirs.real(head).read_bytes(),
        as_owner=True,
    )
    assert report.is_interrupted
    assert states(report) == {leftover: State.REMOVED, head: State.FAILED}
    assert left(theirs) == {head, head + ".body"}


@is_root
def test_if_it_ends_here_by_an_exception_it_has_ended_there(theirs: Cache) -> None:
    head = theirs.http_v2(URL, b"x", headers=page_headers(b"x"))
    opened = given(theirs)

    def interrupt(_done: int, _total: int | None) -> None:
        if IS_ASKING in theirs.real(head).read_bytes():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opened.apply(opened.plan_purge(min_age_s=0), exclusive=False, wait_s=60, progress=interrupt, as_owner=True)
    assert left(theirs) == {head, head + ".body"}
    with held(theirs.path):  # nobody has the lock any more
        pass


AT_WORK = """
import os, signal, sys
from pipcacheplus import PipCache
opened = PipCache(sys.argv[1])

def tell(_done, _total):
    with open(os.path.join(sys.argv[1], sys.argv[2]), "rb") as head:
        if b"~~" in head.read():
            {waiting}

opened.apply(opened.plan_purge(min_age_s=0), exclusive=False, wait_s=60, progress=tell, as_owner=True)
"""


def at_work(cache: Cache, head: str, *, waiting: str) -> list[str]:
    """Return the command that purges a cache as its owner, and what it does during the wait."""
    return [sys.executable, "-c", AT_WORK.format(waiting=waiting), str(cache.path), head]


@is_root
def test_an_interrupt_from_the_terminal_lets_the_other_one_end_in_order(theirs: Cache) -> None:
    head = theirs.http_v2(URL, b"x", headers=page_headers(b"x"))
    given_away(theirs)
    with subprocess.Popen(
        at_work(theirs, head, waiting='print("waiting", flush=True)'),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all that were started from it
        _, err = running.communicate()
    assert err.count("KeyboardInterrupt") == err.count("Traceback") == 1
    assert left(theirs) == {head, head + ".body"}
    with held(theirs.path):  # it has ended
        pass


@is_root
def test_if_who_asked_is_killed_the_rest_is_not_begun(theirs: Cache) -> None:
    head = theirs.http_v2(URL, b"x", headers=page_headers(b"x"))
    opened = given(theirs)
    done = subprocess.run(at_work(theirs, head, waiting="os.kill(os.getpid(), signal.SIGKILL)"), check=False)
    assert done.returncode == -signal.SIGKILL
    # Once the lock is free, the other one has ended: if it had gone on, nothing would be left.
    report = opened.apply(opened.plan_removal("demo"), exclusive=True, lock_timeout_s=120, as_owner=True)
    assert report.outcomes == ()
    assert left(theirs) == {head, head + ".body"}
