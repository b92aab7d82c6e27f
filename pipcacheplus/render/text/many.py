"""The text of a command over many caches: a row for each cache, the problems, and the sums."""

from collections.abc import Callable, Iterator, Mapping

from pipcacheplus.render.parts import Part, number_in, object_in, objects_in
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import View

__all__ = ["lines"]

_MOST_PROBLEMS = 200
_Cell = Callable[[Part], str]


def _count(*keys: str) -> _Cell:
    def cell(summary: Part) -> str:
        for key in keys[:-1]:
            summary = object_in(summary, key)
        return f"{number_in(summary, keys[-1]):,}"

    return cell


def _size(*keys: str) -> _Cell:
    def cell(summary: Part) -> str:
        for key in keys[:-1]:
            summary = object_in(summary, key)
        return size(number_in(summary, keys[-1]))

    return cell


_COLUMNS: Mapping[str, tuple[tuple[str, _Cell], ...]] = {
    "info": (
        ("size", _size("du_bytes")),
        ("entries", _count("entries")),
        ("reclaimable", _size("reclaimable_at_all", "disk_bytes")),
    ),
    "list": (("size", _size("disk_bytes")), ("entries", _count("entries"))),
    "verify": (
        ("entries", _count("entries")),
        ("errors", _count("by_severity", "error")),
        ("warnings", _count("by_severity", "warning")),
    ),
    "prune": (("removed", _count("entries")), ("freed", _size("du_bytes")), ("failed", _count("failed"))),
    "why": (("entries", lambda summary: f"{len(object_in(summary, 'why')):,}"),),
}


_PLANNED = (
    ("would be removed", _count("entries")),
    ("would free", _size("du_bytes")),
    ("kept", _count("kept", "entries")),
)


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield a table, the problems, and the sums unless the verbosity is below 0."""
    caches = objects_in(view.summary, "caches")
    columns = _PLANNED if view.is_dry_run and view.command == "prune" else _COLUMNS[view.command]
    titles: Row = ("Cache", "owner", *(title for title, _ in columns))
    rows = [titles]
    for one in caches:
        summary = object_in(one, "summary")
        cells = [cell(summary) if summary else "-" for _, cell in columns]
        rows.append((safe(str(one.get("path"))), safe(str(one.get("owner") or one.get("uid") or "-")), *cells))
    total = object_in(view.summary, "total")
    heading, *others = layout.table(rows, right=range(2, len(titles)))
    yield layout.paint(heading, "bold")
    yield from others
    problems = [one for one in caches if one.get("error")]
    if problems:
        yield ""
    for one in problems[:_MOST_PROBLEMS]:
        yield layout.paint(f"{safe(str(one.get('path')))}: {safe(str(one.get('error')))}", "red")
    if len(problems) > _MOST_PROBLEMS:
        yield f"and {number(len(problems) - _MOST_PROBLEMS, 'cache')} more; --format jsonl has all of them"
    yield from _entries(view, layout)
    yield from _sentences(view, layout)
    yield from _whole(view, layout)
    if in_use := number_in(total, "in_use"):
        yield ""
        yield f"kept: in use: {number(in_use, 'entry')}; pass --exclusive if no pip is running"
    if view.verbosity >= 0:
        done = number_in(total, "done")
        left = number_in(total, "caches") - done
        yield ""
        key = "du_bytes" if "du_bytes" in total else "disk_bytes"
        amount = f" ({size(number_in(total, key))})" if key in total else ""
        entries = number(number_in(total, "entries"), "entry")
        yield f"{number(done, 'cache')}, {entries}{amount}" + (f"; {number(left, 'cache')} failed" if left else "")


def _entries(view: View, layout: Layout) -> Iterator[str]:
    """Yield the entries that match a selection, with the cache of each."""
    entries = objects_in(view.summary, "entries")
    if not entries:
        return
    rows: list[Row] = [("Entry", "kind", "size", "used", "owner", "in")]
    for one in entries:
        name = " ".join(str(one[key]) for key in ("project", "version") if one.get(key)) or str(one.get("id"))
        used = str(one.get("used") or "-")[:10]
        rows.append(
            (
                safe(name),
                safe(str(one.get("kind"))),
                size(number_in(one, "disk_size")),
                safe(used),
                safe(str(one.get("owner") or "-")),
                safe(f"{one.get('cache')}/{one.get('id')}"),
            )
        )
    yield ""
    heading, *others = layout.table(rows, right=(2,), give=5)
    yield layout.paint(heading, "bold")
    yield from others


def _sentences(view: View, layout: Layout) -> Iterator[str]:
    """Yield what `why` says of each entry, by cache."""
    for one in objects_in(view.summary, "caches"):
        found = object_in(object_in(one, "summary"), "why")
        if found:
            yield ""
            yield layout.paint(safe(str(one.get("path"))), "bold")
        for id_ in found:
            yield f"  {safe(str(id_))}: {safe(str(object_in(found, id_).get('sentence')))}"


def _whole(view: View, layout: Layout) -> Iterator[str]:
    """Yield what only all caches together show: the largest projects, content in several caches, damage by server."""
    projects, shared = objects_in(view.summary, "projects"), object_in(view.summary, "shared")
    if view.command == "info" and projects:
        rows: list[Row] = [("Project", "caches", "entries", "size")]
        for one in projects:
            counts = (f"{number_in(one, 'caches'):,}", f"{number_in(one, 'entries'):,}")
            rows.append((safe(str(one.get("name"))), *counts, size(number_in(one, "disk_bytes"))))
        yield ""
        heading, *others = layout.table(rows, right=(1, 2, 3))
        yield layout.paint(heading, "bold")
        yield from others
    if number_in(shared, "contents"):
        contents = number(number_in(shared, "contents"), "file")
        saved = size(number_in(shared, "saved_bytes"))
        yield ""
        yield f"{contents} with the same content in several caches; one copy of each would save {saved}"
    damage = objects_in(view.summary, "damage")
    if damage:
        yield ""
        yield layout.paint("Damage by file system", "bold")
    for one in damage:
        where = safe(str(one.get("file_system") or "unknown"))
        yield f"  {where}: {number(number_in(one, 'entries'), 'entry')} in {number(number_in(one, 'caches'), 'cache')}"
