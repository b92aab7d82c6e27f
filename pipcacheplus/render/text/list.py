"""The text of `list`: a line for each entry, by project and version; then what has no project; then totals."""

import re
from collections.abc import Iterator
from functools import lru_cache

from pipcacheplus.model.values import Brief, Kind
from pipcacheplus.render.summary import briefs_of, summary_count
from pipcacheplus.render.text.sorting import SortedRows
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import describe, kind_in_words, name, number, pages_without_url, safe, size, target
from pipcacheplus.render.times import day
from pipcacheplus.render.view import View

__all__ = ["lines"]

_PARTS = re.compile(r"[0-9]+|[^0-9._-]+")
_BEFORE_THE_END = ("a", "b", "c", "dev", "pre", "rc")
_PAGES = (Kind.INDEX_PAGE, Kind.LINKS_PAGE, Kind.REDIRECT)


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the list; below a verbosity of 0 the totals alone."""
    named, pages, others = SortedRows(), SortedRows(), SortedRows()
    for brief in briefs_of(view.entries) if view.verbosity >= 0 else ():
        if brief.kind in _PAGES:
            pages.add("\0".join(row := _unnamed(brief, view)), row)
        elif brief.project:
            named.add(_order(brief), _named(brief, view))
        else:
            others.add("\0".join(row := _unnamed(brief, view)), row)
    for title, rows in (("", named), ("Pages", pages), ("Others", others)):
        yield from _section(title, rows, layout)
    if view.verbosity >= 0:
        yield from pages_without_url(summary_count(view, "pages_without_url"))
    yield _totals(view)


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
    last = brief.atime_ns if view.last_use == "atime" else brief.mtime_ns
    identity = safe(brief.id) if view.verbosity > 0 else ""
    return size(brief.disk_size), "" if last is None else day(last // 10**9), identity


def _order(brief: Brief) -> str:
    """Order by project, version, kind; `1.10` comes behind `1.9`, and `1.9rc1` before it.

    One text: to compare two of them takes least time.
    """
    return f"{_ended(brief.project or '')}{_version(brief.version or '')}{brief.kind.value}\0{brief.id}"


@lru_cache(maxsize=1024)
def _version(version: str) -> str:
    # The end counts as 0; what has no more parts comes before what has.
    return "".join(map(_rank, [*_PARTS.findall(version), "0"])) + "\0"


def _ended(text: str) -> str:
    """Return text with an end that comes before any other character, whatever else stands behind it."""
    return (text.replace("\0", "\0\1") if "\0" in text else text) + "\0\0"


def _rank(part: str) -> str:
    # Close to the order of PEP 440, and defined for other versions too.
    if part[0] in "0123456789":
        return f"{int(part[:18]) + 1:019}" + _ended("")
    return f"{0 if part.lower().startswith(_BEFORE_THE_END) else 1:019}" + _ended(part)


def _totals(view: View) -> str:
    entries, files, disk_bytes = (summary_count(view, key) for key in ("entries", "files", "disk_bytes"))
    if not entries:
        return "Nothing matches." if view.is_selection else "Nothing cached."
    counted = [number(entries, "entry"), number(files, "file")]
    if directories := summary_count(view, "directories"):  # of a list of all
        counted.append(number(directories, "directory"))
        disk_bytes = summary_count(view, "du_bytes")
    return f"{', '.join(counted)} ({size(disk_bytes)})"
