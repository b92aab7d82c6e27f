"""Carrying plans out on a machine of one's own making: its clock moves only while somebody sleeps."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from filelock import lock_descriptor, unlock_descriptor

from pipcacheplus.apply.run import apply
from pipcacheplus.apply.system import System
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.values import CacheDir, Checked, Entry, Outcome, Plan, Report, Source, State
from pipcacheplus.plan.plan import by_request, make_plan
from tests.support.builders import NOW_S, Cache, tree

__all__ = ["MACHINES", "Clock", "a_system", "carried_out", "left", "machine", "only", "planned", "states"]


class Clock:
    """Time that passes in sleep, and what happens meanwhile."""

    def __init__(self, meanwhile: Callable[[], None] | None = None) -> None:
        self.now_s = 0.0
        self.slept_s = 0.0
        self._meanwhile = meanwhile

    def sleep(self, seconds: float) -> None:
        """Let the time pass; in the first of it, something happens."""
        if self._meanwhile is not None:
            happen, self._meanwhile = self._meanwhile, None
            happen()
        self.now_s += seconds
        self.slept_s += seconds

    def clock_s(self) -> float:
        """Return the seconds that have passed."""
        return self.now_s


def a_system(clock: Clock | None = None, **changes: Any) -> System:  # noqa: ANN401 - any field
    """Return a machine in which it is `NOW_S`."""
    clock = clock or Clock()
    system = System(
        has_descriptors=True,
        max_handles=100,
        uid=os.geteuid(),
        lock_folder=os.devnull,
        lock=lambda descriptor: lock_descriptor(descriptor, blocking=False),
        unlock=unlock_descriptor,
        clock_s=clock.clock_s,
        now_s=lambda: NOW_S + clock.now_s,
        sleep=clock.sleep,
    )
    return replace(system, **changes)


MACHINES = pytest.mark.parametrize("has_descriptors", [True, False], ids=["descriptors", "paths"])


def machine(clock: Clock | None = None, *, has_descriptors: bool = True, **changes: Any) -> System:  # noqa: ANN401 - any field
    """Return such a machine with or without descriptors of directories."""
    return a_system(clock, has_descriptors=has_descriptors, max_handles=100 if has_descriptors else 0, **changes)


def planned(cache: Cache, *ids: str, moves_access_times: bool = False) -> Plan:
    """Plan the removal of these entries, or of all."""
    with OpenCache(str(cache.path)) as opened:
        judged = [Checked(entry) for entry in scan(opened) if isinstance(entry, Entry)]
    return make_plan(
        CacheDir(path=str(cache.path), source=Source.ARGUMENT, moves_access_times=moves_access_times),
        judged,
        by_request(lambda entry: entry.id in ids or not ids),
        is_kept=lambda _: False,
        is_young=lambda _: False,
    )


def carried_out(plan: Plan, *, clock: Clock | None = None, is_exclusive: bool = False, **more: Any) -> Report:  # noqa: ANN401 - any argument
    """Carry a plan out, as if pips were at work."""
    return apply(plan, is_exclusive=is_exclusive, **{"system": a_system(clock), **more})


def left(cache: Cache) -> set[str]:
    """Return the paths of what is left, empty directories with a slash behind."""
    return set(tree(cache.path))


def states(report: Report) -> dict[str, State]:
    """Return what became of each entry."""
    return {outcome.action.entry.id: outcome.state for outcome in report.outcomes}


def only(report: Report) -> Outcome:
    """Return the one outcome."""
    (outcome,) = report.outcomes
    return outcome
