"""Marks: times that a user stores for a cache, to find later the entries that were not used since."""

import os

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.marks import MARK_NAME, Marks
from pipcacheplus.host.state import why_unusable

__all__ = ["check_mark_name", "moment_of_mark", "names_of_marks", "set_mark"]

_NS = 1e9


def set_mark(cache_path: str, name: str) -> float:
    """Store the present time as a mark, and return it in seconds since 1970.

    Raises:
        BadRequestError: The name is invalid, or the state directory cannot be written.
    """
    check_mark_name(name)
    try:
        return Marks().set(os.path.realpath(cache_path), name) / _NS
    except OSError as error:
        raise _unusable(error, verb="written") from error


def moment_of_mark(cache_path: str, name: str) -> float | None:
    """Return when a cache was marked, in seconds since 1970; `None` if it was not.

    Raises:
        BadRequestError: The name is invalid, or the state directory cannot be read.
    """
    check_mark_name(name)
    try:
        found = Marks().moment_ns(os.path.realpath(cache_path), name)
    except OSError as error:
        raise _unusable(error, verb="read") from error
    return None if found is None else found / _NS


def names_of_marks(cache_path: str) -> tuple[str, ...]:
    """Return the names of the marks of a cache, sorted.

    Raises:
        BadRequestError: The state directory cannot be read.
    """
    try:
        return Marks().names(os.path.realpath(cache_path))
    except OSError as error:
        raise _unusable(error, verb="read") from error


def check_mark_name(name: str) -> None:
    """Refuse an invalid name of a mark.

    Raises:
        BadRequestError: It is invalid.
    """
    if not MARK_NAME.fullmatch(name):
        raise BadRequestError(repr(name), "is not the name of a mark", "use letters, digits, _ and -, a letter first")


def _unusable(error: OSError, *, verb: str) -> BadRequestError:
    return BadRequestError("the mark", f"cannot be {verb} ({why_unusable(error)})", "see `state()`, or pass a date")
