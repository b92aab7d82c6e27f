"""The text of `undo`: the outcome of each entry, then the count; or the runs that can be restored."""

from collections.abc import Iterator, Sequence

from pipcacheplus.model.values import State
from pipcacheplus.render.parts import Part, number_in, objects_in
from pipcacheplus.render.summary import TAKEN_STATES, summary_count
from pipcacheplus.render.text.outcomes import counts, line
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import View

__all__ = ["lines"]

_STATES = {State.PLANNED: "would restore", State.CHANGED: "left in the trash"}
"""States with other words than in a removal."""
_RESTORED_STATES = TAKEN_STATES | {State.RESTORED}


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield a line for each entry, then the count; below a verbosity of 0, only for entries that were not restored."""
    if isinstance(view.summary.get("runs"), Sequence):
        yield from _runs(objects_in(view.summary, "runs"), layout)
        if isinstance(trash := view.summary.get("trash"), str):
            yield f"The trash lies in {safe(trash)}"
        return
    for outcome in view.outcomes:
        if view.verbosity >= 0 or outcome.state not in _RESTORED_STATES:
            yield line(outcome, layout, words=_STATES)
            if view.verbosity > 0:
                yield from (f"    {safe(view.absolute(file.path))}" for file in outcome.action.files)
    stayed = summary_count(view, "failed") + sum(outcome.state is State.CHANGED for outcome in view.outcomes)
    if stayed:
        yield f"Entries left in the trash: {stayed}"
    label = "Entries to restore" if view.is_dry_run else "Entries restored"
    yield f"{label}: {counts(view)}"


def _runs(listed: Sequence[Part], layout: Layout) -> Iterator[str]:
    rows = [
        (
            str(run["run"]),
            number(number_in(run, "files"), "file"),
            size(number_in(run, "disk_bytes")),
            f"until {run['kept_until']}",
        )
        for run in listed
    ]
    yield from layout.table(rows, right=(1, 2), give=3)
    if not rows:
        yield "The trash is empty."
