"""A ledger in a folder of our own: what reading entries to their end showed, kept from run to run.

It saves time and decides nothing. An entry is known only while each of its files has the stamp under which it was read;
a ledger that is damaged, locked, not ours or cannot be written is done without.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from pipcacheplus.catalog.rows import (
    ReadResult,
    ShardRows,
    as_bytes,
    changed_ns,
    entry_stamp,
    seal,
    sealed,
    unseal,
    unsealed,
)
from pipcacheplus.model.values import Entry
from pipcacheplus.pips.layout import is_part

if TYPE_CHECKING:  # slow to import
    import sqlite3

__all__ = ["Ledger", "RefusedError", "prepare"]

_SCHEMA = 3
_READERS = 2
"""To be raised whenever reading the same bytes to their end would show something else than before."""
_VERSION = _SCHEMA << 16 | _READERS
_APPLICATION = 0x70637031
"""Marks a database as a ledger: `pcp1`."""

_TABLE = "CREATE TABLE verified (id BLOB PRIMARY KEY, stamp BLOB NOT NULL, told BLOB NOT NULL) WITHOUT ROWID"
_RECORDING = "CREATE TABLE recording (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"

_JUDGED = "CREATE TABLE judged (id BLOB PRIMARY KEY, stamp BLOB NOT NULL, value BLOB NOT NULL) WITHOUT ROWID"

_TABLES = {"verified": _TABLE, "recording": _RECORDING, "judged": _JUDGED}

_TIMEOUT_S = 1.0
_BATCH = 500
_MAX_TOLD = 8192
"""Bytes of one row's result; what is longer is not remembered."""
_MAX_ROWS = 1_000_000
_LIMITS = (_MAX_TOLD, _MAX_ROWS)
_MAX_RUNS = 1 << 30
_SETTLED_NS = 2_000_000_000
"""The coarsest time stamps there are, those of FAT: within it a file can change and keep its stamp."""
_FLAGS: int = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Ledger:
    """What is known of the entries of one cache: a context manager, of use only between entering and leaving it.

    No method raises for what is wrong with the file, its folder or its disk; `trouble` tells it. On entering, all is
    read at once. Two runs may use one file at the same time: each sees what the other had written when it was entered.
    One object is for one thread at a time.
    """

    def __init__(self, folder: str, cache_path: str, *, clock_ns: int | None = None) -> None:
        """Name a ledger; nothing is opened or made yet.

        Args:
            folder: Absolute; of our own, and of this user. It is made when it is missing.
            cache_path: The cache directory; each has a file of its own.
            clock_ns: Nanoseconds since 1970, now. An entry that changed in the last 2 s before, or later, is not
                remembered, since it could change again under the same stamp. `None` remembers it all the same.
        """
        name = hashlib.sha256(as_bytes(os.path.realpath(cache_path))).hexdigest()
        self.path = os.path.join(folder, f"{name}.sqlite3")
        self.trouble: str | None = None
        """Why something is not known, or not remembered, for people: `database is locked`; `None` if all went well.

        A file that was damaged is told as well, though it was begun anew.
        """
        self._clock_ns = clock_ns
        self._connection: sqlite3.Connection | None = None
        self._is_damaged = False
        self._is_void = False
        """Whether the recording was dropped because of what was noted."""
        self._told: dict[bytes, bytes] = {}
        self._parts: dict[str, dict[bytes, bytes]] = {}
        """By the directory that `_part_of` names: the same once more."""
        self._others: set[bytes] = set()
        self._pending: list[tuple[bytes, bytes, bytes]] = []
        self._rows: list[tuple[bytes, bytes, bytes]] = []
        self._loaded: dict[bytes, bytes] = {}
        """Stamps and ids of rows that were taken along, and whose entries were not seen yet."""

    def __enter__(self) -> "Ledger":
        """Read what is known; a file that is damaged is emptied, and begun anew."""
        try:
            self._attempt(self._open)
            if self._is_damaged:
                self._attempt(self._empty)
                self._attempt(self._open)
        except BaseException:
            self._close()  # interrupted; nobody else would
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write what was noted, however the block ended."""
        try:
            self._attempt(self._write)
            if self._is_damaged:
                self._attempt(self._empty)
        finally:
            self._close()

    def known(self, entry: Entry) -> ReadResult | None:
        """Return what reading this entry showed; `None` if it was not read, or is not as it was then."""
        stamp = entry_stamp(entry)
        told = self._told.get(stamp)
        verified = None if told is None else unsealed(stamp, told)
        if verified is not None:
            self._others.discard(stamp)
        return verified

    def memory_of(self, paths: Iterable[str], wants: Callable[[bytes], bool]) -> ShardRows:
        """Return what a worker has to take along to look at these parts of the cache, and at these entries.

        Args:
            paths: Of parts and of entries.
            wants: Whether what is known under a stamp is taken along.
        """
        names = list(paths)
        rows = (self._parts.get(part, {}) for part in {_part_of(as_bytes(name)) for name in names})
        checked: dict[bytes, bytes] = {}
        self._attempt(lambda: checked.update(self._judged_at(names)))
        return ShardRows(
            told={stamp: told for part in rows for stamp, told in part.items() if wants(stamp)},
            checked={stamp: value for stamp, value in checked.items() if wants(stamp)},
        )

    def _judged_at(self, paths: Iterable[str]) -> Iterator[tuple[bytes, bytes]]:
        """Yield stamps and rows of what was found of entries, in parts of the cache and of single ones."""
        if self._connection is None:
            return
        select = "SELECT id, stamp, value FROM judged WHERE length(value) <= ? AND "
        for path in paths:
            if is_part(path):
                bounds = (_MAX_TOLD, as_bytes(path + "/"), as_bytes(path + "0"))  # "0" comes behind "/"
                rows = self._connection.execute(select + "id >= ? AND id < ?", bounds)
            else:
                rows = self._connection.execute(select + "id = ?", (_MAX_TOLD, as_bytes(path)))
            for name, stamp, value in rows:
                self._loaded[stamp] = name
                yield stamp, value

    def take(self, memory: ShardRows) -> None:
        """Take what a worker brings back."""
        self._others.difference_update(memory.kept)
        for entry, verified in memory.noted:
            self.note(entry, verified)
        for stamp in memory.seen:
            self._loaded.pop(stamp, None)
        rows = [
            (as_bytes(name), stamp, value)
            for name, stamp, newest_ns, value in memory.rows
            if self.is_settled(newest_ns) and len(value) <= _MAX_TOLD
        ]
        self._rows.extend(rows)
        if len(self._rows) >= _BATCH:
            self._attempt(self._write)

    def note(self, entry: Entry, verified: ReadResult) -> None:
        """Remember what reading this entry showed, in place of what was known of it.

        If it shows something else under the same stamp, nothing is recorded any more. It is written with the next 500,
        or on leaving.
        """
        if self._connection is None or not self._is_settled(entry):
            return
        stamp = entry_stamp(entry)
        told = sealed(stamp, verified)
        if len(told) > _MAX_TOLD:
            return
        if self._told.get(stamp, told) != told and not self._is_void:
            self._is_void = True
            self.record(b"")  # it may be that nobody records what is found now
        self._told[stamp] = told
        self._others.discard(stamp)
        self._pending.append((as_bytes(entry.id), stamp, told))
        if len(self._pending) >= _BATCH:
            self._attempt(self._write)

    @property
    def recording(self) -> bytes | None:
        """What `record` was given last, `None` if there is nothing, or it is not as it was written."""
        found: list[object] = []
        self._attempt(lambda: found.extend(self._select("last")))
        return unseal(found[0]) if found else None

    def record(self, recording: bytes) -> None:
        """Remember what a whole run found, in place of what another one did."""
        self._attempt(lambda: self._insert("last", seal(recording)))

    def count_run(self) -> int:
        """Return how many runs there were before this one, as far as that is known."""
        found: list[object] = []
        self._attempt(lambda: found.extend(self._select("runs")))
        runs = int(found[0]) if found and isinstance(found[0], bytes) and found[0].isdigit() else 0
        self._attempt(lambda: self._insert("runs", b"%d" % ((runs + 1) % _MAX_RUNS)))
        return runs

    def _select(self, name: str) -> list[object]:
        if self._connection is None:
            return []
        rows = self._connection.execute("SELECT value FROM recording WHERE name = ?", (name,))
        return [value for (value,) in rows]

    def _insert(self, name: str, value: bytes) -> None:
        if self._connection is None:
            return
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT OR REPLACE INTO recording (name, value) VALUES (?, ?)", (name, value))

    def is_settled(self, newest_ns: int) -> bool:
        """Return whether a file that was changed then, in nanoseconds since 1970, cannot change under its stamp."""
        return self._clock_ns is None or newest_ns < self._clock_ns - _SETTLED_NS

    def forget_others(self) -> None:
        """Drop what was known on entering, and neither `known` told nor `note` renewed: those entries are gone.

        To be called after a complete pass only. What another run wrote in the meantime stays.
        """
        self._attempt(self._write)
        self._attempt(self._forget)

    def _is_settled(self, entry: Entry) -> bool:
        """Return whether the stamps of an entry tell any later change. Without files there is no stamp at all."""
        return bool(entry.files) and self.is_settled(changed_ns(entry))

    def _attempt(self, step: Callable[[], None]) -> None:
        """Take a step with the database; if it fails, do without the database from then on."""
        try:
            import sqlite3  # noqa: PLC0415 - slow to import, and missing from some builds of Python
        except ImportError as error:
            self.trouble = str(error)
            return
        try:
            step()
        except (sqlite3.Error, OSError, UnicodeError) as error:
            self._close()
            self.trouble = str(error) or type(error).__name__
            # Locks, full disks and the like have classes of their own; what is damaged, or no database, has not. Python
            # (seen with 3.11) decodes the message strictly, even if it quotes damaged text.
            self._is_damaged = type(error) is sqlite3.DatabaseError or isinstance(error, UnicodeError)

    def _open(self) -> None:
        import sqlite3  # noqa: PLC0415 - see above

        os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
        # Each transaction is begun by hand, with its lock: a reader that turns writer could fail at once.
        # A generator that is left in the middle may be closed in another thread, and must be able to write.
        connection = sqlite3.connect(self.path, timeout=_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self._connection = connection
        connection.text_factory = bytes  # whatever is in there, it is not decoded
        # A loss of power may damage the ledger: that costs a pass, waiting for the disk costs time in each.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        prepare(connection, _APPLICATION, _VERSION, _TABLES)
        rows = connection.execute("SELECT id, stamp, told FROM verified WHERE length(told) <= ? LIMIT ?", _LIMITS)
        for name, stamp, told in rows:
            self._told[stamp] = told
            self._parts.setdefault(_part_of(name), {})[stamp] = told
        self._others = set(self._told)

    def _write(self) -> None:
        if self._connection is None or not (self._pending or self._rows):
            return
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO verified (id, stamp, told) VALUES (?, ?, ?)", self._pending)
            connection.executemany("INSERT OR REPLACE INTO judged (id, stamp, value) VALUES (?, ?, ?)", self._rows)
        # Only now: if this was interrupted, all of it is written on leaving.
        self._pending.clear()
        self._rows.clear()

    def _forget(self) -> None:
        if self._connection is None or not (self._others or self._loaded):
            return
        with self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            gone = ((name, stamp) for stamp, name in self._loaded.items())
            connection.executemany("DELETE FROM judged WHERE id = ? AND stamp = ?", gone)
            connection.execute("CREATE TEMP TABLE other (stamp BLOB PRIMARY KEY) WITHOUT ROWID")
            connection.executemany("INSERT INTO other VALUES (?)", ((stamp,) for stamp in self._others))
            connection.execute("DELETE FROM verified WHERE stamp IN (SELECT stamp FROM other)")
            connection.execute("DROP TABLE other")
        for stamp in self._others:
            del self._told[stamp]
        self._others.clear()
        self._loaded.clear()

    def _empty(self) -> None:
        """Take all content from a file that is no sound database; a link is not followed."""
        with open(os.open(self.path, os.O_WRONLY | os.O_TRUNC | _FLAGS), "wb"):
            self._is_damaged = False

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        self._pending.clear()
        self._rows.clear()
        if connection is not None:
            connection.close()


def _part_of(name: object) -> str:
    """Return the one of `layout`'s parts in which an entry lies, or which it is; all that lies in none is one part."""
    parts = name.decode("utf-8", "surrogatepass").split("/") if isinstance(name, bytes) else []
    return next((part for depth in (2, 3) if is_part(part := "/".join(parts[:depth]))), "")


