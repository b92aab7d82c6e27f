"""The update of a catalog from its cache: walk it, read new entries, and find the URLs of pages.

Unchanged entries are not opened, except one in 64, in turn: a disk can lose bytes below an unchanged stamp.
"""

import sqlite3
import sys
from array import array
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from pipcacheplus.catalog.content_rows import COLUMNS as CONTENT_COLUMNS
from pipcacheplus.catalog.entry_rows import (
    SeenRow,
    as_bytes,
    as_column,
    as_text,
    ids_of_key,
    is_same_stamp,
    key_of_id,
)
from pipcacheplus.catalog.files import small_cache
from pipcacheplus.catalog.guesses import Guesses
from pipcacheplus.catalog.page_links import NO_LINKS, KeyFilter, mark_of_sdist
from pipcacheplus.catalog.page_urls import PageUrls
from pipcacheplus.catalog.parallel import processes_for, side_by_side
from pipcacheplus.catalog.schema import FACTS
from pipcacheplus.catalog.shard import (
    EntryTask,
    FactsRow,
    Failure,
    ReadShared,
    Walked,
    WalkShared,
    read_facts,
    walk_shard,
)
from pipcacheplus.catalog.stored_facts import unpack
from pipcacheplus.catalog.transactions import transaction
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.survey import Surveyor
from pipcacheplus.disk.walk import parts
from pipcacheplus.model.values import Area, Progress, Shape, Warned
from pipcacheplus.pips.filenames import canonical
from pipcacheplus.pips.layout import area_of, part_of

if TYPE_CHECKING:  # slow to import
    from concurrent.futures import Executor

    from pipcacheplus.catalog.counts import CountRequest, Counts

__all__ = ["SHARES", "Update", "UpdateRequest", "put_back"]

SHARES = 64
"""Of this many entries, one is read again in each run."""
_BATCH = 100
_SETTLED_NS = 2_000_000_000
"""The coarsest time stamps there are, those of FAT: within it a file can change and keep its stamp."""
_UNSETTLED = b""
"""In place of the digest of a part that has to be compared entry by entry."""
_MANY_KEYS = 50_000
_COMMIT_EACH = 10_000
"""Entries that are read between two commits."""
_MARK_BYTES = 4
_IS_ARCHIVE = [*FACTS].index("is_archive")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest:
    """The input of a run besides the catalog."""

    path: str
    """Path of the cache directory."""
    clock_ns: int
    """Nanoseconds since 1970, now. An entry that changed in the last 2 s before, or later, is read again by the next
    run, since it could change again under the same stamp."""
    indexes: tuple[str, ...] = ()
    """URLs of indexes whose pages may be in the cache."""
    hosts: tuple[str, ...] = ()
    """`https://host` of file hosts, besides those that pages of the cache link to."""
    is_deep: bool = False
    """Whether everything is read again."""
    reads_contents: bool = False
    """Whether contents are read to their end too: these have a turn of their own."""
    looks_again: bool = False
    """Whether `read_again` is to be called: then it is noted what this run has read."""
    executor: "Executor | None" = None
    progress: Progress | None = None
    counts_bytes: bool = False
    """Whether progress counts the bytes of contents, which are read later, and not entries."""
    parts: frozenset[str] | None = None
    """Which parts alone are walked, for a catalog in memory; all by default."""
    reads: bool = True
    """Whether entries are read; if not, those that are new or have changed are left to the next run."""
    counting: "CountRequest | None" = None
    """How the walk counts entries by names and times; `None` if the counts are not needed."""


class _Unread(NamedTuple):
    """An entry that is to be read."""

    task: EntryTask
    seal: object
    """Checksum of its stored facts."""
    size: int


def _never_due(_name: str) -> tuple[bool, bool]:
    """Return that no part is to be read again, in a run that reads nothing."""
    return False, False


def _is_done(read: FactsRow | Failure) -> bool:
    """Return whether the facts from the ends of an entry leave nothing to be read."""
    return isinstance(read, Failure) or read.content is not None or not read.facts[_IS_ARCHIVE]


