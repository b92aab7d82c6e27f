"""The part of a drill's cases that is tried by default leaves out no kind, and is the same each time."""

import pytest

from tests.support.drill import part_of

CASES = ["a1", "a2", "a3", "b1", "a4", "a5", "a6", "a7", "a8", "c1"]


@pytest.mark.parametrize(
    ("every", "part"),
    [
        (1, CASES),
        (3, ["a1", "a3", "b1", "a5", "a8", "c1"]),
        (100, ["a1", "b1", "c1"]),
    ],
)
def test_a_part_has_the_first_of_each_kind_and_one_of_so_many(every: int, part: list[str]) -> None:
    assert part_of(CASES, every, lambda case: case[0], is_drill=False) == part


def test_a_drill_has_all() -> None:
    assert part_of(iter(CASES), 100, lambda case: case[0], is_drill=True) == CASES
