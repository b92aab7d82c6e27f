"""Root works on the cache of a user in a process that becomes that user: this one stays who it is, and hears all."""

import io
import os
import pickle
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.apply.as_owner import _is_ready, answer, ask
from pipcacheplus.apply.told import Told
from pipcacheplus.cache import PipCache
from pipcacheplus.errors import BadRequestError, CacheBusyError, NotACacheError
from pipcacheplus.model import CacheDir, Report, Source, State
from tests.apply.doing import carried_out, left, only, planned, states
from tests.apply.trashes import everything, seen
from tests.builders import Cache, page_headers, tree
from tests.holding import held
from tests.owners import SOMEBODY, given_away, is_root

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
def test_what_is_refused_there_is_raised_here_and_touches_nothing(theirs: Cache, tmp_path: Path) -> None:
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


KILLED = """
import os, signal, sys
from pipcacheplus import PipCache
opened = PipCache(sys.argv[1])

def kill(_done, _total):
    with open(os.path.join(sys.argv[1], sys.argv[2]), "rb") as head:
        if b"~~" in head.read():
            os.kill(os.getpid(), signal.SIGKILL)

opened.apply(opened.plan_purge(min_age_s=0), exclusive=False, wait_s=60, progress=kill, as_owner=True)
"""


@is_root
def test_if_who_asked_is_killed_the_rest_is_not_begun(theirs: Cache) -> None:
    head = theirs.http_v2(URL, b"x", headers=page_headers(b"x"))
    opened = given(theirs)
    done = subprocess.run([sys.executable, "-c", KILLED, str(theirs.path), head], check=False)
    assert done.returncode == -signal.SIGKILL
    # Once the lock is free, the other one has ended: if it had gone on, nothing would be left.
    report = opened.apply(opened.plan_removal("demo"), exclusive=True, lock_timeout_s=120, as_owner=True)
    assert report.outcomes == ()
    assert left(theirs) == {head, head + ".body"}


def carry_out_here(cache: Cache, *, refuses: bool = False, **handed_on: Any) -> Report:  # noqa: ANN401 - `stop`, `progress`
    """Do what the process would, who asks and who answers being of one user."""
    if refuses:
        raise CacheBusyError(str(cache.path), 0)
    return carried_out(planned(cache), **handed_on)


def told_of(cache: Cache, **more: Any) -> Told:  # noqa: ANN401 - any field
    return Told(cache=CacheDir(path=str(cache.path), source=Source.ARGUMENT), **more)


def test_a_process_that_ends_without_a_report_is_an_error(cache: Cache, capfd: pytest.CaptureFixture[str]) -> None:
    cache.http_v2(URL, b"x")
    before = tree(cache.path)
    with pytest.raises(ChildProcessError, match="ended with 1"):
        ask(partial(Report), told_of(cache), stop=None)
    assert "unexpected keyword argument" in capfd.readouterr().err
    assert tree(cache.path) == before


def test_a_process_that_does_not_listen_is_an_error(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipcacheplus.apply.as_owner._ANSWER", "import os; os.close(0); os._exit(3)")
    work = partial(carry_out_here, cache, notes="x" * (1 << 20))  # more than fits into a pipe
    with pytest.raises(ChildProcessError, match="ended with 3"):
        ask(work, told_of(cache), stop=None)


def answered(cache: Cache, *, is_to_stop: bool = False, **more: Any) -> Report | None:  # noqa: ANN401 - any argument
    """Let this very process answer, and hear what it says."""
    asked, asks = os.pipe()
    says = io.BytesIO()
    with open(asked, "rb") as source, open(asks, "wb") as task:
        pickle.dump((str(cache.path), False, partial(carry_out_here, cache, **more)), task)
        task.flush()
        if is_to_stop:
            task.close()
        answer(source, says)
    told = told_of(cache)
    for line in says.getvalue().splitlines():
        told.take(line)
    return told.report


def test_who_answers_tells_what_became_of_it(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    report = answered(cache)
    assert report is not None
    assert (states(report), report.is_interrupted) == ({head: State.REMOVED}, False)
    assert left(cache) == {"http-v2/"}


def test_who_answers_begins_nothing_once_who_asked_is_gone(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    report = answered(cache, is_to_stop=True)
    assert report is not None
    assert (states(report), report.is_interrupted) == ({}, True)
    assert left(cache) == {head, head + ".body"}


def test_who_answers_tells_what_it_refuses(cache: Cache, tmp_path: Path) -> None:
    gone = Cache(tmp_path / "gone")
    gone.path.rmdir()
    with pytest.raises(CacheBusyError):
        answered(cache, refuses=True)
    with pytest.raises(FileNotFoundError):
        answered(gone)


def test_who_answers_goes_on_if_nobody_hears(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    asked, asks = os.pipe()
    hears, says = os.pipe()
    os.close(hears)
    with open(asked, "rb") as source, open(asks, "wb") as task:
        pickle.dump((str(cache.path), False, partial(carry_out_here, cache)), task)
        task.flush()
        with open(says, "wb", buffering=0) as unheard:
            answer(source, unheard)
    assert left(cache) == {"http-v2/"}


def test_who_has_thousands_of_files_open_hears_too() -> None:
    import fcntl  # noqa: PLC0415 - not on Windows
    import resource  # noqa: PLC0415 - as above

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    hears, says = os.pipe()
    try:
        high = fcntl.fcntl(hears, fcntl.F_DUPFD, 2000)
        assert not _is_ready(high, 0)
        os.write(says, b"x")
        assert _is_ready(high, 0)
        os.close(high)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(hears)
        os.close(says)
