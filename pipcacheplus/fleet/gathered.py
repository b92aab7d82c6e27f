"""Results of many caches in one SQLite database: rows of caches, entries and findings, added up without holding them.

It is a file without a name unless the user names one, so that any number of entries takes little memory.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from pipcacheplus.fleet.find import FoundCache
from pipcacheplus.fleet.rows import ENTRY, FINDING
from pipcacheplus.fleet.unit import UnitResult
from pipcacheplus.model.terms import FILE_KINDS, WHEEL_KINDS, Kind
from pipcacheplus.pips.urls import host_of

__all__ = ["Damage", "Gathered", "SharedBytes", "gathering"]

_MOST = 10
"""Projects that are listed."""
_PAGES = 2_000
"""Pages of 4 KiB that are held in memory."""
_WHEELS = ", ".join(f"'{kind.value}'" for kind in sorted(WHEEL_KINDS))
_WITH_DIGEST = ", ".join(f"'{kind.value}'" for kind in sorted({*FILE_KINDS, Kind.BUILT_WHEEL}))
"""Kinds of entries whose digest reading shows."""
_ENTRY_TYPES = {"size": "INTEGER", "disk_size": "INTEGER"}


def _columns(names: Mapping[str, object]) -> str:
    return ", ".join(f'"{name}" {_ENTRY_TYPES.get(name, "TEXT")}' for name in names)


_SCHEMA = f"""
CREATE TABLE cache (
    number INTEGER PRIMARY KEY, path TEXT NOT NULL, uid INTEGER, owner TEXT, file_system TEXT,
    mounted_from TEXT, exit_code INTEGER NOT NULL, error TEXT, seconds REAL NOT NULL
);
CREATE TABLE entry (cache INTEGER NOT NULL REFERENCES cache (number), {_columns(ENTRY)});
CREATE TABLE finding (cache INTEGER NOT NULL REFERENCES cache (number), {_columns(FINDING)});
"""


class SharedBytes(NamedTuple):
    """Content that lies in several caches."""

    contents: int
    """Contents, by their SHA-256, that lie in more than one cache."""
    copies: int
    """Their entries."""
    saved_bytes: int
    """Bytes on disk that one copy of each would save."""
    unknown: int
    """Entries with a file that was not read to its end, so that its content may lie elsewhere too."""


class Damage(NamedTuple):
    """Damaged entries on the file systems from one place."""

    file_system: str | None
    """Kind of the file system: `nfs4`."""
    mounted_from: str | None
    """`server:/export`, or the device."""
    caches: int
    entries: int


class Gathered:
    """The database of one run."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, cache: FoundCache, place: Mapping[str, Any], code: int, result: UnitResult) -> None:
        """Add the result of a cache, with the rows of its entries and findings.

        Args:
            cache: The cache.
            place: Its `owner`, `file_system` and `mounted_from`, each a text or `None`.
            code: The exit code that it contributes.
            result: Of the command.
        """
        with self._connection:
            number = self._connection.execute(
                "INSERT INTO cache VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    _stored(cache.path),
                    cache.uid,
                    *(_stored(place[name]) for name in ("owner", "file_system", "mounted_from")),
                    code,
                    _stored(result.error),
                    result.seconds,
                ),
            ).lastrowid
            for table, columns, rows in (("entry", ENTRY, result.entries), ("finding", FINDING, result.findings)):
                marks = ", ".join("?" * (len(columns) + 1))
                self._connection.executemany(
                    f"INSERT INTO {table} VALUES ({marks})",  # noqa: S608 - our names
                    ((number, *row) for row in rows),
                )

    def projects(self) -> list[tuple[str, int, int, int]]:
        """Return the largest projects: name, caches, entries, bytes on disk."""
        return self._connection.execute(
            "SELECT project, count(DISTINCT cache), count(*), coalesce(sum(disk_size), 0) FROM entry"
            " WHERE project IS NOT NULL GROUP BY 1 ORDER BY 4 DESC, 1 LIMIT ?",
            (_MOST,),
        ).fetchall()

    def sums(self, most: int) -> list[tuple[str, str | None, str, str | None, int, int]]:
        """Return sums of entries by owner, project, kind and host, the largest first: entries, bytes on disk.

        Args:
            most: Sums that are returned; the others are added up without the project, and come last.
        """
        rows = self._connection.execute(
            "SELECT coalesce(c.owner, c.uid, 'unknown user'), e.project, e.kind, host_of(e.url_shown), count(*),"
            " coalesce(sum(e.disk_size), 0) FROM entry e JOIN cache c ON c.number = e.cache GROUP BY 1, 2, 3, 4"
            " ORDER BY 6 DESC"
        )
        first = [(str(user), project, str(kind), *more) for user, project, kind, *more in islice(rows, most)]
        rest: dict[tuple[str, str], list[int]] = {}
        for user, _, kind, _, n, size in rows:
            sums = rest.setdefault((str(user), str(kind)), [0, 0])
            sums[0] += n
            sums[1] += size
        return [*first, *((user, "other projects", kind, None, n, size) for (user, kind), (n, size) in rest.items())]

    def damaged(self, most: int) -> list[Mapping[str, Any]]:
        """Return findings of damage with the path and owner of their cache."""
        return [*islice(self.findings("f.severity = 'error'"), most)]

    def findings(self, where: str = "1") -> Iterator[Mapping[str, Any]]:
        """Yield the findings for which a condition is true, with the path and owner of their cache."""
        names = ("cache", "owner", *FINDING)
        columns = ", ".join(f'f."{name}"' for name in FINDING)
        rows = self._connection.execute(
            f"SELECT c.path, c.owner, {columns} FROM finding f JOIN cache c ON c.number = f.cache"  # noqa: S608 - as above
            f" WHERE {where} ORDER BY c.path, f.id"
        )
        return (dict(zip(names, row, strict=True)) for row in rows)

    def shared(self) -> SharedBytes:
        """Return how much lies in several caches; entries without a digest are only counted."""
        contents, copies, saved_bytes = self._connection.execute(
            "SELECT count(*), coalesce(sum(n), 0), coalesce(sum(bytes - largest), 0) FROM ("
            "SELECT count(*) AS n, sum(disk_size) AS bytes, max(disk_size) AS largest FROM entry"
            " WHERE sha256 IS NOT NULL GROUP BY sha256 HAVING count(DISTINCT cache) > 1)"
        ).fetchone()
        (unknown,) = self._connection.execute(
            f"SELECT count(*) FROM entry WHERE sha256 IS NULL AND kind IN ({_WITH_DIGEST})"  # noqa: S608 - our names
        ).fetchone()
        return SharedBytes(contents, copies, saved_bytes, unknown)

    def damage(self) -> list[Damage]:
        """Return the file systems of damaged entries, those with the most entries first."""
        rows = self._connection.execute(
            "SELECT c.file_system, c.mounted_from, count(DISTINCT c.number),"
            " count(DISTINCT c.number || ' ' || f.id) FROM finding f JOIN cache c ON c.number = f.cache"
            " WHERE f.severity = 'error' GROUP BY 1, 2 ORDER BY 4 DESC, 2, 1"
        )
        return [Damage(*row) for row in rows]

    def wheels(self) -> Iterator[tuple[str, str | None, int, int, int]]:
        """Yield sums of wheels with the same tags: tags, interpreter that built them, cache, entries, bytes on disk."""
        return self._connection.execute(
            "SELECT tags, interpreter, cache, count(*), coalesce(sum(disk_size), 0) FROM entry"  # noqa: S608 - as above
            f" WHERE kind IN ({_WHEELS}) AND tags IS NOT NULL GROUP BY 1, 2, 3"
        )

    def entries(self) -> Iterator[Mapping[str, Any]]:
        """Yield the entries with the path and owner of their cache, in order of projects."""
        names = ("cache", "owner", *ENTRY)
        columns = ", ".join(f'e."{name}"' for name in ENTRY)
        rows = self._connection.execute(
            f"SELECT c.path, c.owner, {columns} FROM entry e JOIN cache c ON c.number = e.cache"  # noqa: S608 - as above
            " ORDER BY e.project IS NULL, e.project, e.version, c.path, e.id"
        )
        return (dict(zip(names, row, strict=True)) for row in rows)


def _stored(text: str | None) -> str | None:
    """Return a text that SQLite accepts: a path or an error can have bytes that are not UTF-8."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def gathering(path: str = "") -> Iterator[Gathered]:
    """Yield an empty database, in a new file if a path is given.

    Raises:
        sqlite3.Error: The file cannot be written.
    """
    connection = sqlite3.connect(path)
    try:
        connection.execute(f"PRAGMA cache_size = {_PAGES}")
        connection.create_function("host_of", 1, host_of, deterministic=True)
        connection.executescript(_SCHEMA)
        yield Gathered(connection)
    finally:
        connection.close()
