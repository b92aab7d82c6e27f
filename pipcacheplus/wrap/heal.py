"""Prove the entries that a failed pip dealt with, and remove those that are damaged."""

import os
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import unquote

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.results import Inspection
from pipcacheplus.checks.base.context import CURRENT
from pipcacheplus.model.values import Entry, File, Kind, Plan, Severity, State
from pipcacheplus.pips.credentials import is_cut
from pipcacheplus.pips.filenames import canonical
from pipcacheplus.pips.layout import HTTP_AREAS, entry_path, page_key
from pipcacheplus.pips.urls import path_of_file_url, without_user
from pipcacheplus.wrap.pip_log import LogFacts

__all__ = ["Healed", "remove_damaged", "remove_unloadable"]


class Healed(NamedTuple):
    """A damaged entry."""

    entry: Entry
    why: str
    """One clause."""
    is_removed: bool = True
    """Whether it is gone; else another pip may be using it, or it could not be removed."""


def remove_damaged(
    cache: PipCache, seen: LogFacts, projects: Iterable[str] = (), *, exclusive: bool | None = None
) -> tuple[Healed, ...]:
    """Remove what is damaged of all that a pip dealt with, and return it; what other pips may be using stays.

    The entries are read to their end, whatever is remembered of them: bytes can go wrong below an unchanged stamp. What
    is young counts as well, since the pip that could be writing it has ended.

    A pip that failed for another reason is not to wait for this: where its log tells under which URLs it looked, only
    what lies there is read, and nothing if there is nothing. Else all entries of the projects are.

    Args:
        cache: The one that the pip used.
        seen: What its log tells.
        projects: Names of more that it was asked for.
        exclusive: As `PipCache.apply`.

    Raises:
        PipCachePlusError: As `PipCache.inspect`, `PipCache.plan_removal` and `PipCache.apply`.
    """
    ids, is_all = _near(cache, seen)
    found = cache.inspect(*ids, min_age_s=0, pythons=[CURRENT], alone=True) if ids else None
    judged = _judged(found, ids)
    # What a redirect leads to lies under another URL than the log has.
    is_all = is_all and not (found and any(one.kind is Kind.REDIRECT for one in found.entries))
    if not judged and not is_all:
        names = frozenset(canonical(one) for one in (*seen.projects, *projects))
        ids += [one.id for one in cache.entries() if one.project in names]
        judged = _judged(cache.inspect(*ids, min_age_s=0, pythons=[CURRENT]) if ids else None, ids)
    if not judged:
        return ()
    plan = cache.plan_removal(*judged, min_age_s=0)
    return _carried_out(cache, plan, judged, exclusive=exclusive)


def remove_unloadable(
    cache: PipCache, python: str, projects: Iterable[str], *, exclusive: bool | None = None
) -> tuple[Healed, ...]:
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
    return _carried_out(cache, plan, judged, exclusive=exclusive) if judged else ()


def _judged(found: Inspection | None, ids: Container[str]) -> dict[str, Healed]:
    """Return what is damaged of the entries that were meant."""
    errors = [] if found is None else [one for one in found.findings if one.severity is Severity.ERROR]
    return {one.entry.id: Healed(one.entry, one.message) for one in errors if one.entry.id in ids}


def _near(cache: PipCache, seen: LogFacts) -> tuple[list[str], bool]:
    """Return the ids of what lies under the URLs of a log, and whether that is all that a pip can have used."""
    ids = list[str]()
    names = set[str]()
    for url in sorted({without_user(url) for url in seen.urls}):
        key = page_key(url)
        found = [id_ for area in sorted(HTTP_AREAS) if _is_there(cache, id_ := entry_path(area, key))]
        ids += found
        if found:
            names.add(unquote(url.partition("?")[0].rpartition("/")[2]))
    prefix = cache.dir.path.replace("\\", "/").rstrip("/") + "/"
    for url in sorted(seen.built_wheels):
        local = (path_of_file_url(url) or "").replace("\\", "/")
        if local.startswith(prefix) and _is_there(cache, local[len(prefix) :]):
            ids.append(local[len(prefix) :])
            names.add(local.rpartition("/")[2])
    is_all = bool(seen.urls) and not any(is_cut(without_user(url)) for url in seen.urls)
    return ids, is_all and all(name in names for name, _ in seen.cached)


def _is_there(cache: PipCache, id_: str) -> bool:
    return os.path.lexists(os.path.join(cache.dir.path, id_))


def _carried_out(
    cache: PipCache, plan: Plan, judged: Mapping[str, Healed], *, exclusive: bool | None
) -> tuple[Healed, ...]:
    """Remove entries of a plan that are as they were when they were judged; return what became of these."""
    same = [
        one
        for one in plan.actions
        if one.entry.id in judged and _stamps(one.entry.files) == _stamps(judged[one.entry.id].entry.files)
    ]
    report = cache.apply(replace(plan, actions=tuple(same)), exclusive=exclusive)
    return tuple(
        judged[one.action.entry.id]._replace(is_removed=one.state is State.REMOVED)
        for one in report.outcomes
        if one.state is State.REMOVED or one.is_failure
    )


def _stamps(files: Iterable[File]) -> frozenset[tuple[str, int, int, int]]:
    return frozenset((one.path, one.inode, one.size, one.mtime_ns) for one in files)
