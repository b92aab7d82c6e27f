"""Catalogs as files of the state directory: names, locks, their own descriptions, safe connections.

SQLite locks a database by POSIX locks, which a process loses as soon as it closes any descriptor of that file. So a
database is never opened here but by SQLite; it is looked at by `lstat`, and a file beside it is the lock of
pipcacheplus.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipcacheplus.host.filesystems import is_device_local
from pipcacheplus.host.processes import this_host
from pipcacheplus.host.state import OwnFolder, disk_size, unlock

if TYPE_CHECKING:  # slow to import
    import sqlite3

__all__ = [
    "DATABASE",
    "FOLDER",
    "LOCK",
    "CatalogFile",
    "catalogs_in",
    "check_database",
    "connect",
    "drop_catalog",
    "limited",
    "name_of",
    "remove_database",
    "small_cache",
]

FOLDER = "catalogs"
DATABASE, LOCK = ".sqlite3", ".lock"
_BESIDE = ("-journal", "-wal", "-shm")
"""Files that SQLite puts beside a database. Only the first is used; the others are checked as SQLite would use them."""
_NAME = re.compile(r"([0-9a-f]{64})((?:\.[A-Za-z0-9_.-]{1,64})?)(\.sqlite3|\.lock)")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")
_MAX_HOST = 64

_CACHE_KIB = 8192
_SMALL_CACHE_KIB = 2048
_STEPS = 10_000
"""Steps of SQLite's virtual machine from one check of the limit to the next."""
_MAX_LOOKS = 300
_MAX_VALUE_BYTES = 64 << 20
_MAX_SQL_BYTES = 1 << 20


class CatalogFile(NamedTuple):
    """A catalog of the state directory, or the remains of one."""

    name: str
    """Without ending."""
    cache_path: str | None
    """Path of the cache directory; `None` if it cannot be read."""
    files: int
    size: int
    """Bytes, of all its files."""
    disk_size: int
    used_ns: int
    """When a run last had its lock; nanoseconds since 1970."""
    is_of_this_machine: bool


def name_of(real_path: str, own: OwnFolder) -> str:
    """Return the name, without ending, of the catalog of a cache.

    Args:
        real_path: Path of the cache directory, without links.
        own: The directory of catalogs. If other machines may mount it, each has a catalog of its own.
    """
    digest = hashlib.sha256(os.fsencode(real_path)).hexdigest()
    return digest + _host_part(own)


def _host_part(own: OwnFolder) -> str:
    is_shared = not is_device_local(own.path, own.device())
    return "." + _NOT_IN_NAMES.sub("_", this_host())[:_MAX_HOST] if is_shared else ""


def check_database(own: OwnFolder, name: str) -> os.stat_result | None:
    """Return the status of a database, `None` if there is none.

    Raises:
        UntrustedError: The database, or a file that SQLite would read beside it, could belong to another user.
    """
    for ending in _BESIDE:
        own.check(name + DATABASE + ending)
    return own.check(name + DATABASE)


def remove_database(own: OwnFolder, name: str) -> None:
    """Remove the database of a catalog, and the files that SQLite put beside it.

    The database is removed first: without it, SQLite drops a journal; it would not notice that a journal is missing.
    """
    for ending in ("", *_BESIDE):
        own.unlink(name + DATABASE + ending)


