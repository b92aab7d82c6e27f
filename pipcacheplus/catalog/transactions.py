"""Transactions of a catalog: each ends in a state from which the next run can continue."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["commit", "transaction"]


@contextmanager
def transaction(connection: sqlite3.Connection, *, commits: bool = False) -> Iterator[None]:
    """Carry out the block as a whole, or not at all.

    Args:
        connection: Connection with explicit transactions.
        commits: Whether it is written at once; otherwise the transaction stays open, because each write has to wait
            for the disk.

    Raises:
        sqlite3.Error: It cannot be written.
    """
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")
    connection.execute("SAVEPOINT block")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO block")
            connection.execute("RELEASE block")
        raise
    connection.execute("RELEASE block")
    if commits:
        commit(connection)


def commit(connection: sqlite3.Connection) -> None:
    """Commit the open transaction, if there is one.

    Raises:
        sqlite3.Error: It cannot be written.
    """
    if connection.in_transaction:
        connection.execute("COMMIT")
