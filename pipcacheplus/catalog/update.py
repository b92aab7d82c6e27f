"""Read, name and check the entries of a cache, one after the other or in parallel.

Before entries can be named by what the cache's pages say of them, the pages have to be read: so where URLs or digests
are wanted, a first pass lists keys, a second one collects links (`links`), and a third one checks. The cache falls into
parts of about the same size, which are handed out as tasks (`shard`); results come back in order. Nothing is held that
grows with the size of a body; of each entry, its key.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from operator import add
from typing import TypeVar

from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.links import (
    KeyFilter,
    LinkIndex,
    Reference,
    References,
    WheelReference,
    behind_their_wheels,
    wheel_references_for,
    wheel_url,
    with_metadata,
)
from pipcacheplus.catalog.names import name_by_links
from pipcacheplus.catalog.parallel import side_by_side
from pipcacheplus.catalog.recording import LOOSE, Recording, Trace, question_of
from pipcacheplus.catalog.rows import ShardRows, checked_to_json
from pipcacheplus.catalog.shard import (
    LinkFilter,
    ReadRequest,
    ShardResult,
    Task,
    check_shard,
    collect_links,
    compare_stamps,
    drop_sound,
    is_large,
    name_shard,
)
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import file_paths, parts
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import NONE_SOUND, Checked, Entry, Progress, SoundCount, Warned
from pipcacheplus.pips.filenames import canonical
from pipcacheplus.pips.layout import is_built_wheel, key_of, page_key
from pipcacheplus.version import __version__

__all__ = ["ReadRequest", "Results", "read_entries"]

_TASKS = 64
"""Into how many tasks a cache is divided at most: many, so that all workers have something to do until the end."""
_SHARES = 64
_BATCH = 100
_Done = TypeVar("_Done")


class Results:
    """Results of the shards so far: handed on as they come, remembered, and recorded at the end."""

    def __init__(self, what: ReadRequest, ledger: Ledger | None, show: Callable[[int], None]) -> None:
        self.deferred: list[Entry] = []
        self.wheel_references: dict[str, WheelReference] = {}
        self._waiting: list[Checked] = []
        self._what = what
        self._ledger = ledger
        self._show = show
        self._trace = Trace()
        self._told: list[Checked] = []
        self._passed = NONE_SOUND
        self._done = 0

    def take(self, results: Iterable[ShardResult]) -> Iterator[Checked | Warned | SoundCount]:
        """Hand on what was found, and remember it."""
        for result in results:
            self.deferred.extend(result.deferred)
            self._waiting.extend(result.waiting)
            self.wheel_references |= result.wheel_references
            self._trace.join(result.trace)
            self.keep(result)
            yield from self._hand_on(result)

    def settle(self) -> Iterator[Checked | Warned | SoundCount]:
        """Hand on the metadata that no wheel named; what one did is to be judged once more."""
        done = ShardResult()
        for one in self._waiting:
            if key_of(one.entry.id) in self.wheel_references:
                self.deferred.append(one.entry)
            else:
                done.found.append(one)
                done.size += one.entry.size
        self._waiting.clear()
        yield from self._hand_on(drop_sound(done) if self._what.only_findings else done)

    def _hand_on(self, result: ShardResult) -> Iterator[Checked | Warned | SoundCount]:
        if self._ledger is not None:
            self._told.extend(one for one in result.found if isinstance(one, Checked))
            self._passed = SoundCount(*map(add, self._passed, result.passed))
        yield from result.found
        if result.passed.entries:
            yield result.passed
        self._done += result.size if self._what.depth is Depth.WHOLE else len(result.found)
        self._show(self._done)

    def keep(self, result: ShardResult) -> None:
        """Remember what a task showed."""
        if self._ledger is not None:
            self._ledger.take(result.memory)

    def end(self, question: str | None) -> None:
        """Record all of it, if there is a question that can be answered by it once more."""
        if self._ledger is None:
            return
        self._ledger.forget_others()
        if question is not None and self._trace.is_whole and self._ledger.is_settled(self._trace.newest_ns):
            recording = Recording(
                question=question,
                made_s=self._what.context.now_s,
                until_s=self._trace.until_s,
                stamps=self._trace.stamps,
                passed=self._passed,
                told=tuple(checked_to_json(one) for one in self._told if one.entry.shape not in LOOSE),
            )
            self._ledger.record(recording.to_bytes())


def read_entries(
    what: ReadRequest,
    *,
    executor: Executor | None = None,
    ledger: Ledger | None = None,
    is_deep: bool = False,
    wants: Callable[[Entry], bool] | None = None,
    progress: Progress | None = None,
    processes: int | None = 1,
) -> Iterator[Checked | Warned | SoundCount]:
    """Yield every entry with its names and what the checks say of it, and a warning for what cannot be read.

    Args:
        what: What to read, and how far.
        executor: Where entries are read side by side; without one, here. Any executor does, also one of processes.
        ledger: What was read to its end before; what has not changed since is not read to its end again, but for one
            entry of 64, in turn: a disk can lose bytes under an unchanged stamp. It is told what is read now, also if
            the caller stops in the middle.
        is_deep: Whether everything is read all the same; the ledger is only told.
        wants: Which entries are wanted, by their names; of the others, no archive is read to its end.
        progress: Called with the bytes, if archives are read to their end, else the entries, that are done.
        processes: As of `side_by_side`.

    Raises:
        OSError: The cache directory cannot be listed.
    """
    update = _Update(what, executor, ledger, progress, is_deep=is_deep, processes=processes)
    if what.indexes is None:
        yield from update.check(References(), None)
    elif what.depth < Depth.WHOLE:
        yield from update.name(update.links())[1]
    elif wants is not None:
        yield from update.check_some(wants)
    elif (again := update.replay()) is not None:
        yield from again
    else:
        known, total = update.collect(update.links())
        yield from update.check(known, total)


class _Update:
    """A run over a cache, from its keys to its findings."""

    def __init__(
        self,
        what: ReadRequest,
        executor: Executor | None,
        ledger: Ledger | None,
        progress: Progress | None,
        *,
        is_deep: bool,
        processes: int | None,
    ) -> None:
        self._what = what
        self._executor = executor
        self._processes = processes
        self._ledger = ledger if what.depth is Depth.WHOLE else None
        self._records = self._ledger is not None and what.only_findings and what.context.stale_age_s is None
        self._share = None if is_deep or self._ledger is None else self._ledger.count_run() % _SHARES
        """Of what is remembered, this part is read again; `None` for all of it."""
        checks = [check.slug for check in what.checks]
        self._question = question_of(what.context, __version__, checks, what.indexes, what.hosts)
        self._show: Progress = progress or (lambda _done, _total: None)
        with OpenCache(what.path) as cache:
            self._tops = _divided(parts(cache))

    def links(self) -> LinkFilter:
        """List the keys: of a million links, only those are kept that the cache has an entry for."""
        self.keys: set[str] = set()
        built: set[tuple[str, str]] = set()
        self._show(0, None)
        with OpenCache(self._what.path) as cache:
            for top in (top for tops in self._tops for top in tops if top):
                for path in file_paths(cache, top):
                    if (key := key_of(path)) is not None:
                        self.keys.add(key)
                    elif is_built_wheel(path):
                        project, version, *_ = path.rpartition("/")[2].split("-")
                        built.add((canonical(project), version))
        return LinkFilter(keys=KeyFilter(self.keys), built=frozenset(built))

    def collect(self, links: LinkFilter) -> tuple[References, int]:
        """Return what the pages say, and the bytes of all entries."""
        index = self._index()
        total = 0
        tasks = (
            Task(
                self._what,
                tops,
                links=links,
                memory=self._memory_of(tops, is_share=False),
                question=self._question,
            )
            for tops in self._tops
        )
        for page_links, size in self._side_by_side(collect_links, tasks):
            index.add(page_links)
            total += size
            self._show(0, None)
        return self._followed(index, links), total

    def _side_by_side(self, work: Callable[[Task], _Done], tasks: Iterable[Task]) -> Iterator[_Done]:
        return side_by_side(
            _apply,
            work,
            tasks,
            executor=self._executor,
            processes=self._processes,
            threads=self._what.depth is Depth.WHOLE,
        )

    def _index(self) -> LinkIndex:
        return LinkIndex(self.keys, self._what.indexes or ())

    def _followed(self, index: LinkIndex, links: LinkFilter) -> References:
        again, bases = index.follow()
        if again:
            page_links, _ = collect_links(Task(self._what, entries=again, links=replace(links, bases=bases)))
            index.add(page_links)
        known = index.finish()
        return replace(known, hosts=tuple(sorted({*known.hosts, *self._what.hosts})))

    def name(self, links: LinkFilter) -> tuple[References, Iterator[Checked | Warned]]:
        """Read each entry once, and name all when the last was read: who wants them all holds them anyway."""
        index = self._index()
        found = []
        is_all = self._what.depth < Depth.WHOLE  # else each is judged when it is read to its end
        what = self._what if is_all else replace(self._what, depth=Depth.ENDS, checks=())
        for named_shard in self._side_by_side(name_shard, (Task(what, tops, links=links) for tops in self._tops)):
            index.add(named_shard.links)
            found.extend(named_shard.found)
            self._show(len(found), None)
        known = self._followed(index, links)
        return known, (
            one._replace(entry=name_by_links(one.entry, Facts(origin=origin), known))
            if isinstance(one, Checked)
            else one
            for one, origin in found
        )

    def check_some(self, wants: Callable[[Entry], bool]) -> Iterator[Checked | Warned]:
        """Put the checks to the entries that are wanted; before metadata comes its wheel, wanted or not."""
        known, named = self.name(self.links())
        entries: dict[str, Entry] = {}
        for one in named:
            if isinstance(one, Checked):
                entries[key_of(one.entry.id) or one.entry.id] = one.entry
            else:
                yield one
        chosen = {key: entry for key, entry in entries.items() if wants(entry)}
        behind = behind_their_wheels(known.by_key) & chosen.keys()
        wheels = {page_key(wheel_url(known.by_key[key].url)) for key in behind}
        first = [entry for key, entry in entries.items() if key in wheels or key in chosen.keys() - behind]
        collected = Results(self._what, self._ledger, lambda done: self._show(done, None))
        for batch in (first, [chosen[key] for key in sorted(behind)]):
            for result in self._checked(self._singly(batch, known, collected), collected):
                # Besides what was asked for, a wheel may be in it.
                if isinstance(result, Warned) or (isinstance(result, Checked) and wants(result.entry)):
                    yield result

    def _checked(self, tasks: Iterable[Task], collected: Results) -> Iterator[Checked | Warned | SoundCount]:
        return collected.take(self._side_by_side(check_shard, tasks))

    def _singly(self, entries: Sequence[Entry], known: References, collected: Results) -> Iterator[Task]:
        """Yield tasks of entries that are known; which they are is only asked when they are due."""
        for batch in _batches(entries):
            yield Task(
                self._what,
                entries=batch,
                known=with_metadata(known, batch, collected.wheel_references),
                memory=self._memory_of([entry.id for entry in batch], is_share=False),
                wheel_references=wheel_references_for(batch, collected.wheel_references),
                question=self._question,
            )

    def replay(self) -> Iterator[Checked | Warned | SoundCount] | None:
        """Return what was found last, if the same would be found now; all that has to be read is stamps."""
        if self._ledger is None:
            return None
        if self._share == 0:  # pages, heads and origins, which have no digest in the ledger, are all of this one
            self._ledger.record(b"")
        if not self._share or not self._records:
            return None
        packed = self._ledger.recording
        recording = Recording.from_bytes(packed) if packed else None
        if recording is None or not recording.holds(self._question, self._what.context.now_s):
            return None
        trace, entries = Trace(), dict[str, Entry]()
        tasks = (
            Task(self._what, tops, memory=self._memory_of(tops, is_share=True), ids=recording.ids)
            for tops in self._tops
        )
        for one, found in self._side_by_side(compare_stamps, tasks):
            trace.join(one)
            entries.update((entry.id, entry) for entry in found)
            self._show(0, None)
        is_same = trace.is_whole and trace.stamps == recording.stamps and recording.ids <= entries.keys()
        return self._again(recording, entries, trace.loose) if is_same else None

    def _again(
        self, recording: Recording, entries: Mapping[str, Entry], loose: list[Entry]
    ) -> Iterator[Checked | Warned | SoundCount]:
        yield from recording.of(entries)
        yield recording.passed
        yield from check_shard(Task(self._what, entries=tuple(loose))).found

    def check(self, known: References, total: int | None) -> Iterator[Checked | Warned | SoundCount]:
        """Put the checks to all entries; last to those that have to wait for others, and to large ones."""
        collected = Results(self._what, self._ledger, lambda done: self._show(done, total))
        yield from self._checked(self._by_parts(known), collected)
        yield from collected.settle()
        yield from self._checked(self._singly(collected.deferred, known, collected), collected)
        collected.end(self._question if self._records else None)

    def _by_parts(self, known: References) -> Iterator[Task]:
        """Yield a task for each group of parts; which references matter to it is only asked when it is due."""
        by_part = _by_part(known.by_key)
        later = behind_their_wheels(known.by_key)
        for tops in self._tops:
            by_key = _of_parts(tops, by_part)
            yield Task(
                self._what,
                tops,
                known=replace(known, by_key=by_key),
                memory=self._memory_of(tops, is_share=False),
                later=later & by_key.keys(),
                question=self._question,
            )

    def _memory_of(self, paths: Sequence[str], *, is_share: bool) -> ShardRows | None:
        """Return what is remembered of some paths: the part of it that is to be read again, or the other."""
        if self._ledger is None:
            return None
        share = self._share
        if share is None:
            return ShardRows()
        found = self._ledger.memory_of(paths, lambda stamp: (stamp[0] % _SHARES == share) is is_share)
        return found if share else replace(found, checked={})


def _apply(work: Callable[[Task], _Done], task: Task) -> _Done:
    return work(task)


def _divided(tops: list[str]) -> list[tuple[str, ...]]:
    """Divide a cache into tasks of about the same size; first comes what lies in none of its parts."""
    size = -(-len(tops) // _TASKS) or 1
    return [("",), *(tuple(tops[at : at + size]) for at in range(0, len(tops), size))]


def _by_part(by_key: Mapping[str, Reference]) -> Mapping[str, Mapping[str, Reference]]:
    found: dict[str, dict[str, Reference]] = {}
    for key, reference in by_key.items():
        found.setdefault(key[:2], {})[key] = reference
    return found


def _of_parts(tops: Iterable[str], by_part: Mapping[str, Mapping[str, Reference]]) -> dict[str, Reference]:
    """Return what matters to some parts, and no more: it may have to be sent to another process."""
    found: dict[str, Reference] = {}
    for top in tops:
        # The directories below an area have the first digits of the keys as their names.
        found |= by_part.get("".join(top.split("/")[1:]), {})
    return found


def _batches(entries: Sequence[Entry]) -> Iterator[tuple[Entry, ...]]:
    """Yield small entries by the dozen, and large ones each by itself."""
    small = [entry for entry in entries if not is_large(entry)]
    for at in range(0, len(small), _BATCH):
        yield tuple(small[at : at + _BATCH])
    yield from ((entry,) for entry in entries if is_large(entry))
