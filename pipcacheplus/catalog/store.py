"""The open catalog of a cache: a valid file of this user in the state directory, or the same tables in memory.

A run that gets the lock of the file writes it. Any other, and any that can read the file but not write it, has a copy
in memory. A problem with the file only costs time: `Store.trouble` describes it.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from pipcacheplus.catalog.checksum import Checksums
from pipcacheplus.catalog.files import (
    DATABASE,
    FOLDER,
    LOCK,
    check_database,
    connect,
    limited,
    name_of,
    remove_database,
)
from pipcacheplus.catalog.housekeeping import keep_house
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.state import OwnFolder, UntrustedError, open_own_folder, unlock

if TYPE_CHECKING:  # slow to import
    import sqlite3

__all__ = ["MAX_COPY_BYTES", "MAX_COPY_S", "Schema", "Store", "has_file", "is_damage", "open_store"]

MAX_COPY_BYTES = 256 << 20
"""The largest file that a run which cannot write it copies into memory."""
MAX_COPY_S = 2.0
"""Limit of the time for that, in seconds. Meanwhile the run that writes waits."""

_META = "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID"
"""Facts of a catalog as a whole. The row `cache` is the path of the cache, in bytes; others are free for its user."""
_WRITER_WAITS_S = 5.0
"""Longer than any reader of pipcacheplus takes. SQLite lets no new reader in while a writer waits."""
_READER_WAITS_S = 1.0
_COPY_PAGES = 1024
_MAX_PASSED_ON = 20_000
"""The most rows of a table that are copied: two years of a dozen a day are half of that."""
_INTERRUPTED = "interrupted"
_FILE_IS_WHOLE = frozenset(
    {
        *("access permission denied", "attempt to write a readonly database", "database is locked"),
        *("database or disk is full", "database table is locked", "disk I/O error", _INTERRUPTED),
        *("large file support is disabled", "locking protocol", "out of memory", "string or blob too big"),
        "unable to open database file",
    }
)
"""SQLite's messages (`sqlite3_errstr`) for errors that do not concern the file's content. Python 3.10 has no codes."""
_DAMAGED = "the file was damaged, and is replaced by a new one"


class Schema(NamedTuple):
    """The required form of a catalog."""

    application: int
    """`PRAGMA application_id`: marks a database as a catalog."""
    version: int
    """`PRAGMA user_version`: version of the tables and of their contents."""
    tables: Mapping[str, str]
    """Names and statements of all tables and indexes but `meta`, which comes with a store."""
    passed_on: tuple[str, ...] = ()
    """Tables whose rows are copied from a file of another version, if they have the same columns there."""


class _NotOursError(Exception):
    """An undamaged database of another program, or of a newer version: it is left unchanged."""


class _OtherError(Exception):
    """A catalog with other tables, of another cache, or garbled: a new one replaces it."""


class _SlowError(Exception):
    """Copying takes too long."""


class Store:
    """A catalog that is open; of use only within `open_store`.

    Its user writes BEGIN and COMMIT. On `sqlite3.Error` or `UnicodeError` (Python decodes damaged text strictly, seen
    with 3.11) the user calls `leave`, and begins again in memory. A forked process must neither use nor drop the
    connection.
    """

    connection: "sqlite3.Connection"
    """With explicit transactions. It is another one after `leave` and `drop`."""

    def __init__(self, cache_path: str, schema: Schema, *, clock_s: Callable[[], float]) -> None:
        """Store the required form of a catalog; `open_store` does the rest."""
        self.is_file = False
        """Whether writes are stored in a file."""
        self.trouble: str | None = None
        """The reason why they are not, a clause for people; `None` if they are, or if that was not requested."""
        self._real = os.path.realpath(cache_path)
        self._schema = schema
        self._clock_s = clock_s
        self._is_copy = False
        self._own: OwnFolder | None = None
        """Path of the file, while this run has its lock."""
        self._lock = -1
        self._name = ""
        self._passed_on: dict[str, list[tuple[Any, ...]]] = {}
        """By the tables that they are of: rows of a file of another version."""

    def leave(self, error: Exception) -> None:
        """Go on in memory after an error: with all committed rows if the file is whole, otherwise with empty tables.

        A damaged file is removed. One that is whole stays: the disk is full or fails, or another process locks it. A
        copy of a file, which may be damaged too, is dropped.

        Args:
            error: The caught error. It is raised again if no data came from a file.
        """
        import sqlite3  # noqa: PLC0415 - slow to import

        if not self.is_file and not self._is_copy:
            raise error
        if not self.is_file or is_damage(error):
            self.drop()
            return
        with closing(self.connection) as before:
            with suppress(sqlite3.Error):
                before.rollback()
            self._go_on_in_memory(str(error), self._copy_of(before))

    def drop(self) -> None:
        """Remove the file, and go on in memory with empty tables; the next run begins a new file."""
        import sqlite3  # noqa: PLC0415 - as above

        with suppress(sqlite3.Error):
            self.connection.close()
        if self._own is not None:
            with suppress(OSError):
                remove_database(self._own, self._name)
        self._go_on_in_memory(_DAMAGED if self.is_file else self.trouble)

    def _open(self, folder: str, stack: ExitStack) -> None:
        """Open the file, or copy it; raises any error of the file, its directory or its disk."""
        own = stack.enter_context(open_own_folder(folder, FOLDER, is_made=True))
        self._name = name_of(self._real, own)
        self._sums = sums = Checksums(own, self._name)
        stack.callback(sums.close)
        try:
            lock, trouble = own.lock(self._name + LOCK), "another run uses it"
        except UntrustedError:
            raise
        except OSError as error:  # it cannot be written, or there are no locks
            lock, trouble = None, error.strerror or str(error)
        if lock is None:
            self._read(own, trouble)
            return
        stack.callback(unlock, lock)
        self._own, self._lock = own, lock
        self._write(own)
        with suppress(OSError):
            keep_house(folder, own, mine=self._name, now_ns=os.fstat(lock).st_mtime_ns)

    def _write(self, own: OwnFolder) -> None:
        """Open the file for writing; replace it if it is damaged or older, copy it if it cannot be written."""
        import sqlite3  # noqa: PLC0415 - as above

        status = check_database(own, self._name)
        is_garbled = status is not None and self._sums.is_garbled()
        self._sums.take_away(self._lock)
        if status is not None and status.st_size:
            try:
                self._use(own, self._refuse_garbled if is_garbled else self._check)
            except (sqlite3.Error, UnicodeError) as error:
                if not is_damage(error):
                    self._read(own, str(error))
                    return
            except _OtherError:
                self._passed_on = {} if is_garbled else self._rows_to_pass_on(own)
            else:
                return
        remove_database(own, self._name)
        os.close(own.open_file(self._name + DATABASE, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        self._use(own, self._make)

    def _use(self, own: OwnFolder, prepare: "Callable[[sqlite3.Connection], None]") -> None:
        with ExitStack() as stack:
            connection = stack.enter_context(closing(connect(self._path(own), "rw", timeout_s=_WRITER_WAITS_S)))
            prepare(connection)
            # Begin to write, which fails if the file cannot be written or no journal made; BEGIN alone detects neither.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA user_version = {self._schema.version}")
            connection.execute("ROLLBACK")
            stack.pop_all()
        self.connection = connection
        self.is_file = True

    def _rows_to_pass_on(self, own: OwnFolder) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of a file of another version that this one copies; rows that cannot be read are left out."""
        import sqlite3  # noqa: PLC0415 - as above

        found: dict[str, list[tuple[Any, ...]]] = {}
        with suppress(sqlite3.Error, UnicodeError), closing(connect(self._path(own), "ro")) as former, limited(former):
            caches = former.execute("SELECT value FROM meta WHERE name = 'cache'").fetchall()
            if caches != [(os.fsencode(self._real),)]:
                return {}
            for name in self._schema.passed_on:
                same = former.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
                if same.fetchall() == [(self._schema.tables[name],)]:
                    found[name] = former.execute(f"SELECT * FROM {name} LIMIT ?", (_MAX_PASSED_ON,)).fetchall()
        return found

    def _path(self, own: OwnFolder) -> str:
        return os.path.join(own.path, self._name + DATABASE)

    def _read(self, own: OwnFolder, trouble: str) -> None:
        """Copy the file, if it is whole and can be read in time; otherwise begin with empty tables."""
        import sqlite3  # noqa: PLC0415 - as above

        copy = None
        status = check_database(own, self._name)
        if status is not None and status.st_size and not self._sums.is_garbled():
            with (
                suppress(sqlite3.Error, UnicodeError, _OtherError),
                closing(connect(self._path(own), "ro", timeout_s=_READER_WAITS_S)) as source,
            ):
                source.execute("BEGIN")  # the checked state is the copied one
                self._check(source)
                copy = self._copy_of(source)
        self._go_on_in_memory(trouble, copy)

    def _refuse_garbled(self, connection: "sqlite3.Connection") -> None:
        self._check(connection)  # a file of another program is left unchanged
        raise _OtherError

    def _check(self, connection: "sqlite3.Connection") -> None:
        """Return if a database has exactly the required form.

        Raises:
            _NotOursError: It is of another program, or newer.
            _OtherError: It is a catalog of another form.
            sqlite3.Error: It is damaged, locked, or cannot be read.
        """
        import sqlite3  # noqa: PLC0415 - as above

        application, version = (_pragma(connection, name) for name in ("application_id", "user_version"))
        reason = None
        if application != self._schema.application:
            reason = "the file is not a catalog"
        elif version > self._schema.version:
            reason = "the file was written by a newer version"
        try:
            with limited(connection):
                is_empty = application == version == 0 and not _objects(connection, 1)
                is_ours = reason is None and version == self._schema.version and self._is_exact(connection)
        except sqlite3.OperationalError as error:
            if str(error) != _INTERRUPTED:
                raise
            is_empty = is_ours = False
        if reason is not None and not is_empty:
            raise _NotOursError(reason)
        if not is_ours:
            raise _OtherError

    def _is_exact(self, connection: "sqlite3.Connection") -> bool:
        with closing(connect(":memory:", "memory")) as new:
            self._make(new)
            expected = _objects(new)
        if _objects(connection, len(expected) + 1) != expected:
            return False
        kept = [_pragma(connection, name) for name in ("encoding", "journal_mode")]
        caches = connection.execute("SELECT value FROM meta WHERE name = 'cache'").fetchall()
        return kept == ["UTF-8", "delete"] and caches == [(os.fsencode(self._real),)]

    def _make(self, connection: "sqlite3.Connection") -> None:
        connection.execute("BEGIN IMMEDIATE")
        for statement in (_META, *self._schema.tables.values()):
            connection.execute(statement)
        connection.execute("INSERT INTO meta (name, value) VALUES ('cache', ?)", (os.fsencode(self._real),))
        for name, rows in self._passed_on.items():
            for row in rows:
                connection.execute(f"INSERT OR IGNORE INTO {name} VALUES ({', '.join('?' * len(row))})", row)
        connection.execute(f"PRAGMA application_id = {self._schema.application}")
        connection.execute(f"PRAGMA user_version = {self._schema.version}")
        connection.execute("COMMIT")

    def _go_on_in_memory(self, trouble: str | None, copy: "sqlite3.Connection | None" = None) -> None:
        self.is_file = False
        self.trouble = trouble
        self._is_copy = copy is not None
        if copy is None:
            copy = connect(":memory:", "memory")
            self._make(copy)
        self.connection = copy

    def _copy_of(self, source: "sqlite3.Connection") -> "sqlite3.Connection | None":
        """Return a copy in memory, `None` if it is too large, takes too long, or cannot be read."""
        import sqlite3  # noqa: PLC0415 - as above

        end_s = self._clock_s() + MAX_COPY_S

        def watch(_status: int, _remaining: int, _total: int) -> None:
            if self._clock_s() > end_s:
                raise _SlowError

        with ExitStack() as stack:
            copy = stack.enter_context(closing(connect(":memory:", "memory")))
            with suppress(sqlite3.Error, MemoryError, _SlowError):
                if _pragma(source, "page_count") * _pragma(source, "page_size") <= MAX_COPY_BYTES:
                    source.backup(copy, pages=_COPY_PAGES, progress=watch)
                    stack.pop_all()
                    return copy
        return None

    def _close(self) -> None:
        import sqlite3  # noqa: PLC0415 - as above

        with suppress(sqlite3.Error):
            self.connection.close()
            if self.is_file:
                with suppress(OSError):
                    self._sums.make(self._lock)


