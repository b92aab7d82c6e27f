"""Rows of entries and findings, from the document of a process of any user: nothing in it is trusted."""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["ENTRY", "FINDING", "Row", "row_of"]

Row = tuple[str | int | None, ...]
_MAX_TEXT = 4096
"""Characters of a value that are kept."""
_MAX_NUMBER = (1 << 63) - 1


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value[:_MAX_TEXT].encode("utf-8", "backslashreplace").decode("utf-8")


def _number(value: object) -> int | None:
    return value if type(value) is int and abs(value) <= _MAX_NUMBER else None


def _texts(value: object) -> str | None:
    return _text(" ".join(map(str, value[:1000]))) if isinstance(value, list) else None


ENTRY: Mapping[str, Callable[[object], str | int | None]] = {
    "id": _text,
    "area": _text,
    "kind": _text,
    "project": _text,
    "version": _text,
    "filename": _text,
    "url_shown": _text,
    "tags": _texts,
    "interpreter": _text,
    "sha256": _text,
    "size": _number,
    "disk_size": _number,
    "written": _text,
    "used": _text,
    "fresh_until": _text,
}
"""Columns of an entry: keys of the JSON, each with the function that makes its value one of a table."""
FINDING: Mapping[str, Callable[[object], str | int | None]] = {
    "id": _text,
    "check": _text,
    "group": _text,
    "severity": _text,
    "message": _text,
    "remedy": _text,
}
"""Columns of a finding."""


def row_of(member: Mapping[str, Any], columns: Mapping[str, Callable[[object], str | int | None]]) -> Row:
    """Return the row of an entry or a finding: a value of another type becomes `None`, a long one is cut.

    >>> row_of({"id": "http-v2/a", "size": "many"}, {"id": ENTRY["id"], "size": ENTRY["size"], "used": ENTRY["used"]})
    ('http-v2/a', None, None)
    """
    return tuple(read(member.get(key)) for key, read in columns.items())
