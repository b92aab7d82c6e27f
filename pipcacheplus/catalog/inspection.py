"""A close look at entries: what is wrong with them, and what speaks for and against their content."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipcacheplus.catalog.inventory import Inventory, Verification, Wanted
from pipcacheplus.catalog.queries import Look, look
from pipcacheplus.checks.base.check import Judged, Passed, Progress, checks, is_listed
from pipcacheplus.checks.base.context import context_of
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import CacheDir, Entry, Finding, Value, Warned

__all__ = ["Each", "Inspection", "entries_that_fit", "inspect", "overview", "verify"]

Each = Callable[[Entry, Sequence[Finding]], object]
"""Takes an entry, and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What is known of some entries."""

    cache: CacheDir
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    evidence: Mapping[str, Mapping[str, Value]]
    """By the id of an entry: `proof`, one of `Proof` or `None`; then digests, lengths and what reading showed."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Selections that fitted nothing."""


def entries_that_fit(cache: CacheDir, look_at: Look, wanted: Wanted) -> Inventory:
    """List the entries that are wanted; as `PipCache.scan`."""
    warnings: list[Warned] = []
    entries = tuple(
        one.entry
        for one in look(look_at, warnings)
        if isinstance(one, Judged) and is_listed(one.entry) and wanted.is_wanted(one.entry)
    )
    return Inventory(cache=cache, entries=entries, warnings=tuple(warnings), unmatched=wanted.unmatched)


def overview(cache: CacheDir, look_at: Look, each: Each | None) -> Inventory:
    """List the entries, and what is found of them; as `PipCache.overview`."""
    warnings: list[Warned] = []
    entries: list[Entry] = []
    found: list[Finding] = []
    for one in look(look_at, warnings):
        if not isinstance(one, Judged):
            continue
        if each is not None:
            each(one.entry, one.findings)
            continue
        if is_listed(one.entry):
            entries.append(one.entry)
        found.extend(one.findings)
    return Inventory(cache=cache, entries=tuple(entries), warnings=tuple(warnings), findings=tuple(found))


def verify(cache: CacheDir, look_at: Look, wanted: Wanted) -> Verification:
    """Put the checks to the entries that are wanted; as `PipCache.verify`."""
    warnings: list[Warned] = []
    found: list[Finding] = []
    entries = size = unverifiable = 0
    for one in look(look_at, warnings):
        if isinstance(one, Passed):
            entries += one.entries
            size += one.bytes
            unverifiable += one.unverifiable
        elif wanted.is_wanted(one.entry):
            found.extend(one.findings)
            entries += is_listed(one.entry)
            size += one.entry.size
            unverifiable += one.is_unverifiable
    return Verification(
        cache=cache,
        findings=tuple(sorted(found, key=lambda finding: finding.entry.id)),
        entries=entries,
        bytes=size,
        unverifiable=unverifiable,
        warnings=tuple(warnings),
        unmatched=wanted.unmatched,
    )


def inspect(
    cache: CacheDir,
    index_urls: tuple[str, ...],
    what: Sequence[str],
    *,
    min_age_s: float,
    pythons: Sequence[str] | None,
    progress: Progress | None,
) -> Inspection:
    """Read the entries that fit `what` to their end; as `PipCache.inspect`."""
    wanted = Wanted(what)
    warnings: list[Warned] = []
    look_at = Look(
        path=cache.path,
        index_urls=index_urls,
        depth=Depth.WHOLE,
        context=context_of(min_age_s=min_age_s, pythons=pythons, needs_tags=True),
        checks=checks(),
        needs_urls=True,
        wants=wanted.is_wanted,
        wants_evidence=True,
        is_deep=True,  # what was remembered is no evidence
        progress=progress,
    )
    found = [one for one in look(look_at, warnings) if isinstance(one, Judged)]
    listed = [one for one in found if is_listed(one.entry)]
    return Inspection(
        cache=cache,
        entries=tuple(one.entry for one in listed),
        findings=tuple(finding for one in found for finding in one.findings),
        evidence={one.entry.id: dict(one.evidence) for one in listed},
        warnings=tuple(warnings),
        unmatched=wanted.unmatched,
    )
