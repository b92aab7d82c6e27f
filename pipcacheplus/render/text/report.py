"""The text of `report`: where it was written to, and what it cannot show yet."""

from collections.abc import Iterator, Mapping

from pipcacheplus.render.summary import summary_count
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import Json, View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the file; then, unless the verbosity is below 0, the sums, and what was not verified."""
    output = view.summary.get("output")
    if not isinstance(output, str):
        yield "Nothing cached, so that there is no report."
        return
    written = view.summary.get("output_bytes")
    if isinstance(written, int):
        yield f"Report written to {safe(output)} ({size(written)})"
    else:
        yield f"Report to be written to {safe(output)}"
    if view.verbosity < 0:
        return
    at_all = _part(view.summary, "reclaimable_at_all")
    yield (
        f"  {number(summary_count(view, 'entries'), 'entry')} ({size(summary_count(view, 'du_bytes'))} on disk),"
        f" of which {number(_number(at_all, 'entries'), 'entry')} ({size(_number(at_all, 'disk_bytes'))}) could go"
    )
    if damaged := summary_count(view, "damaged"):
        yield layout.paint(f"  {number(damaged, 'damaged entry')}", "red")
    unverified = _part(view.summary, "unverified")
    if entries := _number(unverified, "entries"):
        amount = size(_number(unverified, "bytes"))
        yield f"  {number(entries, 'entry')} ({amount}) not verified; to do that: {view.command_line('verify')}"


def _part(summary: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    part = summary.get(key)
    return part if isinstance(part, Mapping) else {}


def _number(part: Mapping[str, Json], key: str) -> int:
    value = part.get(key)
    return value if isinstance(value, int) else 0
