"""Work on one part of a cache, in any process: walk it, read entries, read contents to their end.

Tasks and results hold plain values only, so that any executor can carry them out. A part is one of the directories into
which a cache is divided; the empty name stands for everything outside of them. Nothing grows with the size of a
body, or with that of the cache.
"""

from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from pipcacheplus.catalog.content_rows import Content
from pipcacheplus.catalog.entry_rows import (
    SeenRow,
    as_bytes,
    as_text,
    facts_row,
    files_of,
    last_change_ns,
    pack_files,
    seen_row,
    shape_of,
)
from pipcacheplus.catalog.names import own_names
from pipcacheplus.catalog.page_links import NO_LINKS, Hints, KeyFilter, LinkCollector, PageRow, made_from
from pipcacheplus.catalog.stored_facts import RowDamagedError, unpack_facts
from pipcacheplus.disk.open_cache import ChangedError, OpenCache
from pipcacheplus.disk.survey import Surveyor
from pipcacheplus.disk.walk import Seen, walk
from pipcacheplus.model.facts import Depth, Expected, Facts, Head, Origin, Page, WheelMetadata
from pipcacheplus.model.values import Kind, Warned
from pipcacheplus.readers.entry import read, read_content

if TYPE_CHECKING:  # of use to few
    from pipcacheplus.catalog.counts import CountRequest, Counts

__all__ = [
    "ContentRow",
    "ContentTask",
    "EntryTask",
    "FactsRow",
    "Failure",
    "ReadShared",
    "WalkShared",
    "Walked",
    "read_contents",
    "read_facts",
    "walk_shard",
]


class Walked(NamedTuple):
    """The entries in a part of the cache."""

    name: str
    digest: bytes
    """Digest of the walk; the same as long as nothing has changed."""
    changed_ns: int
    """When a file in it was changed last."""
    rows: list[SeenRow] | None
    """`None` if the digest is unchanged."""
    warnings: list[Warned]
    surveyor: Surveyor
    """Counts what else was seen."""
    counts: "Counts | None" = None
    """Of the entries, by names and times alone, if they are to be counted."""


class WalkShared(NamedTuple):
    """What is needed to walk a cache."""

    path: str
    """Of the cache directory."""
    counting: "CountRequest | None" = None
    """How the entries are counted on the way; `None` if the counts are not needed."""


def walk_shard(shared: WalkShared, task: tuple[str, bytes | None]) -> Walked:
    """Look at the names and stamps in a part of the cache.

    Args:
        shared: Of the cache.
        task: The part, and the digest that is known of it.

    Raises:
        OSError: The cache directory cannot be opened, or not be listed.
    """
    name, known = task
    counter = None
    if shared.counting is not None:
        from pipcacheplus.catalog.counts import Counter  # noqa: PLC0415 - of use to few

        counter = Counter(shared.counting)
    found: list[tuple[Seen, bytes]] = []
    warnings: list[Warned] = []
    made = blake2b(digest_size=16)
    with OpenCache(shared.path) as cache:
        surveyor = Surveyor(cache.owner)
        for seen in walk(cache, name, is_split=not name, surveyor=surveyor):
            if isinstance(seen, Warned):
                warnings.append(seen)
                continue
            packed = pack_files(seen, cache.device)
            made.update(as_bytes(seen.id) + b"\0" + packed)
            found.append((seen, packed))
            if counter is not None:
                counter.add_seen(seen)
    digest = made.digest()
    changed_ns = max((last_change_ns(seen.files) for seen, _ in found), default=0)
    rows = None if digest == known else [seen_row(seen, packed) for seen, packed in found]
    counts = None if counter is None else counter.counts
    return Walked(name, digest, changed_ns, rows, warnings, surveyor, counts)


_NOTHING = Expected()


class EntryTask(NamedTuple):
    """An entry to be read."""

    id: bytes
    shape: str
    files: bytes
    base: str | None
    """Its own URL, if a page has links for which that must be known."""


class ReadShared(NamedTuple):
    """The shared arguments for reading entries."""

    path: str
    keys: KeyFilter
    built: dict[str, Collection[str]]
    """Versions of the built wheels of the cache, by canonical name of the project."""
    reads_small: bool
    """Whether small contents are also read to their end, since they are in memory anyway."""


