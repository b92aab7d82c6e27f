"""Counts of the entries of a catalog, by area and kind."""

import sqlite3
from itertools import groupby

from pipcacheplus.catalog.entry_rows import first_kind
from pipcacheplus.catalog.stored_facts import unpack
from pipcacheplus.model.values import Area, Count, Kind, Shape

__all__ = ["totals"]

_BELOW_WHEELS = (f"{Area.WHEELS.value}/".encode(), f"{Area.WHEELS.value}0".encode())
"""The ids of all entries in this area are between these: `0` follows `/`."""


def totals(connection: sqlite3.Connection, where: str) -> dict[tuple[Area, Kind], Count]:
    """Return the counts of entries that are listed; a file that several of them share counts once.

    Args:
        connection: Connection to a catalog that is up to date.
        where: The entries, a condition over `entry e`.

    Raises:
        RowDamagedError: A row is not one that was written.
    """
    found: dict[tuple[Area, Kind], Count] = {}
    select = (
        "SELECT e.area, e.kind, e.shape, count(*), sum(e.file_count), sum(e.size), sum(e.disk_size) FROM entry e"
        f" WHERE e.shape <> 'empty-directory' AND ({where}) GROUP BY 1, 2, 3"
    )
    for area, kind, shape, *counts in connection.execute(select):
        key = Area(area), Kind(kind if kind is not None else first_kind(shape))
        found[key] = found.get(key, Count()).plus(Count(*counts))
    twice = _counted_twice(connection, where)
    if twice.files:
        key = Area.WHEELS, Kind.BUILT_WHEEL
        found[key] = found[key].plus(Count(0, -twice.files, -twice.bytes, -twice.disk_bytes))
    return found


def _counted_twice(connection: sqlite3.Connection, where: str) -> Count:
    """Return the excess of the counts for files that lie beside several built wheels."""
    select = (
        "SELECT e.id, e.files FROM entry e WHERE e.id BETWEEN ? AND ? AND e.shape = ? AND e.file_count > 1"
        f" AND ({where}) ORDER BY e.id"
    )
    wheels = connection.execute(select, (*_BELOW_WHEELS, Shape.BUILT_WHEEL.value))
    more = Count()
    for _, group in groupby(wheels, key=lambda row: row[0].rpartition(b"/")[0]):
        _, *others = group
        for _, packed in others:
            for _, size, disk_size, *_ in unpack(packed)[0][1:]:
                more = more.plus(Count(0, 1, size, disk_size))
    return more
