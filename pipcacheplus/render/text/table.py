"""Layout of text: aligned columns, cut or wrapped to a terminal's width, and colours if they are wanted."""

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import zip_longest
from operator import le
from typing import NamedTuple

__all__ = ["Grid", "Layout", "Row", "breadth", "cell_lines", "fitted"]

Row = tuple[str, ...]

_GAP = "  "
_LEAST = 12
"""Columns that remain of a cell that is cut."""
_STYLES = {"bold": "1", "dim": "2", "red": "31", "yellow": "33", "green": "32"}


class Layout(NamedTuple):
    """The width and the colours that text is laid out for."""

    width: int | None
    """Columns of the terminal; `None`: nothing is cut."""
    color: bool

    def paint(self, text: str, style: str) -> str:
        r"""Return text in a style, if there are colours.

        >>> Layout(width=None, color=False).paint("a", "bold"), Layout(width=None, color=True).paint("a", "red")
        ('a', '\x1b[31ma\x1b[0m')
        """
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.color and text else text

    def cut(self, text: str, width: int | None = None, *, keeps_end: bool = False) -> str:
        """Shorten text to a width, that of the terminal unless one is given; not where the terminal's is `None`.

        >>> Layout(width=8, color=False).cut("manylinux"), Layout(width=None, color=False).cut("manylinux")
        ('manylin…', 'manylinux')
        >>> Layout(width=8, color=False).cut("/home/ada/pip", keeps_end=True)
        '…ada/pip'
        """
        limit = self.width if width is None else width
        if self.width is None or limit is None or len(text) <= limit:
            return text
        return "…" + text[len(text) - limit + 1 :] if keeps_end else text[: limit - 1] + "…"

    def table(
        self,
        rows: Sequence[Row],
        *,
        right: Container[int] = (),
        give: int = 0,
        indent: str = "",
        keeps_end: bool = False,
    ) -> Iterator[str]:
        """Return lines of rows with aligned columns.

        Args:
            rows: Cells; all rows have as many.
            right: Columns that are aligned to the right.
            give: The column that gives way if the terminal is too narrow.
            indent: What each line begins with.
            keeps_end: Whether a cell that gives way keeps its end, in which paths differ.
        """
        if not rows:
            return iter(())
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        natural, total = widths[give], len(indent) + breadth(widths)
        if self.width is not None and total > self.width:
            widths[give] = max(min(_LEAST, natural), natural - (total - self.width))
        line, cells = indent + _line(widths, right), iter(rows)
        if widths[give] < natural and give not in right:
            cells = (
                (*row[:give], self.cut(row[give], widths[give], keeps_end=keeps_end), *row[give + 1 :]) for row in rows
            )
        return map(str.rstrip, map(line.__mod__, cells))


class Grid:
    """Columns of widths that are known before the rows; a cell that is wider than its column goes on below."""

    def __init__(self, widths: Sequence[int], *, right: Container[int] = ()) -> None:
        """Take the width of each column, and which ones are aligned to the right."""
        self._widths = widths
        self._line = _line(widths, right)

    def lines(self, row: Row) -> list[str]:
        """Return the lines of a row."""
        rows = [row]
        if not all(map(le, map(len, row), self._widths)):
            rows = [*zip_longest(*map(cell_lines, row, self._widths), fillvalue="")]
        return [(self._line % cells).rstrip() for cells in rows]


def fitted(widths: Sequence[int], leasts: Iterable[tuple[int, int]], room: int | None) -> list[int]:
    """Return the widths of columns, reduced to fit into a line where they can be.

    Args:
        widths: Of the longest cell of each column.
        leasts: Columns that give way, one after the other, each with the width that it keeps. One can come again.
        room: Characters of a line; `None`: as many as it takes.

    >>> fitted([20, 10, 30], [(2, 12), (0, 15)], 50), fitted([20, 10, 30], [(2, 12), (0, 15)], 30)
    ([20, 10, 16], [15, 10, 12])
    """
    wide = list(widths)
    for at, least in leasts:
        excess = 0 if room is None else breadth(wide) - room
        if excess > 0:
            wide[at] = min(wide[at], max(least, wide[at] - excess))
    return wide


def breadth(widths: Sequence[int]) -> int:
    """Return how many characters a line has with columns of these widths."""
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _line(widths: Sequence[int], right: Container[int]) -> str:
    return _GAP.join(f"%{'' if at in right else '-'}{width}s" for at, width in enumerate(widths))


def cell_lines(text: str, width: int | None) -> list[str]:
    """Return the lines of a cell in a column of a width.

    >>> cell_lines("argon2-cffi-bindings", 12), cell_lines("a b", None)
    (['argon2-cffi-', 'bindings'], ['a b'])
    """
    if width is None or len(text) <= width:
        return [text]
    from textwrap import wrap  # noqa: PLC0415 - few terminals are so narrow

    return wrap(text, width)
