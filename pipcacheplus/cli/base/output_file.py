"""The file that keeps the rows of many caches: its name is examined before the work, and decides the format."""

import os
from typing import TYPE_CHECKING

from pipcacheplus.errors import BadRequestError

if TYPE_CHECKING:  # slow to import, and most runs are of one cache
    from pipcacheplus.fleet.gathered import Gathered

__all__ = ["new_file", "write_rest"]

_SQLITE = (".sqlite", ".sqlite3", ".db")
_PARQUET = ".parquet"
_FINDINGS = ".findings.parquet"
"""The end of the name of the second file, which `verify` writes."""
_WITH_FINDINGS = "verify"
_WITHOUT_ENTRIES = "prune"


def new_file(output: str | None, command: str) -> str:
    """Return the path of the database; empty: one without a name.

    Args:
        output: Name of the file for the rows, if there is one.
        command: Name of the command whose rows it will have.

    Raises:
        BadRequestError: The name has another ending, or the file exists, or cannot be written, or would have no rows.
            It is refused before the work, which can take hours.
    """
    if output is None:
        return ""
    if not output.endswith((*_SQLITE, _PARQUET)):
        raise BadRequestError(output, "ends with neither .sqlite nor .parquet", "name such a file")
    for path in _files(output, command):
        if os.path.lexists(path):
            raise BadRequestError(path, "exists", "name a new file")
    folder = os.path.dirname(output) or os.curdir
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise BadRequestError(output, "cannot be written", "name a file in a directory that you can write to")
    if output.endswith(_SQLITE):
        return output
    if command == _WITHOUT_ENTRIES:
        step = "use a name that ends with .sqlite, which gets a row for each cache"
        raise BadRequestError(output, f"would have no rows, as {command} lists no entries", step)
    from pipcacheplus.fleet.parquet import require_pyarrow  # noqa: PLC0415 - slow to import, and most runs are of one cache

    require_pyarrow(output)
    return ""


def _files(output: str, command: str) -> list[str]:
    """Return the files that are written for a name: that of the entries first."""
    has_two = output.endswith(_PARQUET) and command == _WITH_FINDINGS
    return [output, *([output.removesuffix(_PARQUET) + _FINDINGS] if has_two else [])]


def write_rest(output: str | None, gathered: "Gathered", command: str) -> None:
    """Write what the database itself does not hold: nothing for SQLite, whose file is the database.

    Raises:
        OSError: A file cannot be written.
    """
    if output is None or not output.endswith(_PARQUET):
        return
    from pipcacheplus.fleet.parquet import write_parquet  # noqa: PLC0415 - needs an extra
    from pipcacheplus.fleet.rows import ENTRY, FINDING  # noqa: PLC0415 - slow to import, and most runs are of one cache

    path, *more = _files(output, command)
    write_parquet(path, gathered.entries(), ENTRY)
    for one in more:
        write_parquet(one, gathered.findings(), FINDING)
