"""Broken off at any call, in moving away or in bringing back: nothing is lost, and the next undo ends it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.apply.system import System
from pipcacheplus.model.values import State
from tests.apply.doing import Clock, a_system
from tests.apply.trashes import BrokenOffError, bodies_alone, breaking, everything, runs, seen, trashed, undone
from tests.support.builders import Cache, page_headers

URL = "https://files.example/demo"
EVER = 10_000


def by_paths(clock: Clock | None = None) -> System:
    """Return a machine without descriptors of directories."""
    return a_system(clock, has_descriptors=False, max_handles=0)


MACHINES = pytest.mark.parametrize("machine", [a_system, by_paths], ids=["descriptors", "paths"])
Machine = Callable[..., System]


def calls_of(what: Callable[..., object], cache: Cache, machine: Machine, **more: object) -> int:
    system, calls = breaking(machine(), EVER, after=False)
    what(cache, system=system, **more)
    return len(calls)


@MACHINES
@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_a_removal_that_is_broken_off_anywhere_can_be_undone(
    tmp_path: Path,
    machine: Machine,
    is_exclusive: bool,  # noqa: FBT001 - a row's value
) -> None:
    everything(Cache(tmp_path / "first" / "cache"))
    first = Cache(tmp_path / "first" / "cache")
    number = calls_of(trashed, first, machine, is_exclusive=is_exclusive)
    assert number > 20
    for at in range(2 * number):
        cache = Cache(tmp_path / str(at) / "cache")
        everything(cache)
        before = seen(cache.path)
        system, _ = breaking(machine(), at // 2, after=bool(at % 2))
        with pytest.raises(BrokenOffError):
            trashed(cache, system=system, is_exclusive=is_exclusive)
        report = undone(cache, system=machine())
        assert {outcome.state for outcome in report.outcomes} <= {State.RESTORED}
        assert seen(cache.path) == before
        assert runs(cache) == []


@MACHINES
def test_an_undo_that_is_broken_off_anywhere_is_ended_by_the_next(tmp_path: Path, machine: Machine) -> None:
    first = Cache(tmp_path / "first" / "cache")
    everything(first)
    trashed(first, system=machine())
    number = calls_of(undone, first, machine)
    assert number > 20
    for at in range(2 * number):
        cache = Cache(tmp_path / str(at) / "cache")
        everything(cache)
        before = seen(cache.path)
        was_alone = bodies_alone(cache)
        trashed(cache, system=machine())
        system, _ = breaking(machine(), at // 2, after=bool(at % 2))
        with pytest.raises(BrokenOffError):
            undone(cache, system=system)
        assert bodies_alone(cache) <= was_alone
        undone(cache, system=machine())
        assert seen(cache.path) == before
        assert runs(cache) == []


@pytest.mark.parametrize("is_exclusive", [True, False], ids=["exclusive", "shared"])
def test_both_can_be_broken_off_one_after_the_other(tmp_path: Path, is_exclusive: bool) -> None:  # noqa: FBT001 - a row's value
    def page(name: str) -> Cache:
        cache = Cache(tmp_path / name / "cache")
        cache.http_v2(URL, b"x" * 3000, headers=page_headers(b"x"))
        return cache

    number = calls_of(trashed, page("first"), a_system, is_exclusive=is_exclusive)
    for one in range(number):
        for other in range(12):
            cache = page(f"{one}-{other}")
            before = seen(cache.path)
            with pytest.raises(BrokenOffError):
                trashed(cache, system=breaking(a_system(), one, after=False)[0], is_exclusive=is_exclusive)
            try:
                undone(cache, system=breaking(a_system(), other // 2, after=bool(other % 2))[0])
            except BrokenOffError:
                undone(cache)
            assert seen(cache.path) == before
