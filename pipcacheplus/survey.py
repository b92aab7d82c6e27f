"""How the entries of a cache are gone through: read, named, judged, one after the other or side by side.

Before entries can be named by what the cache's pages say of them, the pages have to be read: so where URLs or digests
are wanted, a first pass gathers (`references`), and a second one judges. Nothing is held that grows with the size of a
body; of each entry, its key.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import islice

from pipcacheplus.facts import Depth, Expected, Facts, Unknown
from pipcacheplus.filenames import canonical
from pipcacheplus.identify import identify, resolve
from pipcacheplus.judging import Check, Context, Judged, findings
from pipcacheplus.layout import key_of
from pipcacheplus.model import Entry, Shape, Warned
from pipcacheplus.opening import ChangedError, OpenCache
from pipcacheplus.references import Gathering, References
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
    what: Survey, *, executor: Executor | None = None, progress: Callable[[int, int | None], None] | None = None
) -> Iterator[Judged | Warned]:
    """Yield every entry with its names and what the checks say of it, and a warning for what cannot be read.

    Args:
        what: The survey.
        executor: Where entries are read side by side; without one, here. Any executor does, also one of processes.
        progress: Called with the bytes, if archives are read to their end, else the entries, that are done.

    Raises:
        OSError: The cache directory cannot be listed.
    """
    known = References() if what.indexes is None else _gathered(what, what.indexes)
    done = 0
    for chunk in _side_by_side(executor, _chunks(what.path), what, known):
        for one in chunk:
            if progress is not None and isinstance(one, Judged):
                done += one.entry.size if what.depth is Depth.WHOLE else 1
                progress(done, None)
            yield one


def _chunks(path: str) -> Iterator[list[Entry | Warned]]:
    with OpenCache(path) as names:
        entries = scan(names)
        while chunk := list(islice(entries, _CHUNK)):
            yield chunk


def _side_by_side(
    executor: Executor | None, chunks: Iterable[list[Entry | Warned]], what: Survey, known: References
) -> Iterator[list[Judged | Warned]]:
    if executor is None:
        yield from (_judge(chunk, what, known) for chunk in chunks)
        return
    under_way: list[Future[list[Judged | Warned]]] = []
    try:
        for chunk in chunks:
            under_way.append(executor.submit(_judge, chunk, what, known))
            if len(under_way) >= _AHEAD:
                yield under_way.pop(0).result()
        while under_way:
            yield under_way.pop(0).result()
    finally:
        for future in under_way:
            future.cancel()


def _judge(chunk: list[Entry | Warned], what: Survey, known: References) -> list[Judged | Warned]:
    found: list[Judged | Warned] = []
    with OpenCache(what.path) as contents:
        for entry in chunk:
            if isinstance(entry, Warned):
                found.append(entry)
                continue
            try:
                found.append(_judge_one(entry, contents, what, known))
            except (ChangedError, FileNotFoundError):
                continue  # a pip renewed or dropped it meanwhile: there is nothing to say of it
            except OSError as error:
                found.append(Warned(path=entry.id, message=f"cannot be read: {error.strerror or error}"))
                found.append(Judged(entry, is_unverifiable=True))
    return found


def _judge_one(entry: Entry, contents: OpenCache, what: Survey, known: References) -> Judged:
    reference = known.by_key.get(key_of(entry.id) or "")
    expected = Expected(published=reference.hashes if reference else (), hosts=known.hosts)
    facts = Facts() if what.depth is Depth.NAMES else _read(entry, contents, what.depth, expected)
    named = resolve(identify(entry, facts), facts, known)
    is_unknown = isinstance(facts.payload, Unknown) or isinstance(facts.damage, Unknown)
    return Judged(named, tuple(findings(named, facts, what.context, what.checks)), is_unknown)


def _read(entry: Entry, contents: OpenCache, depth: Depth, expected: Expected) -> Facts:
    from pipcacheplus.readers.entry import read  # noqa: PLC0415 - slow to import, and not needed for names alone

    return read(entry, contents, depth=depth, expected=expected)


def _gathered(what: Survey, indexes: tuple[str, ...]) -> References:
    keys, built = set(), set()
    with OpenCache(what.path) as names:
        for entry in scan(names):
            if isinstance(entry, Entry):
                if entry.shape is Shape.BUILT_WHEEL:
                    project, version, *_ = entry.id.rpartition("/")[2].split("-")
                    built.add((canonical(project), version))
                elif (key := key_of(entry.id)) is not None:
                    keys.add(key)
    gathering = Gathering(frozenset(keys), frozenset(built), indexes)
    with OpenCache(what.path) as names:
        _add_all(gathering, (entry for entry in scan(names) if isinstance(entry, Entry)), what.path)
    _add_all(gathering, gathering.follow(), what.path)
    return gathering.finish()


def _add_all(gathering: Gathering, entries: Iterable[Entry], path: str) -> None:
    with OpenCache(path) as contents:
        for entry in entries:
            if entry.shape not in {Shape.PAIR, Shape.SINGLE, Shape.BUILT_WHEEL}:
                continue
            try:
                facts = _read(entry, contents, Depth.ENDS, Expected())
            except OSError:
                continue  # the pass that judges tells of it
            gathering.add(identify(entry, facts), facts)
