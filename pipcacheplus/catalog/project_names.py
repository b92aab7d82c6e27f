"""Names of projects in the catalog of a cache, for completion: the cache is not looked at, and nothing is written."""

import os
import re
from collections.abc import Callable
from contextlib import closing, suppress

from pipcacheplus.catalog.files import DATABASE, FOLDER, check_database, connect, name_of
from pipcacheplus.catalog.schema import APPLICATION, VERSION
from pipcacheplus.host.state import open_own_folder

__all__ = ["project_names"]

_MOST = 1000
_STEPS = 2_000
"""Steps of SQLite's virtual machine from one look at the clock to the next: some tenths of a millisecond."""
_CANONICAL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""PEP 503. What a file in a cache says may be anything else, and never reaches a shell."""


def project_names(
    cache_path: str, folder: str, begins: str, *, clock_s: Callable[[], float], limit_s: float
) -> list[str]:
    """Return canonical names of projects that begin in a way, sorted, a thousand at most.

    Nothing is returned if there is no catalog, if it is of another version, damaged, locked or not of pipcacheplus. The
    catalog of a large cache is read until the time is up: then some names are missing.

    Args:
        cache_path: The cache directory.
        folder: Our state directory, absolute.
        begins: How the names begin.
        clock_s: Returns seconds that never go back.
        limit_s: How long to read.
    """
    import sqlite3  # noqa: PLC0415 - slow to import, and missing from some builds of Python

    end_s = clock_s() + limit_s
    found = set[str]()
    with suppress(OSError, sqlite3.Error, UnicodeError), open_own_folder(folder, FOLDER) as own:
        name = name_of(os.path.realpath(cache_path), own)
        if check_database(own, name) is None:
            return []
        with closing(connect(os.path.join(own.path, name + DATABASE), "ro")) as connection:
            connection.set_progress_handler(lambda: clock_s() > end_s, _STEPS)
            kept = [connection.execute(f"PRAGMA {one}").fetchone()[0] for one in ("application_id", "user_version")]
            if kept != [APPLICATION, VERSION]:
                return []
            select = "SELECT DISTINCT project FROM entry WHERE project >= ? AND project < ? LIMIT ?"
            for (project,) in connection.execute(select, (begins, begins + "\x7f", _MOST)):
                if isinstance(project, str) and _CANONICAL.fullmatch(project):
                    found.add(project)
    return sorted(found)
