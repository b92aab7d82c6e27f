"""While pips may be at work: what cannot be disarmed goes only if it lay still. Every test looks at what is left."""

import os
from pathlib import Path

import pytest

from pipcacheplus.model.values import Outcome, State
from tests.apply.doing import Clock, a_system, carried_out, left, only, planned, states
from tests.support.builders import NOW_S, Cache

URL = "https://files.example/demo"
HOUR_S = 3600.0


def test_a_file_with_another_name_is_not_written(cache: Cache, tmp_path: Path) -> None:
    head = cache.http_v2(URL, b"x")
    before = cache.real(head).read_bytes()
    os.link(cache.real(head), tmp_path / "outside")
    cache.set_age(head, 26 * HOUR_S)  # by reading it we have used it
    report = carried_out(planned(cache))
    assert only(report).state is State.REMOVED
    assert (tmp_path / "outside").read_bytes() == before
    assert only(report).disk_size == only(report).action.files[0].disk_size
    assert left(cache) == {"http-v2/"}


@pytest.mark.parametrize("cc", [1, 2])
@pytest.mark.parametrize(
    ("age_s", "state"), [(26 * HOUR_S, State.REMOVED), (24.9 * HOUR_S, State.BUSY), (-5.0, State.BUSY)]
)
def test_what_cannot_be_disarmed_goes_only_if_it_lay_still(cache: Cache, cc: int, age_s: float, state: State) -> None:
    entry = cache.http(URL, b"x", cc=cc, age_s=age_s)
    clock = Clock()
    report = carried_out(planned(cache), clock=clock)
    assert only(report).state is state
    assert clock.slept_s == pytest.approx(20)
    assert left(cache) == ({"http/"} if state is State.REMOVED else {entry})


def test_what_cannot_be_disarmed_and_is_read_during_the_wait_stays(cache: Cache) -> None:
    entry = cache.http(URL, b"x", cc=2)
    path = cache.real(entry)
    read = Clock(lambda: os.utime(path, (NOW_S, path.stat().st_mtime)))
    report = carried_out(planned(cache), clock=read)
    assert only(report).state is State.BUSY
    assert left(cache) == {entry}


def test_what_cannot_be_disarmed_and_vanishes_is_no_failure(cache: Cache) -> None:
    entry = cache.http(URL, b"x", cc=2)
    report = carried_out(planned(cache), clock=Clock(cache.real(entry).unlink))
    assert (report.failed, report.freed_bytes) == ((), 0)
    assert left(cache) == {"http/"}


@pytest.mark.parametrize(
    ("read_s", "written_s", "state"),
    [
        (26 * HOUR_S, 26 * HOUR_S, State.REMOVED),
        (24.5 * HOUR_S, 90 * HOUR_S, State.BUSY),  # read
        (90 * HOUR_S, 24.5 * HOUR_S, State.BUSY),  # written
        (-60.0, 90 * HOUR_S, State.BUSY),  # in the future
    ],
)
def test_a_built_wheel_goes_only_if_it_lay_still_for_a_day(
    cache: Cache, read_s: float, written_s: float, state: State
) -> None:
    wheel = cache.built_wheel("demo")
    before = left(cache)  # which reads them all
    os.utime(cache.real(wheel), (NOW_S - read_s, NOW_S - written_s))
    outcome = only(carried_out(planned(cache)))
    assert outcome.state is state
    assert outcome.error == (
        None
        if state is State.REMOVED
        else "used or written within a day, and pips may be running; `exclusive=True` means that none is"
    )
    assert left(cache) == ({wheel.rpartition("/")[0] + "/"} if state is State.REMOVED else before)


def test_when_no_pip_is_at_work_a_wheel_of_today_goes(cache: Cache) -> None:
    cache.built_wheel("demo", age_s=5)
    assert only(carried_out(planned(cache), is_exclusive=True)).state is State.REMOVED
    assert left(cache) == {"wheels/"}


def test_without_access_times_a_wheel_goes_by_its_other_times(cache: Cache) -> None:
    wheel = cache.built_wheel("demo")
    before = left(cache)
    changed_s = cache.real(wheel).stat().st_ctime
    early, late = (a_system(now_s=lambda s=s: changed_s + s * HOUR_S) for s in (24.9, 25.1))
    assert only(carried_out(planned(cache), system=early, has_access_times=False)).state is State.BUSY
    assert left(cache) == before
    assert only(carried_out(planned(cache), system=late, has_access_times=False)).state is State.REMOVED
    assert left(cache) == {wheel.rpartition("/")[0] + "/"}


