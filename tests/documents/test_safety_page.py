"""Every promise that is written down names tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "explanation" / "safety.md"
_NAME = re.compile(r"`(test_\w+)`")


def promises() -> list[str]:
    """Return the rows of the table of promises."""
    table = PAGE.read_text(encoding="utf-8").partition("## Promises")[2].partition("\n## ")[0]
    return [line for line in table.splitlines() if line.startswith("| ")][1:]


def test_every_promise_has_a_test_that_exists() -> None:
    known = set(re.findall(r"^def (test_\w+)", "".join(map(_text, TESTS.rglob("test_*.py"))), re.MULTILINE))
    rows = [row for row in promises() if not row.startswith("| ---")]
    assert len(rows) > 20
    for row in rows:
        named = _NAME.findall(row)
        assert named, row
        assert set(named) <= known, row


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
