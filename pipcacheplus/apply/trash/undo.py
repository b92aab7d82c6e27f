"""Restoring of a run from the trash, entry by entry; the run is removed if nothing of it is left."""

import os
from collections.abc import Callable
from contextlib import ExitStack, suppress

from pipcacheplus.apply.lock import locked, owned_root
from pipcacheplus.apply.system import Latch, System
from pipcacheplus.apply.trash.empty import empty_old, listed
from pipcacheplus.apply.trash.location import MANIFEST, drop, numbers_in, open_trash, runs_in
from pipcacheplus.apply.trash.manifest import Manifest, read_manifest
from pipcacheplus.apply.trash.private_directory import PrivateDirectory
from pipcacheplus.apply.trash.restore_entry import Restorer
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import CacheDir, Measure, Outcome, Plan, Report, State, Trashed, Warned

__all__ = ["trashed", "undo"]


def trashed(path: str, system: System) -> tuple[Trashed, ...]:
    """Return the runs that can be restored, oldest first; nothing is changed.

    Raises:
        BadRequestError: The trash is not ours alone.
        OSError: The cache directory cannot be opened.
    """
    with OpenCache(path) as cache, open_trash(cache, system) as trash:
        return listed(trash, system) if trash is not None else ()


def undo(
    cache_dir: CacheDir,
    *,
    system: System,
    run: str | None = None,
    is_planned: bool = False,
    lock_timeout_s: float = 0,
    stop: Callable[[], bool] | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Report:
    """Restore the files that a run moved to the trash, and report the real results.

    A new file in the place of an entry stays, and the entry stays in the trash (`changed`). A run that was interrupted,
    or an undo, can be undone again: restored entries are left unchanged.

    Args:
        cache_dir: The cache.
        system: The system.
        run: The run; by default the last of which anything is left.
        is_planned: Whether nothing is changed, and the expected result is reported.
        lock_timeout_s: Seconds to wait for another pipcacheplus to finish.
        stop: Called between entries; once it returns true, nothing else is begun.
        progress: Called with the number of entries done, and of all.

    Raises:
        BadRequestError: There is no such run, or the trash is not only this user's.
        CacheBusyError: Another pipcacheplus held the cache for longer than that.
        NotACacheError: It belongs to another user.
        OSError: The cache directory or the trash cannot be opened.
    """
    latch = Latch(stop)
    with ExitStack() as stack:
        cache = stack.enter_context(OpenCache(cache_dir.path))
        root = owned_root(cache, system)
        unlocked: str | None = None
        lock = locked(cache_dir.path, root, system, timeout_s=lock_timeout_s, stop=latch.poll)
        if is_planned:
            with lock:  # only to test whether it is free
                pass
        else:
            unlocked = stack.enter_context(lock)
        undoing = _Undoing(cache, system, latch, progress, is_planned=is_planned)
        with open_trash(cache, system) as trash:
            report = undoing.undo(cache_dir, trash, run)
        measure = Measure.UP_TO if cache.shares_blocks else Measure.EXACT
        emptied = 0 if is_planned or latch.is_set else empty_old(cache, system, spares=report.run)
    return Report(
        plan=report.plan,
        outcomes=report.outcomes,
        warnings=report.warnings,
        is_interrupted=latch.is_set,
        run=report.run,
        emptied_bytes=emptied,
        emptied_measure=measure if emptied else Measure.EXACT,
        unlocked=unlocked,
    )


class _Undoing:
    """One request to restore a run."""

    def __init__(
        self,
        cache: OpenCache,
        system: System,
        latch: Latch,
        progress: Callable[[int, int | None], None] | None,
        *,
        is_planned: bool,
    ) -> None:
        self._cache = cache
        self._system = system
        self._latch = latch
        self._progress = progress
        self._is_planned = is_planned

    def undo(self, cache_dir: CacheDir, trash: PrivateDirectory | None, wanted: str | None) -> Report:
        """Restore the requested run, or the last one of which anything is left."""
        runs = runs_in(trash) if trash is not None else []
        if wanted is not None and wanted not in runs:
            raise BadRequestError(
                what="run", problem=f"there is no {wanted!r} in the trash", next_step="see `trashed()`"
            )
        report = Report(plan=Plan(cache=cache_dir, actions=()), outcomes=())
        for run in [wanted] if wanted is not None else reversed(runs):
            if trash is None or self._latch.poll():
                break
            report = self._of(cache_dir, trash, run)
            if report.plan.actions or report.warnings:
                break
        return report

    def _of(self, cache_dir: CacheDir, trash: PrivateDirectory, run: str) -> Report:
        with trash.inner(run, self._system) as folder:
            held = numbers_in(folder)
            manifest = _manifest_of(folder)
            restorer = Restorer(
                cache=self._cache,
                system=self._system,
                run=folder,
                held=held,
                disarmings=manifest.disarmings,
                folders=manifest.folders,
            )
            due = [record for record in manifest.records if restorer.is_due(record)]
            outcomes: list[Outcome] = []
            for record in due:
                self._report_progress(len(outcomes), len(due))
                if self._latch.poll():
                    break
                outcomes.append(restorer.restore(record, is_planned=self._is_planned))
            self._report_progress(len(outcomes), len(due))
            listed_numbers = {number for record in manifest.records for number in record.numbers}
            lost = Warned(path=run, message="holds files that are not in the manifest")
            warnings = (*manifest.warnings, *((lost,) if held.keys() - listed_numbers else ()))
        is_done = len(outcomes) == len(due) and all(outcome.state is State.RESTORED for outcome in outcomes)
        if is_done and not self._is_planned:
            with suppress(OSError):  # an empty run does no harm, and is removed at the next emptying
                drop(trash, run, self._system)
        plan = Plan(cache=cache_dir, actions=tuple(record.action for record in due))
        return Report(plan=plan, outcomes=tuple(outcomes), warnings=warnings, run=run)

    def _report_progress(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(done, total)


def _manifest_of(folder: PrivateDirectory) -> Manifest:
    try:
        with open(folder.open_file(MANIFEST, os.O_RDONLY), "rb") as file:
            return read_manifest(file)
    except FileNotFoundError:  # interrupted before anything was moved
        return Manifest()
