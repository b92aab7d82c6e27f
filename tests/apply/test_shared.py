"""While pips may be at work: what is written over, what is waited for, what stays. Every test looks at what is left."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.model.values import Outcome, Shape, State
from tests.apply.doing import Clock, a_system, carried_out, left, only, planned, states
from tests.support.builders import Cache, file_headers, page_headers, tree
from tests.support.holding import all_open, open_at, opened
from tests.support.processes import run

URL = "https://files.example/demo"


def test_a_response_goes_after_the_wait_and_not_before(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    seen: list[bytes | str] = []
    clock = Clock(lambda: seen.extend(tree(cache.path).values()))
    report = carried_out(planned(cache), clock=clock)
    assert only(report).state is State.REMOVED
    assert [file.path for file in only(report).removed] == [head + ".body", head]
    assert clock.slept_s == pytest.approx(20)
    assert sorted(len(content) for content in seen) == sorted(file.size for file in only(report).removed)
    assert left(cache) == {"http-v2/"}


def test_during_the_wait_no_pip_relies_on_what_goes(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    seen: list[bytes] = []
    carried_out(planned(cache), clock=Clock(lambda: seen.append(cache.real(head).read_bytes())))
    assert b'"~~' in seen[0]
    assert b"max-age=000" in seen[0]
    assert b" 1000 00:00:00 GMT" in seen[0]
    assert left(cache) == {"http-v2/"}


def test_one_wait_does_for_all(cache: Cache) -> None:
    for number in range(5):
        cache.http_v2(f"{URL}{number}", b"x")
        cache.http(f"{URL}{number}", b"x")
    clock = Clock()
    report = carried_out(planned(cache), clock=clock)
    assert set(states(report).values()) == {State.REMOVED}
    assert clock.slept_s == pytest.approx(20)
    assert left(cache) == {"http/", "http-v2/"}


def test_the_length_of_the_wait_is_the_callers_affair(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    clock = Clock()
    carried_out(planned(cache), clock=clock, wait_s=1.5)
    assert clock.slept_s == pytest.approx(1.5)
    assert left(cache) == {"http-v2/"}


def make_half(cache: Cache) -> str:
    return cache.http_v2(URL, b"half", has_head=False) + ".body"


def make_leftover(cache: Cache) -> str:
    return cache.temporary("http-v2/0/1/2/4/8/01248" + "a" * 51)


def make_unreadable(cache: Cache) -> str:
    head = cache.http_v2(URL, b"x")
    return cache.write(head, b"cc=4,")


def make_wheel(cache: Cache) -> str:
    return cache.built_wheel("demo")


def make_selfcheck(cache: Cache) -> str:
    return cache.selfcheck("/nonexistent")


def make_single_without_validator(cache: Cache) -> str:
    return cache.http(URL, b"x", headers={"Date": "Thu, 25 Dec 2025 00:00:00 GMT"})


@pytest.mark.parametrize(
    "make",
    [make_half, make_leftover, make_unreadable, make_wheel, make_selfcheck, make_single_without_validator],
)
def test_what_no_pip_can_be_asking_about_goes_at_once(cache: Cache, make: Callable[[Cache], str]) -> None:
    made = make(cache)
    clock = Clock()
    report = carried_out(planned(cache, made), clock=clock)
    assert (only(report).state, clock.slept_s) == (State.REMOVED, 0)
    assert not any(path.startswith(made) for path in left(cache))


def test_leftovers_go_first_and_what_needs_no_wait_goes_meanwhile(cache: Cache) -> None:
    page = cache.http_v2(URL + "/page", b"x", headers=page_headers(b"x"))
    wheel, half = make_wheel(cache), make_half(cache)
    at_the_wait: set[str] = set()
    unlinked: list[str] = []

    def unlink(name: str, **where: int) -> None:
        unlinked.append(name)
        os.unlink(name, **where)

    clock = Clock(lambda: at_the_wait.update(left(cache)))
    report = carried_out(planned(cache), system=a_system(clock, unlink=unlink))
    assert at_the_wait & {page, wheel, half} == {page}
    assert [name.rpartition(".")[2] for name in unlinked[:2]] == ["body", "whl"]
    assert set(states(report).values()) == {State.REMOVED}
    assert left(cache) == {"http-v2/", wheel.rpartition("/")[0] + "/"}


def make_page(cache: Cache) -> str:
    return cache.http_v2(URL, b"x", headers=page_headers(b"x"))


def test_outcomes_are_in_the_order_of_the_plan(cache: Cache) -> None:
    make_wheel(cache)
    make_page(cache)
    make_leftover(cache)
    plan = planned(cache)
    report = carried_out(plan)
    assert [outcome.action for outcome in report.outcomes] == list(plan.actions)
    assert set(states(report).values()) == {State.REMOVED}


def renewed(cache: Cache, head: str, name: str) -> Callable[[], None]:
    """Put a new file in place of one, as pip does: by a rename."""

    def renew() -> None:
        cache.write(head + ".new", b"cc=4,renewed", age_s=0)
        cache.real(head + ".new").rename(cache.real(name))

    return renew


@pytest.mark.parametrize("which", ["", ".body"], ids=["head", "body"])
@pytest.mark.parametrize("handles", [0, 100])
def test_what_a_pip_renewed_during_the_wait_stays(cache: Cache, which: str, handles: int) -> None:
    head = make_page(cache)
    clock = Clock(renewed(cache, head, head + which))
    report = carried_out(planned(cache), system=a_system(clock, max_handles=handles))
    assert (only(report).state, only(report).removed) == (State.CHANGED, ())
    assert left(cache) == {head, head + ".body"}
    assert cache.real(head + which).read_bytes() == b"cc=4,renewed"


def test_a_file_that_only_looks_as_we_left_it_stays(cache: Cache) -> None:
    """Same number, size and modification time: the change time tells."""
    head = make_page(cache)

    def write_again() -> None:
        path = cache.real(head)
        status, content = path.stat(), path.read_bytes()
        path.write_bytes(content[:-1] + b"\xa0")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    report = carried_out(planned(cache), clock=Clock(write_again))
    assert only(report).state is State.CHANGED
    assert left(cache) == {head, head + ".body"}


def test_what_vanished_during_the_wait_is_no_failure(cache: Cache) -> None:
    head = make_page(cache)

    def vanish() -> None:
        cache.real(head).unlink()
        cache.real(head + ".body").unlink()

    report = carried_out(planned(cache), clock=Clock(vanish))
    assert (report.failed, report.freed_bytes) == ((), 0)
    assert left(cache) == {"http-v2/"}


@pytest.mark.parametrize("gone", ["", ".body"], ids=["head", "body"])
def test_the_rest_of_a_pair_that_fell_apart_goes_at_once(cache: Cache, gone: str) -> None:
    head = make_page(cache)
    plan = planned(cache)
    cache.real(head + gone).unlink()
    clock = Clock()
    report = carried_out(plan, clock=clock)
    assert (only(report).state, clock.slept_s) == (State.REMOVED, 0)
    assert left(cache) == {"http-v2/"}


@pytest.mark.parametrize("which", ["", ".body"], ids=["head", "body"])
def test_what_changed_before_is_neither_written_nor_removed(cache: Cache, which: str) -> None:
    head = make_page(cache)
    plan = planned(cache)
    cache.write(head + which, b"renewed", age_s=5)
    before = tree(cache.path)
    report = carried_out(plan)
    assert only(report) == Outcome(action=plan.actions[0], state=State.CHANGED)
    assert tree(cache.path) == before


def test_with_more_entries_than_handles_all_go(cache: Cache) -> None:
    for number in range(7):
        cache.http_v2(f"{URL}{number}", b"x")
    open_then: list[int] = []
    clock = Clock(lambda: open_then.append(len(os.listdir("/dev/fd"))))
    before = len(os.listdir("/dev/fd"))
    report = carried_out(planned(cache), system=a_system(clock, max_handles=3))
    assert [outcome.state for outcome in report.outcomes] == [State.REMOVED] * 7
    # The directories on the way to an entry are open too.
    assert 3 <= open_then[0] - before <= 3 + 8
    assert len(os.listdir("/dev/fd")) == before
    assert left(cache) == {"http-v2/"}


def refusing(name: str, number: int) -> Callable[..., None]:
    """Unlink all but the files whose names end so."""

    def unlink(path: str, **where: int) -> None:
        if path.endswith(name):
            raise OSError(number, os.strerror(number), path)
        os.unlink(path, **where)

    return unlink


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOSPC, errno.ESTALE], ids=errno.errorcode.get
)
def test_a_failure_is_told_and_the_rest_goes(cache: Cache, number: int) -> None:
    stuck, free = cache.http_v2(URL, b"x"), cache.http_v2(URL + "2", b"y")
    report = carried_out(planned(cache), system=a_system(unlink=refusing(stuck[-9:] + ".body", number)))
    failed = next(outcome for outcome in report.outcomes if outcome.state is State.FAILED)
    assert (failed.action.entry.id, failed.removed, failed.error) == (stuck, (), os.strerror(number))
    assert states(report)[free] is State.REMOVED
    assert left(cache) == {stuck, stuck + ".body"}


def test_what_went_before_a_failure_is_told(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    report = carried_out(planned(cache), system=a_system(unlink=refusing(head[-9:], errno.EIO)))
    assert (only(report).state, [file.path for file in only(report).removed]) == (State.FAILED, [head + ".body"])
    assert left(cache) == {head}


def is_marked(mark: str, path: Path) -> bool:
    return not run(["chattr", mark, str(path)]).returncode


def test_what_cannot_be_written_fails_untouched(cache: Cache) -> None:
    head = make_page(cache)
    free = cache.http_v2(URL + "2", b"y")
    before = cache.real(head).read_bytes()
    plan = planned(cache)
    if os.geteuid():
        cache.real(head).chmod(0o400)
    elif shutil.which("chattr") is None or not is_marked("+i", cache.real(head)):
        pytest.skip("root takes a file system with marks")
    try:
        report = carried_out(plan)
    finally:
        if not os.geteuid():
            is_marked("-i", cache.real(head))
    assert states(report) == {head: State.FAILED, free: State.REMOVED}
    assert [outcome.error for outcome in report.failed] == [os.strerror(errno.EACCES if os.geteuid() else errno.EPERM)]
    assert cache.real(head).read_bytes() == before
    assert left(cache) == {head, head + ".body"}


@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_an_outcome_names_the_origin_only_if_it_was_to_go(cache: Cache, is_exclusive: bool) -> None:  # noqa: FBT001 - a row's value
    stuck, free = (cache.built_wheel("demo", tag=tag) for tag in ("py2-none-any", "py3-none-any"))
    plan = planned(cache)
    report = carried_out(
        plan, system=a_system(unlink=refusing("-py2-none-any.whl", errno.EIO)), is_exclusive=is_exclusive
    )
    assert states(report) == {stuck: State.FAILED, free: State.REMOVED}
    (told,) = (outcome.action for outcome in report.outcomes if outcome.state is State.REMOVED)
    assert [file.path for file in told.files] == [free]
    assert left(cache) == {stuck, stuck.rpartition("/")[0] + "/origin.json"}


def test_progress_goes_on_during_the_wait_and_ends_with_all_done(cache: Cache) -> None:
    make_page(cache)
    make_wheel(cache)
    seen: list[tuple[int, int | None]] = []
    carried_out(planned(cache), progress=lambda done, total: seen.append((done, total)))
    assert (seen[0], seen[-1]) == ((0, 2), (2, 2))
    assert seen.count((1, 2)) > 50
    assert left(cache) >= {"http-v2/"}


def test_bytes_count_by_blocks_really_freed(cache: Cache, tmp_path: Path) -> None:
    head = cache.http_v2(URL, b"x" * 50_000, headers=file_headers(b"x"))
    os.link(cache.real(head + ".body"), tmp_path / "second")
    blocks = cache.real(head).stat().st_blocks
    outcome: Outcome = only(carried_out(planned(cache)))
    assert outcome.disk_size == blocks * 512
    assert left(cache) == {"http-v2/"}
    assert (tmp_path / "second").stat().st_size == 50_000


def test_a_pair_whose_head_is_no_plain_file_any_more_stays(cache: Cache, tmp_path: Path) -> None:
    head = make_page(cache)
    plan = planned(cache)
    (tmp_path / "outside").write_bytes(cache.real(head).read_bytes())
    cache.real(head).unlink()
    cache.real(head).symlink_to(tmp_path / "outside")
    before = tree(tmp_path)
    assert only(carried_out(plan)).state is State.CHANGED
    assert tree(tmp_path) == before


def test_shapes_of_all_kinds_go_in_one_run(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.http(URL, b"x")
    cache.http_v2(URL + "2", b"half", has_head=False)
    make_leftover(cache)
    make_selfcheck(cache)
    cache.lock_directory("http/0/1/2/4/8/01248" + "a" * 51, host="here", pid=5)
    wheel = make_wheel(cache)
    cache.build_directory(wheel, b"half")
    cache.log()
    notes = cache.foreign()
    plan = planned(cache)
    assert len({action.entry.shape for action in plan.actions} - {Shape.FOREIGN}) >= 8
    report = carried_out(plan)
    assert set(states(report).values()) == {State.REMOVED}
    leaf = wheel.rpartition("/")[0]
    assert {path for path in left(cache) if not path.endswith("/")} == {notes}
    assert leaf + "/" in left(cache)


@pytest.mark.parametrize(("handles", "kept"), [(0, 0), (2, 2), (3, 3), (9, 3)])
def test_during_the_wait_as_many_heads_are_open_as_may_be(cache: Cache, handles: int, kept: int) -> None:
    heads = [cache.real(cache.http_v2(f"{URL}{number}", b"x", headers=page_headers(b"x"))) for number in range(3)]
    open_then: list[int] = []
    clock = Clock(lambda: open_then.extend(len(open_at(head)) for head in heads))
    carried_out(planned(cache), system=a_system(clock, max_handles=handles))
    assert sorted(open_then, reverse=True) == [1] * kept + [0] * (3 - kept)
    assert left(cache) == {"http-v2/"}


def test_a_dry_run_keeps_no_head_open_and_opens_none_for_writing(cache: Cache) -> None:
    """A lease keeps others from writing: to open the file for that fails, or takes the lease away."""
    fcntl = pytest.importorskip("fcntl")
    signals = pytest.importorskip("signal")
    if not hasattr(fcntl, "F_SETLEASE"):
        pytest.skip("takes leases")
    head = cache.real(make_page(cache))
    plan = planned(cache)
    before = signals.signal(signals.SIGIO, signals.SIG_IGN)
    try:
        with opened(head) as descriptor:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            assert only(carried_out(plan, is_planned=True)).state is State.PLANNED
            assert open_at(head) == [descriptor]
            assert only(carried_out(plan)).state is State.FAILED  # the lease holds
    finally:
        signals.signal(signals.SIGIO, before)
    assert head.exists()


def test_a_head_that_is_held_open_is_closed_before_its_directory_goes(cache: Cache) -> None:
    """NFS keeps an open file under another name, and so its directory."""
    head = cache.real(make_page(cache))
    status = head.stat()
    open_then: list[int] = []

    def rmdir(name: str, **where: int) -> None:
        open_then.append(sum(os.path.samestat(status, other) for other in all_open().values()))
        os.rmdir(name, **where)

    carried_out(planned(cache), system=a_system(rmdir=rmdir))
    assert left(cache) == {"http-v2/"}
    assert open_then == [0] * 5


def test_of_a_wait_that_is_over_at_once_nobody_is_told(cache: Cache) -> None:
    make_page(cache)
    left_s: list[float] = []
    carried_out(planned(cache), wait_s=0, waits=left_s.append)
    assert left_s == []
    assert left(cache) == {"http-v2/"}


def test_whoever_wants_to_know_is_told_how_long_it_still_waits(cache: Cache) -> None:
    cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    left_s: list[float] = []
    carried_out(planned(cache), wait_s=2, waits=left_s.append)
    assert left_s[0] == 2
    assert left_s[-1] == 0
    assert left_s == sorted(left_s, reverse=True)
    assert len(left_s) > 5


def test_nobody_is_told_of_a_wait_where_none_is_needed(cache: Cache) -> None:
    cache.temporary(cache.http(URL, b"x", headers={}))
    left_s: list[float] = []
    carried_out(planned(cache), waits=left_s.append)
    assert left_s == []