def test_where_our_own_reading_moves_access_times_those_of_before_count(cache: Cache) -> None:
    wheel = cache.built_wheel("demo")
    plan = planned(cache, moves_access_times=True)
    os.utime(cache.real(wheel), (NOW_S, cache.real(wheel).stat().st_mtime))
    assert only(carried_out(plan)).state is State.REMOVED
    assert left(cache) == {wheel.rpartition("/")[0] + "/"}


def test_the_origin_stays_with_the_wheel_that_stays(cache: Cache) -> None:
    old = cache.built_wheel("demo", tag="py2-none-any")
    new = cache.built_wheel("demo", tag="py3-none-any")
    folder = new.rpartition("/")[0]
    os.utime(cache.real(old), (NOW_S, NOW_S))
    report = carried_out(planned(cache))
    assert states(report) == {old: State.BUSY, new: State.REMOVED}
    assert left(cache) == {old, f"{folder}/origin.json"}


def test_an_origin_beside_which_a_wheel_was_built_stays(cache: Cache) -> None:
    wheel = cache.built_wheel("demo")
    content = cache.real(wheel).read_bytes()
    cache.real(wheel).unlink()
    plan = planned(cache)
    cache.write(wheel, content)
    before = left(cache)
    assert only(carried_out(plan)) == Outcome(action=plan.actions[0], state=State.CHANGED)
    assert left(cache) == before


def test_the_origin_goes_with_the_last_wheel(cache: Cache) -> None:
    wheels = [cache.built_wheel("demo", tag=tag) for tag in ("py2-none-any", "py3-none-any")]
    report = carried_out(planned(cache))
    assert states(report) == dict.fromkeys(wheels, State.REMOVED)
    assert left(cache) == {wheels[0].rpartition("/")[0] + "/"}


@pytest.mark.parametrize(
    ("read_s", "made_s", "state"),
    [
        (26 * HOUR_S, 26 * HOUR_S, State.REMOVED),
        (24.5 * HOUR_S, 90 * HOUR_S, State.BUSY),  # a pip that builds has looked for a wheel in it
        (90 * HOUR_S, 24.5 * HOUR_S, State.BUSY),  # made for a build, which may take that long
        (-60.0, 90 * HOUR_S, State.BUSY),  # in the future
    ],
)
def test_an_empty_directory_below_wheels_goes_only_if_it_lay_still_for_a_day(
    cache: Cache, read_s: float, made_s: float, state: State
) -> None:
    folder = cache.directory("wheels/18/ac/23/" + "5" * 50)
    os.utime(cache.real(folder), (NOW_S - read_s, NOW_S - made_s))
    report = carried_out(planned(cache))
    assert (only(report).state, report.failed) == (state, ())
    assert left(cache) == {folder.rpartition("/")[0] + "/" if state is State.REMOVED else folder + "/"}


def test_an_empty_directory_below_wheels_that_is_gone_is_no_failure(cache: Cache) -> None:
    folder = cache.directory("wheels/18/ac/23/" + "5" * 50)
    plan = planned(cache)
    cache.real(folder).rmdir()
    assert (only(carried_out(plan)).state, only(carried_out(plan, is_planned=True)).state) == (State.GONE, State.GONE)


def test_of_two_directories_the_second_counts_too_if_the_first_is_gone(cache: Cache) -> None:
    """As of a build that left two, one in the other."""
    outer = "wheels/18/ac/23/" + "5" * 50 + "/tmpab12cd_9"
    inner = cache.directory(outer + "/inner")
    plan = planned(cache)
    (action,) = plan.actions
    assert [folder.path for folder in action.entry.folders] == [inner, outer]
    cache.real(inner).rmdir()
    os.utime(cache.real(outer), (NOW_S, NOW_S))
    outcome = only(carried_out(plan))
    assert (outcome.state, outcome.error) == (
        State.BUSY,
        "made or read within a day, and a build may be about to use it",
    )
    assert left(cache) == {outer + "/"}


def test_empty_directories_of_responses_go_at_any_age(cache: Cache) -> None:
    cache.directory("http-v2/0/1/2", age_s=1)
    assert only(carried_out(planned(cache))).state is State.REMOVED
    assert left(cache) == {"http-v2/"}
