"""Write a plan to a file of the user's, and read it again."""

import os
import stat

from pipcacheplus.errors import BadRequestError
from pipcacheplus.plan.saved import MAX_PLAN_BYTES

__all__ = ["read_plan", "write_plan"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def write_plan(text: str, path: str) -> None:
    """Write a file that does not exist yet; if it cannot be written whole, it goes again.

    Raises:
        BadRequestError: It exists, or cannot be written.
    """
    try:
        descriptor = os.open(path, _NEW, 0o666)
    except FileExistsError:
        raise BadRequestError(path, "exists", "name a new file for the plan") from None
    except (OSError, ValueError) as error:
        raise _unusable(path, "written", error) from error
    try:
        with open(descriptor, "w", encoding="ascii", newline="\n") as file:
            file.write(text)
    except OSError as error:
        os.unlink(path)
        raise _unusable(path, "written", error) from error


def read_plan(path: str) -> str:
    """Return the text of a regular file.

    Raises:
        BadRequestError: It is none, cannot be read, is too long, or is no text.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            data = file.read(MAX_PLAN_BYTES + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except (OSError, ValueError) as error:
        raise _unusable(path, "read", error) from error
    try:
        return data.decode("ascii") if len(data) <= MAX_PLAN_BYTES else ""
    except UnicodeError:
        return ""


def _unusable(path: str, verb: str, error: Exception) -> BadRequestError:
    why = getattr(error, "strerror", None) or error
    return BadRequestError(path, f"cannot be {verb} ({why})", "name another file for the plan")