class FactsRow(NamedTuple):
    """The result of reading an entry."""

    id: bytes
    facts: tuple[Any, ...]
    page: PageRow | None
    """Its facts about others; for a built wheel, its source."""
    target: str | None
    """Of a redirect, with credentials, which are not stored."""
    content: tuple[Any, ...] | None
    """The row of its content, if that was read too."""


class Failure(NamedTuple):
    """An entry that was not read."""

    id: bytes
    message: str | None
    """The reason why it cannot be read; `None` if it is gone or was replaced, so that there is nothing to report."""


def read_facts(shared: ReadShared, tasks: Sequence[EntryTask]) -> list[FactsRow | Failure]:
    """Read the ends of entries, and pages."""
    with OpenCache(shared.path) as cache:
        return [_row(shared, task, cache) for task in tasks]


def _row(shared: ReadShared, task: EntryTask, cache: OpenCache) -> FactsRow | Failure:
    collector = LinkCollector(shared.keys, shared.built, task.base)
    try:
        path, shape = as_text(task.id), shape_of(task.shape)
        files, _ = files_of(path, task.files, cache.device)
        facts = read(shape, files, cache, depth=Depth.ENDS, keeps=collector.filter(), reads_small=shared.reads_small)
    except (OSError, RowDamagedError) as error:
        return _failure(task.id, error)
    names = own_names(path, shape, facts)
    page = target = None
    if isinstance(facts.payload, Page) and isinstance(facts.head, Head):
        page = collector.row_of(facts.payload)
    elif names.kind is Kind.REDIRECT and isinstance(facts.head, Head):
        target = facts.head.header("location") or ""
        page = NO_LINKS._replace(hints=Hints.of_url(target).packed())
    elif isinstance(facts.origin, Origin) and not facts.origin.is_directory and facts.origin.vcs is None:
        hints, sources = Hints.of_url(facts.origin.url).packed(), list(made_from(facts.origin))
        page = NO_LINKS._replace(hints=hints, made_from=sources) if hints is not None or sources else None
    content = Content.of_facts(facts, _NOTHING).columns() if facts.digests or facts.is_read_whole else None
    return FactsRow(task.id, facts_row(path, shape, names, facts), page, target, content)


def _failure(id_: bytes, error: Exception) -> Failure:
    if not isinstance(error, OSError) or isinstance(error, (ChangedError, FileNotFoundError)):
        return Failure(id_, None)
    return Failure(id_, f"cannot be read: {error.strerror or error}")


class ContentTask(NamedTuple):
    """An entry to be read to its end."""

    id: bytes
    shape: str
    files: bytes
    facts: bytes
    published: tuple[tuple[str, str], ...]
    wheel_sha256: str | None
    """Of metadata: the facts in the wheel beside it."""
    in_path: str | None
    """As in `Expected`."""
    known: tuple[Any, ...] | None
    """The row of its content, if there is one."""


class ContentRow(NamedTuple):
    """The result of reading an entry to its end."""

    id: bytes
    columns: tuple[Any, ...]


def read_contents(
    shared: tuple[str, tuple[str, ...]], tasks: Sequence[ContentTask]
) -> list[tuple[int, ContentRow | Failure]]:
    """Read entries to their end; return their sizes too.

    Args:
        shared: The path of the cache directory, and the file hosts that are known.
        tasks: The entries.
    """
    path, hosts = shared
    with OpenCache(path) as cache:
        return list(_contents(cache, hosts, tasks))


def _contents(
    cache: OpenCache, hosts: tuple[str, ...], tasks: Sequence[ContentTask]
) -> Iterator[tuple[int, ContentRow | Failure]]:
    for task in tasks:
        size = 0
        wheel = task.wheel_sha256
        expected = Expected(
            published=task.published,
            in_path=task.in_path,
            hosts=hosts,
            wheel_metadata=None if wheel is None else WheelMetadata(sha256=wheel, is_proven=False),
        )
        try:
            files, _ = files_of(as_text(task.id), task.files, cache.device)
            size = sum(file.size for file in files)
            facts = read_content(shape_of(task.shape), files, unpack_facts(task.facts), cache, expected)
            yield size, ContentRow(task.id, _joined(facts, expected, task.known))
        except (OSError, RowDamagedError) as error:
            yield size, _failure(task.id, error)


def _joined(facts: Facts, expected: Expected, known: tuple[Any, ...] | None) -> tuple[Any, ...]:
    made = Content.of_facts(facts, expected)
    try:
        return made.joined(Content.of_row(known) if known is not None else None).columns()
    except RowDamagedError:
        return made.columns()
