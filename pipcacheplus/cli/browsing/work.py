"""Work on the cache for the terminal view: read, explain, rehearse, remove, save; texts of it are printable."""

from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pipcacheplus.cli.base.command import CommandResult, Request
from pipcacheplus.cli.base.options import pythons_of
from pipcacheplus.cli.base.removal import keeps_of, result_of
from pipcacheplus.cli.base.signals import StopRequest
from pipcacheplus.cli.browsing.facts import BrowsedEntries, Reading, read_entries
from pipcacheplus.model.values import Entry, Measure, Outcome, Plan, Report, State
from pipcacheplus.render.human import lines_of
from pipcacheplus.render.summary import summarize_report
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import describe, kind_in_words, number, safe, size
from pipcacheplus.render.times import rfc3339
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.model.values import Progress

__all__ = ["Prepared", "RemovalResult", "Work"]

_T = TypeVar("_T")
_MAX_LINES = 200
"""Entries that a dialog names; it says how many more there are."""
_MAX_EXPLAINED = 20
"""Entries whose keep is named: each is read to its end for that."""
_PLAIN = Layout(width=None, color=False)
_OTHERS = "a lock or an environment (--keep-lock, --keep-env)"
_MEASURES = {Measure.AT_LEAST: "at least ", Measure.UP_TO: "up to "}
_SUMS = ("entries", "files", "directories", "disk_bytes", "du_bytes", "failed", "run")


class Prepared(NamedTuple):
    """A plan, and what would become of it."""

    plan: Plan
    is_to_trash: bool
    counted: str
    """Counts of the entries to remove, in words."""
    text: str
    """The entries to keep, by the reason, and the entries to remove."""


class RemovalResult(NamedTuple):
    """Result of a plan that was carried out."""

    text: str
    """As `remove` prints it."""
    is_whole: bool
    """Whether all went that was to go."""
    sums: dict[str, Json]
    exit_code: int


