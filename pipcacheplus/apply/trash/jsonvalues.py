"""Lines of JSON, and what one has to hold where it was written by somebody who need not be trusted."""

import json
import os

__all__ = ["demand", "integer_of", "line_of", "number_of", "path_of", "text_of"]


def line_of(value: object) -> bytes:
    """Return a value as a line of JSON."""
    return json.dumps(value).encode() + b"\n"


def demand(is_met: bool, /) -> None:  # noqa: FBT001 - one word, one thing
    """Raise `ValueError` if something is not so."""
    if not is_met:
        raise ValueError


def integer_of(value: object) -> int:
    """Return an integer; raises `ValueError` if it is none."""
    demand(type(value) is int)  # not True, which is one too
    return value  # type: ignore[return-value] # as was demanded


def number_of(value: object) -> int:
    """Return an integer that is not negative; raises `ValueError` if it is none."""
    number = integer_of(value)
    demand(number >= 0)
    return number


def text_of(value: object) -> str:
    """Return a text; raises `TypeError` if it is none."""
    if not isinstance(value, str):
        raise TypeError
    return value


def path_of(value: object) -> str:
    """Return a text that a file can be called; raises `TypeError` or `ValueError` if it is none."""
    text = text_of(value)
    os.fsencode(text)  # half of a surrogate pair is no name of a file
    return text
