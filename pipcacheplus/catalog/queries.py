"""Questions of commands to a cache, and their results: inventory, verification, inspection."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipcacheplus.catalog.names import identify
from pipcacheplus.checks.base.check import Check, Context, checks, findings, is_listed
from pipcacheplus.checks.base.context import context_of, default_index_of_pip
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import parts, scan
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import CacheDir, Checked, Entry, Finding, Progress, Severity, SoundCount, Value, Warned
from pipcacheplus.plan.select import Selection

if TYPE_CHECKING:  # slow to import
    from concurrent.futures import Executor

    from pipcacheplus.catalog.database import Ledger

__all__ = [
    "Each",
    "Inspection",
    "Inventory",
    "Query",
    "Verification",
    "inspection_of",
    "inventory_of",
    "overview_of",
    "run_query",
    "verification_of",
]

_MANY_PARTS = 128
"""A cache of 200 responses has about as many; below, processes take longer to start than they save."""
Each = Callable[[Entry, Sequence[Finding]], object]
"""Takes an entry, and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What lies in a cache."""

    cache: CacheDir
    entries: tuple[Entry, ...]
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Selections that fitted nothing."""
    findings: tuple[Finding, ...] = ()
    """What an overview finds wrong on the way."""

    def select(self, *what: str, kind: str | None = None) -> tuple[Entry, ...]:
        """Return the entries that fit one of these, in the words of the command line; all if none is given.

        Raises:
            BadRequestError: One of them cannot be understood.
        """
        return tuple(filter(Selection(what, kind).is_wanted, self.entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is wrong in a cache."""

    cache: CacheDir
    findings: tuple[Finding, ...]
    entries: int
    """Entries looked at."""
    bytes: int
    """Their size."""
    unverifiable: int
    """Entries of which it could not be told whether they are whole."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return what would make pip fail, or install or run something wrong."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is wanted of a cache."""

    path: str
    index_urls: tuple[str, ...]
    """Of indexes whose pages may be in the cache, besides the default index."""
    depth: Depth
    context: Context
    checks: tuple[Check, ...] = ()
    needs_urls: bool = False
    """Whether entries are to be named, and held against, by what the pages of the cache say."""
    only_findings: bool = False
    """Whether entries that nothing is wrong with are only counted."""
    executor: "Executor | None" = None
    """Where entries are read; by default in processes of our own."""
    remembers: bool = True
    """Whether what was read to its end before, and has not changed since, is not read so again."""
    wants: Callable[[Entry], bool] | None = None
    """Of which entries archives are read to their end; of all by default."""
    wants_evidence: bool = False
    """Whether all that speaks for or against an entry is told as well."""
    is_deep: bool = False
    """Whether all is read again, and remembered anew."""
    progress: Progress | None = None


def inventory_of(cache: CacheDir, query: Query, selection: Selection) -> Inventory:
    """List the entries that are wanted; as `PipCache.scan`."""
    warnings: list[Warned] = []
    entries = tuple(
        one.entry
        for one in run_query(query, warnings)
        if isinstance(one, Checked) and is_listed(one.entry) and selection.is_wanted(one.entry)
    )
    return Inventory(cache=cache, entries=entries, warnings=tuple(warnings), unmatched=selection.unmatched)


def overview_of(cache: CacheDir, query: Query, each: Each | None) -> Inventory:
    """List the entries, and what is found of them; as `PipCache.overview`."""
    warnings: list[Warned] = []
    entries: list[Entry] = []
    found: list[Finding] = []
    for one in run_query(query, warnings):
        if not isinstance(one, Checked):
            continue
        if each is not None:
            each(one.entry, one.findings)
            continue
        if is_listed(one.entry):
            entries.append(one.entry)
        found.extend(one.findings)
    return Inventory(cache=cache, entries=tuple(entries), warnings=tuple(warnings), findings=tuple(found))


def verification_of(cache: CacheDir, query: Query, selection: Selection) -> Verification:
    """Put the checks to the entries that are wanted; as `PipCache.verify`."""
    warnings: list[Warned] = []
    found: list[Finding] = []
    entries = size = unverifiable = 0
    for one in run_query(query, warnings):
        if isinstance(one, SoundCount):
            entries += one.entries
            size += one.bytes
            unverifiable += one.unverifiable
        elif selection.is_wanted(one.entry):
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
        unmatched=selection.unmatched,
    )


def inspection_of(
    cache: CacheDir,
    index_urls: tuple[str, ...],
    what: Sequence[str],
    *,
    min_age_s: float,
    pythons: Sequence[str] | None,
    progress: Progress | None,
) -> Inspection:
    """Read the entries that fit `what` to their end; as `PipCache.inspect`."""
    selection = Selection(what)
    warnings: list[Warned] = []
    query = Query(
        path=cache.path,
        index_urls=index_urls,
        depth=Depth.WHOLE,
        context=context_of(min_age_s=min_age_s, pythons=pythons, needs_tags=True),
        checks=checks(),
        needs_urls=True,
        wants=selection.is_wanted,
        wants_evidence=True,
        is_deep=True,  # what was remembered is no evidence
        progress=progress,
    )
    found = [one for one in run_query(query, warnings) if isinstance(one, Checked)]
    listed = [one for one in found if is_listed(one.entry)]
    return Inspection(
        cache=cache,
        entries=tuple(one.entry for one in listed),
        findings=tuple(finding for one in found for finding in one.findings),
        evidence={one.entry.id: dict(one.evidence) for one in listed},
        warnings=tuple(warnings),
        unmatched=selection.unmatched,
    )


def run_query(what: Query, warnings: list[Warned]) -> Iterator[Checked | SoundCount]:
    """Yield every entry with what the checks say of it; what cannot be read is told in `warnings`."""
    found = _by_names(what) if what.depth is Depth.NAMES and not what.needs_urls else _by_content(what)
    for one in found:
        if isinstance(one, Warned):
            warnings.append(one)
        else:
            yield one


def _by_names(what: Query) -> Iterator[Checked | Warned]:
    """Open no file: names and stamps say enough."""
    nothing = Facts()
    with OpenCache(what.path) as names:
        for done, entry in enumerate(scan(names), 1):
            if isinstance(entry, Warned):
                yield entry
                continue
            named = identify(entry, nothing)
            yield Checked(named, tuple(findings(named, nothing, what.context, what.checks)))
            if what.progress is not None:
                what.progress(done, None)


def _by_content(what: Query) -> Iterator[Checked | Warned | SoundCount]:
    from pipcacheplus.catalog.update import ReadRequest, read_entries  # noqa: PLC0415 - slow to import, and of no use for names

    with ExitStack() as stack:
        is_whole = what.depth is Depth.WHOLE
        # Written to last, when all workers are done.
        ledger = stack.enter_context(_ledger_of(what.path, what.context)) if is_whole and what.remembers else None
        with OpenCache(what.path) as cache:
            processes = None if is_whole or len(parts(cache)) >= _MANY_PARTS else 1
        default, hosts = default_index_of_pip() if what.needs_urls else (None, ())
        indexes = (*what.index_urls, *([default] if default else ())) if what.needs_urls else None
        plan = ReadRequest(
            path=what.path,
            depth=what.depth,
            checks=what.checks,
            context=what.context,
            indexes=indexes,
            hosts=hosts,
            only_findings=what.only_findings,
            wants_evidence=what.wants_evidence,
        )
        yield from read_entries(
            plan,
            executor=what.executor,
            processes=processes,
            ledger=ledger,
            is_deep=what.is_deep,
            wants=what.wants,
            progress=what.progress,
        )


def _ledger_of(cache_path: str, context: Context) -> "Ledger":
    """Return the ledger of a cache, in our own state directory; it is not opened yet."""
    from pipcacheplus.catalog.database import Ledger  # noqa: PLC0415 - slow to import
    from pipcacheplus.host.state import state_folder  # noqa: PLC0415 - as above

    return Ledger(os.path.join(state_folder(), "ledgers"), cache_path, clock_ns=int(context.now_s * 1e9))
