"""The text of `prune`, `remove` and `purge`: the outcome of each entry, by reason, then the counts."""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.model.values import Entry, Measure, Outcome, Shape, State
from pipcacheplus.render.parts import number_in, objects_in
from pipcacheplus.render.summary import TAKEN_STATES, summary_count, tally
from pipcacheplus.render.text.considered import considered_in_words
from pipcacheplus.render.text.table import Layout, Row
from pipcacheplus.render.text.unjudged import unjudged_in_words
from pipcacheplus.render.text.words import describe, number, reasons_in_words, safe, size
from pipcacheplus.render.view import PYTHON_OPTIONS, Json, View

__all__ = ["counts", "line", "lines", "rows_by_reason"]

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
_MEASURES = {Measure.AT_LEAST.value: "at least ", Measure.UP_TO.value: "up to "}
_NOT_OF_UNDO = ("--index-url", "--min-age", "--no-catalog", *PYTHON_OPTIONS)
"""Options that make no difference to `undo`."""
_COUNTED = ("entries", "files", "du_bytes")
_MOST_LISTED = 20
"""Entries that are listed for the same reasons without `-v`."""
_REQUESTED = ("requested",)
_FEWEST_REASONS = 2
"""One alone has the counts of all, which the last line says."""
_NO_WORDS: Mapping[State, str] = {}
_STYLES = {State.FAILED: "red", State.BUSY: "yellow", State.CHANGED: "yellow"}


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield what was removed, or would be, by reason; then what was not, and the counts. With `-q` not the first."""
    if view.verbosity >= 0:
        yield from _taken(view, layout)
    for outcome in view.outcomes:
        if view.verbosity <= 0 and (outcome.state is State.BUSY or outcome.owner is not None):
            continue  # they are counted
        if outcome.state not in TAKEN_STATES:
            yield line(outcome, layout)
            if view.verbosity > 0:
                yield from _details(outcome, view)
    if view.verbosity > 0:
        yield from (f"kept: {describe(entry)}" for entry in view.kept)
    yield from _last(view, layout)


def _taken(view: View, layout: Layout) -> Iterator[str]:
    taken: dict[tuple[State, tuple[str, ...]], list[Outcome]] = {}
    for outcome in view.outcomes:
        if outcome.state in TAKEN_STATES:
            taken.setdefault((outcome.state, outcome.action.reasons), []).append(outcome)
    for (state, reasons), outcomes in taken.items():
        yield from _group(state, reasons, outcomes, view, layout)


def _group(
    state: State, reasons: tuple[str, ...], outcomes: Sequence[Outcome], view: View, layout: Layout
) -> Iterator[str]:
    """Yield a heading and the entries that were removed for the same reasons; without `-v` the first ones only."""
    because = f", {reasons_in_words(reasons)}" if reasons != _REQUESTED else ""
    folders = sum(outcome.action.entry.shape is Shape.EMPTY_DIRECTORY for outcome in outcomes)
    counted = ((len(outcomes) - folders, "entry"), (folders, "empty directory"))
    total = size(sum(_disk_size(outcome) for outcome in outcomes))
    what = " and ".join(number(count, noun) for count, noun in counted if count)
    yield layout.paint(f"{_STATES[state].capitalize()}{because}: {what} ({total})", "bold")
    is_cut = view.verbosity <= 0 and len(outcomes) > _MOST_LISTED + 1  # one alone is not left out
    most = _MOST_LISTED if is_cut else len(outcomes)
    for outcome in outcomes[:most]:
        yield f"  {describe(outcome.action.entry)} ({size(_disk_size(outcome))}{_lower(outcome)})"
        if view.verbosity > 0:
            yield from _details(outcome, view)
    if more := len(outcomes[most:]):
        yield f"  ... and {more:,} more: -v lists them"


def _disk_size(outcome: Outcome) -> int:
    return sum(file.disk_size for file in outcome.action.files)


def _lower(outcome: Outcome) -> str:
    return ", in a lower layer" if outcome.is_lower else ""


def _details(outcome: Outcome, view: View) -> Iterator[str]:
    if outcome.action.why:
        yield f"    {safe(outcome.action.why)}"
    yield from (f"    {safe(view.absolute(file.path))}" for file in outcome.action.files)


def line(outcome: Outcome, layout: Layout, *, words: Mapping[State, str] = _NO_WORDS) -> str:
    """Return the outcome of an entry with its reasons; `words` replace those for a state."""
    state = words.get(outcome.state, _STATES[outcome.state])
    if outcome.state in _STYLES:
        state = layout.paint(state, _STYLES[outcome.state])
    total = f"{size(_disk_size(outcome))}{_lower(outcome)}"
    error = f": {safe(outcome.error)}" if outcome.error else ""
    return f"{state}: {describe(outcome.action.entry)} ({total}), {reasons_in_words(outcome.action.reasons)}{error}"


def _last(view: View, layout: Layout) -> Iterator[str]:
    """Yield the counts of what stayed, and of what was removed."""
    if view.kept:
        total = tally(view.kept)
        yield f"Entries kept: {_counts({**total, 'du_bytes': total['disk_bytes']})}"
    busy = [outcome for outcome in view.outcomes if outcome.state is State.BUSY]
    if busy:
        yield _in_use(busy, is_named=view.verbosity > 0)
    yield from _of_others(view)
    if failed := summary_count(view, "failed") - sum(outcome.is_failure for outcome in busy):
        yield f"Entries that could not be removed: {failed}"
    if view.verbosity >= 0:
        if view.is_dry_run:
            yield from _by_reason(view, layout)
        yield from _limits(view)
        yield from considered_in_words(view.summary)
        yield from unjudged_in_words(view)
    if emptied := summary_count(view, "emptied_bytes"):
        measure = _MEASURES.get(str(view.summary.get("emptied_bytes_measure")), "")
        yield f"{'To be freed' if view.is_dry_run else 'Freed'} by emptying the trash: {measure}{size(emptied)}"
    lower = view.summary.get("lower_layer")
    if isinstance(lower, Mapping) and (count := lower["entries"]):
        yield f"In a lower layer of an overlay, which keeps them, so that their removal frees nothing: {count}"
    if view.summary.get("run") is not None:
        yield f"To bring it back: {view.command_line('undo', but=_NOT_OF_UNDO)}"
        yield f"Moved to the trash: {counts(view)}, freed when it is emptied"
        return
    label = "Entries to remove" if view.is_dry_run else "Entries removed"
    yield f"{label}: {counts(view)}"


def _by_reason(view: View, layout: Layout) -> Iterator[str]:
    """Yield what each reason would free, if there are several."""
    found = view.summary.get("by_reason")
    if not isinstance(found, Mapping) or len(found) < _FEWEST_REASONS:
        return
    heading, *others = layout.table([("Reason", "entries", "files", "frees"), *rows_by_reason(view)], right=(1, 2, 3))
    yield layout.paint(heading, "bold")
    yield from others


def rows_by_reason(view: View) -> Iterator[Row]:
    """Yield a row for each reason and one for all, which add up: an entry for several reasons counts once in all."""
    found = view.summary.get("by_reason")
    parts = (
        {key: part for key, part in found.items() if isinstance(part, Mapping)} if isinstance(found, Mapping) else {}
    )
    yield from (_counts_of(reasons_in_words((key,)), part) for key, part in parts.items())
    sums = {key: sum(number_in(part, key) for part in parts.values()) - summary_count(view, key) for key in _COUNTED}
    if parts and any(sums.values()):
        yield _counts_of("for several of these", {key: -count for key, count in sums.items()})
    yield _counts_of("all", view.summary)


def _counts_of(title: str, part: Mapping[str, Json]) -> Row:
    entries, files, du_bytes = (number_in(part, key) for key in _COUNTED)
    return title, f"{entries:,}", f"{files:,}", f"-{size(-du_bytes)}" if du_bytes < 0 else size(du_bytes)


def _limits(view: View) -> Iterator[str]:
    """Yield where each limit cuts, and what of locks the cache has not."""
    for cut in objects_in(view.summary, "limits"):
        if cut["entries"]:
            taken = f"{number(number_in(cut, 'entries'), 'entry')} ({size(number_in(cut, 'disk_bytes'))})"
            day = str(cut["used_before"]).partition("T")[0]
            yield f"For --{safe(str(cut['limit']))}: {taken}, none used after {day}"
    locked = view.summary.get("locked")
    if isinstance(locked, Mapping) and locked["missing"]:
        yield f"Named by locks, and not in the cache: {locked['missing']} of {locked['packages']} packages"


def _of_others(view: View) -> Iterator[str]:
    """Yield for each other user what could not go because it belongs to that one, then what changes that."""
    by_error: dict[str, list[Entry]] = {}
    for outcome in view.outcomes:
        if outcome.owner is not None:
            by_error.setdefault(outcome.error or "", []).append(outcome.action.entry)
    named = "" if view.verbosity > 0 else " (-v names them)"
    for error, entries in by_error.items():
        total = tally(entries)
        yield f"failed: {number(total['entries'], 'entry')} ({size(total['disk_bytes'])}): {safe(error)}{named}"
    command = view.summary.get("chown")
    if by_error and isinstance(command, str):
        yield f"  To change that: {safe(command)}"


def _in_use(busy: Sequence[Outcome], *, is_named: bool) -> str:
    """Return the line that counts what stays because a pip may be using it."""
    entries = [outcome.action.entry for outcome in busy if outcome.is_failure]
    folders = len(busy) - len(entries)
    total = tally(entries)
    parts = [f"{number(total['entries'], 'entry')} ({size(total['disk_bytes'])})"] if entries else []
    parts += [number(folders, "empty directory")] if folders else []
    named = "" if is_named else " (-v names them)"
    return f"kept: in use: {', '.join(parts)}; pass --exclusive if no pip is running{named}"


def counts(view: View) -> str:
    """Return the counts of what was removed or restored, or would be; the bytes are those of `du`.

    A bound is one of what was given back.
    """
    measure = _MEASURES.get(str(view.summary.get("disk_bytes_measure")), "")
    numbers = {key: summary_count(view, key) for key in ("entries", "files", "directories")}
    return _counts({**numbers, "du_bytes": summary_count(view, "disk_bytes" if measure else "du_bytes")}, measure)


def _counts(numbers: Mapping[str, int], measure: str = "") -> str:
    directories = f", directories: {count}" if (count := numbers.get("directories")) else ""
    return f"{numbers['entries']}, files: {numbers['files']}{directories} ({measure}{size(numbers['du_bytes'])})"
