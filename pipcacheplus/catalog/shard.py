"""Read, name and check one part of a cache, here or in another process.

A task and its result hold plain values only, so that any executor can carry tasks out. Nothing in them grows with the
size of a body.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipcacheplus.catalog.links import KeyFilter, LinkCollector, PageLinks, References, WheelReference, metadata_beside
from pipcacheplus.catalog.names import identify, name_by_links
from pipcacheplus.catalog.recording import LOOSE, Trace, lasts_until
from pipcacheplus.catalog.rows import (
    CheckedRow,
    ReadResult,
    ShardRows,
    changed_ns,
    entry_stamp,
    facts_with_result,
    mark_of,
    pack_row,
    read_result_of,
    unpack_row,
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
    "LinkFilter",
    "NamedShard",
    "ReadRequest",
    "ShardResult",
    "Task",
    "check_entry",
    "check_shard",
    "collect_links",
    "compare_stamps",
    "drop_sound",
    "entries_of",
    "is_large",
    "name_shard",
    "unreadable",
]

_TELLING = frozenset({Shape.PAIR, Shape.SINGLE, Shape.BUILT_WHEEL})
"""Shapes of which some say something of other entries."""
_LARGE = 8 << 20
"""Bytes of a response that makes a task of its own, if it has to be read to its end."""
_REMEMBERED = frozenset({Shape.PAIR, Shape.SINGLE, Shape.BUILT_WHEEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """What to read of a cache, how far, and which checks to run."""

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
    """Whether all evidence for and against an entry is collected as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFilter:
    """What a worker needs to pick links from pages."""

    keys: KeyFilter
    built: frozenset[tuple[str, str]]
    """Canonical name and version of every built wheel."""
    bases: Mapping[str, str] = field(default_factory=dict)
    """URLs of pages, by key, as far as they are known already."""


class Task(NamedTuple):
    """A part of a cache, with the links and rows that concern it."""

    request: ReadRequest
    tops: tuple[str, ...] = ()
    """Directories; the empty one stands for all that lies in none of the `parts`."""
    entries: tuple[Entry, ...] = ()
    """Single entries, besides."""
    links: LinkFilter | None = None
    known: References = References()
    memory: ShardRows | None = None
    """What reading these entries to their end showed before; `None` if nothing is remembered."""
    ids: frozenset[str] = frozenset()
    """Entries that are wanted back as they are now (`compare_stamps`)."""
    later: frozenset[str] = frozenset()
    """Keys of metadata whose wheel is cached too, and has to be read before."""
    wheel_references: Mapping[str, WheelReference] = {}
    """By the key of the metadata that may be served beside a wheel."""
    question: str = ""
    """Identifies all that a finding depends on besides the cache: interpreters, checks, indexes, version."""


@dataclass(slots=True)
class NamedShard:
    """Entries that are named by what they say of themselves, and what they say of others."""

    links: PageLinks
    found: list[tuple[Checked | Warned, Origin | Broken | None]] = field(default_factory=list)
    """With what lies beside a built wheel: of all facts, only that is still needed for names."""


def collect_links(task: Task) -> tuple[PageLinks, int]:
    """Return what entries say of others, and the bytes of them all."""
    collector, total = _collector(task), 0
    with OpenCache(task.request.path) as cache:
        for entry in entries_of(task, cache):
            if isinstance(entry, Warned):
                continue  # whoever judges tells of it
            total += entry.size
            if entry.shape not in _TELLING:
                continue
            row = remembered_row(entry_stamp(entry), task) if task.memory is not None and task.memory.checked else None
            if row is not None and not row.tells_of_others:
                collector.links.names.update(filter(None, (row.project,)))
                continue
            try:
                facts = read(entry, cache, depth=Depth.PAGES, keeps=collector.keeps)
            except OSError:
                continue  # as above
            collector.add(identify(entry, facts), facts)
    return collector.links, total


