"""What is done with a part of a cache: its entries are scanned, read, named and judged, here or in another process.

A task and its result hold plain values only, so that any executor can carry tasks out. Nothing in them grows with the
size of a body.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipcacheplus.catalog.links import KeyFilter, References, Said, Sieve, WheelReference, metadata_beside
from pipcacheplus.catalog.names import identify, resolve
from pipcacheplus.catalog.recording import LOOSE, Trace, lasts_until
from pipcacheplus.catalog.rows import (
    JudgedRow,
    Memory,
    Verified,
    changed_ns,
    facts_of,
    mark_of,
    pack_row,
    stamp_of,
    unpack_row,
    verified_of,
)
from pipcacheplus.checks.base.check import Check, Context, findings, is_listed
from pipcacheplus.checks.base.proof import evidence_of
from pipcacheplus.disk.open_cache import ChangedError, OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.facts import Broken, Depth, Expected, Facts, Origin, Unknown
from pipcacheplus.model.values import NONE_SOUND, Checked, Entry, Kind, Shape, SoundCount, Warned
from pipcacheplus.pips.layout import key_of, page_key
from pipcacheplus.readers.entry import read
from pipcacheplus.readers.page import keep_none

__all__ = [
    "Done",
    "Held",
    "Links",
    "Survey",
    "Task",
    "entries_of",
    "gather",
    "hold",
    "is_large",
    "judge",
    "judged",
    "retrace",
    "unreadable",
    "without_the_sound",
]

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
    found: list[tuple[Checked | Warned, Origin | Broken | None]] = field(default_factory=list)
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


def judged(named: Entry, facts: Facts, survey: Survey) -> Checked:
    """Put the checks to an entry."""
    is_unknown = isinstance(facts.payload, Unknown) or isinstance(facts.damage, Unknown)
    evidence = tuple(evidence_of(named, facts)) if survey.wants_evidence else ()
    return Checked(named, tuple(findings(named, facts, survey.context, survey.checks)), is_unknown, evidence)


def unreadable(entry: Entry, error: OSError) -> Iterable[Checked | Warned]:
    """Return what is told of an entry that cannot be read."""
    return (
        Warned(path=entry.id, message=f"cannot be read: {error.strerror or error}"),
        Checked(entry, is_unverifiable=True),
    )


_LARGE = 8 << 20
"""Bytes of a response that makes a task of its own, if it has to be read to its end."""
_REMEMBERED = frozenset({Shape.PAIR, Shape.SINGLE, Shape.BUILT_WHEEL})


@dataclass(slots=True)
class Done:
    """What a task came to."""

    found: list[Checked | Warned] = field(default_factory=list)
    passed: SoundCount = NONE_SOUND
    size: int = 0
    """Bytes of the entries done."""
    deferred: list[Entry] = field(default_factory=list)
    """Entries that are left for later tasks: large ones, and metadata."""
    waiting: list[Checked] = field(default_factory=list)
    """Metadata whose URL may yet be known by its wheel, which its own digest may name; else this is it."""
    of_wheels: dict[str, WheelReference] = field(default_factory=dict)
    """By the key of the metadata that may be served beside a wheel."""
    memory: Memory = field(default_factory=Memory)
    """What is to be remembered of these entries."""
    trace: Trace = field(default_factory=Trace)
    """Of the entries that were scanned."""


def judge(task: Task) -> Done:
    """Read the entries, name them by all that is known, and put the checks to them."""
    done = Done()
    with OpenCache(task.survey.path) as cache:
        for entry in entries_of(task, cache):
            if isinstance(entry, Warned):
                done.found.append(entry)
                done.trace.is_whole = False
                continue
            stamp = b""  # of use only where something is remembered
            if task.memory is not None:
                stamp = done.trace.see(entry) if task.tops else stamp_of(entry)
                done.memory.seen.append(stamp)
            try:
                _Case(entry, stamp, task, done).judge(cache)
            except (ChangedError, FileNotFoundError):
                done.trace.is_whole = False  # a pip renewed or dropped it meanwhile: there is nothing to say of it
            except OSError as error:
                done.found.extend(unreadable(entry, error))
                done.size += entry.size
                done.trace.is_whole = False
    return without_the_sound(done) if task.survey.only_findings else done


class _Case:
    """One entry, and what is known of it."""

    def __init__(self, entry: Entry, stamp: bytes, task: Task, done: Done) -> None:
        self._entry = entry
        self._stamp = stamp
        self._task = task
        self._done = done
        self._key = key_of(entry.id) or ""
        self._reference = task.known.by_key.get(self._key)
        self._beside = task.of_wheels.get(self._key)

    def judge(self, cache: OpenCache) -> None:
        """Add to what is done, or leave the entry to a later task.

        Raises:
            OSError: It cannot be read; `ChangedError` if it is not as it was scanned.
        """
        if self._key in self._task.later:
            self._done.deferred.append(self._entry)
            return
        row = row_of(self._stamp, self._task)
        if row is not None and row.mark == self._mark():
            self._tell_again(row)
            return
        facts, is_remembered = self._facts(cache)
        if facts is None:
            self._done.deferred.append(self._entry)
            return
        if self._task.memory is not None:
            self._remember(facts, is_remembered=is_remembered)
        self._tell(facts)

    def _remember(self, facts: Facts, *, is_remembered: bool) -> None:
        if is_remembered:
            self._done.memory.kept.append(self._stamp)
        elif (verified := verified_of(facts)) is not None:
            self._done.memory.noted.append((self._entry, verified))

    def _mark(self) -> str:
        return mark_of(self._entry, self._reference, self._beside, self._task.known)

    def _tell_again(self, row: JudgedRow) -> None:
        if self._task.memory is not None and self._stamp in self._task.memory.told:
            self._done.memory.kept.append(self._stamp)
        self._add(row.of(self._entry), row.beside)

    def _facts(self, cache: OpenCache) -> tuple[Facts | None, bool]:
        """Return what is read of the entry, `None` if it is to be read later; and whether it need not be remembered."""
        task, entry = self._task, self._entry
        expected = Expected(
            published=self._reference.hashes if self._reference else (),
            hosts=task.known.hosts,
            of_wheel=self._beside.metadata if self._beside else None,
        )
        verified = task.memory.known(self._stamp) if task.memory is not None else None
        if verified is not None:
            # Of what was read to its end before, the ends are enough, unless a digest is wanted that was not made then.
            facts = facts_of(read(entry, cache, depth=Depth.ENDS, keeps=keep_none), expected, verified)
            if facts is not None:
                return facts, True
        if not task.entries and task.survey.depth is Depth.WHOLE and is_large(entry):
            return None, False
        return read(entry, cache, depth=task.survey.depth, expected=expected, keeps=keep_none), False

    def _tell(self, facts: Facts) -> None:
        survey = self._task.survey
        named = resolve(identify(self._entry, facts), facts, self._task.known)
        one, beside = judged(named, facts, survey), metadata_beside(named, facts)
        # A page that is older than asked for is older still a second later.
        is_lasting = self._entry.shape in _REMEMBERED and survey.context.stale_age_s is None
        if self._task.memory is not None and is_lasting:
            value = pack_row(
                self._stamp,
                one,
                question=self._task.question,
                mark=self._mark(),
                made_s=survey.context.now_s,
                until_s=lasts_until(named, survey.context),
                beside=beside,
            )
            self._done.memory.rows.append((self._entry.id, self._stamp, changed_ns(self._entry), value))
        self._add(one, beside)

    def _add(self, one: Checked, beside: WheelReference | None) -> None:
        is_first = not self._task.entries
        if is_first and one.entry.kind is Kind.METADATA and self._reference is None and self._task.known.hosts:
            self._done.waiting.append(one)
        else:
            self._done.found.append(one)
            self._done.size += self._entry.size
        if beside is not None:
            self._done.of_wheels[page_key(beside.reference.url)] = beside
        if self._task.memory is not None:
            self._done.trace.ends(one.entry, self._task.survey.context)


def is_large(entry: Entry) -> bool:
    """Return whether an entry makes a task of its own, if it has to be read to its end."""
    # Built wheels share a file with those beside them, and are told of together with them.
    return entry.size > _LARGE and entry.shape is not Shape.BUILT_WHEEL


def _has_any(entry: Entry, paths: set[str]) -> bool:
    return bool(paths) and not paths.isdisjoint(entry.paths)


def without_the_sound(done: Done) -> Done:
    """Count the entries that nothing is wrong with; those that share a file with one that is not sound are told too.

    So are those that a recording leaves out: they would be counted twice.
    """
    shared = {
        file.path
        for one in done.found
        if isinstance(one, Checked) and one.findings and one.entry.shape is Shape.BUILT_WHEEL
        for file in one.entry.files
    }
    told: list[Checked | Warned] = []
    entries = size = unverifiable = 0
    for one in done.found:
        if isinstance(one, Warned) or one.findings or one.entry.shape in LOOSE or _has_any(one.entry, shared):
            told.append(one)
        else:
            entries += is_listed(one.entry)
            size += one.entry.size
            unverifiable += one.is_unverifiable
    done.found, done.passed = told, SoundCount(entries, size, unverifiable)
    return done
