"""Write a report to a file of the user's: whole or not at all, in place of nothing but a report."""

import os
import stat
from collections.abc import Iterable

from pipcacheplus.apply.export_file import beside
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.user_files import unusable

__all__ = ["check_place", "write_report"]

_NEW: int = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_LOOK: int = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def check_place(path: str, *, mark: bytes, force: bool) -> os.stat_result | None:
    """Return the status of the file that a report will replace, `None` if there is none.

    Args:
        path: Of the report.
        mark: The beginning of every report.
        force: Whether any regular file may be replaced, and not just a report.

    Raises:
        BadRequestError: The file there may not be replaced.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise unusable(path, "written", error, what="report") from error
    if not stat.S_ISREG(found.st_mode):
        # A link too: others who can make one in a shared directory would choose the file that is overwritten.
        raise BadRequestError(path, "is no regular file", "name a new file")
    if not force and not _begins_with(path, mark):
        raise BadRequestError(path, "exists, and is no report", "name another file, or pass `force=True`")
    return found


def _begins_with(path: str, mark: bytes) -> bool:
    try:
        with open(os.open(path, _LOOK), "rb", buffering=0) as file:
            return file.read(len(mark)) == mark
    except OSError:
        return False


def write_report(pieces: Iterable[str], path: str, *, mark: bytes, force: bool) -> int:
    """Write a report, and return its bytes; until it is whole, it has another name beside its own.

    Args:
        pieces: Of its text, which is ASCII.
        path: Where to; absolute.
        mark: As of `check_place`.
        force: As of `check_place`.

    Raises:
        BadRequestError: It cannot be written, or something else lies there.
    """
    try:
        with beside(path) as name:
            size = _write(pieces, name)
            former = check_place(path, mark=mark, force=force)
            if former is not None:  # who has hidden the former report from others does not want this one shown
                os.chmod(name, stat.S_IMODE(former.st_mode))
            os.replace(name, path)
            return size
    except OSError as error:
        raise unusable(path, "written", error, what="report") from error


def _write(pieces: Iterable[str], name: str) -> int:
    with open(os.open(name, _NEW, 0o666), "wb") as file:
        file.writelines(piece.encode("ascii") for piece in pieces)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()