def name_shard(task: Task) -> NamedShard:
    """Read each entry once, for its own names and for what it says of others."""
    collector = _collector(task)
    named_shard = NamedShard(links=collector.links)
    with OpenCache(task.request.path) as cache:
        for entry in entries_of(task, cache):
            if isinstance(entry, Warned):
                named_shard.found.append((entry, None))
                continue
            try:
                facts = read(entry, cache, depth=task.request.depth, keeps=collector.keeps)
            except (ChangedError, FileNotFoundError):
                continue  # a pip renewed or dropped it meanwhile: there is nothing to say of it
            except OSError as error:
                named_shard.found.extend((one, None) for one in unreadable(entry, error))
                continue
            named = identify(entry, facts)
            collector.add(named, facts)
            named_shard.found.append((check_entry(named, facts, task.request), facts.origin))
    return named_shard


def remembered_row(stamp: bytes, task: Task) -> CheckedRow | None:
    """Return what was found of an entry before, if that answers the same question now."""
    value = task.memory.checked.get(stamp) if task.memory is not None else None
    row = unpack_row(stamp, value) if value is not None else None
    return row if row is not None and row.holds(task.question, task.request.context.now_s) else None


def compare_stamps(task: Task) -> tuple[Trace, list[Entry]]:
    """Look at stamps alone; return those entries that are wanted, and what tells whether anything is new.

    Of what is in the memory, every byte is read once more: a disk can lose some below an unchanged stamp.
    """
    trace, found = Trace(), []
    with OpenCache(task.request.path) as cache:
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


def _is_as_it_was(entry: Entry, cache: OpenCache, verified: ReadResult | None) -> bool:
    if verified is None:
        return False
    expected = Expected(published=verified.digests)
    try:
        facts = read(entry, cache, depth=Depth.WHOLE, expected=expected, keeps=keep_none)
    except OSError:
        return False
    again = read_result_of(facts)
    if again is None or not set(verified.digests) <= set(facts.digests):
        return False
    # Where no digest was made, as of built wheels, what unpacking shows is all there is to go by.
    return bool(verified.digests) or (again.damage, again.is_unknown) == (verified.damage, verified.is_unknown)


def _collector(task: Task) -> LinkCollector:
    links = task.links or LinkFilter(keys=KeyFilter(()), built=frozenset())
    return LinkCollector(links.keys, links.built, task.request.indexes or (), links.bases)


def entries_of(task: Task, cache: OpenCache) -> Iterator[Entry | Warned]:
    """Yield the entries of a task, and what of its directories could not be looked at."""
    yield from task.entries
    for top in task.tops:
        yield from scan(cache, top, is_split=not top)


def check_entry(named: Entry, facts: Facts, request: ReadRequest) -> Checked:
    """Put the checks to an entry."""
    is_unknown = isinstance(facts.payload, Unknown) or isinstance(facts.damage, Unknown)
    evidence = tuple(evidence_of(named, facts)) if request.wants_evidence else ()
    return Checked(named, tuple(findings(named, facts, request.context, request.checks)), is_unknown, evidence)


def unreadable(entry: Entry, error: OSError) -> Iterable[Checked | Warned]:
    """Return what is told of an entry that cannot be read."""
    return (
        Warned(path=entry.id, message=f"cannot be read: {error.strerror or error}"),
        Checked(entry, is_unverifiable=True),
    )


@dataclass(slots=True)
class ShardResult:
    """Result of one shard."""

    found: list[Checked | Warned] = field(default_factory=list)
    passed: SoundCount = NONE_SOUND
    size: int = 0
    """Bytes of the entries done."""
    deferred: list[Entry] = field(default_factory=list)
    """Entries that are left for later tasks: large ones, and metadata."""
    waiting: list[Checked] = field(default_factory=list)
    """Metadata whose URL may yet be known by its wheel, which its own digest may name; else this is it."""
    wheel_references: dict[str, WheelReference] = field(default_factory=dict)
    """By the key of the metadata that may be served beside a wheel."""
    memory: ShardRows = field(default_factory=ShardRows)
    """What is to be remembered of these entries."""
    trace: Trace = field(default_factory=Trace)
    """Of the entries that were scanned."""


