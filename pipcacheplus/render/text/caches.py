"""The text of `caches`: a line for each cache, then those with a problem, and the total."""

from collections.abc import Iterator

from pipcacheplus.render.parts import Part, number_in, object_in, objects_in
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import View

__all__ = ["lines"]

_SPANS = {
    "within-1d": "today",
    "within-7d": "this week",
    "within-30d": "this month",
    "within-90d": "within 3 months",
    "within-365d": "within a year",
    "older": "longer ago",
}


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield a table, then the problems, and the total unless the verbosity is below 0."""
    caches = objects_in(view.summary, "caches")
    if not caches:
        yield "No cache was found."
        return
    titles: Row = ("Cache", "owner", "size", "entries", "last used", "file system", "mounted from", "found by")
    rows = [titles, *map(_row, caches)]
    if view.verbosity <= 0:
        rows = [row[:-2] for row in rows]
    heading, *others = layout.table(rows, right=(2, 3), keeps_end=True)
    yield layout.paint(heading, "bold")
    yield from others
    problems = [one for one in caches if one.get("error")]
    if problems:
        yield ""
        for one in problems:
            yield layout.paint(f"{safe(str(one.get('path')))}: {safe(str(one.get('error')))}", "red")
    total = object_in(view.summary, "total")
    if view.verbosity >= 0:
        yield ""
        counted = number_in(total, "counted")
        left = number_in(total, "caches") - counted
        if not counted and not any(one.get("error") for one in caches):
            yield f"{number(left, 'cache')}, not counted"
            return
        taken = f"{number(number_in(total, 'entries'), 'entry')} ({size(number_in(total, 'du_bytes'))} on disk)"
        yield f"{number(counted, 'cache')}, {taken}" + (f"; {left:,} not counted" if left else "")


def _row(one: Part) -> Row:
    du_bytes, entries, uid = one.get("du_bytes"), one.get("entries"), one.get("uid")
    found = one.get("found_by")
    return (
        safe(str(one.get("path"))),
        safe(str(one.get("owner") or ("-" if uid is None else f"uid {uid}"))),
        size(du_bytes) if isinstance(du_bytes, int) else "-",
        f"{entries:,}" if isinstance(entries, int) else "-",
        _SPANS.get(str(one.get("last_used")), "-"),
        safe(str(one.get("file_system") or "-")),
        safe(str(one.get("mounted_from") or "-")),
        safe(", ".join(map(str, found)) if isinstance(found, (list, tuple)) else ""),
    )