def _pragma(connection: "sqlite3.Connection", name: str) -> Any:  # noqa: ANN401 - a number or a word
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return value


def _objects(connection: "sqlite3.Connection", most: int = -1) -> list[object]:
    """Return the objects of a schema without the places of their tables: all, or so many."""
    # A damaged value need not be text.
    columns = "CAST(type AS BLOB), CAST(name AS BLOB), CAST(tbl_name AS BLOB), CAST(sql AS BLOB)"
    select = f"SELECT {columns} FROM sqlite_master ORDER BY 1, 2 LIMIT ?"
    return connection.execute(select, (most,)).fetchall()


def is_damage(error: Exception) -> bool:
    """Return whether an error of a database means that its content is damaged; true if in doubt.

    >>> is_damage(UnicodeDecodeError("utf-8", b"x", 0, 1, "invalid start byte"))
    True
    """
    return str(error) not in _FILE_IS_WHOLE


def has_file(cache_path: str, folder: str) -> bool:
    """Return whether an earlier run left a catalog of a cache that can be looked at; nothing is made or locked.

    Args:
        cache_path: The cache directory.
        folder: Our state directory, absolute.
    """
    try:
        with open_own_folder(folder, FOLDER) as own:
            status = check_database(own, name_of(os.path.realpath(cache_path), own))
    except OSError:  # it is missing, or could be somebody else's
        return False
    return status is not None and status.st_size > 0


