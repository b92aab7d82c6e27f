"""Transactions of a catalog: each ends in a state that the next run can go on from."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["commit", "transaction"]


@contextmanager
def transaction(connection: sqlite3.Connection, *, commits: bool = False) -> Iterator[None]:
    """Do what is in the block as a whole, or not at all.

    Args:
        connection: With transactions that are begun by hand.
        commits: Whether it is written at once; else the transaction stays open: each time that something is written,
            a disk has to be waited for.

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
    """Write what a transaction that is open holds, if there is one.

    Raises:
        sqlite3.Error: It cannot be written.
    """
    if connection.in_transaction:
        connection.execute("COMMIT")