@dataclass(slots=True)
class Update:
    """A run over a cache: its stages in order, and warnings of objects that could not be examined."""

    connection: sqlite3.Connection
    request: UpdateRequest
    warnings: list[Warned] = field(default_factory=list)
    unread: dict[bytes, str] = field(default_factory=dict)
    """Ids of entries that cannot be read, with the reason."""
    surveyor: Surveyor | None = None
    """Counts what the walk saw besides entries; `None` before it."""
    counts: "Counts | None" = None
    """Of the entries that the walk saw, if they are counted."""
    _is_changed: bool = False
    _new_marks: set[int] = field(default_factory=set)
    _has_pages: bool = False
    _page_numbers: int = 0
    _processes: int | None = None
    """Number of processes, for `side_by_side`."""
    _shown: int = 0
    _is_linked: bool = False
    _was_whole: bool = False
    """Whether an earlier run left no content missing: then this run's reads matter."""
    urls: PageUrls = field(init=False)
    """The URLs of pages that this run knows."""

    def __post_init__(self) -> None:
        """Begin to find URLs."""
        self.urls = PageUrls(self.connection)

    def show(self, done: int, total: int | None = None) -> None:
        """Report the progress of the run; it never goes back, although some entries are read more than once."""
        self._shown = max(self._shown, done)
        if self.request.progress is not None:
            self.request.progress(self._shown, total)

    def run(self) -> None:
        """Walk the cache and read new entries.

        Raises:
            OSError: The cache directory cannot be listed.
            sqlite3.Error: The catalog cannot be used.
        """
        # One transaction: if the run ended in between, the next one would not know the new entries.
        with transaction(self.connection):
            self.walk()
            self.revisit_pages()
        self.read()

    def walk(self) -> None:
        """Walk all names and stamps; store new entries, and delete the rows of those that are gone."""
        self.show(0, None)
        execute = self.connection.execute
        self._has_pages = execute("SELECT 1 FROM page LIMIT 1").fetchone() is not None
        self._page_numbers = execute("SELECT ifnull(max(number), 0) FROM page").fetchone()[0]
        with OpenCache(self.request.path) as cache:
            tops = parts(cache)
        wanted = self.request.parts
        names = [name for name in ("", *tops) if wanted is None or name in wanted]
        self._processes = processes_for(len(names))
        if self.request.is_deep:
            self._forget_all()
        self._was_whole = execute("SELECT 1 FROM whole LIMIT 1").fetchone() is not None
        known = {as_text(name): digest for name, digest in execute("SELECT name, digest FROM shard")}
        for gone in known.keys() - set(names):
            self._forget(id_ for id_, *_ in self._known_in(gone))
            execute("DELETE FROM shard WHERE name = ?", (as_bytes(gone),))
        is_due = self._turns() if self.request.reads else _never_due
        for one in self._walked((name, known.get(name)) for name in names):
            self._take(one)
            is_read_again, is_unpacked_again = is_due(one.name)
            if is_read_again:
                execute("UPDATE entry SET read_ns = NULL WHERE " + _range(one.name), _bounds(one.name))
            if is_unpacked_again:
                execute(
                    f"DELETE FROM content WHERE id IN (SELECT id FROM entry WHERE {_range(one.name)})",
                    _bounds(one.name),
                )
            self.show(0, None)

    def _walked(self, parts_to_walk: Iterable[tuple[str, bytes | None]]) -> Iterator[Walked]:
        return side_by_side(
            walk_shard,
            WalkShared(self.request.path, self.request.counting),
            parts_to_walk,
            executor=self.request.executor,
            processes=self._processes,
        )

    def _forget_all(self) -> None:
        tables = ("entry", "content", "page", "link", "source", "made_from", "guess", "candidate", "whole", "shard")
        for table in tables:
            self.connection.execute(f"DELETE FROM {table}")
        self._has_pages, self._page_numbers = False, 0

    def _turns(self) -> Callable[[str], tuple[bool, bool]]:
        """Return whether a part is due to be read again, and to be read to its end again."""
        entries = self._counted("runs")
        contents = self._counted("contents") if self.request.reads_contents else -1

        def is_due(name: str) -> tuple[bool, bool]:
            share = crc32(as_bytes(name)) % SHARES
            is_unpacked = share == contents % SHARES if contents >= 0 else False
            return is_unpacked or share == entries % SHARES, is_unpacked

        return is_due

    def _counted(self, name: str) -> int:
        row = self.connection.execute("SELECT value FROM counter WHERE name = ?", (name,)).fetchone()
        count = row[0] if row is not None and isinstance(row[0], int) else 0
        more = (count + 1) % (SHARES << 20)
        self.connection.execute("INSERT OR REPLACE INTO counter (name, value) VALUES (?, ?)", (name, more))
        return count

    def _take(self, walked: Walked) -> None:
        """Replace the stored rows of a part by those of the walk."""
        self.warnings.extend(walked.warnings)
        self.surveyor = walked.surveyor if self.surveyor is None else self.surveyor.plus(walked.surveyor)
        if walked.counts is not None:
            self.counts = walked.counts if self.counts is None else self.counts.plus(walked.counts)
        if walked.rows is None:
            return
        self._merge(walked.name, walked.rows)
        name = as_bytes(walked.name)
        is_settled = walked.changed_ns < self.request.clock_ns - _SETTLED_NS
        digest = walked.digest if is_settled else _UNSETTLED
        self.connection.execute("INSERT OR REPLACE INTO shard VALUES (?, ?)", (name, digest))

    def _merge(self, name: str, seen: Sequence[SeenRow]) -> None:
        known = {id_: more for id_, *more in self._known_in(name)}
        new: list[tuple[Any, ...]] = []
        moved: list[tuple[bytes, int, int, bytes]] = []
        changed: list[bytes] = []
        for row in seen:
            old = known.pop(row.id, None)
            if old is not None:
                shape, files, changed_ns, read_ns = old
                is_settled = read_ns is not None and changed_ns < read_ns - _SETTLED_NS
                if is_settled and shape == row.shape and (files == row.files or is_same_stamp(files, row.files)):
                    if files != row.files:
                        moved.append((row.files, row.changed_ns, row.disk_size, row.id))
                    continue
                changed.append(row.id)
            else:
                self._see_new(row)
            new.append((*row, not name))
        if new or known:
            self._forget_candidates()
        self._forget(changed)
        self._forget(known)
        many = self.connection.executemany
        columns = (*SeenRow._fields, "is_rest")
        many(f"INSERT INTO entry ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", new)
        many("UPDATE entry SET files = ?, changed_ns = ?, disk_size = ? WHERE id = ?", moved)
        if self.request.looks_again:
            many("INSERT OR IGNORE INTO now_walked VALUES (?)", [(row[0],) for row in new])

    def _known_in(self, name: str) -> Iterator[Any]:
        columns = "SELECT id, shape, files, changed_ns, read_ns FROM entry WHERE "
        return iter(self.connection.execute(columns + _range(name), _bounds(name)).fetchall())

    def _see_new(self, row: SeenRow) -> None:
        if not self._has_pages or len(self._new_marks) > _MANY_KEYS:
            return
        if row.key is not None:
            self._new_marks.add(int.from_bytes(row.key[:_MARK_BYTES], "little"))
        elif row.shape == Shape.BUILT_WHEEL.value:
            self._new_marks.add(mark_of_sdist(_built(row.id)[0]))

    def _forget_candidates(self) -> None:
        """Have all names tried again with all indexes, and all contents checked: a name, or a response, is new."""
        if not self._is_changed:
            self._is_changed = True
            self.connection.execute("DELETE FROM candidate")
            self.connection.execute("DELETE FROM whole")

    def _forget(self, ids: Iterator[bytes] | Sequence[bytes] | dict[bytes, Any]) -> None:
        gone = [(id_,) for id_ in ids]
        if not gone:
            return
        self._forget_candidates()
        self._forget_pages(gone)
        self.connection.executemany("DELETE FROM content WHERE id = ?", gone)
        self.connection.executemany("DELETE FROM entry WHERE id = ?", gone)

    def _forget_pages(self, ids: Sequence[tuple[bytes]]) -> None:
        if not self._has_pages:
            return
        for table in ("link", "source", "made_from"):
            self.connection.executemany(
                f"DELETE FROM {table} WHERE page = (SELECT number FROM page WHERE id = ?)",
                ids,
            )
        self.connection.executemany("DELETE FROM page WHERE id = ?", ids)

    def revisit_pages(self) -> None:
        """Have those pages read again that link to new entries."""
        if not self._new_marks:
            return
        execute = self.connection.execute
        if len(self._new_marks) > _MANY_KEYS:
            execute("UPDATE entry SET read_ns = NULL WHERE id IN (SELECT id FROM page WHERE marks IS NOT NULL)")
            self._new_marks.clear()
            return
        again = []
        for id_, marks in execute("SELECT id, marks FROM page WHERE marks IS NOT NULL"):
            found = array("I")
            found.frombytes(marks[: len(marks) // _MARK_BYTES * _MARK_BYTES])
            if sys.byteorder == "big":
                found.byteswap()
            if not self._new_marks.isdisjoint(found):
                again.append((id_,))
        self.connection.executemany("UPDATE entry SET read_ns = NULL WHERE id = ?", again)
        self._new_marks.clear()

    def read(self) -> None:
        """Read all entries that are not read yet, unless this run is to read none."""
        if not self.request.reads:
            return
        execute = self.connection.execute
        total, unread_bytes = execute("SELECT count(*), sum(size) FROM entry WHERE read_ns IS NULL").fetchone()
        if not total:
            return
        shared = ReadShared(self.request.path, self._keys(), self._built_wheels(), self.request.reads_contents)
        under_way: deque[list[_Unread]] = deque()
        self._has_pages = execute("SELECT 1 FROM page LIMIT 1").fetchone() is not None
        all_bytes = self._all_bytes()
        done, done_bytes = 0, (all_bytes or 0) - unread_bytes

        def tasks() -> Iterator[list[EntryTask]]:
            for batch in self._unread():
                under_way.append(batch)
                yield [one.task for one in batch]

        results = side_by_side(
            read_facts,
            shared,
            tasks(),
            executor=self.request.executor,
            processes=1 if total <= _BATCH else self._processes,
        )
        for found in results:
            is_due = done // _COMMIT_EACH != (done + len(found)) // _COMMIT_EACH
            batch = under_way.popleft()
            with transaction(self.connection, commits=is_due):
                self._store(batch, found)
            done += len(found)
            done_bytes += sum(one.size for one, read in zip(batch, found, strict=True) if _is_done(read))
            if not self.request.counts_bytes:
                self.show(done)
            elif all_bytes is not None:
                self.show(done_bytes, all_bytes)

    def _all_bytes(self) -> int | None:
        """Return the bytes of all entries, if these are read to their end and progress counts them."""
        if self.request.progress is None or not (self.request.counts_bytes and self.request.reads_contents):
            return None
        (size,) = self.connection.execute("SELECT sum(size) FROM entry").fetchone()
        return int(size)

    def _unread(self) -> Iterator[list[_Unread]]:
        last = b""
        while True:
            batch = [
                _Unread(EntryTask(id_, shape, files, self.urls.whole_base(id_, base)), seal, size)
                for id_, shape, files, base, seal, size in self.connection.execute(
                    "SELECT e.id, e.shape, e.files, (SELECT base FROM page p WHERE p.id = e.id), e.seal, e.size"
                    " FROM entry e WHERE e.read_ns IS NULL AND e.id > ? ORDER BY e.id LIMIT ?",
                    (last, _BATCH),
                )
            ]
            if not batch:
                return
            last = batch[-1].task.id
            yield batch

    def _keys(self) -> KeyFilter:
        (count,) = self.connection.execute("SELECT count(*) FROM entry WHERE key IS NOT NULL").fetchone()
        keys = self.connection.execute("SELECT key FROM entry WHERE key IS NOT NULL")
        return KeyFilter((key for (key,) in keys), count)

    def _built_wheels(self) -> dict[str, Collection[str]]:
        """Return the versions of built wheels by project; most have one, and a set takes much more than a tuple."""
        found: dict[str, Collection[str]] = {}
        shape = Shape.BUILT_WHEEL.value
        where = "shape = ? AND " + _range(Area.WHEELS.value)
        bounds = (shape, *_bounds(Area.WHEELS.value))
        for (id_,) in self.connection.execute("SELECT id FROM entry WHERE " + where, bounds):
            project, version = _built(id_)
            versions = found.get(project)
            if versions is None:
                found[project] = (sys.intern(version),)
            elif isinstance(versions, set):
                versions.add(version)
            elif version not in versions:
                found[project] = {*versions, version}
        return found

    def _store(self, batch: list[_Unread], found: list[FactsRow | Failure]) -> None:
        gone: list[bytes] = []
        read: list[tuple[Any, ...]] = []
        pages: list[FactsRow] = []
        other: list[tuple[bytes]] = []
        for (_, seal, _), one in zip(batch, found, strict=True):
            if isinstance(one, Failure):
                if one.message is None:
                    gone.append(one.id)
                else:
                    self.connection.execute(_NO_FACTS, (one.id,))
                    self.fail(one)
                continue
            if seal != one.facts[-1]:
                self._forget_candidates()
                if seal is not None:
                    other.append((one.id,))
            read.append((*one.facts, self.request.clock_ns, one.id))
            if one.page is not None or one.target is not None:
                pages.append(one)
        self._notice_told(found)
        self._drop_digests(gone)
        self._forget(gone)
        self.connection.executemany("DELETE FROM content WHERE id = ?", other)
        self._forget_pages([(one.task.id,) for one in batch])
        self.connection.executemany(_SET_FACTS, read)
        if self.request.looks_again or self._was_whole:
            self.connection.executemany("INSERT OR IGNORE INTO now_read VALUES (?)", [(row[-1],) for row in read])
        self._add_pages(pages)
        contents = ((one.id, *one.content) for one in found if isinstance(one, FactsRow) and one.content is not None)
        self.connection.executemany(_ADD_CONTENT, contents)

    def _notice_told(self, found: Iterable[FactsRow | Failure]) -> None:
        """Have all URLs guessed again if a page has other hints than before; other links may mean missing contents.

        The bytes of a page may change under the same stamp.
        """
        if self._is_changed or not self._has_pages:
            return
        execute = self.connection.execute
        for one in found:
            page = one.page if isinstance(one, FactsRow) else None
            number, *hints = execute("SELECT number, hints FROM page WHERE id = ?", (one.id,)).fetchone() or (
                None,
                None,
            )
            links = execute("SELECT key, sha256, others, wheel FROM link WHERE page = ? ORDER BY at", (number,))
            said = [] if page is None else [(link.key, link.sha256, link.others, link.wheel) for link in page.links]
            if hints != [page.hints if page is not None else None]:
                self._forget_candidates()
                return
            if said != links.fetchall():
                execute("DELETE FROM whole")

    def read_again(self, ids: Iterable[bytes]) -> bool:
        """Read entries again that this run has not read, and the evidence about them.

        No stored fact about them stays: their rows are made again from the walk on, and so are the links that
        lead to them, the wheels of metadata, and redirects that lead to them. What an earlier run learned by reading
        contents is laid by for later runs, if this run does not read them: `put_back`.

        Returns:
            Whether there was any.

        Raises:
            sqlite3.Error: The catalog cannot be used.
        """
        execute, many = self.connection.execute, self.connection.executemany
        execute("DELETE FROM again")
        many("INSERT OR IGNORE INTO again VALUES (?)", ((id_,) for id_ in list(ids)))
        keys = execute("SELECT DISTINCT l.wheel FROM again JOIN entry e USING (id) JOIN link l ON l.key = e.key")
        wheels = [(id_,) for (key,) in keys if key for id_ in ids_of_key(key)]
        many("INSERT OR IGNORE INTO again SELECT id FROM entry WHERE id = ?", wheels)
        execute(
            "INSERT OR IGNORE INTO again WITH RECURSIVE back (id) AS (SELECT l.redirect FROM again JOIN leads l USING"
            " (id) UNION SELECT l.redirect FROM back JOIN leads l USING (id)) SELECT id FROM back"
        )
        execute(
            "DELETE FROM again WHERE id IN (SELECT id FROM unread)"
            # An entry that was read by a shape which another program wrote into its row does not count as read.
            " OR id IN (SELECT id FROM now_read) AND id IN (SELECT id FROM now_walked) AND NOT EXISTS"
            " (SELECT 1 FROM entry e JOIN link l ON l.key = e.key LEFT JOIN page p ON p.number = l.page"
            " WHERE e.id = again.id AND (p.id IS NULL OR p.id NOT IN (SELECT id FROM now_read)))"
            " AND NOT EXISTS (SELECT 1 FROM page b JOIN made_from m ON m.page = b.number JOIN source l ON l.url = m.url"
            " LEFT JOIN page p ON p.number = l.page"
            " WHERE b.id = again.id AND (p.id IS NULL OR p.id NOT IN (SELECT id FROM now_read)))"
        )
        again = [id_ for (id_,) in execute("SELECT id FROM again ORDER BY id")]
        rest = {id_ for (id_,) in execute("SELECT id FROM again JOIN entry USING (id) WHERE is_rest")}
        if not again:
            return False
        execute("DELETE FROM was_read WHERE id IN (SELECT id FROM again)")
        of_again = [(key,) for id_ in again if (key := key_of_id(as_text(id_)))]
        with transaction(self.connection):
            execute("DELETE FROM whole")
            many(
                "UPDATE entry SET read_ns = NULL WHERE id IN"
                " (SELECT p.id FROM link l JOIN page p ON p.number = l.page WHERE l.key = ?)",
                of_again,
            )
            many("DELETE FROM link WHERE key = ?", of_again)
            for says, whose in _says_of_sources(again):
                read_anew = "UPDATE entry SET read_ns = NULL WHERE id IN (SELECT p.id FROM source l JOIN page p ON"
                many(f"{read_anew} p.number = l.page WHERE {says})", whose)
                many(f"DELETE FROM source AS l WHERE {says}", whose)
            self._has_pages = True
            if not self.request.reads_contents:
                execute(_LAY_BY)
            self._forget(again)
            surveyor = self.surveyor
            names = sorted({"" if id_ in rest else part_of(as_text(id_)) for id_ in again})
            for walked in self._walked((name, None) for name in names):
                self.surveyor = None  # nothing is counted twice
                self._take(walked)
            self.surveyor = surveyor
            self.revisit_pages()
        self.read()
        if self._is_linked:
            self.link()
        return True

    def fail(self, failure: Failure) -> None:
        """Store an entry that could not be read to its end: one that changed meanwhile is left to the next run."""
        if failure.message is not None:
            self.unread[failure.id] = failure.message
            self.connection.execute("INSERT OR IGNORE INTO unread VALUES (?)", (failure.id,))
            return
        self._drop_digests([failure.id])
        self._forget([failure.id])

    def _drop_digests(self, gone: list[bytes]) -> None:
        """Have the parts of entries that vanished, or changed meanwhile, compared again by the next run."""
        if gone:
            self._forget_candidates()
            self.connection.execute("UPDATE shard SET digest = ?", (_UNSETTLED,))

    def _add_pages(self, read: Sequence[FactsRow]) -> None:
        pages: list[tuple[Any, ...]] = []
        links: list[tuple[Any, ...]] = []
        sources: list[tuple[Any, ...]] = []
        made_from: list[tuple[Any, ...]] = []
        for one in read:
            self._page_numbers += 1
            number, page = self._page_numbers, one.page or NO_LINKS
            target = self.urls.shown_target(one.id, one.target) if one.target is not None else None
            columns = (page.is_open, page.base, as_column(target), page.hosts or None, page.hints, page.marks or None)
            pages.append((number, one.id, key_of_id(as_text(one.id)) or b"", *columns))
            links.extend((number, at, *link) for at, link in enumerate(page.links))
            sources.extend((number, at, *source) for at, source in enumerate(page.sources))
            made_from.extend((number, at, *source) for at, source in enumerate(page.made_from))
        many = self.connection.executemany
        many("INSERT INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", pages)
        many(_ADD_LINK, links)
        many(_ADD_SOURCE, sources)
        many(_ADD_MADE_FROM, made_from)

    def link(self) -> None:
        """Find the URLs of pages that this run can know, and read those pages again that need theirs.

        Raises:
            sqlite3.Error: The catalog cannot be used.
        """
        self._is_linked = True
        self._read_anew(self.urls.cut_targets())
        self._is_changed = False
        guesses = Guesses(self.connection, self.request.indexes, self.urls.find)
        with small_cache(self.connection), transaction(self.connection):
            is_known = guesses.recall()
            if not is_known:
                guesses.begin()
            guesses.try_secret()
        while True:
            while again := self.urls.resolve():
                self._read_anew(again)
            if is_known or self._is_changed:
                break
            with small_cache(self.connection), transaction(self.connection):
                if not guesses.discover():
                    guesses.keep()
                    break
        self.urls.lead_on()

    def _read_anew(self, ids: Sequence[bytes]) -> None:
        if ids:
            self.connection.executemany("UPDATE entry SET read_ns = NULL WHERE id = ?", [(id_,) for id_ in ids])
            self.read()

    @property
    def has_changed(self) -> bool:
        """Return whether anything was found that is new, or gone, or other than before; until URLs are looked for."""
        return self._is_changed

    @property
    def hosts(self) -> tuple[str, ...]:
        """Return the file hosts that pages of the cache link to, and those of the request."""
        found = set(self.request.hosts)
        for packed, is_resolved in self.connection.execute(
            "SELECT DISTINCT hosts, number IN (SELECT page FROM resolved) FROM page WHERE hosts IS NOT NULL"
        ):
            absolute, relative = unpack(packed)
            found.update(absolute)
            if is_resolved:
                found.update(relative)
        return tuple(sorted(map(str, found)))


_ADD_LINK = (
    "INSERT INTO link (page, at, key, is_relative, url, filename, sha256, others, wheel)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_SOURCE = "INSERT INTO source (page, at, project, is_relative, url, hashes) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_MADE_FROM = "INSERT INTO made_from (page, at, source, url, sha256, hashes) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_CONTENT = (
    f"INSERT INTO content (id, {', '.join(CONTENT_COLUMNS)}) VALUES (?{', ?' * len(CONTENT_COLUMNS)})"
    f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in CONTENT_COLUMNS)}"
    " WHERE sha256 IS NOT excluded.sha256 OR excluded.is_unpacked AND problem IS NOT excluded.problem"
)
"""A row with the same contents, and perhaps more, stays."""
_SET_FACTS = "UPDATE entry SET " + ", ".join(f"{name} = ?" for name in FACTS) + ", read_ns = ? WHERE id = ?"
_NO_FACTS = "UPDATE entry SET " + ", ".join(f"{name} = NULL" for name in FACTS) + " WHERE id = ?"


