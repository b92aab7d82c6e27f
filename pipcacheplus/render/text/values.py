"""Entries, and what they add up to, as tab-separated values for a pipe: one a line, whole, in columns that stay.

docs/reference/cli.md has the columns. A value that is not known is `-`; controls in names are escaped as everywhere, so
that a tab always ends a value, and a line end a line.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from pipcacheplus.model.values import Brief
from pipcacheplus.render.order import listed_order
from pipcacheplus.render.parts import objects_in
from pipcacheplus.render.summary import briefs_of, summary_count
from pipcacheplus.render.text.sorting import SortedRows
from pipcacheplus.render.text.tags import ALL
from pipcacheplus.render.text.words import safe, target_of
from pipcacheplus.render.times import rfc3339
from pipcacheplus.render.view import Json, View

__all__ = ["pieces"]

_AT_ONCE = 1024
"""Entries of which lines are made at once."""
_UNKNOWN = "-"
_COLUMNS = ("project", "version", "kind", "for", "size", "used", "from", "id")
_COUNTS = ("entries", "files", "disk_bytes")


def pieces(view: View) -> Iterator[str]:
    """Yield the lines of a list, many at once: entries in the order of a table, or sums."""
    sums = view.summary.get("sums")
    if isinstance(sums, Mapping):
        yield from _sums(sums)
    elif view.verbosity < 0:
        yield _line(str(summary_count(view, key)) for key in _COUNTS) + "\n"
    elif view.summary.get("sort"):
        for some in _blocks(view):
            yield "\n".join(_lines(some, view.last_use)) + "\n"
    else:
        # Of what is sorted, the line stands behind the last line end: none has any itself.
        rows = SortedRows[str]()
        for some in _blocks(view):
            lines = _lines(some, view.last_use)
            rows.extend([f"{listed_order(brief)}{brief.id}\n{line}" for brief, line in zip(some, lines, strict=True)])
        in_order = iter(rows)
        while ready := [*islice(in_order, _AT_ONCE)]:
            yield "\n".join([row[row.rindex("\n") + 1 :] for row in ready]) + "\n"


def _blocks(view: View) -> Iterator[list[Brief]]:
    briefs = briefs_of(view.entries)
    while some := [*islice(briefs, _AT_ONCE)]:
        yield some


def _lines(briefs: Iterable[Brief], last_use: str) -> list[str]:
    rows = [
        (
            project or _UNKNOWN,
            version or _UNKNOWN,
            kind,
            target_of(tags, interpreter, ALL) or _UNKNOWN,
            str(disk_size),
            _UNKNOWN
            if (used := read if last_use == "atime" else written) is None
            else rfc3339(used // 10**9) or _UNKNOWN,
            url or _UNKNOWN,
            id_,
        )
        for id_, _, kind, project, version, _, _, url, tags, interpreter, _, disk_size, written, read, *_ in briefs
    ]
    lines = [*map("\t".join, rows)]
    text = "".join(lines)
    if text.count("\t") == (len(_COLUMNS) - 1) * len(rows) and text.replace("\t", "").isprintable():  # as nearly always
        return lines
    return [*map(_line, rows)]


def _line(values: Iterable[str]) -> str:
    return "\t".join(map(safe, values))


def _sums(sums: Mapping[str, Json]) -> Iterator[str]:
    for row in objects_in(sums, "rows"):
        yield _line((str(row["name"] or _UNKNOWN), *(str(row[key]) for key in _COUNTS))) + "\n"
