"""The text of `list`: a table of entries by project and version, pages and others behind them; then totals."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import chain, groupby, islice
from typing import Any, NamedTuple

from pipcacheplus.model.values import Brief
from pipcacheplus.render.order import listed_order
from pipcacheplus.render.parts import number_in, objects_in
from pipcacheplus.render.summary import briefs_of, summary_count
from pipcacheplus.render.text.places import place_in_words, whole_place
from pipcacheplus.render.text.sorting import SortedRows
from pipcacheplus.render.text.table import Grid, Layout, breadth, fitted
from pipcacheplus.render.text.words import number, pages_without_url, safe, size, target, what_in_words
from pipcacheplus.render.text.wrapping import wrapped
from pipcacheplus.render.times import ago, day, last_used_of
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]

_TITLES = ("PROJECT", "VERSION", "KIND", "FOR", "SIZE", "USED", "FROM", "ID")
_PROJECT, _VERSION, _KIND, _FOR, _SIZE, _USED, _FROM, _ID = range(len(_TITLES))
_FIRST_LEASTS = ((_FROM, 24), (_FOR, 15))
_LEASTS = (
    *((_FOR, 15), (_KIND, 14), (_PROJECT, 14), (_FOR, 11), (_PROJECT, 12), (_KIND, 11), (_FOR, 9), (_VERSION, 7)),
    *((_KIND, 8), (_PROJECT, 8), (_FOR, 6), (_USED, 6), (_KIND, 5), (_VERSION, 5)),
)
"""Columns that give way where a terminal is narrow, one after the other, and what they keep; cells go on below. The
first while FROM has room too, the others without it."""
_TIMES = "\N{MULTIPLICATION SIGN}"
_Used = Callable[[int | None], str]
"""Makes words of the second of a last use."""
_AT_ONCE = 1024
"""Entries of which rows are made at once."""
_SUM_WIDTH = 8
"""Of the sizes of entries that look the same, added up."""
_DAY_S = 86_400
_BELOW = "    "
"""What a line below that of an entry begins with."""


class _Row(NamedTuple):
    """An entry as a line shows it, or several that look the same; plain values, as they may be written to a file."""

    order: str | int
    project: str
    version: str
    kind: str
    fits: str
    """For whom it is."""
    place: str
    """Where it is from."""
    disk_size: int
    used_s: int | None
    """Of its last use, in seconds since 1970."""
    id: str
    entries: int = 1

    @property
    def look(self) -> tuple[str, ...]:
        """Return the cells that tell lines apart where there is no room for the place."""
        return self[1:5]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the list, or what it adds up to; below a verbosity of 0 the totals alone."""
    sums, sort = view.summary.get("sums"), view.summary.get("sort")
    if isinstance(sums, Mapping):
        yield from _sums(sums, layout)
    elif view.verbosity >= 0:
        if view.entries:
            yield from _table(view, layout)
            yield ""
        hints = () if sort or view.is_selection else pages_without_url(summary_count(view, "pages_without_url"))
        for hint in hints:
            yield from (*wrapped(hint, layout, indent=""), "")
    yield _totals(view)


def _table(view: View, layout: Layout) -> Iterator[str]:
    is_verbose, has_order = view.verbosity > 0, bool(view.summary.get("sort"))
    used = _words_for_use(view.now_s if layout.width is not None else None)
    widths = [*map(len, _TITLES)]
    found = SortedRows[tuple[Any, ...]]()
    briefs = enumerate(briefs_of(view.entries))
    while some := [*islice(briefs, _AT_ONCE)]:
        rows = [_row(brief, at if has_order else None, view) for at, brief in some]
        _, *look, sizes, times, ids, _ = zip(*rows, strict=True)
        columns = (*look[:_SIZE], map(_size, sizes), map(used, times), *look[_SIZE:], ids)
        widths = [*map(max, widths, (max(map(len, column)) for column in columns))]
        found.extend([*map(tuple, rows)])
    every: Iterator[_Row] = map(_Row._make, found)
    if not is_verbose and not has_order:
        every, widths[_SIZE] = _together(every), max(widths[_SIZE], _SUM_WIDTH)
    below = (_FROM, _ID) if is_verbose else (_FROM,)
    notes = yield from _lines_of(every, used, layout, _fitting(widths, below, layout.width))
    yield from _left_out(len(view.entries), summary_count(view, "entries")) if has_order else ()
    if notes:
        yield ""
    for note in notes:
        yield from (layout.paint(line, "dim") for line in wrapped(note, layout, indent=""))


def _fitting(widths: Sequence[int], below: Collection[int], room: int | None) -> dict[int, int]:
    """Return the width of each column that there is room for: of all of them, or of all but those that stand below."""
    together = fitted(widths, () if _ID in below else _FIRST_LEASTS, room)
    if room is None or breadth(together) <= room:
        return dict(enumerate(together))
    shown = [at for at in range(len(widths)) if at not in below]
    leasts = [(shown.index(at), least) for at, least in _LEASTS]
    return dict(zip(shown, fitted([widths[at] for at in shown], leasts, room), strict=True))


