"""A walk through a cache: where it stands, in which order, what is marked; no terminal."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from pipcacheplus.cli.browsing.facts import BrowsedEntries
from pipcacheplus.cli.browsing.groups import (
    By,
    EntryGroup,
    Order,
    as_marked,
    group_title,
    groups_of,
    places_in_order,
    sorted_groups,
)
from pipcacheplus.model.values import Brief, Kind
from pipcacheplus.render.text.words import describe, number, safe, size
from pipcacheplus.render.times import day

__all__ = ["Column", "Walk"]

_KEPT_LINES = 1024
_EVERYTHING = "all entries"
_NOTHING_MARKED = "Nothing marked"
_USED = {"atime": "Last used", "mtime": "Written"}


class Column(NamedTuple):
    """A column of the table."""

    title: str
    width: int | None
    """In cells of the terminal; `None`: what is left."""
    is_right: bool = False
    order: Order | None = None
    """What it is sorted by, if somebody clicks on its title."""


@dataclass(frozen=True)
class _Level:
    """A place on the way: some entries, as a list or in groups."""

    places: "array[int]"
    by: By | None
    """What they are grouped by; `None`: they are listed."""
    steps: tuple[tuple[By, int | str], ...] = ()
    """The groups that led here."""
    needle: str = ""
    """What rows have to contain."""
    rows: "Sequence[EntryGroup] | array[int]" = ()
    cursor: int = 0
    """The row on which the cursor stood when it was left."""
    groups: Sequence[EntryGroup] = field(default=(), repr=False)
    """All of them, whatever is searched for."""


class Walk:
    """Where somebody is who looks at a cache, and what is marked."""

    def __init__(self, facts: BrowsedEntries, now_s: float) -> None:
        """Begin with the projects, the largest first."""
        self.facts = facts
        self.order = Order.SIZE
        self.marks = bytearray(len(facts))
        self.marked_in_words = _NOTHING_MARKED
        """How many entries are marked, and what they take on the disk."""
        self._now_s = now_s
        self._levels: list[_Level] = []
        self._line = lru_cache(maxsize=_KEPT_LINES)(self._entry_cells)
        self._begin(By.PROJECT)

    # Where

    @property
    def level(self) -> _Level:
        """Return where the walk stands."""
        return self._levels[-1]

    @property
    def by(self) -> By | None:
        """Return what is grouped by; `None` if entries are listed."""
        return self.level.by

    @property
    def needle(self) -> str:
        """Return what is searched for."""
        return self.level.needle

    @property
    def title(self) -> str:
        """Return the way to this place, and the order."""
        last_use = self.facts.last_use
        steps = [group_title(by, key, last_use).partition(":")[0] for by, key in self.level.steps]
        divided = "" if self.by is None else f", by {self.by.value}"
        found = f" with {safe(self.needle)!r}" if self.needle else ""
        return f"{' > '.join(steps) or _EVERYTHING}{divided}{found}: {self.order.value}"

    def _begin(self, by: By | None) -> None:
        self._levels = []
        self._enter(array("I", range(len(self.facts))), by, ())

    def _enter(self, places: "array[int]", by: By | None, steps: tuple[tuple[By, int | str], ...]) -> None:
        groups = [] if by is None else groups_of(self.facts, places, by, self._now_s)
        level = _Level(places=places, by=by, steps=steps, groups=groups)
        self._levels.append(replace(level, rows=self._rows(level)))

    def _rows(
        self, level: _Level, is_found: "Callable[[int], bool] | None" = None
    ) -> "Sequence[EntryGroup] | array[int]":
        if level.by is None:
            places = level.places if is_found is None else array("I", filter(is_found, level.places))
            return places_in_order(self.facts, places, self.order)
        needle = level.needle.casefold()
        return sorted_groups([one for one in level.groups if needle in one.title.casefold()], self.order, level.by)

    # Rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return the columns of the table."""
        used = Column(_USED[self.facts.last_use], 10, order=Order.USED)
        if self.by is None:
            entry = Column("Entry", None, order=Order.NAME)
            return (
                Column("", 1),
                entry,
                Column("Size", 9, is_right=True, order=Order.SIZE),
                used,
                Column("Reason", 13),
            )
        title = Column(self.by.value.capitalize(), None, order=Order.NAME)
        entries = Column("Entries", 7, is_right=True)
        columns = (Column("", 1), title, entries, Column("Size", 9, is_right=True, order=Order.SIZE), used)
        return columns if self.by is By.REASON else (*columns, Column("Reclaimable", 11, is_right=True))

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.level.rows)

    def cells(self, row: int) -> tuple[str, ...]:
        """Return the cells of a row; all of them are printable, whatever the names in the cache are."""
        one = self.level.rows[row]
        if isinstance(one, EntryGroup):
            sign = as_marked(self.marks, one.places)
            used = "" if one.used_s is None else day(one.used_s)
            cells = (sign, one.title, f"{len(one.places):,}", size(one.size), used)
            return cells if self.by is By.REASON else (*cells, size(one.reclaimable) if one.reclaimable else "")
        return "*" if self.marks[one] else "", *self._line(one)

    def _entry_cells(self, at: int) -> tuple[str, ...]:
        facts = self.facts
        used_s = facts.used(at)
        reasons = ", ".join(facts.reasons_of(at))
        return describe(facts.brief(at)), size(facts.sizes[at]), "" if used_s is None else day(used_s), reasons

    def places(self, row: int) -> "array[int]":
        """Return the entries of a row; none if there is no such row."""
        if not 0 <= row < len(self):
            return array("I")
        one = self.level.rows[row]
        return one.places if isinstance(one, EntryGroup) else array("I", [one])

    # Moving

    def open(self, row: int) -> bool:
        """Go into a group; return whether there was one."""
        if self.by is None or not 0 <= row < len(self):
            return False
        self.stand(row)
        group = self.level.rows[row]
        assert isinstance(group, EntryGroup)  # noqa: S101 - for mypy: rows of a level that groups are groups
        self._enter(group.places, None, (*self.level.steps, (self.by, group.key)))
        return True

    def stand(self, row: int) -> None:
        """Note the row to come back to."""
        self._levels[-1] = replace(self.level, cursor=row)

    def back(self) -> bool:
        """Show all rows again if something was searched for, else go out of the group; return whether that was so."""
        if self.needle:
            self.search("")
            return True
        if len(self._levels) == 1:
            return False
        self._levels.pop()
        self._levels[-1] = replace(self.level, rows=self._kept_rows(self.level))
        return True

    def _kept_rows(self, level: _Level) -> "Sequence[EntryGroup] | array[int]":
        """Return the rows of a level again, whose order may be another one meanwhile."""
        if level.by is None:
            return places_in_order(self.facts, array("I", [at for at in level.rows if isinstance(at, int)]), self.order)
        return self._rows(level)

    def regroup(self, by: By | None) -> None:
        """Group what is here by something else, or list it; without a way that led here, all of the cache."""
        level = self._levels.pop()
        self._enter(level.places, by, level.steps)

    def sort(self, order: Order) -> None:
        """Put the rows in order."""
        self.order = order
        self._levels[-1] = replace(self.level, rows=self._kept_rows(self.level), cursor=0)

    def next_order(self) -> Order:
        """Return the order that comes after this one."""
        orders = tuple(Order)
        return orders[(orders.index(self.order) + 1) % len(orders)]

    # Searching

    def found(self, needle: str, is_stopped: Callable[[], bool] = lambda: False) -> "Sequence[EntryGroup] | array[int]":
        """Return the rows that contain a text, in capitals or not; of entries, names, URLs and ids are searched.

        Nothing is changed, so that another thread can do it.

        Args:
            needle: The text; empty: all rows.
            is_stopped: Called between entries; once it returns true, the rows are of no use.
        """
        wanted, facts = needle.casefold(), self.facts

        def is_found(at: int) -> bool:
            return not is_stopped() and any(wanted in text.casefold() for text in _searched(facts.brief(at)))

        return self._rows(replace(self.level, needle=needle), is_found if wanted else None)

    def narrow(self, needle: str, rows: "Sequence[EntryGroup] | array[int]") -> None:
        """Show these rows only, which contain a text."""
        self._levels[-1] = replace(self.level, needle=needle, rows=rows, cursor=0)

    def search(self, needle: str) -> None:
        """Show only rows that contain a text."""
        self.narrow(needle, self.found(needle))

    # Marks

    def toggle(self, row: int) -> None:
        """Mark the entries of a row; if all of them are, unmark them."""
        self._mark(self.places(row))

    def toggle_all(self) -> None:
        """Mark the entries of all rows; if all of them are, unmark them."""
        self._mark(array("I", {at for row in range(len(self)) for at in self.places(row)}))

    def _mark(self, places: "array[int]") -> None:
        sign = not all(map(self.marks.__getitem__, places))
        for at in places:
            self.marks[at] = sign
        self._count_marks()

    def unmark(self) -> None:
        """Mark nothing."""
        self.marks = bytearray(len(self.facts))
        self._count_marks()

    def _count_marks(self) -> None:
        places = self.marked
        total = sum(map(self.facts.sizes.__getitem__, places))
        self.marked_in_words = f"{number(len(places), 'entry')} marked ({size(total)})" if places else _NOTHING_MARKED

    @property
    def marked(self) -> "array[int]":
        """Return the entries that are marked."""
        return array("I", (at for at, mark in enumerate(self.marks) if mark))

    def ids(self, places: Sequence[int]) -> list[str]:
        """Return the ids of entries."""
        return [self.facts.entry(at).id for at in places]

    def parted(self, places: Sequence[int]) -> "tuple[array[int], array[int]]":
        """Return entries in two parts: those that a pip wrote, and the others."""
        written, foreign = array("I"), array("I")
        for at in places:
            (foreign if self.facts.kind(at) is Kind.FOREIGN else written).append(at)
        return written, foreign

    # Reading again

    def take(self, facts: BrowsedEntries, now_s: float) -> None:
        """Continue with facts that were read again: the way, and the marks of entries that are still there, stay."""
        kept = set(self.ids(self.marked))
        ways = [(level.by, level.steps, level.cursor) for level in self._levels]
        self.facts, self._now_s = facts, now_s
        self._line.cache_clear()
        self.unmark()
        for at in facts.places_of(kept):
            self.marks[at] = 1
        self._count_marks()
        self._levels = []
        for by, steps, cursor in ways:
            self._enter(self._along(steps), by, steps)
            self.stand(cursor)
        while len(self._levels) > 1 and not len(self):
            self._levels.pop()

    def _along(self, steps: tuple[tuple[By, int | str], ...]) -> "array[int]":
        places = array("I", range(len(self.facts)))
        for by, key in steps:
            found = groups_of(self.facts, places, by, self._now_s)
            places = next((one.places for one in found if one.key == key), array("I"))
        return places


def _searched(brief: Brief) -> tuple[str, ...]:
    texts = (brief.project, brief.version, brief.filename, brief.url_shown, brief.id)
    return tuple(text for text in texts if text)
