"""What ledgers hold, written and recalled, and the database behind them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from pipcacheplus.catalog.database import Ledger
from pipcacheplus.catalog.rows import ReadResult
from pipcacheplus.model.values import Entry
from tests.support.values import a_file, an_entry

__all__ = ["BODY", "BROKEN", "HEAD", "PAIR", "UNKNOWN", "WHOLE", "database", "entry", "noted", "recalled"]

WHOLE = ReadResult(
    sha256="a1" * 32,
    blake2b="b2" * 32,
    md5="c3" * 16,
    metadata_sha256="d4" * 32,
    damage=None,
    is_unknown=False,
)
BROKEN = ReadResult(
    sha256=None,
    blake2b=None,
    md5=None,
    metadata_sha256=None,
    damage="ends inside the central directory",
    is_unknown=False,
)
UNKNOWN = replace(BROKEN, damage=None, is_unknown=True)

HEAD = a_file("http-v2/a/b/c/d/e/abcde", size=300)
BODY = a_file("http-v2/a/b/c/d/e/abcde.body", size=5000)
PAIR = an_entry(HEAD, BODY)


def entry(name: str) -> Entry:
    """Return an entry of `http-v2`, a head and a body."""
    return an_entry(f"http-v2/{name}", f"http-v2/{name}.body")


def noted(folder: Path, *entries: Entry, verified: ReadResult = WHOLE) -> str:
    """Write a ledger of these entries, and return its path."""
    with Ledger(str(folder), "/cache") as ledger:
        for one in entries:
            ledger.note(one, verified)
    assert ledger.trouble is None
    return ledger.path


def recalled(folder: Path, *entries: Entry) -> list[ReadResult | None]:
    """Ask a ledger in a new run for these entries."""
    with Ledger(str(folder), "/cache") as ledger:
        found = [ledger.known(one) for one in entries]
    assert ledger.trouble is None
    return found


@contextmanager
def database(path: str) -> Iterator[sqlite3.Connection]:
    """Open the database that a ledger is."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection
