"""What is done with a part of a cache: its entries are scanned, read, named and judged, here or in another process.

A task and its result hold plain values only, so that any executor can carry tasks out. Nothing in them grows with the
size of a body.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipcacheplus.catalog.judged_rows import JudgedRow, unpack_row
from pipcacheplus.catalog.links import KeyFilter, References, Said, Sieve
from pipcacheplus.catalog.metadata_of_wheels import WheelReference
from pipcacheplus.catalog.names import identify
from pipcacheplus.catalog.recall import verified_of
from pipcacheplus.catalog.recording import Trace
from pipcacheplus.catalog.rows import Memory, Verified, stamp_of
from pipcacheplus.checks.base.check import Check, Context, Judged, findings
from pipcacheplus.checks.base.proof import evidence_of
from pipcacheplus.disk.open_cache import ChangedError, OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.facts import Broken, Depth, Expected, Facts, Origin, Unknown
from pipcacheplus.model.values import Entry, Shape, Warned
from pipcacheplus.readers.entry import read
from pipcacheplus.readers.page import keep_none

__all__ = ["Held", "Links", "Survey", "Task", "entries_of", "gather", "hold", "judged", "retrace", "unreadable"]

_TELLING = frozenset({Shape.PAIR, Shape.SINGLE, Shape.BUILT_WHEEL})
"""Shapes of which some say something of other entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is to be looked at, how far, and for what."""

    path: str
    depth: Depth
    checks: tuple[Check, ...]
    context: Context
    indexes: tuple[str, ...] | None = None
    """URLs of indexes whose pages may be in the cache; `None` if neither URLs nor published digests are wanted."""
    hosts: tuple[str, ...] = ()
    """`https://host` of file hosts, besides those that pages of the cache link to."""
    only_findings: bool = False
    """Whether entries that nothing is wrong with are only counted."""
    wants_evidence: bool = False
    """Whether all that speaks for or against an entry is told as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What a worker has to know to look at pages."""

    keys: KeyFilter
    built: frozenset[tuple[str, str]]
    """Canonical name and version of every built wheel."""
    bases: Mapping[str, str] = field(default_factory=dict)
    """URLs of pages, by key, as far as they are known already."""


class Task(NamedTuple):
    """A part of a cache, and what is known that matters to it."""

    survey: Survey
    tops: tuple[str, ...] = ()
    """Directories; the empty one stands for all that lies in none of the `parts`."""
    entries: tuple[Entry, ...] = ()
    """Single entries, besides."""
    links: Links | None = None
    known: References = References()
    memory: Memory | None = None
    """What reading these entries to their end showed before; `None` if nothing is remembered."""
    ids: frozenset[str] = frozenset()
    """Entries that are wanted back as they are now (`retrace`)."""
    later: frozenset[str] = frozenset()
    """Keys of metadata whose wheel is cached too, and has to be read before."""
    of_wheels: Mapping[str, WheelReference] = {}
    """By the key of the metadata that may be served beside a wheel."""
    question: str = ""
    """What tells this survey from another one, as far as what is found depends on it."""


@dataclass(slots=True)
class Held:
    """Entries that are named by what they say of themselves, and what they say of others."""

    said: Said
    found: list[tuple[Judged | Warned, Origin | Broken | None]] = field(default_factory=list)
    """With what lies beside a built wheel: of all facts, only that is still needed for names."""


def gather(task: Task) -> tuple[Said, int]:
    """Return what entries say of others, and the bytes of them all."""
    sieve, total = _sieve(task), 0
    with OpenCache(task.survey.path) as cache:
        for entry in entries_of(task, cache):
            if isinstance(entry, Warned):
                continue  # whoever judges tells of it
            total += entry.size
            if entry.shape not in _TELLING:
                continue
            row = row_of(stamp_of(entry), task) if task.memory is not None and task.memory.judged else None
            if row is not None and not row.tells_of_others:
                sieve.said.names.update(filter(None, (row.project,)))
                continue
            try:
                facts = read(entry, cache, depth=Depth.PAGES, keeps=sieve.keeps)
            except OSError:
                continue  # as above
            sieve.add(identify(entry, facts), facts)
    return sieve.said, total


def hold(task: Task) -> Held:
    """Read each entry once, for its own names and for what it says of others."""
    sieve = _sieve(task)
    held = Held(said=sieve.said)
    with OpenCache(task.survey.path) as cache:
        for entry in entries_of(task, cache):
            if isinstance(entry, Warned):
                held.found.append((entry, None))
                continue
            try:
                facts = read(entry, cache, depth=task.survey.depth, keeps=sieve.keeps)
            except (ChangedError, FileNotFoundError):
                continue  # a pip renewed or dropped it meanwhile: there is nothing to say of it
            except OSError as error:
                held.found.extend((one, None) for one in unreadable(entry, error))
                continue
            named = identify(entry, facts)
            sieve.add(named, facts)
            held.found.append((judged(named, facts, task.survey), facts.origin))
    return held


def row_of(stamp: bytes, task: Task) -> JudgedRow | None:
    """Return what was found of an entry before, if that answers the same question now."""
    value = task.memory.judged.get(stamp) if task.memory is not None else None
    row = unpack_row(stamp, value) if value is not None else None
    return row if row is not None and row.holds(task.question, task.survey.context.now_s) else None


def retrace(task: Task) -> tuple[Trace, list[Entry]]:
    """Look at stamps alone; return those entries that are wanted, and what tells whether anything is new.

    Of what is in the memory, every byte is read once more: a disk can lose some below an unchanged stamp.
    """
    trace, found = Trace(), []
    with OpenCache(task.survey.path) as cache:
        for entry in entries_of(task, cache):
            if isinstance(entry, Warned):
                trace.is_whole = False
                continue
            stamp = trace.see(entry)
            if entry.id in task.ids:
                found.append(entry)
            if task.memory is not None and stamp in task.memory.told:
                verified = task.memory.known(stamp)
                trace.is_whole &= _is_as_it_was(entry, cache, verified)
    return trace, found


def _is_as_it_was(entry: Entry, cache: OpenCache, verified: Verified | None) -> bool:
    if verified is None:
        return False
    expected = Expected(published=verified.digests)
    try:
        facts = read(entry, cache, depth=Depth.WHOLE, expected=expected, keeps=keep_none)
    except OSError:
        return False
    again = verified_of(facts)
    if again is None or not set(verified.digests) <= set(facts.digests):
        return False
    # Where no digest was made, as of built wheels, what unpacking shows is all there is to go by.
    return bool(verified.digests) or (again.damage, again.is_unknown) == (verified.damage, verified.is_unknown)


def _sieve(task: Task) -> Sieve:
    links = task.links or Links(keys=KeyFilter(()), built=frozenset())
    return Sieve(links.keys, links.built, task.survey.indexes or (), links.bases)


def entries_of(task: Task, cache: OpenCache) -> Iterator[Entry | Warned]:
    """Yield the entries of a task, and what of its directories could not be looked at."""
    yield from task.entries
    for top in task.tops:
        yield from scan(cache, top, is_split=not top)


def judged(named: Entry, facts: Facts, survey: Survey) -> Judged:
    """Put the checks to an entry."""
    is_unknown = isinstance(facts.payload, Unknown) or isinstance(facts.damage, Unknown)
    evidence = tuple(evidence_of(named, facts)) if survey.wants_evidence else ()
    return Judged(named, tuple(findings(named, facts, survey.context, survey.checks)), is_unknown, evidence)


def unreadable(entry: Entry, error: OSError) -> Iterable[Judged | Warned]:
    """Return what is told of an entry that cannot be read."""
    return (
        Warned(path=entry.id, message=f"cannot be read: {error.strerror or error}"),
        Judged(entry, is_unverifiable=True),
    )