def connect(path: str, mode: str, *, timeout_s: float = 0) -> "sqlite3.Connection":
    """Open a database, or one in memory, so that no code in it is run, no schema trusted, and no file mapped.

    Args:
        path: Absolute, or `:memory:`.
        mode: `rw`, `ro` or `memory`; no file is ever made.
        timeout_s: How long to wait for a lock of SQLite's.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    import sqlite3  # noqa: PLC0415 - slow to import

    is_file = mode != "memory"
    target = f"{Path(path).as_uri()}?mode={mode}" if is_file else ":memory:"
    # A generator that is left in the middle may be closed in another thread, and must be able to write.
    connection = sqlite3.connect(target, timeout=timeout_s, isolation_level=None, check_same_thread=False, uri=is_file)
    with ExitStack() as stack:
        stack.callback(connection.close)  # of what is no database, even this fails
        for pragma in (
            "trusted_schema = OFF",
            "cell_size_check = ON",
            "mmap_size = 0",
            f"cache_size = -{_CACHE_KIB}",
            "synchronous = NORMAL",
            # Temporary tables and sorting beside a file leave memory flat: SQLite makes files that have lost their name
            # before anything is in them. Without a file, nothing is written anywhere.
            f"temp_store = {'FILE' if is_file else 'MEMORY'}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        _restrict(connection)
        stack.pop_all()
    return connection


@contextmanager
def small_cache(connection: "sqlite3.Connection") -> Iterator[None]:
    """Let SQLite use less memory meanwhile: sorting uses as much as the cache may, in addition to it."""
    connection.execute(f"PRAGMA cache_size = -{_SMALL_CACHE_KIB}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _restrict(connection: "sqlite3.Connection") -> None:
    """Switch off unused features that this version of Python can switch off."""
    import sqlite3  # noqa: PLC0415 - as above

    limits = {"LENGTH": _MAX_VALUE_BYTES, "SQL_LENGTH": _MAX_SQL_BYTES, "ATTACHED": 0, "TRIGGER_DEPTH": 1}
    if hasattr(connection, "setlimit"):  # Python 3.11
        for name, limit in limits.items():
            connection.setlimit(getattr(sqlite3, f"SQLITE_LIMIT_{name}"), limit)
    switches = {"DEFENSIVE": True, "TRUSTED_SCHEMA": False, "ENABLE_TRIGGER": False, "ENABLE_VIEW": False}
    if hasattr(connection, "setconfig"):  # Python 3.12
        for name, is_on in switches.items():
            connection.setconfig(getattr(sqlite3, f"SQLITE_DBCONFIG_{name}"), is_on)


@contextmanager
def limited(connection: "sqlite3.Connection") -> Iterator[None]:
    """Let SQLite run three million steps in all, some tenths of a second, then fail with "interrupted".

    Checking a valid database needs far less; a schema made to be slow would need more.
    """
    looks = iter(range(_MAX_LOOKS))
    connection.set_progress_handler(lambda: next(looks, None) is None, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def catalogs_in(own: OwnFolder) -> list[CatalogFile]:
    """Return the catalogs in the directory, the least recently used first; files of other names are ignored."""
    matches = [match for name in own.names() if (match := _NAME.fullmatch(name))]
    host = _host_part(own)
    names = {match[1] + match[2]: match[2] == host for match in matches}
    found = [_look(own, name, is_of_this_machine=is_here) for name, is_here in names.items()]
    return sorted(found, key=lambda one: (one.used_ns, one.name))


def _look(own: OwnFolder, name: str, *, is_of_this_machine: bool) -> CatalogFile:
    statuses = [own.status_of(name + ending) for ending in (DATABASE, *(DATABASE + more for more in _BESIDE), LOCK)]
    there = [status for status in statuses if status is not None]
    last = statuses[-1] or statuses[0]
    return CatalogFile(
        name=name,
        cache_path=_cache_path(own, name),
        files=len(there),
        size=sum(status.st_size for status in there),
        disk_size=sum(map(disk_size, there)),
        used_ns=last.st_mtime_ns if last is not None else 0,
        is_of_this_machine=is_of_this_machine,
    )


def _cache_path(own: OwnFolder, name: str) -> str | None:
    import sqlite3  # noqa: PLC0415 - as above

    with suppress(OSError, sqlite3.Error, UnicodeError):
        if check_database(own, name) is None:
            return None
        with closing(connect(os.path.join(own.path, name + DATABASE), "ro")) as connection, limited(connection):
            rows = connection.execute("SELECT value FROM meta WHERE name = 'cache'").fetchall()
        return next((os.fsdecode(value) for (value,) in rows if isinstance(value, bytes)), None)
    return None


def drop_catalog(own: OwnFolder, name: str) -> bool:
    """Remove a catalog with its lock, unless another run holds the lock; return whether it is gone."""
    descriptor = own.lock(name + LOCK)
    if descriptor is None:
        return False
    try:
        remove_database(own, name)
        own.unlink(name + LOCK)
    finally:
        unlock(descriptor)
    return True