_CONTENT = ", ".join(CONTENT_COLUMNS)
_LAY_BY = (
    f"INSERT OR REPLACE INTO laid_by (id, shape, files, entry_seal, {_CONTENT})"
    f" SELECT e.id, e.shape, e.files, e.seal, {', '.join(f'c.{name}' for name in CONTENT_COLUMNS)}"
    " FROM again JOIN entry e USING (id) JOIN content c USING (id) WHERE e.seal IS NOT NULL"
)
_PUT_BACK = (
    f"INSERT OR IGNORE INTO content (id, {_CONTENT}) SELECT id, {', '.join(f'l.{name}' for name in CONTENT_COLUMNS)}"
    " FROM laid_by l JOIN entry e USING (id) WHERE e.shape = l.shape AND e.seal = l.entry_seal"
    " AND (e.files = l.files OR is_same_stamp(l.files, e.files)) AND id NOT IN (SELECT id FROM unread)"
)


def put_back(connection: sqlite3.Connection) -> None:
    """Store again what earlier runs learned from contents that this run has not read, at its end.

    Not before: within a run nothing may be decided by what it has not read itself. An entry that turned out to have
    other files, other stamps or other facts, or that cannot be read, has its content read again by the next run that
    reads contents.

    Raises:
        sqlite3.Error: The catalog cannot be used.
    """
    if connection.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'laid_by'").fetchone() is None:
        return  # the run ended before it made its tables
    if connection.execute("SELECT 1 FROM laid_by LIMIT 1").fetchone() is None:
        return
    connection.create_function("is_same_stamp", 2, is_same_stamp)  # to read a file changes its time of access
    with transaction(connection):
        connection.execute(_PUT_BACK)
        connection.execute("DELETE FROM laid_by")


def _range(name: str) -> str:
    return "id >= ? AND id < ? AND NOT is_rest" if name else "is_rest"


def _bounds(name: str) -> tuple[bytes, ...]:
    # "0" follows "/". A part that is empty is an entry itself.
    return (as_bytes(name), as_bytes(name + "0")) if name else ()


def _says_of_sources(ids: Iterable[bytes]) -> Iterator[tuple[str, list[tuple[bytes | str]]]]:
    """Yield conditions over `source l` for links to the sdists of built wheels, with their parameters."""
    built = [id_ for id_ in ids if area_of(as_text(id_)) is Area.WHEELS]
    made_from = "SELECT m.url FROM page b JOIN made_from m ON m.page = b.number WHERE b.id = ?"
    yield f"l.url IN ({made_from})", [(id_,) for id_ in built]
    yield "l.project = ?", [(canonical(as_text(id_).rpartition("/")[2].partition("-")[0]),) for id_ in built]


def _built(id_: bytes) -> tuple[str, str]:
    """Return the canonical project and the version in the file name of a built wheel."""
    project, version, *_ = as_text(id_).rpartition("/")[2].split("-")
    return canonical(project), version
