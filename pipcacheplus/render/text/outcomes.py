"""The text of `prune`, `remove` and `purge`: what became of each entry, and why; then pip's count, measured."""

from collections.abc import Iterator, Mapping

from pipcacheplus.model import Outcome, State
from pipcacheplus.render.summary import WENT, counted, tally
from pipcacheplus.render.text.page import Page
from pipcacheplus.render.text.words import describe, reasons_in_words, safe, size
from pipcacheplus.render.view import View

__all__ = ["lines"]

_STATES = {
    State.PLANNED: "would remove",
    State.REMOVED: "removed",
    State.TRASHED: "moved to the trash",
    State.RESTORED: "restored",
    State.CHANGED: "kept: changed since the scan",
    State.GONE: "gone before",
    State.BUSY: "kept: in use",
    State.FAILED: "failed",
}
_STYLES = {State.FAILED: "red", State.BUSY: "yellow", State.CHANGED: "yellow"}


def lines(view: View, page: Page) -> Iterator[str]:
    """Yield a line for each entry, and the count; below a verbosity of 0, of entries only what stayed or failed."""
    for outcome in view.outcomes:
        if view.verbosity >= 0 or outcome.state not in WENT:
            yield _line(outcome, page)
            if view.verbosity > 0:
                yield from (f"    {safe(view.absolute(file.path))}" for file in outcome.action.files)
    if view.verbosity > 0:
        yield from (f"kept: {describe(entry)}" for entry in view.kept)
    yield from _last(view)


def _line(outcome: Outcome, page: Page) -> str:
    state = _STATES[outcome.state]
    if outcome.state in _STYLES:
        state = page.paint(state, _STYLES[outcome.state])
    total = size(sum(file.size for file in outcome.action.files))
    error = f": {safe(outcome.error)}" if outcome.error else ""
    return f"{state}: {describe(outcome.action.entry)} ({total}), {reasons_in_words(outcome.action.reasons)}{error}"


def _last(view: View) -> Iterator[str]:
    """Yield what stayed, and in pip's words what went."""
    if view.kept:
        yield f"Entries kept: {_counts(tally(view.kept))}"
    if failed := counted(view, "failed"):
        yield f"Entries that could not be removed: {failed}"
    label = "Entries to remove" if view.is_dry_run else "Entries removed"
    yield f"{label}: {_counts({key: counted(view, key) for key in ('entries', 'files', 'bytes')})}"


def _counts(counts: Mapping[str, int]) -> str:
    return f"{counts['entries']}, files: {counts['files']} ({size(counts['bytes'])})"
