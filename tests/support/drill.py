"""Tests that go through thousands of cases: a telling part of them by default, all of them in a drill.

`PIPCACHEPLUS_DRILL=1` makes a run a drill; `nox -s drill-...` sets it.
"""

import os
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

__all__ = ["IS_DRILL", "part_of"]

IS_DRILL = bool(os.environ.get("PIPCACHEPLUS_DRILL"))

_Case = TypeVar("_Case")


def part_of(
    cases: Iterable[_Case], every: int, kind: Callable[[_Case], Hashable], *, is_drill: bool = IS_DRILL
) -> list[_Case]:
    """Return all cases in a drill; else the first of each kind, and of the others one of so many.

    The order stays, and the same cases give the same part.

    Args:
        cases: All of them.
        every: One of how many.
        kind: What no part may lack.
        is_drill: Whether all are wanted.
    """
    all_cases = list(cases)
    if is_drill:
        return all_cases
    kinds: set[Hashable] = set()
    part = []
    for number, case in enumerate(all_cases):
        is_new = kind(case) not in kinds
        kinds.add(kind(case))
        if is_new or number % every == every - 1:
            part.append(case)
    return part
