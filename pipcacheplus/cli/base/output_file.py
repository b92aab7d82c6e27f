"""The file that keeps the rows of many caches: its name is examined before the work, and decides the format."""

import os
from typing import TYPE_CHECKING

from pipcacheplus.errors import BadRequestError

if TYPE_CHECKING:  # slow to import, and most runs are of one cache
    from pipcacheplus.fleet.gathered import Gathered

__all__ = ["new_file", "write_rest"]

_SQLITE = (".sqlite", ".sqlite3", ".db")
_PARQUET = ".parquet"


def new_file(output: str | None) -> str:
    """Return the path of the database; empty: one without a name.

    Raises:
        BadRequestError: The name has another ending, or the file exists, or cannot be written. It is refused before the
            work, which can take hours.
    """
    if output is None:
        return ""
    if not output.endswith((*_SQLITE, _PARQUET)):
        raise BadRequestError(output, "ends with neither .sqlite nor .parquet", "name such a file")
    if os.path.lexists(output):
        raise BadRequestError(output, "exists", "name a new file")
    folder = os.path.dirname(output) or os.curdir
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise BadRequestError(output, "cannot be written", "name a file in a directory that you can write to")
    if output.endswith(_SQLITE):
        return output
    from pipcacheplus.fleet.parquet import require_pyarrow  # noqa: PLC0415 - slow to import, and most runs are of one cache

    require_pyarrow(output)
    return ""


def write_rest(output: str | None, gathered: "Gathered") -> None:
    """Write what the database itself does not hold: nothing for SQLite, whose file is the database.

    Raises:
        OSError: The file cannot be written.
    """
    if output is not None and output.endswith(_PARQUET):
        from pipcacheplus.fleet.parquet import write_parquet  # noqa: PLC0415 - needs an extra

        write_parquet(output, gathered.entries())
