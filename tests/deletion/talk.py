"""What the command line is asked for, and what it must never print."""

import unicodedata
from collections.abc import Iterator

from tests.deletion.objects.ground import FORGED

__all__ = ["REASONS", "talk_problems", "values_problems"]

REASONS = ("--corrupt", "--partial", "--stale", "--incompatible", "--outdated-builds", "--unsafe", "--orphaned")
"""Of `prune`: all of them."""
_TABS = 7
"""Between the values of a line of `list`."""


def talk_problems(text: str) -> Iterator[str]:
    """Yield what must not be printed for people."""
    for line in text.split("\n"):
        if line.startswith(FORGED):
            yield f"a name began a line of its own: {line!r}"
        bad = {char for char in line if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
        if bad:
            yield f"{sorted(map(ascii, bad))} in {line[:300]!r}"


def values_problems(text: str) -> Iterator[str]:
    """Yield what must not be printed as tab-separated values: a line of other than eight, or what no text may hold."""
    for line in text.splitlines():
        if line.count("\t") != _TABS:
            yield f"not eight values: {line[:300]!r}"
    yield from talk_problems(text.replace("\t", " "))
