"""The table of the terminal view makes what is on the screen, however many rows there are."""

import asyncio

import pytest

pytest.importorskip("textual", reason="needs the extra tui")

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from pipcacheplus.cli.browsing.groups import Order
from pipcacheplus.cli.browsing.table import RowTable
from pipcacheplus.cli.browsing.walk import Column
from tests.cli.browsing.showing import HEIGHT, WIDTH, screen

MANY = 1_000_000


class Numbers:
    """Rows that count how often one is made."""

    columns = (Column("", 1), Column("Number", None), Column("Size", 6, is_right=True, order=Order.SIZE))

    def __init__(self, count: int) -> None:
        self.made = 0
        self._count = count

    def __len__(self) -> int:
        return self._count

    def cells(self, row: int) -> tuple[str, ...]:
        """Return a row."""
        self.made += 1
        return "*" if row % 2 else "", f"number {row} 数" if row else "x" * 200, str(row)


class _Shown(App[None]):
    def __init__(self, rows: Numbers) -> None:
        super().__init__()
        self.rows = rows

    def compose(self) -> ComposeResult:
        yield RowTable(self.rows, "Nothing.")


def show(rows: Numbers, *keys: str) -> tuple[list[str], int]:
    """Return the screen after some keys, and the row of the cursor."""

    async def run() -> tuple[list[str], int]:
        app = _Shown(rows)
        async with app.run_test(size=(WIDTH, HEIGHT)) as pilot:
            await _press(pilot, keys)
            return screen(pilot).splitlines(), app.query_one(RowTable).cursor

    return asyncio.run(run())


async def _press(pilot: Pilot[None], keys: tuple[str, ...]) -> None:
    for key in keys:
        await pilot.press(key)
    await pilot.pause()


def test_of_a_million_rows_only_those_on_the_screen_are_made() -> None:
    rows = Numbers(MANY)
    lines, cursor = show(rows, "end", "pageup", "home", "pagedown", "end")
    assert cursor == MANY - 1
    assert lines[-1].startswith(f"*  number {MANY - 1}")
    assert lines[0].split() == ["Number", "Size"]
    assert rows.made < 50 * HEIGHT


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (("up",), 0),
        (("down", "j", "k"), 1),
        (("pagedown",), HEIGHT - 2),
        (("pagedown", "pagedown", "pageup"), HEIGHT - 2),
        (("end", "down"), 99),
        (("end", "home"), 0),
    ],
)
def test_keys_move_the_cursor_and_it_stays_on_the_screen(keys: tuple[str, ...], cursor: int) -> None:
    lines, found = show(Numbers(100), *keys)
    assert found == cursor
    wanted = f"number {cursor} " if cursor else "xxx"
    assert any(wanted in line for line in lines[1:])


def test_columns_stand_below_each_other_whatever_the_width_of_characters_is() -> None:
    lines, _ = show(Numbers(12))
    assert lines[1].split()[0].endswith("…")
    # Wide characters take two cells, so that a line of 80 cells has a character less.
    assert [len(line) for line in lines[1:13]] == [80, *[79] * 11]
    assert [line[-2:].strip() for line in lines[1:13]] == [str(number) for number in range(12)]


def test_without_rows_it_says_so() -> None:
    lines, cursor = show(Numbers(0), "down", "end", "pageup")
    assert (lines[1], cursor) == ("Nothing.", 0)
