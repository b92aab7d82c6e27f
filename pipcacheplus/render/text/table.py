"""Layout of text: aligned columns, cut to a terminal's width, and colours if they are wanted."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

__all__ = ["Layout", "Row"]

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

    def cut(self, text: str, width: int | None = None) -> str:
        """Shorten text to a width, that of the terminal unless one is given; not where the terminal's is `None`.

        >>> Layout(width=8, color=False).cut("manylinux"), Layout(width=None, color=False).cut("manylinux")
        ('manylin…', 'manylinux')
        """
        limit = self.width if width is None else width
        if self.width is None or limit is None or len(text) <= limit:
            return text
        return text[: limit - 1] + "…"

    def table(
        self, rows: Sequence[Row], *, right: Iterable[int] = (), give: int = 0, indent: str = ""
    ) -> Iterator[str]:
        """Yield rows with aligned columns.

        Args:
            rows: Cells; all rows have as many.
            right: Columns that are aligned to the right.
            give: The column that gives way if the terminal is too narrow.
            indent: What each line begins with.
        """
        if rows:
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            yield from self.aligned(rows, widths, right=right, give=give, indent=indent)

    def aligned(
        self, rows: Iterable[Row], widths: Sequence[int], *, right: Iterable[int] = (), give: int = 0, indent: str = ""
    ) -> Iterator[str]:
        """Yield rows with aligned columns, of which the widths are known; the rest is as `table`."""
        wide = list(widths)
        total = len(indent) + sum(wide) + len(_GAP) * (len(wide) - 1)
        if self.width is not None and total > self.width:
            wide[give] = max(min(_LEAST, wide[give]), wide[give] - (total - self.width))
        aligned = frozenset(right)
        line = indent + _GAP.join(f"%{'' if at in aligned else '-'}{width}s" for at, width in enumerate(wide))
        if wide[give] < widths[give] and give not in aligned:
            rows = ((*row[:give], self.cut(row[give], wide[give]), *row[give + 1 :]) for row in rows)
        return map(str.rstrip, map(line.__mod__, rows))
