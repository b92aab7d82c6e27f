"""The text of `list`: a line for each entry, by project and version; then what has no project; then totals."""

import re
from collections.abc import Iterable, Iterator

from pipcacheplus.model.values import Entry, Kind
from pipcacheplus.render.summary import tally
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
    named = [entry for entry in view.entries if entry.project and entry.kind not in _PAGES]
    pages = [entry for entry in view.entries if entry.kind in _PAGES]
    others = [entry for entry in view.entries if not entry.project and entry.kind not in _PAGES]
    if view.verbosity >= 0:
        yield from _section("", (_named(entry, view) for entry in sorted(named, key=_order)), layout)
        yield from _section("Pages", sorted(_unnamed(entry, view) for entry in pages), layout)
        yield from _section("Others", sorted(_unnamed(entry, view) for entry in others), layout)
    yield _totals(view.entries)


def _section(title: str, rows: Iterable[Row], layout: Layout) -> Iterator[str]:
    table = list(rows)
    if not table:
        return
    if title:
        yield layout.paint(title, "bold")
    at_size = len(table[0]) - 3
    yield from layout.table(table, right=(at_size,), give=at_size - 1)
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


def _totals(entries: tuple[Entry, ...]) -> str:
    if not entries:
        return "Nothing cached."
    total = tally(entries)
    return (
        f"{number(total['entries'], 'entry')}, {number(total['files'], 'file')} ({size(total['bytes'])};"
        f" {size(total['disk_bytes'])} on disk)"
    )
