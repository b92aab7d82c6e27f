"""The text of `report`: the file, its sums, and how much was not read to the end."""

from collections.abc import Iterator

from pipcacheplus.render.parts import number_in, object_in
from pipcacheplus.render.summary import summary_count
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import View

__all__ = ["lines"]


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the file; then, unless the verbosity is below 0, the sums and the count of what was not read to the end."""
    output = view.summary.get("output")
    if not isinstance(output, str):
        yield "Nothing cached, so no report was written."
        return
    written = view.summary.get("output_bytes")
    if isinstance(written, int):
        yield f"Report written to {safe(output)} ({size(written)})"
    else:
        yield f"Report to be written to {safe(output)}"
    if view.verbosity < 0:
        return
    at_all = object_in(view.summary, "reclaimable_at_all")
    reclaimable = f"{number(number_in(at_all, 'entries'), 'entry')} ({size(number_in(at_all, 'disk_bytes'))})"
    taken = size(summary_count(view, "du_bytes"))
    entries = number(summary_count(view, "entries"), "entry")
    yield f"  {entries} ({taken} on disk), of which {reclaimable} can be removed"
    if damaged := summary_count(view, "damaged"):
        yield layout.paint(f"  {number(damaged, 'damaged entry')}", "red")
    unread = object_in(view.summary, "not_read_to_end")
    if count := number_in(unread, "entries"):
        amount = size(number_in(unread, "disk_bytes"))
        yield f"  {number(count, 'entry')} ({amount}) not read to the end since the last change; to read them:"
        yield f"    {view.command_line('verify')}"