class Work:
    """What can be done with one cache, by the options of one run; nothing here knows the screen."""

    def __init__(self, request: Request, cache: "PipCache") -> None:
        """Take the options, and the cache that they name."""
        # Quiet: what a result says on stderr would stand in the middle of the screen.
        options = Namespace(**{**vars(request.options), "verbose": 0, "quiet": 1, "what": ()})
        self._request = request._replace(command="remove", options=options)
        self._cache = cache
        self._pythons = pythons_of(request.options, request.environ)

    @property
    def path(self) -> str:
        """Return the cache directory, printable."""
        return safe(self._cache.dir.path)

    def read(self, progress: "Progress | None", *, verifies: bool = False) -> BrowsedEntries:
        """Read the cache, files to their end, once, if that is wanted; raises as `read_entries`."""
        how = Reading(pythons=self._pythons, remembers=self._request.options.remembers, verifies=verifies)
        return read_entries(self._cache, how, progress)

    def why(self, id_: str, progress: "Progress | None") -> str:
        """Return what is to be said of an entry: what it is, and what would remove it or keep it.

        Raises:
            PipCachePlusError: The cache is gone, or an interpreter cannot be asked.
            OSError: The cache cannot be listed.
        """
        options = self._request.options
        found = self._cache.why(
            id_,
            keep=options.keep,
            min_age_s=options.min_age,
            pythons=self._pythons,
            remembers=options.remembers,
            progress=progress,
        )
        one = next((one for one in found.entries if one.entry.id == id_), None)
        if one is None:
            return f"{safe(id_)}\n\nIt is not there any more."
        return "\n".join((*_facts(one.entry), "", f"{safe(one.sentence)}."))

    def prepare(
        self, ids: Sequence[str], *, foreign: Sequence[str] = (), is_to_trash: bool, progress: "Progress | None"
    ) -> Prepared:
        """Return the plan for entries, rehearsed: the entries to remove and to keep, and the reasons.

        Args:
            ids: Of the entries.
            foreign: Ids of what was marked and never goes, as no pip wrote it.
            is_to_trash: Whether they are to be moved to the trash.
            progress: Called with the entries read.

        Raises:
            PipCachePlusError: The cache is gone, nothing may be removed there, or there can be no trash.
            OSError: The cache cannot be listed.
        """
        plan = self._cache.plan_removal(
            *ids, **keeps_of(self._request), remembers=self._request.options.remembers, progress=progress
        )
        chosen = frozenset(ids)
        # A name in the cache may read as a wider selection: never does more go than was marked.
        plan = replace(
            plan,
            actions=tuple(one for one in plan.actions if one.entry.id in chosen),
            kept=tuple(entry for entry in plan.kept if entry.id in chosen),
        )
        report = self._apply(plan, is_planned=True, is_to_trash=is_to_trash)
        view = self._result(report, is_planned=True).view
        text = list(map(safe, view.warnings))
        staying = defaultdict[str, list[Entry]](list)
        for why, entry in (*self._kept(plan, progress), *_not_going(view.outcomes)):
            staying[why].append(entry)
        for why, entries in staying.items():
            text += [f"{why[0].upper()}{why[1:]}: {number(len(entries), 'entry')}", *_some(entries, _in_a_line), ""]
        if foreign:
            text += [f"Foreign, never removed: {number(len(foreign), 'file')}", *_some(foreign, safe), ""]
        going = [one.action.entry for one in view.outcomes if one.state is State.PLANNED]
        text += [f"Would be removed: {number(len(going), 'entry')}", *_some(going, _in_a_line)]
        return Prepared(plan, is_to_trash, _counted(report, view.summary), "\n".join(text))

    def _kept(self, plan: Plan, progress: "Progress | None") -> "Iterator[tuple[str, Entry]]":
        """Yield what was chosen and a keep, or its youth, holds back, behind what that is."""
        options = self._request.options
        explained = plan.kept[:_MAX_EXPLAINED]
        keeping = {}
        if explained:
            found = self._cache.why(
                *(one.id for one in explained),
                keep=options.keep,
                min_age_s=options.min_age,
                pythons=["current"],
                remembers=options.remembers,
                progress=progress,
            )
            keeping = {one.entry.id: one.kept_by for one in found.entries}
        for entry in plan.kept:
            kept_by = keeping.get(entry.id)
            yield "kept" if kept_by is None else f"kept by {safe(' and '.join(kept_by) or _OTHERS)}", entry

    def remove(
        self, prepared: Prepared, *, stop: Callable[[], bool], progress: "Progress", waiting: Callable[[str], None]
    ) -> RemovalResult:
        """Carry a plan out, with the protections of `remove`.

        Args:
            prepared: What was shown.
            stop: Called between entries; once it returns true, nothing else is begun.
            progress: Called with the entries done.
            waiting: Called with a sentence, while pips are waited for.

        Raises:
            PipCachePlusError: As `PipCache.apply`.
            OSError: As `PipCache.apply`.
        """
        report = self._apply(
            prepared.plan,
            is_planned=False,
            is_to_trash=prepared.is_to_trash,
            stop=stop,
            progress=progress,
            waiting=waiting,
        )
        result = self._result(report, is_planned=False)
        lines = [*map(safe, result.view.warnings), *lines_of(result.view._replace(verbosity=-1), _PLAIN)]
        if report.is_interrupted:
            lines.insert(0, f"Stopped: {len(report.plan.actions) - len(report.outcomes):,} not begun")
        sums = summarize_report(report)
        return RemovalResult(
            text="\n".join(lines),
            is_whole=not report.is_interrupted and not report.failed and len(lines) == 1,
            sums={key: sums[key] for key in _SUMS},
            exit_code=result.exit_code,
        )

    def _apply(
        self,
        plan: Plan,
        *,
        is_planned: bool,
        is_to_trash: bool,
        stop: Callable[[], bool] | None = None,
        progress: "Progress | None" = None,
        waiting: Callable[[str], None] | None = None,
    ) -> Report:
        options = self._request.options
        return self._cache.apply(
            plan,
            dry_run=is_planned,
            exclusive=options.exclusive,
            lock_timeout_s=options.lock_timeout,
            stop=stop,
            progress=progress,
            trash=is_to_trash,
            trash_size=options.trash_size,
            waiting=None if waiting is None else lambda one: waiting(f"{one.reason}: {one.left_s:.0f} s"),
        )

    def _result(self, report: Report, *, is_planned: bool) -> CommandResult:
        options = Namespace(**{**vars(self._request.options), "dry_run": is_planned})
        return result_of(self._request._replace(options=options), self._cache, report, StopRequest())

    def save(self, prepared: Prepared, path: str) -> str:
        """Write a plan to a new file; return what to say about it.

        Raises:
            BadRequestError: The file exists, or cannot be written.
        """
        self._cache.save_plan(prepared.plan, path)
        return f"Saved. To carry it out: apply {safe(path)}"


def _facts(entry: Entry) -> Iterator[str]:
    yield describe(entry)
    yield f"{kind_in_words(entry.kind)}, {size(entry.disk_size)} in {number(len(entry.files), 'file')}"
    if entry.url_shown:
        yield f"URL: {safe(entry.url_shown)}"
    for file in entry.files:
        yield f"File: {safe(file.path)}"
    if entry.files:
        written = rfc3339(entry.files[0].mtime_ns // 10**9)
        yield f"Written: {written}"


def _counted(report: Report, sums: Mapping[str, Json]) -> str:
    """Return counts of the entries to remove: `3 entries (77 kB) in 6 files, and 11 directories`."""
    entries, files, folders = (int(str(sums[key])) for key in ("entries", "files", "directories"))
    measure = _MEASURES.get(report.measure, "")
    amount = size(int(str(sums["disk_bytes" if measure else "du_bytes"])))
    directories = f", and {number(folders, 'directory')}" if folders else ""
    return f"{number(entries, 'entry')} ({measure}{amount}) in {number(files, 'file')}{directories}"


def _not_going(outcomes: Sequence[Outcome]) -> "Iterator[tuple[str, Entry]]":
    """Yield what was chosen, and would stay as things are now, behind the reason."""
    for one in outcomes:
        if one.state is not State.PLANNED:
            word = "in use" if one.state is State.BUSY else one.state.value
            yield f"{word}: {safe(one.error)}" if one.error else word, one.action.entry


def _in_a_line(entry: Entry) -> str:
    return f"{describe(entry)} ({size(entry.disk_size)})"


def _some(those: Sequence[_T], in_a_line: Callable[[_T], str]) -> Iterator[str]:
    yield from (f"  {in_a_line(one)}" for one in islice(those, _MAX_LINES))
    if len(those) > _MAX_LINES:
        yield f"  ... and {len(those) - _MAX_LINES:,} more"
