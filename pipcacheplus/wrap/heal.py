"""Verification of the entries that a failed pip read, and removal of the damaged ones."""

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
"""Seconds that another run of pipcacheplus may take: it may be repairing the same cache."""


class Healed(NamedTuple):
    """A damaged entry."""

    entry: Entry
    why: str
    """One clause."""
    is_removed: bool = True
    """Whether it was removed; otherwise another pip may be using it, or it could not be removed."""


class Healer(NamedTuple):
    """Removes damaged entries of one cache."""

    cache: PipCache
    exclusive: bool | None = None
    """As `PipCache.apply`."""
    waiting: Callable[[Waiting], None] | None = None
    """As `PipCache.apply`."""

    def remove_damaged(self, trace: Trace, projects: Iterable[str]) -> tuple[Healed, ...]:
        """Remove the damaged entries that a pip read, and return them; those that other pips may be using stay.

        The entries are read to their end, without stored facts: bytes can change below an unchanged stamp. Recent
        entries count as well, since the pip that could be writing them has ended. A pip that failed for another reason
        should not wait for this: only files near the entries that it read are examined.

        Args:
            trace: The files that the pip read.
            projects: Projects that it was asked to install: without a trace, all their entries are examined.

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
            # The next run may fail by entries that this one did not reach: no entry of the same projects may stay
            # damaged.
            wanted = {one.project for one in found.entries if one.project is not None}
            more = [one.id for one in self.cache.entries() if one.project in wanted and one.id not in ids]
            judged |= _damaged(self.cache.inspect(*more, min_age_s=0, pythons=[CURRENT]), more) if more else {}
        return self._carried_out(self.cache.plan_removal(*judged, min_age_s=0), judged) if judged else ()

    def remove_unloadable(self, python: str, projects: Iterable[str]) -> tuple[Healed, ...]:
        """Remove the built wheels of some projects that an interpreter cannot load, and return them.

        Raises:
            PipCachePlusError: As `PipCache.plan` and `PipCache.apply`; an interpreter gives no answer.
        """
        names = frozenset(map(canonical, projects))
        # It was seen to fail: libraries that might be supplied later were missing.
        plan = self.cache.plan(outdated_builds="strict", pythons=[python], min_age_s=0)
        judged = {
            one.entry.id: Healed(one.entry, one.why or "this machine cannot load it")
            for one in plan.actions
            if one.entry.project in names
        }
        return self._carried_out(plan, judged) if judged else ()

    def _carried_out(self, plan: Plan, judged: Mapping[str, Healed]) -> tuple[Healed, ...]:
        """Remove entries of a plan that are unchanged since they were judged; return their outcomes."""
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
        # An entry that was gone, or replaced, before its removal was repaired by another run.
        return tuple(one._replace(is_removed=id_ not in stays) for id_, one in judged.items())


def _damaged(found: Inspection, ids: Container[str]) -> dict[str, Healed]:
    """Return the damaged ones of the entries; pip failed, so damage that pips can often repair counts as well."""
    return {
        one.entry.id: Healed(one.entry, one.message)
        for one in found.findings
        if one.entry.id in ids and (one.severity is Severity.ERROR or one.group is Group.CORRUPT)
    }


def _stamps(files: Sequence[File]) -> frozenset[tuple[str, int, int, int]]:
    return frozenset((one.path, one.inode, one.size, one.mtime_ns) for one in files)