@contextmanager
def open_store(
    cache_path: str, schema: Schema, *, folder: str | None, clock_s: Callable[[], float] = time.monotonic
) -> Iterator[Store]:
    """Open the catalog of a cache: the file in the state directory, or the same tables in memory.

    Args:
        cache_path: The cache directory.
        schema: The required form. A catalog of another form is replaced by a new one.
        folder: The state directory, absolute; it is made if it is missing. `None` if nothing is to be written.
        clock_s: Returns seconds since any point.

    Raises:
        BadRequestError: This Python has no SQLite.
    """
    try:
        import sqlite3  # noqa: PLC0415 - slow to import, and missing from some builds of Python
    except ImportError as error:
        raise BadRequestError(
            what="Python", problem=f"no SQLite: {error}", next_step="use one that is built with it"
        ) from error
    store = Store(cache_path, schema, clock_s=clock_s)
    with ExitStack() as stack:
        trouble = None
        try:
            if folder is not None:
                store._open(folder, stack)  # noqa: SLF001 - its own class
        except UntrustedError as error:
            trouble = str(error)
        except OSError as error:
            trouble = error.strerror or str(error)
        except (sqlite3.Error, UnicodeError, _NotOursError) as error:
            trouble = str(error)
        if trouble is not None or folder is None:
            store._go_on_in_memory(trouble)  # noqa: SLF001 - as above
        try:
            yield store
        finally:
            store._close()  # noqa: SLF001 - as above
