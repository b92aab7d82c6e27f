"""How the entries of a cache are gone through: read, named, judged, one after the other or side by side.

Before entries can be named by what the cache's pages say of them, the pages have to be read: so where URLs or digests
are wanted, a first pass gathers (`references`), and a second one judges. Nothing is held that grows with the size of a
body; of each entry, its key.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from pipcacheplus.facts import Depth, Expected, Facts, Unknown
from pipcacheplus.filenames import canonical
from pipcacheplus.identify import identify
from pipcacheplus.judging import Check, Context, Judged, Progress, findings
from pipcacheplus.layout import key_of
from pipcacheplus.ledger import Ledger, Verified
from pipcacheplus.model import Entry, Shape, Warned
from pipcacheplus.opening import ChangedError, OpenCache
from pipcacheplus.readers.entry import read
from pipcacheplus.recall import facts_of, verified_of
from pipcacheplus.references import Gathering, References
from pipcacheplus.resolution import resolve
from pipcacheplus.scan import scan

__all__ = ["Survey", "survey"]

_CHUNK = 64
_AHEAD = 8
"""Chunks that are under way at once; what comes back is handed on in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is to be looked at, how far, and for what."""

    path: str
    depth: Depth
    checks: tuple[Check, ...]
    context: Context
    indexes: tuple[str, ...] | None = None
    """URLs of indexes whose pages may be in the cache; `None` if neither URLs nor published digests are wanted."""


def survey(
    what: Survey,
    *,
    executor: Executor | None = None,
    ledger: Ledger | None = None,
    progress: Progress | None = None,
) -> Iterator[Judged | Warned]:
    """Yield every entry with its names and what the checks say of it, and a warning for what cannot be read.

    Args:
        what: The survey.
        executor: Where entries are read side by side; without one, here. Any executor does, also one of processes.
        ledger: What was read to its end before; what has not changed since is not read to its end again. It is told
            what is read now, also if the caller stops in the middle.
        progress: Called with the bytes, if archives are read to their end, else the entries, that are done.

    Raises:
        OSError: The cache directory cannot be listed.
    """
    begun = None if progress is None else (lambda: progress(0, None))
    total: int | None = None
    if what.indexes is not None and what.depth is Depth.ENDS:
        found = _in_one_pass(what, what.indexes)
    else:
        known = References()
        if what.indexes is not None:
            known, total = _gathered(what.path, what.indexes, begun)
        found = _in_chunks(what, known, executor, ledger)
    done = 0
    for one in found:
        if progress is not None and isinstance(one, Judged):
            done += one.entry.size if what.depth is Depth.WHOLE else 1
            progress(done, total)
        yield one


def _in_chunks(
    what: Survey, known: References, executor: Executor | None, ledger: Ledger | None
) -> Iterator[Judged | Warned]:
    works = (_work(chunk, what, known, ledger) for chunk in _chunks(what.path))
    for results in _side_by_side(executor, works):
        for one, entry, verified in results:
            if ledger is not None and entry is not None and verified is not None:
                ledger.note(entry, verified)
            yield one
    if ledger is not None and what.depth is Depth.WHOLE:
        ledger.forget_others()


def _in_one_pass(what: Survey, indexes: tuple[str, ...]) -> Iterator[Judged | Warned]:
    """Read each entry once, and name all when the last was read: who wants them all holds them anyway."""
    gathering, _ = _begun(what.path, indexes)
    held: list[tuple[Judged | Warned, Facts]] = []
    with OpenCache(what.path) as contents:
        for entry in _entries(what.path):
            held.extend(_judge_and_add(entry, contents, what, gathering))
    _add_all(gathering, gathering.follow(), what.path)
    known = gathering.finish()
    for one, facts in held:
        yield one._replace(entry=resolve(one.entry, facts, known)) if isinstance(one, Judged) else one


def _judge_and_add(
    entry: Entry | Warned, contents: OpenCache, what: Survey, gathering: Gathering
) -> Iterator[tuple[Judged | Warned, Facts]]:
    if isinstance(entry, Warned):
        yield entry, Facts()
        return
    try:
        facts = read(entry, contents, depth=what.depth)
    except (ChangedError, FileNotFoundError):
        return  # a pip renewed or dropped it meanwhile: there is nothing to say of it
    except OSError as error:
        yield _unreadable(entry, error), Facts()
        yield Judged(entry, is_unverifiable=True), Facts()
        return
    named = identify(entry, facts)
    gathering.add(named, facts)
    # Of all facts, only the origin is still needed for names.
    yield _judged(named, facts, what), Facts(origin=facts.origin)


def _entries(path: str) -> Iterator[Entry | Warned]:
    with OpenCache(path) as names:
        yield from scan(names)


def _unreadable(entry: Entry, error: OSError) -> Warned:
    return Warned(path=entry.id, message=f"cannot be read: {error.strerror or error}")


def _judged(named: Entry, facts: Facts, what: Survey) -> Judged:
    is_unknown = isinstance(facts.payload, Unknown) or isinstance(facts.damage, Unknown)
    return Judged(named, tuple(findings(named, facts, what.context, what.checks)), is_unknown)


def _chunks(path: str) -> Iterator[list[Entry | Warned]]:
    entries = _entries(path)
    while chunk := list(islice(entries, _CHUNK)):
        yield chunk


class _Work(NamedTuple):
    """What one worker gets; small enough to be handed to another process."""

    chunk: list[Entry | Warned]
    what: Survey
    known: References
    remembered: dict[str, Verified]
    """By entry: what reading it to its end showed before."""


_Result = tuple[Judged | Warned, Entry | None, Verified | None]
"""What is told of an entry, the entry as it was scanned, and what is worth remembering."""


def _work(chunk: list[Entry | Warned], what: Survey, known: References, ledger: Ledger | None) -> _Work:
    entries = [entry for entry in chunk if isinstance(entry, Entry)]
    keys = [key for entry in entries if (key := key_of(entry.id)) in known.by_key]
    mine = replace(known, by_key={key: known.by_key[key] for key in keys if key is not None})
    if ledger is None or what.depth is not Depth.WHOLE:
        return _Work(chunk, what, mine, {})
    remembered = {entry.id: verified for entry in entries if (verified := ledger.known(entry)) is not None}
    return _Work(chunk, what, mine, remembered)


def _side_by_side(executor: Executor | None, works: Iterable[_Work]) -> Iterator[list[_Result]]:
    if executor is None:
        yield from map(_judge, works)
        return
    under_way: list[Future[list[_Result]]] = []
    try:
        for work in works:
            under_way.append(executor.submit(_judge, work))
            if len(under_way) >= _AHEAD:
                yield under_way.pop(0).result()
        while under_way:
            yield under_way.pop(0).result()
    finally:
        for future in under_way:
            future.cancel()


def _judge(work: _Work) -> list[_Result]:
    found: list[_Result] = []
    with OpenCache(work.what.path) as contents:
        for entry in work.chunk:
            if isinstance(entry, Warned):
                found.append((entry, None, None))
                continue
            try:
                found.append(_judge_one(entry, contents, work))
            except (ChangedError, FileNotFoundError):
                continue  # a pip renewed or dropped it meanwhile: there is nothing to say of it
            except OSError as error:
                found.append((_unreadable(entry, error), entry, None))
                found.append((Judged(entry, is_unverifiable=True), entry, None))
    return found


def _judge_one(entry: Entry, contents: OpenCache, work: _Work) -> _Result:
    what, known = work.what, work.known
    reference = known.by_key.get(key_of(entry.id) or "")
    expected = Expected(published=reference.hashes if reference else (), hosts=known.hosts)
    facts = _remembered(entry, contents, expected, work.remembered.get(entry.id))
    verified = None
    if facts is None:
        facts = read(entry, contents, depth=what.depth, expected=expected)
        verified = verified_of(facts)
    return _judged(resolve(identify(entry, facts), facts, known), facts, what), entry, verified


def _remembered(entry: Entry, contents: OpenCache, expected: Expected, verified: Verified | None) -> Facts | None:
    """Return the facts of an entry that was read to its end before; `None` if that leaves a digest to be made."""
    if verified is None:
        return None
    facts = read(entry, contents, depth=Depth.ENDS, expected=expected)
    return facts_of(facts, expected, verified)


def _gathered(path: str, indexes: tuple[str, ...], begun: Callable[[], None] | None) -> tuple[References, int]:
    """Return what the pages say, and the bytes of all entries."""
    gathering, total = _begun(path, indexes)
    _add_all(gathering, (entry for entry in _entries(path) if isinstance(entry, Entry)), path, begun)
    _add_all(gathering, gathering.follow(), path)
    return gathering.finish(), total


def _begun(path: str, indexes: tuple[str, ...]) -> tuple[Gathering, int]:
    """Begin to gather: of a million links, only those are kept that the cache has an entry for."""
    keys, built, total = set(), set(), 0
    for entry in _entries(path):
        if isinstance(entry, Entry):
            total += entry.size
            if entry.shape is Shape.BUILT_WHEEL:
                project, version, *_ = entry.id.rpartition("/")[2].split("-")
                built.add((canonical(project), version))
            elif (key := key_of(entry.id)) is not None:
                keys.add(key)
    return Gathering(frozenset(keys), frozenset(built), indexes), total


def _add_all(
    gathering: Gathering, entries: Iterable[Entry], path: str, begun: Callable[[], None] | None = None
) -> None:
    with OpenCache(path) as contents:
        for entry in entries:
            if begun is not None:
                begun()
            if entry.shape not in {Shape.PAIR, Shape.SINGLE, Shape.BUILT_WHEEL}:
                continue
            try:
                facts = read(entry, contents, depth=Depth.PAGES)
            except OSError:
                continue  # the pass that judges tells of it
            gathering.add(identify(entry, facts), facts)
