"""What is done with a part of a cache: its entries are scanned, read, named and judged, here or in another process.

A task and its result hold plain values only, so that any executor can carry tasks out. Nothing in them grows with the
size of a body.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipcacheplus.facts import Broken, Depth, Expected, Facts, Origin, Unknown
from pipcacheplus.identify import identify
from pipcacheplus.judging import NOTHING_PASSED, Check, Context, Judged, Passed, findings
from pipcacheplus.layout import key_of
from pipcacheplus.model import Entry, Shape, Warned
from pipcacheplus.opening import ChangedError, OpenCache
from pipcacheplus.readers.entry import read
from pipcacheplus.readers.page import keep_none
from pipcacheplus.recall import facts_of, verified_of
from pipcacheplus.references import KeyFilter, References, Said, Sieve
from pipcacheplus.replay import LOOSE, Trace
from pipcacheplus.resolution import resolve
from pipcacheplus.scan import scan
from pipcacheplus.verified import Memory, stamp_of

__all__ = ["Done", "Held", "Links", "Survey", "Task", "gather", "hold", "judge", "retrace"]

_LARGE = 8 << 20
"""Bytes of a response that makes a task of its own, if it has to be read to its end."""
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
    only_findings: bool = False
    """Whether entries that nothing is wrong with are only counted."""


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


@dataclass(slots=True)
class Done:
    """What a task came to."""

    found: list[Judged | Warned] = field(default_factory=list)
    passed: Passed = NOTHING_PASSED
    size: int = 0
    """Bytes of the entries done."""
    deferred: list[Entry] = field(default_factory=list)
    """Large entries that are left, each for a task of its own."""
    memory: Memory = field(default_factory=Memory)
    """What is to be remembered of these entries."""
    trace: Trace = field(default_factory=Trace)
    """Of the entries that were scanned."""


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
        for entry in _entries(task, cache):
            if isinstance(entry, Warned):
                continue  # whoever judges tells of it
            total += entry.size
            if entry.shape not in _TELLING:
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
        for entry in _entries(task, cache):
            if isinstance(entry, Warned):
                held.found.append((entry, None))
                continue
            try:
                facts = read(entry, cache, depth=task.survey.depth, keeps=sieve.keeps)
            except (ChangedError, FileNotFoundError):
                continue  # a pip renewed or dropped it meanwhile: there is nothing to say of it
            except OSError as error:
                held.found.extend((one, None) for one in _unreadable(entry, error))
                continue
            named = identify(entry, facts)
            sieve.add(named, facts)
            held.found.append((_judged(named, facts, task.survey), facts.origin))
    return held


def judge(task: Task) -> Done:
    """Read the entries, name them by all that is known, and put the checks to them."""
    done = Done()
    with OpenCache(task.survey.path) as cache:
        for entry in _entries(task, cache):
            if isinstance(entry, Warned):
                done.found.append(entry)
                done.trace.is_whole = False
                continue
            if task.memory is not None and task.tops:
                done.trace.see(entry)
            try:
                _judge(entry, cache, task, done)
            except (ChangedError, FileNotFoundError):
                done.trace.is_whole = False  # a pip renewed or dropped it meanwhile: there is nothing to say of it
            except OSError as error:
                done.found.extend(_unreadable(entry, error))
                done.size += entry.size
                done.trace.is_whole = False
    return _without_the_sound(done) if task.survey.only_findings else done


def retrace(task: Task) -> tuple[Trace, list[Entry]]:
    """Look at stamps alone; return those entries that are wanted, and what tells whether anything is new.

    Of what is in the memory, every byte is read once more: a disk can lose some below an unchanged stamp.
    """
    trace, found = Trace(), []
    with OpenCache(task.survey.path) as cache:
        for entry in _entries(task, cache):
            if isinstance(entry, Warned):
                trace.is_whole = False
                continue
            stamp = trace.see(entry)
            if entry.id in task.ids:
                found.append(entry)
            if task.memory is not None and stamp in task.memory.told:
                trace.is_whole &= _is_as_it_was(entry, cache, task.memory)
    return trace, found


def _is_as_it_was(entry: Entry, cache: OpenCache, memory: Memory) -> bool:
    verified = memory.known(entry)
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


def _judge(entry: Entry, cache: OpenCache, task: Task, done: Done) -> None:
    survey, known = task.survey, task.known
    reference = known.by_key.get(key_of(entry.id) or "")
    expected = Expected(published=reference.hashes if reference else (), hosts=known.hosts)
    facts = None
    if task.memory is not None and (verified := task.memory.known(entry)) is not None:
        # Of what was read to its end before, the ends are enough, unless a digest is wanted that was not made then.
        facts = facts_of(read(entry, cache, depth=Depth.ENDS, keeps=keep_none), expected, verified)
        if facts is not None:
            done.memory.kept.append(stamp_of(entry))
    if facts is None:
        if survey.depth is Depth.WHOLE and _is_large(entry) and entry not in task.entries:
            done.deferred.append(entry)
            return
        facts = read(entry, cache, depth=survey.depth, expected=expected, keeps=keep_none)
        if (verified := verified_of(facts)) is not None:
            done.memory.noted.append((entry, verified))
    named = resolve(identify(entry, facts), facts, known)
    done.found.append(_judged(named, facts, survey))
    done.size += entry.size
    if task.memory is not None:
        done.trace.ends(named, survey.context)


def _is_large(entry: Entry) -> bool:
    # Built wheels share a file with those beside them, and are told of together with them.
    return entry.size > _LARGE and entry.shape is not Shape.BUILT_WHEEL


def _sieve(task: Task) -> Sieve:
    links = task.links or Links(keys=KeyFilter(()), built=frozenset())
    return Sieve(links.keys, links.built, task.survey.indexes or (), links.bases)


def _entries(task: Task, cache: OpenCache) -> Iterator[Entry | Warned]:
    yield from task.entries
    for top in task.tops:
        yield from scan(cache, top, is_split=not top)


def _judged(named: Entry, facts: Facts, survey: Survey) -> Judged:
    is_unknown = isinstance(facts.payload, Unknown) or isinstance(facts.damage, Unknown)
    return Judged(named, tuple(findings(named, facts, survey.context, survey.checks)), is_unknown)


def _unreadable(entry: Entry, error: OSError) -> Iterable[Judged | Warned]:
    return (
        Warned(path=entry.id, message=f"cannot be read: {error.strerror or error}"),
        Judged(entry, is_unverifiable=True),
    )


def _has_any(entry: Entry, paths: set[str]) -> bool:
    return bool(paths) and not paths.isdisjoint(entry.paths)


def _without_the_sound(done: Done) -> Done:
    """Count the entries that nothing is wrong with; those that share a file with one that is not sound are told too.

    So are those that a recording leaves out: they would be counted twice.
    """
    shared = {
        file.path
        for one in done.found
        if isinstance(one, Judged) and one.findings and one.entry.shape is Shape.BUILT_WHEEL
        for file in one.entry.files
    }
    told: list[Judged | Warned] = []
    entries = size = unverifiable = 0
    for one in done.found:
        if isinstance(one, Warned) or one.findings or one.entry.shape in LOOSE or _has_any(one.entry, shared):
            told.append(one)
        else:
            entries += one.entry.shape is not Shape.EMPTY_DIRECTORY
            size += one.entry.size
            unverifiable += one.is_unverifiable
    done.found, done.passed = told, Passed(entries, size, unverifiable)
    return done
