"""Reading of contents to their end, for entries of which a result is missing.

Which digests are computed, and whether an archive is unpacked, depends on the stored facts of an entry and on the
present evidence in the rest of the cache. The results are stored, so that a digest which was computed once can be
compared with digests that are published later.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

from pipcacheplus.catalog.content_rows import COLUMNS as CONTENT_COLUMNS
from pipcacheplus.catalog.content_rows import Content, with_content
from pipcacheplus.catalog.entry_rows import as_column, ids_of_key
from pipcacheplus.catalog.known import Known
from pipcacheplus.catalog.names import name_at_file_host
from pipcacheplus.catalog.page_links import METADATA_SUFFIX, key_of_url
from pipcacheplus.catalog.parallel import side_by_side
from pipcacheplus.catalog.portions import (
    MOST_PORTIONS,
    MOST_TASKS,
    PortionsError,
    content_rows_of,
    is_of_files,
    portions_of,
)
from pipcacheplus.catalog.references import ACTIVE, JoinedRow, Reference, hashes_of, rows
from pipcacheplus.catalog.shard import ContentRow, ContentTask, Failure, read_contents
from pipcacheplus.catalog.sources import WANTED_DISPUTED, WANTED_SOURCES
from pipcacheplus.catalog.stored_facts import pack, unpack
from pipcacheplus.catalog.transactions import transaction
from pipcacheplus.catalog.update import Update
from pipcacheplus.model.facts import Expected
from pipcacheplus.model.values import Count, Entry, Kind, Shape, UrlSource

__all__ = ["Contents"]

_BATCH = 100
_BATCH_BYTES = 4 << 20
_COMMIT_BYTES = 256 << 20
_MAX_ROUNDS = 8
"""More than there can be: a page, a wheel, its metadata."""
_HAS_HASHES = (
    "EXISTS (SELECT 1 FROM link l WHERE l.key = e.key"
    " AND (l.sha256 IS NOT NULL OR l.others IS NOT NULL OR l.wheel IS NOT NULL))"
)
_PROVEN = (
    f"(EXISTS (SELECT 1 FROM link l WHERE l.key = e.key AND l.sha256 = c.sha256 AND {ACTIVE})"
    " AND NOT EXISTS (SELECT 1 FROM link l WHERE l.key = e.key AND l.sha256 IS NOT c.sha256))"
)
"""Whether every page that publishes a digest publishes exactly this one."""
_MISSING = (
    "e.read_ns IS NOT NULL AND (e.shape = 'built-wheel' AND e.is_archive AND c.is_unpacked IS NOT 1"
    " OR e.shape IN ('pair', 'single') AND e.format IS NOT NULL AND e.kind <> 'unreadable' AND CASE"
    f" WHEN e.id IN (SELECT id FROM led) THEN 1 WHEN {_HAS_HASHES} THEN NOT {_PROVEN}"
    " ELSE e.is_archive AND c.is_unpacked IS NOT 1 OR e.etag IS NOT NULL AND c.md5 IS NULL"
    " OR :has_hosts AND e.is_archive AND c.blake2b IS NULL OR e.key IN (SELECT key FROM found) END)"
)
"""Rows that may lack a result: more than those that do."""
_UNLINKED = f"NOT EXISTS (SELECT 1 FROM link l WHERE l.key = e.key AND {ACTIVE})"
_WANTED = " AND (:all OR e.id IN (SELECT id FROM wanted))"
_SIMPLE = (
    "INSERT INTO to_read (id, size, sha256) SELECT e.id, e.size, max(l.sha256) FROM entry e"
    f" JOIN link l ON l.key = e.key AND {ACTIVE} LEFT JOIN content c ON c.id = e.id"
    " WHERE c.id IS NULL AND e.shape IN ('pair', 'single') AND e.format IS NOT NULL AND e.kind <> 'unreadable'"
    f" AND e.read_ns IS NOT NULL AND e.is_pickle = 0{{}} GROUP BY e.id"
    " HAVING count(l.sha256) = count(*) AND count(l.others) = 0 AND min(l.sha256) = max(l.sha256)"
)
"""For entries of which nothing was read yet and that are published with one SHA-256, that is computed."""


_TO_READ = (
    "SELECT r.id, e.shape, e.files, e.facts, r.sha256, r.published, r.wheel, r.in_path, r.size, {content}"
    " FROM to_read r JOIN entry e ON e.id = r.id LEFT JOIN content c ON c.id = r.id WHERE "
).replace("{content}", ", ".join(f"c.{name}" for name in CONTENT_COLUMNS))
_TOUCHED = " AND e.id IN (SELECT id FROM now_read UNION SELECT id FROM led)"
"""Rows that may lack a result although none did when an earlier run ended, and no row has changed since."""


class Contents:
    """The stage that reads contents, for all entries or those in the table `wanted`."""

    def __init__(
        self, update: Update, *, has_selection: bool, is_for_sources: bool = False, wants_all_sources: bool = False
    ) -> None:
        """Begin with a run whose catalog is up to date, and linked.

        Args:
            update: The run.
            has_selection: Whether only entries in the table `wanted` are read.
            is_for_sources: Whether only the sources of built wheels and replaced files are needed.
            wants_all_sources: Whether all of these are needed as well.
        """
        self._update = update
        self._connection = update.connection
        self._hosts = update.hosts
        self._has_selection = has_selection or is_for_sources
        self._is_for_sources = is_for_sources
        self._wants_all_sources = is_for_sources or wants_all_sources
        self._done = 0
        """Bytes, as progress shows them."""
        self.known = Known(update.connection, update.request.path, self._hosts)
        self._given = blake2b(pack((update.request.indexes, self._hosts)), digest_size=16).digest()
        was_whole = self._connection.execute("SELECT 1 FROM whole WHERE given = ?", (self._given,)).fetchone()
        self._was_whole = was_whole is not None
        self._where = _TOUCHED if self._was_whole and not self._has_selection else _WANTED

    def run(self) -> None:
        """Read until nothing is missing.

        Raises:
            sqlite3.Error: The catalog cannot be used.
        """
        if self._has_selection:
            self._want_sources()
            self._want_wheels()
        self._connection.execute(_SIMPLE.format(self._where), {"all": not self._has_selection})
        total, left = self._sizes()
        # Other missing results, and so the amount that is done already, follow afterwards, also for these.
        self._read(total, left, is_final=False)
        for _ in range(_MAX_ROUNDS):
            is_more = self._find_at_hosts()
            self._collect()
            _, left = self._sizes()
            if not left and not is_more and not self._count():
                break
            self._done = max(self._done, total - left)
            self._read(total, left)
        self._note_whole()
        self._show(total, total)

    def add_results(self, results: Iterable[str]) -> None:
        """Store what other processes read, for entries whose files are still the same."""
        marks = ", ".join("?" * (len(CONTENT_COLUMNS) + 1))
        columns = ", ".join(f"c.{name}" for name in CONTENT_COLUMNS)
        select = f"SELECT e.files, {columns} FROM entry e LEFT JOIN content c ON c.id = e.id WHERE e.id = ?"
        with transaction(self._connection):
            for result in results:
                for id_, stamp, content in content_rows_of(result):
                    row = self._connection.execute(select, (id_,)).fetchone()
                    if row is not None and is_of_files(stamp, row[0]):
                        values = (id_, *content.joined(Content.of_row(row[1:])).columns())
                        self._connection.execute(f"INSERT OR REPLACE INTO content VALUES ({marks})", values)

    def leave_over(self, portion_bytes: int) -> None:
        """Leave the contents to other processes, if they have the bytes of two portions or more.

        Args:
            portion_bytes: Bytes of a portion, if there are not too many.

        Raises:
            PortionsError: They have.
        """
        if self._has_selection:
            self._want_sources()
            self._want_wheels()
        self._connection.execute(_SIMPLE.format(self._where), {"all": not self._has_selection})
        self._find_at_hosts()
        self._collect()
        _, left = self._sizes()
        count = min(left // portion_bytes, MOST_PORTIONS)
        if count > 1:
            portions = portions_of(self._largest(), self._hosts, count=count)
            self._connection.execute("DELETE FROM to_read")
            if len(portions) > 1:
                raise PortionsError(portions)
        self._connection.execute("DELETE FROM to_read")

    def _largest(self) -> list[tuple[int, ContentTask]]:
        rows_ = self._connection.execute(_TO_READ + "1 ORDER BY r.size DESC, r.id LIMIT ?", (MOST_TASKS,))
        return [(row[8], _task(row)) for row in rows_]

    def count_lacking(self) -> Count:
        """Count the entries that lack a result, and read none of them.

        Raises:
            RowDamagedError: A row is not one that was written.
        """
        self._find_at_hosts()
        total = Count()
        for row, _ in self._lacking("1"):
            total = total.plus(Count(1, row.file_count, row.size, row.disk_size))
        return total

    def lacks(self, row: JoinedRow, reference: Reference | None) -> bool:
        """Return whether a result is missing that decides if an entry is whole.

        Raises:
            RowDamagedError: The row is not one that was written.
        """
        facts, expected = self.known.facts(row), self.known.expected(reference)
        return with_content(Shape(row.shape), facts, Content.of_row(row.content), expected) is None

    def _show(self, done: int, total: int) -> None:
        if not self._is_for_sources:  # then progress counts entries
            self._update.show(done, total)

    def _want_sources(self) -> None:
        """Add to the wanted built wheels the sources that they were made from.

        If all of them are wanted, so are files of which pages publish different digests.
        """
        if self._wants_all_sources:
            self._connection.execute(WANTED_DISPUTED)
        of_wanted = "" if self._wants_all_sources else " AND p.id IN (SELECT id FROM wanted)"
        self._connection.execute(WANTED_SOURCES + of_wanted)

    def _want_wheels(self) -> None:
        """Add to the wanted metadata the wheels to which it may belong."""
        keys = self._connection.execute(
            "SELECT DISTINCT l.wheel FROM wanted JOIN entry e ON e.id = wanted.id JOIN link l ON l.key = e.key"
            " WHERE l.wheel IS NOT NULL"
        )
        ids = [(id_,) for (key,) in keys for id_ in ids_of_key(key)]
        self._connection.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ids)
        is_unlinked = f"e.key IS NOT NULL AND {_UNLINKED}"
        is_there = self._connection.execute(
            f"SELECT 1 FROM wanted JOIN entry e USING (id) WHERE NOT e.is_archive AND {is_unlinked} LIMIT 1"
        ).fetchone()
        if is_there:
            self._connection.execute(
                f"INSERT OR IGNORE INTO wanted SELECT e.id FROM entry e WHERE e.is_archive AND {is_unlinked}"
            )

    def _sizes(self) -> tuple[int, int]:
        wanted = "SELECT ifnull(sum(size), 0) FROM entry e" + (
            " WHERE e.id IN (SELECT id FROM wanted)" if self._has_selection else ""
        )
        (total,) = self._connection.execute(wanted).fetchone()
        (left,) = self._connection.execute("SELECT ifnull(sum(size), 0) FROM to_read").fetchone()
        return total, left

    def _count(self) -> int:
        (count,) = self._connection.execute("SELECT count(*) FROM to_read").fetchone()
        return int(count)

    def _collect(self) -> None:
        """Store which entries lack a result; those that were tried in vain are left out."""
        found: list[tuple[Any, ...]] = []
        for row, expected in self._lacking("e.id NOT IN (SELECT id FROM was_read)"):
            wheel = expected.wheel_metadata.sha256 if expected.wheel_metadata is not None else None
            found.append((row.id, row.size, pack(expected.published), wheel, expected.in_path))
            if len(found) >= _BATCH:
                self._note(found)
        self._note(found)

    def _lacking(self, where: str) -> Iterator[tuple[JoinedRow, Expected]]:
        """Yield the rows that lack a result, and the evidence about their payloads."""
        parameters = {"has_hosts": bool(self._hosts), "all": not self._has_selection}
        for row in rows(self._connection, f"{where} AND ({_MISSING}){self._where}", parameters):
            reference = row.reference()
            if self.lacks(row, reference):
                yield row, self.known.expected(reference)

    def _note_whole(self) -> None:
        """Store that nothing is missing, unless a result could not be obtained: the next run tries that again."""
        if self._has_selection or self._was_whole or self._update.unread:
            return
        if next(self._lacking("e.id IN (SELECT id FROM was_read)"), None) is None:
            with transaction(self._connection):
                self._connection.execute("INSERT OR IGNORE INTO whole VALUES (?)", (self._given,))

    def _note(self, found: list[tuple[Any, ...]]) -> None:
        self._connection.executemany(
            "INSERT OR IGNORE INTO to_read (id, size, published, wheel, in_path) VALUES (?, ?, ?, ?, ?)", found
        )
        found.clear()

    def _read(self, total: int, left: int, *, is_final: bool = True) -> None:
        request = self._update.request
        is_small = left <= _BATCH_BYTES and self._count() <= _BATCH
        self._show(self._done, total)
        pending = 0
        results = side_by_side(
            read_contents,
            (request.path, self._hosts),
            self._tasks(),
            executor=request.executor,
            processes=1 if is_small else None,
            threads=True,
        )
        for found in results:
            size = sum(size for size, _ in found)
            pending += size
            is_due = pending >= _COMMIT_BYTES
            with transaction(self._connection, commits=is_due):
                self._store([one for _, one in found])
            pending = 0 if is_due else pending
            self._done += size
            self._show(min(self._done, total), total)
        if is_final:
            self._connection.execute("INSERT OR IGNORE INTO was_read SELECT id FROM to_read")
        self._connection.execute("DELETE FROM to_read")

    def _tasks(self) -> Iterator[list[ContentTask]]:
        """Yield large ones first, each by itself, so that all workers are busy until the end."""
        execute = self._connection.execute
        large = execute("SELECT id FROM to_read WHERE size > ? ORDER BY size DESC, id", (_BATCH_BYTES,)).fetchall()
        for id_ in large:
            yield [_task(row) for row in execute(_TO_READ + "r.id = ?", id_)]
        small = _TO_READ + "r.size <= ? AND r.id > ? ORDER BY r.id LIMIT ?"
        last = b""
        while batch := execute(small, (_BATCH_BYTES, last, _BATCH)).fetchall():
            last = batch[-1][0]
            yield from _by_size(batch)

    def _store(self, found: Sequence[ContentRow | Failure]) -> None:
        rows_: list[tuple[Any, ...]] = []
        for one in found:
            if isinstance(one, ContentRow):
                rows_.append((one.id, *one.columns))
            else:
                self._update.fail(one)
        marks = ", ".join("?" * (len(CONTENT_COLUMNS) + 1))
        self._connection.executemany(f"INSERT OR REPLACE INTO content VALUES ({marks})", rows_)

    def _find_at_hosts(self) -> bool:
        """Try the URLs that file hosts make from digests; a match names a wheel, and the metadata beside it."""
        if not self._hosts:
            return False
        where = (
            f"c.blake2b IS NOT NULL AND e.is_archive AND e.key NOT IN (SELECT key FROM found) AND {_UNLINKED}{_WANTED}"
        )
        new: list[tuple[Any, ...]] = []
        for row in rows(self._connection, where, {"all": not self._has_selection}):
            facts = self.known.facts(row)
            entry = self.known.entry(row, self.known.names(row, None))
            content = Content.of_row(row.content)
            digest = content.digests.get("blake2b") if content is not None else None
            found = name_at_file_host(entry, facts, digest, self._hosts)
            if found is not None:
                new.extend(_found_rows(entry, *found))
        self._connection.executemany("INSERT OR IGNORE INTO found VALUES (?, ?, ?, ?, ?)", new)
        return bool(new)


def _found_rows(entry: Entry, url: str, filename: str) -> Iterator[tuple[Any, ...]]:
    source = UrlSource.FILE_HOST.value
    key = key_of_url(url)
    yield key, as_column(url), as_column(filename), source, None
    if entry.kind is Kind.WHEEL:
        beside = url + METADATA_SUFFIX
        name = as_column(filename + METADATA_SUFFIX)
        yield key_of_url(beside), as_column(beside), name, source, key


def _task(row: Sequence[Any]) -> ContentTask:
    id_, shape, files, facts, sha256, published, wheel, in_path, _, *known = row
    hashes = (("sha256", sha256.hex()),) if sha256 is not None else hashes_of(unpack(published))
    content = tuple(known) if known[-1] is not None else None
    return ContentTask(id_, shape, files, facts, hashes, wheel, in_path, content)


def _by_size(batch: Sequence[Sequence[Any]]) -> Iterator[list[ContentTask]]:
    """Yield tasks together until they are as large as a large one."""
    together: list[ContentTask] = []
    size = 0
    for row in batch:
        together.append(_task(row))
        size += row[8]
        if size > _BATCH_BYTES:
            yield together
            together, size = [], 0
    if together:
        yield together
