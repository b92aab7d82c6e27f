"""Catalogs of a small schema: what is in them, their files, and programs that use them as another user."""

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pipcacheplus.catalog.store import Schema, Store, open_store
from tests.support.processes import run

__all__ = [
    "CACHE",
    "SCHEMA",
    "add",
    "database",
    "facts",
    "file_of_catalog",
    "filled",
    "forged",
    "one_run",
    "run_as",
]

CACHE = "/cache"
SCHEMA = Schema(
    application=0x74657374,
    version=3,
    tables={
        "fact": "CREATE TABLE fact (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID",
        "fact_value": "CREATE INDEX fact_value ON fact (value)",
    },
)


def add(store: Store, *names: str) -> None:
    """Write facts in one transaction."""
    store.connection.execute("BEGIN IMMEDIATE")
    store.connection.executemany("INSERT INTO fact VALUES (?, randomblob(100))", ((name,) for name in names))
    store.connection.execute("COMMIT")


def facts(store: Store) -> list[str]:
    """Return the names of what is in a catalog."""
    return [name for (name,) in store.connection.execute("SELECT name FROM fact ORDER BY name")]


def one_run(folder: Path | None, *names: str, cache: str = CACHE) -> tuple[list[str], str | None]:
    """Return what a run finds, and its trouble; then it writes."""
    with open_store(cache, SCHEMA, folder=None if folder is None else str(folder)) as store:
        found = facts(store)
        add(store, *names)
        assert store.is_file is (store.trouble is None and folder is not None)
        return found, store.trouble


def filled(folder: Path, *names: str, cache: str = CACHE) -> Path:
    """Write a catalog, and return the path of its database."""
    before = set(folder.glob("catalogs/*.sqlite3"))
    assert one_run(folder, *names, cache=cache)[1] is None
    (made,) = set(folder.glob("catalogs/*.sqlite3")) - before
    return made


def file_of_catalog(folder: Path) -> Path:
    """Return the path of the only database."""
    (path,) = folder.glob("catalogs/*.sqlite3")
    return path


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database as any program would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


@contextmanager
def forged(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database as somebody would who changes it so that the checksum of its file does not tell."""
    with database(path) as connection:
        yield connection
    os.truncate(path.with_suffix(".lock"), 0)


_AS_USER = """
import fcntl, json, os, pwd, sqlite3, sys
import filelock, platformdirs, psutil
from pathlib import Path
from pipcacheplus.host import interpreter_cache, state
from tests.support.stores import *
uid, code, *arguments = sys.argv[1:]
os.setgroups([])
os.setgid(int(uid))
os.setuid(int(uid))
exec(code)
print(json.dumps(result))
"""


def run_as(uid: int, code: str, *arguments: str | Path, env: dict[str, str] | None = None) -> object:
    """Run code in a process of another user, or of root, and return what it puts into `result`.

    Args:
        uid: Of the user. All is imported before: our own files may be readable for root alone.
        code: Statements; they find the arguments as `arguments`, and the names of this module.
        arguments: For the code.
        env: Variables besides those of this process.
    """
    command = [sys.executable, "-W", "error", "-c", _AS_USER, str(uid), code, *map(str, arguments)]
    done = run(command, is_checked=True, env={**os.environ, **(env or {})}, cwd=Path(__file__).parents[2])
    return json.loads(done.stdout)
