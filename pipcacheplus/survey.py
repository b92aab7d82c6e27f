"""How the entries of a cache are gone through: read, named, judged, one after the other or side by side.

Before entries can be named by what the cache's pages say of them, the pages have to be read: so where URLs or digests
are wanted, a first pass lists keys, a second one gathers (`references`), and a third one judges. The cache falls into
parts of about the same size, which are handed out as tasks (`work`); results come back in order. Nothing is held that
grows with the size of a body; of each entry, its key.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from itertools import chain
from operator import add
from typing import TypeVar

from pipcacheplus import __version__
from pipcacheplus.facts import Depth, Facts
from pipcacheplus.filenames import canonical
from pipcacheplus.judging import NOTHING_PASSED, Judged, Passed, Progress
from pipcacheplus.layout import is_built_wheel, key_of
from pipcacheplus.ledger import Ledger
from pipcacheplus.model import Entry, Warned
from pipcacheplus.opening import OpenCache
from pipcacheplus.references import Gathering, KeyFilter, Reference, References
from pipcacheplus.replay import LOOSE, Recording, Trace, as_told, question_of
from pipcacheplus.resolution import resolve
from pipcacheplus.scan import file_paths, parts
from pipcacheplus.verified import Memory
from pipcacheplus.work import Done, Links, Survey, Task, gather, hold, judge, retrace

__all__ = ["Survey", "survey"]

_TASKS = 64
"""Into how many tasks a cache is divided at most: many, so that all workers have something to do until the end."""
_SHARES = 64
_AHEAD = 8
"""Tasks that are under way at once; what comes back is handed on in order."""

_Result = TypeVar("_Result")


def survey(
    what: Survey,
    *,
    executor: Executor | None = None,
    ledger: Ledger | None = None,
    is_deep: bool = False,
    progress: Progress | None = None,
) -> Iterator[Judged | Warned | Passed]:
    """Yield every entry with its names and what the checks say of it, and a warning for what cannot be read.

    Args:
        what: The survey.
        executor: Where entries are read side by side; without one, here. Any executor does, also one of processes.
        ledger: What was read to its end before; what has not changed since is not read to its end again, but for one
            entry of 64, in turn: a disk can lose bytes under an unchanged stamp. It is told what is read now, also if
            the caller stops in the middle.
        is_deep: Whether everything is read all the same; the ledger is only told.
        progress: Called with the bytes, if archives are read to their end, else the entries, that are done.

    Raises:
        OSError: The cache directory cannot be listed.
    """
    look = _Look(what, executor, ledger, progress, is_deep=is_deep)
    if what.indexes is None:
        yield from look.judge(References(), None)
    elif what.depth < Depth.WHOLE:
        yield from look.name(look.links())
    elif (again := look.replay()) is not None:
        yield from again
    else:
        known, total = look.gather(look.links())
        yield from look.judge(known, total)


class _Look:
    """One survey under way."""

    def __init__(
        self,
        what: Survey,
        executor: Executor | None,
        ledger: Ledger | None,
        progress: Progress | None,
        *,
        is_deep: bool,
    ) -> None:
        self._what = what
        self._executor = executor
        self._ledger = ledger if what.depth is Depth.WHOLE else None
        # A page that is older than asked for is older still a second later.
        self._records = self._ledger is not None and what.only_findings and what.context.stale_age_s is None
        self._share = None if is_deep or self._ledger is None else self._ledger.count_run() % _SHARES
        """Of what is remembered, this part is read again; `None` for all of it."""
        self._show: Progress = progress or (lambda _done, _total: None)
        with OpenCache(what.path) as cache:
            self._tops = _divided(parts(cache))

    def links(self) -> Links:
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
        return Links(keys=KeyFilter(self.keys), built=frozenset(built))

    def gather(self, links: Links) -> tuple[References, int]:
        """Return what the pages say, and the bytes of all entries."""
        gathering = self._gathering()
        total = 0
        for said, size in self._side_by_side(gather, (Task(self._what, tops, links=links) for tops in self._tops)):
            gathering.add(said)
            total += size
            self._show(0, None)
        return self._followed(gathering, links), total

    def _gathering(self) -> Gathering:
        return Gathering(self.keys, self._what.indexes or ())

    def _followed(self, gathering: Gathering, links: Links) -> References:
        again, bases = gathering.follow()
        if again:
            said, _ = gather(Task(self._what, entries=again, links=replace(links, bases=bases)))
            gathering.add(said)
        return gathering.finish()

    def name(self, links: Links) -> Iterator[Judged | Warned]:
        """Read each entry once, and name all when the last was read: who wants them all holds them anyway."""
        gathering = self._gathering()
        found = []
        for held in self._side_by_side(hold, (Task(self._what, tops, links=links) for tops in self._tops)):
            gathering.add(held.said)
            found.extend(held.found)
            self._show(len(found), None)
        known = self._followed(gathering, links)
        for one, origin in found:
            if isinstance(one, Judged):
                yield one._replace(entry=resolve(one.entry, Facts(origin=origin), known))
            else:
                yield one

    def replay(self) -> Iterator[Judged | Warned | Passed] | None:
        """Return what was found last, if the same would be found now; all that has to be read is stamps."""
        if self._ledger is None:
            return None
        if self._share == 0:  # pages, heads and origins, which the ledger does not know one by one, are all of this
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
        for one, found in self._side_by_side(retrace, tasks):
            trace.join(one)
            entries.update((entry.id, entry) for entry in found)
            self._show(0, None)
        is_same = trace.is_whole and trace.stamps == recording.stamps and recording.ids <= entries.keys()
        return self._again(recording, entries, trace.loose) if is_same else None

    def _again(
        self, recording: Recording, entries: Mapping[str, Entry], loose: list[Entry]
    ) -> Iterator[Judged | Warned | Passed]:
        yield from recording.of(entries)
        yield recording.passed
        yield from judge(Task(self._what, entries=tuple(loose))).found

    @property
    def _question(self) -> str:
        checks = [check.slug for check in self._what.checks]
        return question_of(self._what.context, __version__, checks, self._what.indexes)

    def _record(self, trace: Trace, told: list[Judged], passed: Passed) -> None:
        if self._ledger is None or not self._records or not trace.is_whole:
            return
        if self._ledger.is_settled(trace.newest_ns):
            recording = Recording(
                question=self._question,
                made_s=self._what.context.now_s,
                until_s=trace.until_s,
                stamps=trace.stamps,
                passed=passed,
                told=tuple(as_told(one) for one in told if one.entry.shape not in LOOSE),
            )
            self._ledger.record(recording.to_bytes())

    def judge(self, known: References, total: int | None) -> Iterator[Judged | Warned | Passed]:
        """Put the checks to all entries; large ones last, each by itself."""
        by_part = _by_part(known.by_key)
        deferred: list[Entry] = []
        trace, told, passed = Trace(), list[Judged](), NOTHING_PASSED
        done = 0
        parts_of_all = (self._task(tops, (), known, by_part) for tops in self._tops)
        # The large ones are known when all parts are done: only then is this gone through.
        large = (self._task((), (entry,), known, by_part) for entry in deferred)
        for result in chain(self._side_by_side(judge, parts_of_all), self._side_by_side(judge, large)):
            deferred.extend(result.deferred)
            done += result.size if self._what.depth is Depth.WHOLE else len(result.found)
            trace.join(result.trace)
            if self._ledger is not None:
                self._ledger.take(result.memory)
                told.extend(one for one in result.found if isinstance(one, Judged))
                passed = Passed(*map(add, passed, result.passed))
            yield from result.found
            if result.passed.entries:
                yield result.passed
            self._show(done, total)
        if self._ledger is not None:
            self._ledger.forget_others()
            self._record(trace, told, passed)

    def _task(
        self,
        tops: tuple[str, ...],
        entries: tuple[Entry, ...],
        known: References,
        by_part: Mapping[str, Mapping[str, Reference]],
    ) -> Task:
        """Give a worker what matters to its entries, and no more: it may have to be sent to another process."""
        mine: dict[str, Reference] = {}
        for path in (*tops, *(entry.id for entry in entries)):
            mine |= by_part.get(_start_of(path), {})
        memory = self._memory_of((*tops, *(entry.id for entry in entries)), is_share=False)
        return Task(self._what, tops, entries, known=replace(known, by_key=mine), memory=memory)

    def _memory_of(self, paths: tuple[str, ...], *, is_share: bool) -> Memory | None:
        """Return what is remembered of some paths: the part of it that is to be read again, or the other."""
        if self._ledger is None:
            return None
        share = self._share
        if share is None:
            return Memory()
        return self._ledger.memory_of(paths, lambda stamp: (stamp[0] % _SHARES == share) is is_share)

    def _side_by_side(self, work: Callable[[Task], _Result], tasks: Iterable[Task]) -> Iterator[_Result]:
        if self._executor is None:
            yield from map(work, tasks)
            return
        under_way: deque[tuple[Task, Future[_Result]]] = deque()
        try:
            for task in tasks:
                under_way.append((task, _submitted(self._executor, work, task)))
                if len(under_way) >= _AHEAD:
                    yield _result(work, *under_way.popleft())
            while under_way:
                yield _result(work, *under_way.popleft())
        finally:
            for _, future in under_way:
                self._give_up(future)

    def _give_up(self, future: Future[_Result]) -> None:
        """Do not wait for a task any more; if it is done all the same, what it showed is remembered."""
        if future.cancel() or self._ledger is None or not future.done() or future.exception() is not None:
            return
        done = future.result()
        if isinstance(done, Done):
            self._ledger.take(done.memory)


def _submitted(executor: Executor, work: Callable[[Task], _Result], task: Task) -> Future[_Result]:
    try:
        return executor.submit(work, task)
    except BrokenExecutor as error:  # as it stays once a worker was killed
        broken: Future[_Result] = Future()
        broken.set_exception(error)
        return broken


def _result(work: Callable[[Task], _Result], task: Task, future: Future[_Result]) -> _Result:
    try:
        return future.result()
    except BrokenExecutor:
        return work(task)  # somebody killed a worker: what it had in hand is done here


def _divided(tops: list[str]) -> list[tuple[str, ...]]:
    """Divide a cache into tasks of about the same size; first comes what lies in none of its parts."""
    size = -(-len(tops) // _TASKS) or 1
    return [("",), *(tuple(tops[at : at + size]) for at in range(0, len(tops), size))]


def _by_part(by_key: Mapping[str, Reference]) -> Mapping[str, Mapping[str, Reference]]:
    found: dict[str, dict[str, Reference]] = {}
    for key, reference in by_key.items():
        found.setdefault(key[:2], {})[key] = reference
    return found


def _start_of(path: str) -> str:
    """Return how the keys begin of the responses at, or below, a path."""
    return "".join(path.split("/")[1:3])[:2]
