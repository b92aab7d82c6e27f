"""Prove the entries that a failed pip dealt with, and remove those that are damaged."""

import os
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.results import Inspection
from pipcacheplus.checks.base.context import CURRENT
from pipcacheplus.model.values import Entry, File, Group, Plan, Severity, State, Waiting
from pipcacheplus.pips.filenames import canonical
from pipcacheplus.wrap.traced_pip import Trace

__all__ = ["Healed", "Healer"]

_LOCK_S = 60
"""How long another run of ours may take: it may be curing the same cache."""


class Healed(NamedTuple):
    """A damaged entry."""

    entry: Entry
    why: str
    """One clause."""
    is_removed: bool = True
    """Whether it is gone; else another pip may be using it, or it could not be removed."""


class Healer(NamedTuple):
    """Removes what is damaged of one cache."""

    cache: PipCache
    exclusive: bool | None = None
    """As `PipCache.apply`."""
    waiting: Callable[[Waiting], None] | None = None
    """As `PipCache.apply`."""

    def remove_damaged(self, trace: Trace, projects: Iterable[str]) -> tuple[Healed, ...]:
        """Remove what is damaged of all that a pip read, and return it; what other pips may be using stays.

        The entries are read to their end, whatever is remembered of them: bytes can go wrong below an unchanged stamp.
        What is young counts as well, since the pip that could be writing it has ended. A pip that failed for another
        reason is not to wait for this: no more is looked at than what lies near the entries that it read.

        Args:
            trace: What the pip read.
            projects: Names that it was asked for: where no trace tells what was read, all of theirs is looked at.

        Raises:
            PipCachePlusError: As `PipCache.inspect`, `PipCache.plan_removal` and `PipCache.apply`.
        """
        if trace.is_known:
            ids = [id_ for id_ in trace.ids if os.path.lexists(os.path.join(self.cache.dir.path, id_))]
        else:
            names = frozenset(map(canonical, projects))
            ids = [one.id for one in self.cache.entries() if one.project in names]
        if not ids:
            return ()
        found = self.cache.inspect(*ids, min_age_s=0, pythons=[CURRENT], alone=trace.is_known)
        judged = _damaged(found, ids)
        if judged and trace.is_known:
            # The next run may fail by what this one did not come to: of the same projects, nothing is to stay damaged.
            wanted = {one.project for one in found.entries if one.project is not None}
            more = [one.id for one in self.cache.entries() if one.project in wanted and one.id not in ids]
            judged |= _damaged(self.cache.inspect(*more, min_age_s=0, pythons=[CURRENT]), more) if more else {}
        return self._carried_out(self.cache.plan_removal(*judged, min_age_s=0), judged) if judged else ()

    def remove_unloadable(self, python: str, projects: Iterable[str]) -> tuple[Healed, ...]:
        """Remove the built wheels of some projects that an interpreter cannot load, and return them.

        Raises:
            PipCachePlusError: As `PipCache.plan` and `PipCache.apply`; an interpreter cannot be asked.
        """
        names = frozenset(map(canonical, projects))
        # It was seen to fail: what might be supplied later was not there.
        plan = self.cache.plan(outdated_builds="strict", pythons=[python], min_age_s=0)
        judged = {
            one.entry.id: Healed(one.entry, one.why or "this machine cannot load it")
            for one in plan.actions
            if one.entry.project in names
        }
        return self._carried_out(plan, judged) if judged else ()

    def _carried_out(self, plan: Plan, judged: Mapping[str, Healed]) -> tuple[Healed, ...]:
        """Remove entries of a plan that are as they were when they were judged; return what became of these."""
        same = [
            one
            for one in plan.actions
            if one.entry.id in judged and _stamps(one.entry.files) == _stamps(judged[one.entry.id].entry.files)
        ]
        report = self.cache.apply(
            replace(plan, actions=tuple(same)),
            exclusive=self.exclusive,
            lock_timeout_s=_LOCK_S,
            waiting=self.waiting,
        )
        stays = {one.action.entry.id for one in report.outcomes if one.state in {State.BUSY, State.FAILED}}
        # What was gone, or another, before this run came to it was cured by another one.
        return tuple(one._replace(is_removed=id_ not in stays) for id_, one in judged.items())


def _damaged(found: Inspection, ids: Container[str]) -> dict[str, Healed]:
    """Return what is damaged of the entries that were meant; pip failed, so what it could often mend counts as well."""
    return {
        one.entry.id: Healed(one.entry, one.message)
        for one in found.findings
        if one.entry.id in ids and (one.severity is Severity.ERROR or one.group is Group.CORRUPT)
    }


def _stamps(files: Sequence[File]) -> frozenset[tuple[str, int, int, int]]:
    return frozenset((one.path, one.inode, one.size, one.mtime_ns) for one in files)
