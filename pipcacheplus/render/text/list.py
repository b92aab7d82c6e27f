"""The text of `list`: a line for each entry, by project and version; then what has no project; then totals."""

import re
from collections.abc import Iterator

from pipcacheplus.model.values import Entry, Kind
from pipcacheplus.render.summary import summary_count
from pipcacheplus.render.text.sorting import SortedRows
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import describe, kind_in_words, name, number, safe, size, target
from pipcacheplus.render.times import day, last_used_ns
from pipcacheplus.render.view import View

__all__ = ["lines"]

_PARTS = re.compile(r"[0-9]+|[^0-9._-]+")
_BEFORE_THE_END = ("a", "b", "c", "dev", "pre", "rc")
_PAGES = frozenset({Kind.INDEX_PAGE, Kind.LINKS_PAGE, Kind.REDIRECT})


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the list; below a verbosity of 0 the totals alone."""
    named, pages, others = SortedRows(), SortedRows(), SortedRows()
    for entry in view.entries if view.verbosity >= 0 else ():
        if entry.kind in _PAGES:
            pages.add(row := _unnamed(entry, view), row)
        elif entry.project:
            named.add(_order(entry), _named(entry, view))
        else:
            others.add(row := _unnamed(entry, view), row)
    for title, rows in (("", named), ("Pages", pages), ("Others", others)):
        yield from _section(title, rows, layout)
    yield _totals(view)


def _section(title: str, rows: SortedRows, layout: Layout) -> Iterator[str]:
    if not len(rows):
        return
    if title:
        yield layout.paint(title, "bold")
    at_size = len(rows.widths) - 3
    yield from layout.aligned(rows, rows.widths, right=(at_size,), give=at_size - 1)
    yield ""


def _named(entry: Entry, view: View) -> Row:
    return name(entry), kind_in_words(entry.kind), target(entry), *_end(entry, view)


def _unnamed(entry: Entry, view: View) -> Row:
    return describe(entry), *_end(entry, view)


def _end(entry: Entry, view: View) -> Row:
    last = last_used_ns(entry, view.last_use)
    identity = safe(entry.id) if view.verbosity > 0 else ""
    return size(entry.size), "" if last is None else day(last // 10**9), identity


def _order(entry: Entry) -> tuple[str, list[tuple[int, str]], str, str]:
    """Order by project, version, kind; `1.10` comes behind `1.9`, and `1.9rc1` before it."""
    parts = _PARTS.findall(entry.version or "")
    return entry.project or "", [*map(_rank, parts), (0, "")], entry.kind.value, entry.id


def _rank(part: str) -> tuple[int, str]:
    # Close to the order of PEP 440, and defined for other versions too. The end counts as (0, "").
    if part[0] in "0123456789":
        return int(part[:18]), ""
    return (-1 if part.lower().startswith(_BEFORE_THE_END) else 0), part


def _totals(view: View) -> str:
    entries, files, size_bytes, disk_bytes = (
        summary_count(view, key) for key in ("entries", "files", "bytes", "disk_bytes")
    )
    if not entries:
        return "Nothing cached."
    return f"{number(entries, 'entry')}, {number(files, 'file')} ({size(size_bytes)}; {size(disk_bytes)} on disk)"
