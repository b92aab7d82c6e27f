"""Whose a database is, of which version, and how one is begun anew."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

__all__ = ["RefusedError", "prepare"]


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
    wanted = (application, version, frozenset(table.encode() for table in tables.values()))
    if _Mark.of(connection).has(*wanted):
        return
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        mark = _Mark.of(connection)
        if mark.has(*wanted):
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