class RefusedError(OSError):
    """A sound database, but none that we may use."""


class _Mark(NamedTuple):
    """Whose a database says it is, of which version, and what is in it."""

    application: int
    version: int
    tables: tuple[bytes, ...]

    @classmethod
    def of(cls, connection: "sqlite3.Connection") -> "_Mark":
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return cls(application, version, tuple(sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master")))

    def has(self, application: int, version: int, tables: frozenset[bytes]) -> bool:
        return (self.application, self.version) == (application, version) and tables <= set(self.tables)


def prepare(connection: "sqlite3.Connection", application: int, version: int, tables: Mapping[str, str]) -> None:
    """Make the tables, in place of those of an older version, if they are not there.

    Args:
        connection: With transactions that are begun by hand.
        application: The number that marks a database as ours.
        version: Of the tables and of what is in them.
        tables: The statements that make them, by name.

    Raises:
        RefusedError: It is not ours, or of a newer version; it is left as it is.
        sqlite3.Error: It is damaged, locked, or cannot be written.
    """
    selection = (application, version, frozenset(table.encode() for table in tables.values()))
    if _Mark.of(connection).has(*selection):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        mark = _Mark.of(connection)
        if mark.has(*selection):
            return  # another run did it before the lock was ours
        if any(mark) and mark.application != application:
            reason = "not ours"
            raise RefusedError(reason)
        if mark.version > version:
            reason = "written by a newer version"
            raise RefusedError(reason)
        for name, table in tables.items():
            connection.execute(f"DROP TABLE IF EXISTS {name}")
            connection.execute(table)
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute(f"PRAGMA user_version = {version}")
