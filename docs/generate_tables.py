"""Tables of Markdown, and texts in their cells."""

import re
from collections.abc import Iterable, Iterator, Sequence

_PART = re.compile(r"(?P<code>`[^`]+`)|(?P<option>(?<![\w-])--[a-z][a-z-]*)|[\\*<\[]")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    for row in (head, ["---"] * len(head), *rows):
        yield "| " + " | ".join(row) + " |"


def code(text: str) -> str:
    """Return a text as code in a cell."""
    return f"`{text}`".replace("|", r"\|")


def cell(text: str) -> str:
    r"""Return a text of the program in a cell: options and what is in backticks are code, and nothing else is markup.

    >>> print(cell("'six-*' or `a|b` with --to"))
    'six-\*' or `a\|b` with `--to`
    """
    return _PART.sub(_marked, " ".join(text.split())).replace("|", r"\|")


def _marked(part: re.Match[str]) -> str:
    if part["code"]:
        return part[0]
    return f"`{part[0]}`" if part["option"] else "\\" + part[0]
