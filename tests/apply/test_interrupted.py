"""Told to stop: what is in hand is finished, nothing else is begun, and the report is that of what was done."""

from collections.abc import Callable

import pytest

from pipcacheplus.model.values import State
from tests.apply.doing import Clock, carried_out, left, planned, states
from tests.support.builders import Cache, page_headers, tree

URL = "https://files.example/demo"


def after(times: int) -> Callable[[], bool]:
    """Return a function that is asked so often before it says to stop; afterwards it has forgotten that."""
    asked = [0]

    def stop() -> bool:
        asked[0] += 1
        return asked[0] == times + 1

    return stop


@pytest.mark.parametrize("times", range(4))
@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_nothing_is_begun_after_a_request_to_stop(cache: Cache, times: int, is_exclusive: bool) -> None:  # noqa: FBT001 - a row's value
    halves = [cache.http_v2(f"{URL}{number}", b"x", has_body=False) for number in range(3)]
    plan = planned(cache)
    report = carried_out(plan, is_exclusive=is_exclusive, stop=after(times))
    assert [outcome.state for outcome in report.outcomes] == [State.REMOVED] * min(times, 3)
    gone = {outcome.action.entry.id for outcome in report.outcomes}
    assert report.is_interrupted == (times < 3)
    assert {path for path in left(cache) if not path.endswith("/")} == set(halves) - gone


def test_what_was_disarmed_and_not_removed_is_told(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    old = cache.http(URL, b"x", cc=2)
    wheel = cache.built_wheel("demo")
    is_asked: list[bool] = []
    clock = Clock(lambda: is_asked.append(True))
    report = carried_out(planned(cache), clock=clock, stop=lambda: bool(is_asked))
    assert states(report) == {head: State.FAILED, wheel: State.REMOVED}
    assert report.is_interrupted
    assert clock.slept_s < 1
    assert [outcome.error for outcome in report.failed] == [
        "interrupted before its removal; pip will download it again"
    ]
    assert {head, head + ".body", old} <= left(cache)


def test_a_request_during_the_last_removals_leaves_the_rest(cache: Cache) -> None:
    heads = [cache.http_v2(f"{URL}{number}", b"x") for number in range(3)]
    clock = Clock()
    plan = planned(cache)
    report = carried_out(plan, clock=clock, stop=lambda: clock.slept_s >= 20 and len(left(cache)) <= 5)
    assert sorted(state.value for state in states(report).values()) == ["failed", "failed", "removed"]
    assert len({path for path in left(cache) if path in heads}) == 2


def test_an_exception_during_the_wait_closes_what_is_open_and_leaves_no_body_alone(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carried_out(planned(cache), clock=Clock(interrupt))
    assert left(cache) == {head, head + ".body"}


def test_the_next_run_finishes_what_an_interrupted_one_began(cache: Cache) -> None:
    cache.http_v2(URL, b"x", headers=page_headers(b"x"))
    clock = Clock()
    carried_out(planned(cache), clock=clock, stop=lambda: clock.slept_s > 0)
    disarmed = tree(cache.path)
    report = carried_out(planned(cache))
    assert set(states(report).values()) == {State.REMOVED}
    assert b"~~" in b"".join(content for content in disarmed.values() if isinstance(content, bytes))
    assert left(cache) == {"http-v2/"}
