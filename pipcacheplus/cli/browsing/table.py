"""A table of any number of rows: only those on the screen are made."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pipcacheplus.cli.browsing.groups import Order
from pipcacheplus.cli.browsing.walk import Column

__all__ = ["RowTable", "TableRows"]

_GAP = "  "
_HEADER = Style(bold=True, underline=True)
_PLAIN = Style()
_CURSOR = Style(reverse=True)
_MARKED = Style(bold=True)
_DOUBLE = 2
"""Clicks that open a row."""


class TableRows(Protocol):
    """What a table shows."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns; one has no width of its own."""

    def __len__(self) -> int:
        """Return how many rows there are."""

    def cells(self, row: int) -> tuple[str, ...]:
        """Return the cells of a row, printable, the sign of a mark first."""


class RowTable(ScrollView, can_focus=True):
    """Rows with a cursor; it says what is done to a row, and does nothing itself."""

    DEFAULT_CSS = "RowTable { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home,g", "jump(0)", "first", show=False),
        Binding("end,G", "jump(-1)", "last", show=False),
    ]

    class Opened(Message):
        """A row was opened, by a double click."""

    class Toggled(Message):
        """The mark of a row was clicked."""

    class OrderChosen(Message):
        """The title of a column was clicked that rows can be in order of."""

        def __init__(self, order: Order) -> None:
            self.order = order
            super().__init__()

    def __init__(self, rows: TableRows, nothing: str) -> None:
        """Take the rows, and what to say if there are none."""
        super().__init__()
        self._rows = rows
        self._nothing = nothing
        self.cursor = 0

    def renew(self, cursor: int, nothing: str) -> None:
        """Show the rows again, of which there may be others, with the cursor on one of them."""
        self._nothing = nothing
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows) + 1)
        self.cursor = max(0, min(cursor, len(self._rows) - 1))
        self._show_cursor()
        self.refresh()

    def _show_cursor(self) -> None:
        # The title covers a line, so that the row needs to be seen with the line above it.
        self.scroll_to_region(Region(0, self.cursor, 1, 2), animate=False, force=True, immediate=True)

    def on_resize(self) -> None:
        """Take the new width."""
        self.renew(self.cursor, self._nothing)

    def action_move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by so many pages."""
        self._go(self.cursor + pages * max(1, self.size.height - 2))

    def action_jump(self, row: int) -> None:
        """Move the cursor to the first row, or to the last (-1)."""
        self._go(row if row >= 0 else len(self._rows) - 1)

    def _go(self, row: int) -> None:
        self.cursor = max(0, min(row, len(self._rows) - 1))
        self._show_cursor()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Go to a row, mark it (on its sign), open it (twice), or choose an order (on a title)."""
        if event.y == 0:
            self._choose_order(event.x)
            return
        row = event.y + round(self.scroll_y) - 1
        if not 0 <= row < len(self._rows):
            return
        self._go(row)
        if event.x <= len(_GAP):
            self.post_message(self.Toggled())
        elif event.chain == _DOUBLE:
            self.post_message(self.Opened())

    def _choose_order(self, x: int) -> None:
        start = 0
        for column, width in zip(self._rows.columns, self._widths(), strict=True):
            if start <= x < start + width + len(_GAP) and column.order is not None:
                self.post_message(self.OrderChosen(column.order))
            start += width + len(_GAP)

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen: the titles, or a row."""
        width = self.scrollable_content_region.width
        row = y + round(self.scroll_y) - 1
        if y == 0:
            text, style = self._line([column.title for column in self._rows.columns]), _HEADER
        elif 0 <= row < len(self._rows):
            cells = self._rows.cells(row)
            text = self._line(cells)
            style = _CURSOR if row == self.cursor else _PLAIN
            style += _MARKED if cells[0] else _PLAIN
        else:
            text, style = (self._nothing if y == 1 and not len(self._rows) else ""), _PLAIN
        segment = Segment(set_cell_size(text, width), self.rich_style + style)
        return Strip([segment], width)

    def _widths(self) -> list[int]:
        columns = self._rows.columns
        taken = sum(column.width or 0 for column in columns) + len(_GAP) * (len(columns) - 1)
        return [
            max(0, self.scrollable_content_region.width - taken) if column.width is None else column.width
            for column in columns
        ]

    def _line(self, cells: Sequence[str]) -> str:
        fitted = (
            _fitted(cell, width, is_right=column.is_right)
            for cell, column, width in zip(cells, self._rows.columns, self._widths(), strict=True)
        )
        return _GAP.join(fitted)


def _fitted(text: str, width: int, *, is_right: bool) -> str:
    """Return text in so many cells of the terminal, which is not the number of its characters.

    >>> _fitted("numpy", 7, is_right=True), _fitted("manylinux", 5, is_right=False)
    ('  numpy', 'many…')
    """
    used = cell_len(text)
    if used > width:
        return set_cell_size(text, width - 1) + "…" if width else ""
    return " " * (width - used) + text if is_right else text + " " * (width - used)
