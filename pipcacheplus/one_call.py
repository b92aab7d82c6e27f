"""Functions for a single call: each finds the cache, does one task, and returns the result.

A cache that does not exist yet, or is switched off, is not an error to them, unless it is named: nothing is found, and
nothing is removed.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.results import Verification
from pipcacheplus.checks.base.context import Pythons, considered_pythons
from pipcacheplus.errors import CacheDisabledError, CacheNotFoundError
from pipcacheplus.host.machine import this_machine
from pipcacheplus.model.arguments import age_in_seconds, check_switches
from pipcacheplus.model.values import CacheDir, ExportReport, Kind, Plan, Report
from pipcacheplus.pips.absence import absence_of
from pipcacheplus.plan.limits import LimitOn, limits_of
from pipcacheplus.plan.select import Selection

if TYPE_CHECKING:  # slow to import
    from datetime import timedelta

    from pipcacheplus.model.pythons import FoundPython

__all__ = [
    "export",
    "interpreters",
    "prune_corrupt",
    "prune_incompatible_wheels",
    "prune_outdated_builds",
    "prune_partial",
    "prune_stale",
    "prune_to_size",
    "verify",
]


def prune_incompatible_wheels(
    *,
    pythons: Pythons = None,
    include_downloads: bool = True,
    cache_dir: str | None = None,
    keep: Sequence[str | Kind] = (),
    keep_missing_ok: bool = False,
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove wheels, built or downloaded, that none of these interpreters can use; all of this machine by default.

    Nothing is removed while an interpreter of this machine was not run, or gave no answer, unless `pythons` names
    those that count.

    Built ones that none of their pips looks for are removed as well. Without `include_downloads`, only built ones are.

    The report of a cache that does not exist yet, or is switched off, is empty, unless `cache_dir` names it.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply`.
    """
    return _pruned(
        cache_dir,
        lambda cache: cache.plan(
            incompatible=True,
            include_downloads=include_downloads,
            pythons=pythons,
            keep=keep,
            keep_missing_ok=keep_missing_ok,
        ),
        keep=keep,
        dry_run=dry_run,
        exclusive=exclusive,
    )