def _row(brief: Brief, at: int | None, view: View) -> _Row:
    is_verbose = view.verbosity > 0
    fits = target(brief)
    where = whole_place(brief) if is_verbose else place_in_words(brief)
    last = last_used_of(brief, view.last_use)
    return _Row(
        order=f"{listed_order(brief)}{fits}\0{where}\0{brief.id}" if at is None else at,
        project=safe(brief.project or "-"),
        version=safe(brief.version or ""),
        kind=what_in_words(brief),
        fits=fits,
        place=where,
        disk_size=brief.disk_size,
        used_s=None if last is None else last // 10**9,
        id=safe(brief.id if is_verbose else view.short_id(brief.id)),
    )


def _words_for_use(now_s: float | None) -> _Used:
    """Return what makes words of a last use: how long ago it was, or the day, which stays true in a log."""

    @lru_cache(maxsize=4096)
    def words(day_of_use: int) -> str:
        time_s = day_of_use * _DAY_S
        return day(time_s) if now_s is None else ago(time_s, now_s)

    return lambda used_s: "" if used_s is None else words(used_s // _DAY_S)


def _together(rows: Iterable[_Row]) -> Iterator[_Row]:
    """Yield one row for those that look the same and come one after the other; there may be very many."""
    return (reduce(_plus, same) for _, same in groupby(rows, key=lambda row: row[1:6]))  # the look, and the place


def _plus(row: _Row, other: _Row) -> _Row:
    times = [used_s for used_s in (row.used_s, other.used_s) if used_s is not None]
    entries = row.entries + 1
    return row._replace(
        disk_size=row.disk_size + other.disk_size,
        used_s=max(times, default=None),
        id=f"{_TIMES}{entries:,}",
        entries=entries,
    )


def _cells(row: _Row, used: _Used) -> tuple[str, ...]:
    return (*row.look, _size(row.disk_size), used(row.used_s), row.place, row.id)


_size = lru_cache(maxsize=4096)(size)


def _lines_of(
    rows: Iterable[_Row], used: _Used, layout: Layout, widths: Mapping[int, int]
) -> Generator[str, None, list[str]]:
    """Yield the lines of a table, and return notes on it.

    Args:
        rows: In order.
        used: Makes words of a last use.
        layout: Of the terminal.
        widths: Of the columns that there is room for. The others stand in lines below, if they are several or lines
            would look the same without them.
    """
    grid = Grid([*widths.values()], right={[*widths].index(_SIZE)})
    for line in grid.lines(tuple(_TITLES[at] for at in widths)):
        yield layout.paint(line, "bold")
    below = [at for at in range(len(_TITLES)) if at not in widths]
    are_left_out = has_groups = False
    for before, row, behind in _with_neighbours(rows):
        cells = _cells(row, used)
        yield from grid.lines(tuple(cells[at] for at in widths))
        has_groups |= row.entries > 1
        if len(below) > 1 or (below and any(other and other.look == row.look for other in (before, behind))):
            yield from (_BELOW + layout.paint(_below(cells[at]), "dim") for at in below)
        else:
            are_left_out |= bool(below)
    notes = [f"{_TIMES}N stands for N entries that look the same; -v lists each with its ID"] if has_groups else []
    return [*notes, "FROM is left out, as the terminal is too narrow for it; -v shows it"] if are_left_out else notes


def _below(cell: str) -> str:
    """Return a cell as it stands without the title of its column."""
    unknown, _, area = cell.partition(" ")
    return f"unknown URL {area}".rstrip() if unknown == "-" else cell


def _with_neighbours(rows: Iterable[_Row]) -> Iterator[tuple[_Row | None, _Row, _Row | None]]:
    before, row = None, None
    for behind in chain(rows, (None,)):
        if row is not None:
            yield before, row, behind
        before, row = row, behind


def _sums(sums: Mapping[str, Json], layout: Layout) -> Iterator[str]:
    titles = (str(sums.get("by")).upper(), "ENTRIES", "FILES", "SIZE")
    cells = [
        (safe(str(row["name"] or "-")), f"{row['entries']:,}", f"{row['files']:,}", size(number_in(row, "disk_bytes")))
        for row in objects_in(sums, "rows")
    ]
    if cells:
        heading, *others = layout.table([titles, *cells], right=(1, 2, 3))
        yield layout.paint(heading, "bold")
        yield from others
        yield from _left_out(len(cells), number_in(sums, "sums"))
        yield ""


def _totals(view: View) -> str:
    entries, files, disk_bytes = (summary_count(view, key) for key in ("entries", "files", "disk_bytes"))
    if not entries:
        return "Nothing matches." if view.is_selection else "Nothing cached."
    counted = [number(entries, "entry"), number(files, "file")]
    directories = summary_count(view, "directories")  # of a list of all
    if not directories:
        return f"{', '.join(counted)} ({size(disk_bytes)})"
    folders, all_bytes = number(directories, "directory"), summary_count(view, "du_bytes")
    if view.summary.get("sums"):  # what stands above adds up
        return f"{', '.join(counted)} ({size(disk_bytes)}), and {folders} ({size(all_bytes - disk_bytes)})"
    return f"{', '.join((*counted, folders))} ({size(all_bytes)})"


def _left_out(shown: int, count: int) -> Iterator[str]:
    if shown < count:
        yield f"... and {count - shown:,} more"
