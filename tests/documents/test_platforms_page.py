"""Each claim of the page of platforms names tests that exist, or is called assumed."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "explanation" / "platforms.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| claim", "| ---"))]
WAYS = ("run", "as elsewhere", "by value", "assumed")


@pytest.mark.parametrize("row", ROWS)
def test_each_claim_names_tests_that_exist_unless_it_is_assumed(row: str) -> None:
    defined = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    _, _, way, tests, _ = (cell.strip() for cell in row.split("|"))
    named = set(re.findall(r"`(test_\w+)`", tests))
    assert way.startswith(WAYS)
    assert named <= defined
    assert bool(named) is (way != "assumed")


def test_what_is_tried_as_elsewhere_is_in_the_test_of_that() -> None:
    there = (TESTS / "deletion" / "test_as_elsewhere.py").read_text(encoding="utf-8")
    for row in ROWS:
        if "| as elsewhere |" in row:
            assert any(f"def {name}(" in there for name in re.findall(r"`(test_\w+)`", row)), row
