"""Pips that a cache itself proves to have used it, whichever are found on this machine."""

import sqlite3

from pipcacheplus.model.values import Area, Shape

__all__ = ["proved_pips"]

_PROOFS = (
    (">=23.3", Area.HTTP_V2, f"e.shape IN ('{Shape.PAIR.value}', '{Shape.HEAD.value}', '{Shape.BODY.value}')"),
    (">=6.0,<7.0", Area.HTTP, f"e.shape = '{Shape.SINGLE.value}' AND e.is_pickle"),
)
"""Entries that only pips of some versions write, with their directory, as a condition over `entry e`.

Source: pip 23.3 `_internal/network/cache.py` is the first to write `http-v2`; pip 6.0 to 6.1.1
`_vendor/cachecontrol/serialize.py` are the last to write `cc=1`, a pickle.
"""


def proved_pips(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the versions of pip that have written entries of an up-to-date catalog: `>=23.3`, `>=6.0,<7.0`."""
    found: list[str] = []
    for pips, area, condition in _PROOFS:
        low, high = f"{area.value}/".encode(), f"{area.value}0".encode()  # `0` comes next to `/`
        select = f"SELECT 1 FROM entry e WHERE e.id > ? AND e.id < ? AND {condition} LIMIT 1"
        if connection.execute(select, (low, high)).fetchone() is not None:
            found.append(pips)
    return tuple(found)