def prune_outdated_builds(
    *,
    strict: bool = False,
    pythons: Pythons = None,
    cache_dir: str | None = None,
    keep: Sequence[str | Kind] = (),
    keep_missing_ok: bool = False,
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove built wheels that this machine cannot load in its present state; pip builds them again.

    With `strict`, also those that need libraries which may be supplied later, or were built with tools that are not
    here any more. The report of a cache that does not exist yet, or is switched off, is empty, unless `cache_dir` names
    it.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply`.
    """
    check_switches(strict=strict)
    outdated = "strict" if strict else True
    return _pruned(
        cache_dir,
        lambda cache: cache.plan(outdated_builds=outdated, pythons=pythons, keep=keep, keep_missing_ok=keep_missing_ok),
        keep=keep,
        dry_run=dry_run,
        exclusive=exclusive,
    )


def prune_stale(
    *,
    older_than_s: "float | timedelta | None" = None,
    cache_dir: str | None = None,
    keep: Sequence[str | Kind] = (),
    keep_missing_ok: bool = False,
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove pages past their freshness lifetime, or older than an age, and entries whose source may have changed.

    The latter are files that were replaced since, and wheels built from these or from a local directory.

    The report of a cache that does not exist yet, or is switched off, is empty, unless `cache_dir` names it.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply`.
    """
    stale = True if older_than_s is None else age_in_seconds("older_than_s", older_than_s)
    return _pruned(
        cache_dir,
        lambda cache: cache.plan(stale=stale, keep=keep, keep_missing_ok=keep_missing_ok),
        keep=keep,
        dry_run=dry_run,
        exclusive=exclusive,
    )


def prune_corrupt(
    *,
    cache_dir: str | None = None,
    keep: Sequence[str | Kind] = (),
    keep_missing_ok: bool = False,
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove damaged entries; files are read to their end, once.

    The report of a cache that does not exist yet, or is switched off, is empty, unless `cache_dir` names it.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply`.
    """
    return _pruned(
        cache_dir,
        lambda cache: cache.plan(corrupt=True, keep=keep, keep_missing_ok=keep_missing_ok),
        keep=keep,
        dry_run=dry_run,
        exclusive=exclusive,
    )


def prune_partial(
    *,
    min_age_s: "float | timedelta" = 3600,
    cache_dir: str | None = None,
    keep: Sequence[str | Kind] = (),
    keep_missing_ok: bool = False,
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove leftovers of interrupted downloads, writes and builds that are older than `min_age_s` seconds.

    The report of a cache that does not exist yet, or is switched off, is empty, unless `cache_dir` names it.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply`.
    """
    min_age_s = age_in_seconds("min_age_s", min_age_s)
    return _pruned(
        cache_dir,
        lambda cache: cache.plan(partial=True, min_age_s=min_age_s, keep=keep, keep_missing_ok=keep_missing_ok),
        keep=keep,
        dry_run=dry_run,
        exclusive=exclusive,
    )


def prune_to_size(
    max_size: int | str,
    *,
    cache_dir: str | None = None,
    keep: Sequence[str | Kind] = (),
    keep_missing_ok: bool = False,
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove the least recently used entries until the cache takes at most so many bytes, or `2GB`, on the disk.

    The report of a cache that does not exist yet, or is switched off, is empty, unless `cache_dir` names it.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply`.
    """
    limits_of({LimitOn.SIZE: max_size})
    return _pruned(
        cache_dir,
        lambda cache: cache.plan(max_size=max_size, keep=keep, keep_missing_ok=keep_missing_ok),
        keep=keep,
        dry_run=dry_run,
        exclusive=exclusive,
    )


def export(
    *what: str | Kind,
    to: str | os.PathLike[str],
    locks: Sequence[str | os.PathLike[str]] = (),
    cache_dir: str | None = None,
    dry_run: bool = False,
) -> ExportReport:
    """Export downloads and built wheels to a directory, verified, under the names that the index published.

    The report of a cache that does not exist yet, or is switched off, is empty, unless `cache_dir` names it.

    Raises:
        PipCachePlusError: As `PipCache.locate` and `PipCache.export`.
    """
    cache = _located(cache_dir)
    if isinstance(cache, PipCache):
        return cache.export(*what, to=to, locks=locks, dry_run=dry_run)
    Selection(what, cache_dir=cache.path)
    return ExportReport(cache=cache, folder=os.path.realpath(to), outcomes=())


def interpreters(*, pythons: Pythons = None, cache_dir: str | None = None) -> "tuple[FoundPython, ...]":
    """Return the interpreters that count, with the tags and the pip of each, or the reason why these are unknown.

    Those that a cache names in its self-checks are among them; a cache that does not exist yet names none. One with
    a stored answer is not run.

    Raises:
        PipCachePlusError: As `PipCache.locate` and `PipCache.pythons`.
    """
    cache = _located(cache_dir)
    return cache.pythons(pythons) if isinstance(cache, PipCache) else considered_pythons(pythons)


def verify(*what: str | Kind, cache_dir: str | None = None, pythons: Pythons = None) -> Verification:
    """Run every check on the entries of the cache that match `what`; nothing is changed.

    Of a cache that does not exist yet, or is switched off, nothing is found, unless `cache_dir` names it.

    Raises:
        PipCachePlusError: As `PipCache.locate` and `PipCache.verify`.
    """
    cache = _located(cache_dir)
    if isinstance(cache, PipCache):
        return cache.verify(*what, pythons=pythons)
    Selection(what, cache_dir=cache.path)
    return Verification(cache=cache, findings=(), entries=0, bytes=0, unverifiable=0)


def _located(cache_dir: str | None) -> PipCache | CacheDir:
    """Return the cache, or its future path if it does not exist yet and `cache_dir` does not name it.

    Raises:
        PipCachePlusError: As `PipCache.locate`.
    """
    try:
        return PipCache.locate(cache_dir=cache_dir)
    except (CacheNotFoundError, CacheDisabledError) as error:
        absence = absence_of(error, this_machine()) if cache_dir is None else None
        if absence is None:
            raise
        return absence.cache


def _pruned(
    cache_dir: str | None,
    planned: Callable[[PipCache], Plan],
    *,
    keep: Sequence[str | Kind],
    dry_run: bool,
    exclusive: bool | None,
) -> Report:
    """Carry out the plan for a cache, and report it; the report of one that does not exist yet is empty."""
    check_switches(dry_run=dry_run)
    cache = _located(cache_dir)
    if isinstance(cache, PipCache):
        return cache.apply(planned(cache), dry_run=dry_run, exclusive=exclusive)
    Selection(keep, cache_dir=cache.path)
    return Report(plan=Plan(cache=cache, actions=()), outcomes=())
