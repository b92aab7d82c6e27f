"""Writing of a plan to a file of the user, and reading."""

import os

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.user_files import read_user_file, unusable
from pipcacheplus.plan.saved import MAX_PLAN_BYTES

__all__ = ["read_plan", "write_plan"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def write_plan(text: str, path: str) -> None:
    """Write a file that does not exist yet; if it cannot be written completely, it is removed again.

    Raises:
        BadRequestError: It exists, or cannot be written.
    """
    try:
        descriptor = os.open(path, _NEW, 0o666)
    except FileExistsError:
        raise BadRequestError(path, "exists", "name a new file for the plan") from None
    except (OSError, ValueError) as error:
        raise unusable(path, "written", error, what="plan") from error
    try:
        with open(descriptor, "w", encoding="ascii", newline="\n") as file:
            file.write(text)
    except OSError as error:
        os.unlink(path)
        raise unusable(path, "written", error, what="plan") from error


def read_plan(path: str) -> str:
    """Return the text of a regular file.

    Raises:
        BadRequestError: It is not one, cannot be read, or is too long.
    """
    data, _ = read_user_file(path, what="plan", max_bytes=MAX_PLAN_BYTES)
    try:
        return data.decode("ascii")
    except UnicodeError:
        return ""
