"""Reading of a file that the user names: a plan, a lock, a report."""

import os
import stat

from pipcacheplus.errors import BadRequestError

__all__ = ["read_user_file", "unusable"]

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)


def read_user_file(path: str, *, what: str, max_bytes: int) -> tuple[bytes, int]:
    """Return all of a regular file, and when it was written, in nanoseconds since 1970; a link is followed.

    Args:
        path: Path of the file.
        what: Its purpose, for errors: `plan`.
        max_bytes: Most bytes that it may have.

    Raises:
        BadRequestError: There is none, it cannot be read, is not a regular file, or is too long.
    """
    try:
        descriptor = os.open(path, _READ)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BadRequestError(path, "is not a regular file", f"name the file of the {what}")
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise unusable(path, "read", error, what=what) from error
    if len(data) > max_bytes:
        raise BadRequestError(path, f"has more than {max_bytes:,} bytes", f"name the file of the {what}")
    return data, status.st_mtime_ns


def unusable(path: str, verb: str, error: Exception, *, what: str) -> BadRequestError:
    """Return the error of a file that cannot be read or written."""
    why = getattr(error, "strerror", None) or error
    return BadRequestError(path, f"cannot be {verb} ({why})", f"name another file for the {what}")
