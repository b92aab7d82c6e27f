"""Prove the entries that a failed pip dealt with, and remove those that are damaged."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.model.values import Entry, File, Plan, Severity, State
from pipcacheplus.pips.filenames import canonical
from pipcacheplus.pips.layout import HTTP_AREAS, entry_path, page_key
from pipcacheplus.pips.urls import path_of_file_url
from pipcacheplus.wrap.pip_log import LogFacts

__all__ = ["Healed", "remove_damaged", "remove_unloadable"]


class Healed(NamedTuple):
    """An entry that was removed."""

    entry: Entry
    why: str
    """One clause."""


def remove_damaged(cache: PipCache, seen: LogFacts, projects: Iterable[str] = ()) -> tuple[Healed, ...]:
    """Remove what is damaged of all that a pip dealt with, and return it.

    The entries are read to their end, whatever is remembered of them: bytes can go wrong below an unchanged stamp. What
    is young counts as well, since the pip that could be writing it has ended.

    Args:
        cache: The one that the pip used.
        seen: What its log tells.
        projects: Names of more that it was asked for.

    Raises:
        PipCachePlusError: As `PipCache.inspect`, `PipCache.plan_removal` and `PipCache.apply`.
    """
    is_wanted = _wanted_by(cache.dir.path, seen, projects)
    ids = [one.id for one in cache.entries() if is_wanted(one)]
    if not ids:
        return ()
    errors = [one for one in cache.inspect(*ids, min_age_s=0).findings if one.severity is Severity.ERROR]
    if not errors:
        return ()
    judged = {one.entry.id: Healed(one.entry, one.message) for one in errors}
    plan = cache.plan_removal(*judged, min_age_s=0)
    return _carried_out(cache, plan, judged)


def remove_unloadable(cache: PipCache, python: str, projects: Iterable[str]) -> tuple[Healed, ...]:
    """Remove the built wheels of some projects that an interpreter cannot load, and return them.

    Raises:
        PipCachePlusError: As `PipCache.plan` and `PipCache.apply`; an interpreter cannot be asked.
    """
    names = frozenset(map(canonical, projects))
    # It was seen to fail: what might be supplied later was not there.
    plan = cache.plan(outdated_builds="strict", pythons=[python], min_age_s=0)
    judged = {
        one.entry.id: Healed(one.entry, one.why or "this machine cannot load it")
        for one in plan.actions
        if one.entry.project in names
    }
    return _carried_out(cache, plan, judged) if judged else ()


def _wanted_by(path: str, seen: LogFacts, projects: Iterable[str]) -> Callable[[Entry], bool]:
    """Return whether a pip dealt with an entry: by its key or path, or by its project."""
    keys = (page_key(url) for url in seen.urls)
    ids = {entry_path(area, key) for key in keys for area in HTTP_AREAS}
    prefix = path.replace("\\", "/").rstrip("/") + "/"
    for url in seen.built_wheels:
        local = (path_of_file_url(url) or "").replace("\\", "/")
        if local.startswith(prefix):
            ids.add(local[len(prefix) :])
    names = frozenset(canonical(one) for one in (*seen.projects, *projects))

    def is_wanted(entry: Entry) -> bool:
        return entry.id in ids or entry.project in names

    return is_wanted


def _carried_out(cache: PipCache, plan: Plan, judged: Mapping[str, Healed]) -> tuple[Healed, ...]:
    """Remove entries of a plan that are as they were when they were judged; return those that went."""
    same = [
        one
        for one in plan.actions
        if one.entry.id in judged and _stamps(one.entry.files) == _stamps(judged[one.entry.id].entry.files)
    ]
    report = cache.apply(replace(plan, actions=tuple(same)))
    return tuple(judged[one.action.entry.id] for one in report.outcomes if one.state is State.REMOVED)


def _stamps(files: Iterable[File]) -> frozenset[tuple[str, int, int, int]]:
    return frozenset((one.path, one.inode, one.size, one.mtime_ns) for one in files)
