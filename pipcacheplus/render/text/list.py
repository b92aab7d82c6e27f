"""The text of `list`: a line for each entry, by project and version; then what has no project; then totals."""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.model.values import Brief, Kind
from pipcacheplus.render.order import name_order
from pipcacheplus.render.summary import briefs_of, summary_count
from pipcacheplus.render.text.sorting import SortedRows
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import describe, kind_in_words, name, number, pages_without_url, safe, size, target
from pipcacheplus.render.times import day, last_used_of
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]

_PAGES = (Kind.INDEX_PAGE, Kind.LINKS_PAGE, Kind.REDIRECT)


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the list, or what it adds up to; below a verbosity of 0 the totals alone."""
    sums = view.summary.get("sums")
    if isinstance(sums, Mapping):
        yield from _sums(sums, layout)
    elif view.verbosity >= 0 and view.summary.get("sort"):
        rows = [(*_named(brief, view)[:-1], _identity(brief, view)) for brief in briefs_of(view.entries)]
        yield from layout.table(rows, right=(3,), give=0)
        yield from _left_out(len(rows), summary_count(view, "entries"))
        yield from [""] if rows else []
    else:
        yield from _sections(view, layout)
    yield _totals(view)


def _sections(view: View, layout: Layout) -> Iterator[str]:
    named, pages, others = SortedRows(), SortedRows(), SortedRows()
    for brief in briefs_of(view.entries) if view.verbosity >= 0 else ():
        if brief.kind in _PAGES:
            pages.add("\0".join(row := _unnamed(brief, view)), row)
        elif brief.project:
            named.add(name_order(brief), _named(brief, view))
        else:
            others.add("\0".join(row := _unnamed(brief, view)), row)
    for title, rows in (("", named), ("Pages", pages), ("Others", others)):
        yield from _section(title, rows, layout)
    if view.verbosity >= 0:
        for line in pages_without_url(summary_count(view, "pages_without_url")):
            yield from (line, "")


def _sums(sums: Mapping[str, Json], layout: Layout) -> Iterator[str]:
    rows = sums.get("rows")
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, Sequence) else []
    titles = (str(sums.get("by")).capitalize(), "entries", "files", "size")
    cells = [
        (safe(str(row["name"] or "-")), f"{row['entries']:,}", f"{row['files']:,}", size(_int(row["disk_bytes"])))
        for row in found
    ]
    if cells:
        heading, *others = layout.table([titles, *cells], right=(1, 2, 3))
        yield layout.paint(heading, "bold")
        yield from others
        yield from _left_out(len(cells), _int(sums.get("sums")))
        yield ""


def _int(value: Json) -> int:
    return value if isinstance(value, int) else 0


def _identity(brief: Brief, view: View) -> str:
    """Return the URL or id of an entry without a project; with `-v`, the id of any."""
    return safe(brief.id) if view.verbosity > 0 else "" if brief.project else safe(brief.url_shown or brief.id)


def _section(title: str, rows: SortedRows, layout: Layout) -> Iterator[str]:
    if not len(rows):
        return
    if title:
        yield layout.paint(title, "bold")
    at_size = len(rows.widths) - 3
    yield from layout.aligned(rows, rows.widths, right=(at_size,), give=at_size - 1)
    yield ""


def _named(brief: Brief, view: View) -> Row:
    return name(brief), kind_in_words(brief.kind), target(brief), *_end(brief, view)


def _unnamed(brief: Brief, view: View) -> Row:
    return describe(brief), *_end(brief, view)


def _end(brief: Brief, view: View) -> Row:
    last = last_used_of(brief, view.last_use)
    identity = safe(brief.id) if view.verbosity > 0 else ""
    return size(brief.disk_size), "" if last is None else day(last // 10**9), identity


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
