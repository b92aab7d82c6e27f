"""Arguments of the Python interface: reject values that would be treated as something else.

One rule for each sort of argument:

- an age, or a time to wait, is a number of seconds or a `timedelta`, finite and 0 or more;
- a bool is not a number, and a number is not a switch: `True` is never one second, and 0 never "no";
- a string is one word, and never a list of letters.
"""

import math
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipcacheplus.errors import BadRequestError

if TYPE_CHECKING:  # slow to import
    from datetime import datetime, timedelta

__all__ = ["age_in_seconds", "check_switches", "moment_in_seconds", "number_of_bytes", "number_of_versions", "several"]


def age_in_seconds(name: str, age: "float | timedelta") -> float:
    """Return an age, or a time to wait, in seconds.

    Args:
        name: Name of the argument.
        age: Seconds, or a `timedelta`.

    Raises:
        BadRequestError: It is neither, a bool, negative, infinite or not a number.

    >>> age_in_seconds("min_age_s", 90)
    90.0
    """
    if isinstance(age, int | float) and not isinstance(age, bool):
        seconds = _as_float(age)
    else:
        from datetime import timedelta  # noqa: PLC0415 - slow to import, and few pass one

        seconds = age.total_seconds() if isinstance(age, timedelta) else math.nan
    if not 0 <= seconds < math.inf:
        raise BadRequestError(
            what=f"`{name}`", problem=f"{age!r} is not an age", next_step="pass seconds, 0 or more, or a timedelta"
        )
    return seconds


def moment_in_seconds(name: str, moment: "float | timedelta | datetime", now_s: float) -> float:
    """Return a past time, given as an age or a date, in seconds since 1970.

    Args:
        name: Name of the argument.
        moment: An age, in seconds or as a `timedelta`; or a `datetime`, in local time if it has no zone.
        now_s: The present.

    Raises:
        BadRequestError: It is none of these, or not an age; or the system has no such date.

    >>> moment_in_seconds("built_before", 90, 100.0)
    10.0
    """
    if not isinstance(moment, int | float):
        from datetime import datetime  # noqa: PLC0415 - slow to import, and few pass one

        if isinstance(moment, datetime):
            try:
                return moment.timestamp()
            except (OverflowError, OSError, ValueError):
                raise BadRequestError(
                    what=f"`{name}`", problem=f"{moment!r} is not a date of this system", next_step="pass another one"
                ) from None
    return now_s - age_in_seconds(name, moment)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def number_of_bytes(name: str, size: object) -> int:
    """Return a size in bytes.

    Raises:
        BadRequestError: It is not a whole number, is a bool, or negative.
    """
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise BadRequestError(
            what=f"`{name}`", problem=f"{size!r} is not a size", next_step="pass a whole number of bytes, 0 or more"
        )
    return size


def number_of_versions(name: str, number: object) -> int | None:
    """Return the number of versions: `True` is one; `None` for `False`.

    Raises:
        BadRequestError: It is neither a switch nor a whole number of 1 or more.
    """
    if number is False:
        return None
    if not isinstance(number, int) or number < 1:
        raise BadRequestError(
            what=f"`{name}`", problem=f"{number!r} is not a number of versions", next_step="pass True, or 1 or more"
        )
    return int(number)


def check_switches(**switches: object) -> None:
    """Reject a value that is not a bool: `"no"` would be treated as true, and 0 as false.

    Raises:
        TypeError: One of them is not.
    """
    for name, value in switches.items():
        if not isinstance(value, bool):
            message = f"{name} is True or False, not {value!r}"
            raise TypeError(message)


def several(name: str, words: "Iterable[str | os.PathLike[str]]") -> tuple[str, ...]:
    """Return the words of an argument that is a list.

    Raises:
        TypeError: It is a single one, or one of them is neither a str nor a path.

    >>> several("keep", ["idna", "six"])
    ('idna', 'six')
    """
    if isinstance(words, str | bytes | os.PathLike):
        message = f"{name} is a list: pass [{words!r}], not {words!r}"
        raise TypeError(message)
    return tuple(_word(name, word) for word in words)


def _word(name: str, word: object) -> str:
    found = os.fspath(word) if isinstance(word, os.PathLike) else word
    if not isinstance(found, str):
        message = f"{name} is a list of str, and {word!r} is not a str"
        raise TypeError(message)
    return found
