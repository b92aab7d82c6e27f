"""The text of `export`: a line for each file, then the counts, and how to install from the directory."""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.render.parts import number_in, objects_in
from pipcacheplus.render.shell import quoted
from pipcacheplus.render.summary import summary_count
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]

_STATES = {
    "planned": "would export",
    "exported": "exported",
    "there": "there already",
    "occupied": "not exported",
    "damaged": "not exported, damaged",
    "unverified": "not exported",
    "unnamed": "not exported",
    "changed": "not exported",
    "failed": "failed",
}
_MAX_MISSING = 10


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield a line for each file; below a verbosity of 0, only for those that were not exported."""
    exports = objects_in(view.summary, "exports")
    for one in exports:
        if view.verbosity >= 0 or one["state"] not in {"planned", "exported", "there"}:
            yield _line(one, layout)
    missing = view.summary.get("missing")
    if isinstance(missing, Sequence) and missing:
        named = ", ".join(safe(str(one)) for one in missing[:_MAX_MISSING])
        more = f", and {len(missing) - _MAX_MISSING} more" if len(missing) > _MAX_MISSING else ""
        yield f"Named by locks, and not in the cache: {named}{more}"
    if failed := summary_count(view, "failed"):
        yield f"Files not exported: {failed}"
    label = "Files to export" if view.is_dry_run else "Files exported"
    there = summary_count(view, "there")
    yield f"{label}: {summary_count(view, 'files')} ({size(summary_count(view, 'bytes'))})" + (
        f", {number(there, 'file')} there already" if there else ""
    )
    folder = view.summary.get("folder")
    if isinstance(folder, str) and folder and exports and view.verbosity >= 0:
        words = ["pip", "install", "--no-index", "--find-links", folder]
        yield f"To install from it: {quoted(words, is_windows=view.separator != '/')} PROJECT"


def _line(one: Mapping[str, Json], layout: Layout) -> str:
    state = _STATES[str(one["state"])]
    if one["failed"]:
        state = layout.paint(state, "red")
    how = f", {one['transfer']}" if one["transfer"] else ""
    why = f": {safe(str(one['why']))}" if one["why"] else ""
    return f"{state}: {safe(str(one['filename'] or one['id']))} ({size(number_in(one, 'bytes'))}{how}){why}"
