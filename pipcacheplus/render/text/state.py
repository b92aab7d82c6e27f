"""The text of `state`: a line for the stored files of each cache, its place below, then the sum."""

from collections.abc import Iterator, Mapping

from pipcacheplus.model.values import OwnKind
from pipcacheplus.render.parts import number_in, objects_in
from pipcacheplus.render.summary import summary_count
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]

_WORDS = {
    OwnKind.CATALOGS.value: "catalog",
    OwnKind.TRASH.value: "trash",
    OwnKind.INTERPRETERS.value: "answers of interpreters",
    OwnKind.MARKS.value: "mark",
    OwnKind.RECORDS.value: "records of use",
}


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield all of it; below a verbosity of 0 only the sum."""
    parts = objects_in(view.summary, "state")
    if view.verbosity >= 0:
        rows = [(_WORDS[str(part["kind"])], _size(part), _day(part), safe(str(part["cache"] or ""))) for part in parts]
        for row, part in zip(layout.table(rows, right=(1,), give=3), parts, strict=True):
            yield row
            yield f"    {safe(str(part['path']))}"
    label = "Stored outside of caches"
    if view.summary.get("clear") is True:
        label = "Files to remove" if view.is_dry_run else "Files removed"
    yield f"{label}: {number(summary_count(view, 'files'), 'file')} ({size(summary_count(view, 'disk_bytes'))})"


def _size(part: Mapping[str, Json]) -> str:
    return size(number_in(part, "disk_bytes"))


def _day(part: Mapping[str, Json]) -> str:
    return "used " + str(part["used"]).partition("T")[0]
