"""Read the JSON document of a process line by line: each member of a list has its own, so that few are held at once."""

import json
import re
from collections.abc import Iterable
from typing import Any

from pipcacheplus.fleet.rows import ENTRY, FINDING, Row, row_of

__all__ = ["Read", "read_document"]

_BEGIN = re.compile(rb'"([a-z_]{1,40})": ?(.*)', re.DOTALL)
_GATHERED = {"entries": ENTRY, "findings": FINDING}
_LEFT_OUT = frozenset({"actions"})
_OBJECTS = ("cache", "summary")
"""Members that every document has, and that are read without another look at their type."""


class Read:
    """A document that was read, and rows in place of its lists, if they were wanted."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self.rows: dict[str, list[Row]] = {name: [] for name in _GATHERED}


def read_document(lines: Iterable[bytes], *, gathers: bool) -> Read:
    """Read a document.

    Args:
        lines: Of it.
        gathers: Whether entries and findings become rows, and actions are left out.

    Raises:
        ValueError: It is no document.
        RecursionError: It is no document, and deep.
    """
    found, key, is_ended = Read(), "", False
    for line in lines:
        text = line.strip()
        if text in {b"", b"{", b"}"}:
            is_ended = text == b"}" or (is_ended and not text)
            continue
        is_ended = False
        if not key:
            key = _begin(found, text)
            continue
        text = text.removesuffix(b",")
        is_last = text.endswith(b"]") and text[-2:-1] in b'}"'
        _add(found, key, json.loads(text.removesuffix(b"]") if is_last else text), gathers=gathers)
        key = "" if is_last else key
    if key or not is_ended or not all(isinstance(found.document.get(name), dict) for name in _OBJECTS):
        raise ValueError("it is cut off, or a member is of another type")  # noqa: EM101, TRY003 - as above
    if gathers:
        for name in (*_GATHERED, *_LEFT_OUT):
            found.document.pop(name, None)
    return found


def _begin(found: Read, line: bytes) -> str:
    """Add a member of one line, or begin a list and return its name.

    Raises:
        ValueError: It is neither.
    """
    begin = _BEGIN.fullmatch(line)
    if begin is None:
        raise ValueError("a line is no member")  # noqa: EM101, TRY003 - as above
    name, text = begin[1].decode("ascii"), begin[2].removesuffix(b",")
    if text != b"[":
        found.document[name] = json.loads(text)
        return ""
    found.document[name] = []
    return name


def _add(found: Read, key: str, member: Any, *, gathers: bool) -> None:  # noqa: ANN401 - any JSON
    if not gathers or key not in {*_GATHERED, *_LEFT_OUT}:
        found.document[key].append(member)
    elif key in _GATHERED and isinstance(member, dict):
        found.rows[key].append(row_of(member, _GATHERED[key]))