def check_shard(task: Task) -> ShardResult:
    """Read the entries, name them by all that is known, and put the checks to them."""
    done = ShardResult()
    with OpenCache(task.request.path) as cache:
        for entry in entries_of(task, cache):
            if isinstance(entry, Warned):
                done.found.append(entry)
                done.trace.is_whole = False
                continue
            stamp = b""  # of use only where something is remembered
            if task.memory is not None:
                stamp = done.trace.see(entry) if task.tops else entry_stamp(entry)
                done.memory.seen.append(stamp)
            try:
                _EntryCheck(entry, stamp, task, done).check(cache)
            except (ChangedError, FileNotFoundError):
                done.trace.is_whole = False  # a pip renewed or dropped it meanwhile: there is nothing to say of it
            except OSError as error:
                done.found.extend(unreadable(entry, error))
                done.size += entry.size
                done.trace.is_whole = False
    return drop_sound(done) if task.request.only_findings else done


class _EntryCheck:
    """One entry, and what is known of it."""

    def __init__(self, entry: Entry, stamp: bytes, task: Task, done: ShardResult) -> None:
        self._entry = entry
        self._stamp = stamp
        self._task = task
        self._done = done
        self._key = key_of(entry.id) or ""
        self._reference = task.known.by_key.get(self._key)
        self._beside = task.wheel_references.get(self._key)

    def check(self, cache: OpenCache) -> None:
        """Add to what is done, or leave the entry to a later task.

        Raises:
            OSError: It cannot be read; `ChangedError` if it is not as it was scanned.
        """
        if self._key in self._task.later:
            self._done.deferred.append(self._entry)
            return
        row = remembered_row(self._stamp, self._task)
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
        elif (verified := read_result_of(facts)) is not None:
            self._done.memory.noted.append((self._entry, verified))

    def _mark(self) -> str:
        return mark_of(self._entry, self._reference, self._beside, self._task.known)

    def _tell_again(self, row: CheckedRow) -> None:
        if self._task.memory is not None and self._stamp in self._task.memory.told:
            self._done.memory.kept.append(self._stamp)
        self._add(row.of(self._entry), row.beside)

    def _facts(self, cache: OpenCache) -> tuple[Facts | None, bool]:
        """Return what is read of the entry, `None` if it is to be read later; and whether it need not be remembered."""
        task, entry = self._task, self._entry
        expected = Expected(
            published=self._reference.hashes if self._reference else (),
            hosts=task.known.hosts,
            wheel_metadata=self._beside.metadata if self._beside else None,
        )
        verified = task.memory.known(self._stamp) if task.memory is not None else None
        if verified is not None:
            # Of what was read to its end before, the ends are enough, unless a digest is wanted that was not made then.
            facts = facts_with_result(read(entry, cache, depth=Depth.ENDS, keeps=keep_none), expected, verified)
            if facts is not None:
                return facts, True
        if not task.entries and task.request.depth is Depth.WHOLE and is_large(entry):
            return None, False
        return read(entry, cache, depth=task.request.depth, expected=expected, keeps=keep_none), False

    def _tell(self, facts: Facts) -> None:
        request = self._task.request
        named = name_by_links(identify(self._entry, facts), facts, self._task.known)
        one, beside = check_entry(named, facts, request), metadata_beside(named, facts)
        # A page that is older than asked for is older still a second later.
        is_lasting = self._entry.shape in _REMEMBERED and request.context.stale_age_s is None
        if self._task.memory is not None and is_lasting:
            value = pack_row(
                self._stamp,
                one,
                question=self._task.question,
                mark=self._mark(),
                made_s=request.context.now_s,
                until_s=lasts_until(named, request.context),
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
            self._done.wheel_references[page_key(beside.reference.url)] = beside
        if self._task.memory is not None:
            self._done.trace.ends(one.entry, self._task.request.context)


def is_large(entry: Entry) -> bool:
    """Return whether an entry makes a task of its own, if it has to be read to its end."""
    # Built wheels share a file with those beside them, and are told of together with them.
    return entry.size > _LARGE and entry.shape is not Shape.BUILT_WHEEL


def _has_any(entry: Entry, paths: set[str]) -> bool:
    return bool(paths) and not paths.isdisjoint(entry.paths)


def drop_sound(done: ShardResult) -> ShardResult:
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
