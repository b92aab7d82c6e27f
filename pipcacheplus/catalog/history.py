"""History of a cache: counts by kind for each day on which a run brought its catalog up to date, for two years."""

import sqlite3
from collections.abc import Iterator
from datetime import date

from pipcacheplus.catalog.results import DayCount
from pipcacheplus.catalog.totals import totals
from pipcacheplus.catalog.transactions import transaction
from pipcacheplus.model.values import Count, Kind

__all__ = ["DAYS_KEPT", "history_of", "note_day"]

DAYS_KEPT = 731
"""Two years, with a leap day."""
_DAY_NS = 86_400 * 10**9
_FIRST = 719_163
"""The number of 1970-01-01 among the days of the calendar."""
_KINDS = {kind.value: kind for kind in Kind}


def note_day(connection: sqlite3.Connection, clock_ns: int, *, has_changed: bool) -> None:
    """Store the counts of today (UTC), in place of those of an earlier run of today if the cache has changed since.

    Days that are older than two years go, and so do days that are still to come: a clock was wrong.

    Args:
        connection: Of a catalog that is up to date.
        clock_ns: Now, in nanoseconds since 1970.
        has_changed: Whether this run found an entry that is new, changed or gone.

    Raises:
        RowDamagedError: A row of an entry is not one that was written.
        sqlite3.Error: The catalog cannot be used.
    """
    today = clock_ns // _DAY_NS
    if not has_changed and connection.execute("SELECT 1 FROM history WHERE day = ? LIMIT 1", (today,)).fetchone():
        return
    by_kind: dict[Kind, Count] = {}
    for (_, kind), count in totals(connection, "1").items():
        by_kind[kind] = by_kind.get(kind, Count()).plus(count)
    found = [(today, kind.value, one.entries, one.bytes, one.disk_bytes) for kind, one in by_kind.items()]
    # Without any row, no run would seem to have read a cache that became empty.
    found = found or [(today, Kind.FOREIGN.value, 0, 0, 0)]
    with transaction(connection):
        connection.execute("DELETE FROM history WHERE day >= ? OR day <= ?", (today, today - DAYS_KEPT))
        connection.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?)", found)


def history_of(connection: sqlite3.Connection) -> tuple[DayCount, ...]:
    """Return the stored counts in order of days, without rows that are no counts."""
    rows = connection.execute("SELECT day, kind, entries, bytes, disk_bytes FROM history ORDER BY day, kind")
    return tuple(_sound(rows))


def _sound(rows: sqlite3.Cursor) -> Iterator[DayCount]:
    for day, kind, *counts in rows:
        if kind not in _KINDS or not all(isinstance(one, int) and one >= 0 for one in (day, *counts)):
            continue
        if _FIRST + day <= date.max.toordinal():
            yield DayCount(date.fromordinal(_FIRST + day), _KINDS[kind], *counts)
