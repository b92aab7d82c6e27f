"""Entries in another order than that of their ids, some of them, and what they add up to."""

import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, overload

from pipcacheplus.model.terms import Kind
from pipcacheplus.render.summary import Tally, briefs_of
from pipcacheplus.render.times import last_used_of
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and help imports this module
    from pipcacheplus.model.values import Brief, Entry

__all__ = ["ORDERS", "SUMS", "Ordered", "in_order", "listed_order", "sums_of"]

_PARTS = re.compile(r"[0-9]+|[^0-9._-]+")
_PAGES = (Kind.INDEX_PAGE, Kind.LINKS_PAGE, Kind.REDIRECT)
_BEFORE_THE_END = ("a", "b", "c", "dev", "pre", "rc")


def listed_order(brief: "Brief") -> str:
    """Order by project, version, kind; `1.10` comes behind `1.9`, and `1.9rc1` before it. Pages and others come last.

    One text, to which what else is to be compared can be added: to compare two of them takes least time.
    """
    project, kind = brief.project, brief.kind
    part = "1" if kind in _PAGES else "0" if project else "2"
    return part + _ended(project or "") + _version(brief.version or "") + kind + "\0"


@lru_cache(maxsize=1024)
def _version(version: str) -> str:
    # The end counts as 0; what has no more parts comes before what has.
    return "".join(map(_rank, [*_PARTS.findall(version), "0"])) + "\0"


def _ended(text: str) -> str:
    """Return text with an end that comes before any other character, whatever else stands behind it."""
    return (text.replace("\0", "\0\1") if "\0" in text else text) + "\0\0"


def _rank(part: str) -> str:
    # Close to the order of PEP 440, and defined for other versions too.
    if part[0] in "0123456789":
        return f"{int(part[:18]) + 1:019}" + _ended("")
    return f"{0 if part.lower().startswith(_BEFORE_THE_END) else 1:019}" + _ended(part)


def _by_size(brief: "Brief", _last_use: str) -> object:
    return -brief.disk_size, brief.id


def _by_use(brief: "Brief", last_use: str) -> object:
    return last_used_of(brief, last_use) or 0, brief.id


def _by_writing(brief: "Brief", _last_use: str) -> object:
    return brief.mtime_ns or 0, brief.id


def _by_name(brief: "Brief", _last_use: str) -> object:
    return not brief.project, listed_order(brief)[1:], brief.id  # pages among the files of their project


_KEYS: "Mapping[str, Callable[[Brief, str], object]]" = {
    "name": _by_name,
    "size": _by_size,
    "used": _by_use,
    "written": _by_writing,
}
ORDERS = tuple(_KEYS)
"""By name and version; the largest first; the longest unused, and the oldest first."""


class Ordered(Sequence["Entry"]):
    """Entries of a sequence, in an order of their own; each is made when it is looked at."""

    def __init__(self, entries: "Sequence[Entry]", places: "array[int]") -> None:
        """Take the entries, and the places of those that are wanted."""
        self._entries = entries
        self._places = places

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> "Entry": ...
    @overload
    def __getitem__(self, at: slice) -> "Ordered": ...
    def __getitem__(self, at: int | slice) -> "Entry | Ordered":
        """Return one, or some."""
        found = self._places[at]
        return self._entries[found] if isinstance(found, int) else Ordered(self._entries, found)


def in_order(
    entries: "Sequence[Entry]", order: str | None, *, limit: int | None = None, last_use: str = "atime"
) -> "Sequence[Entry]":
    """Return entries in an order, the first of them if there is a limit.

    Args:
        entries: All of them.
        order: One of `ORDERS`; that of their ids if there is none.
        limit: How many at most.
        last_use: `atime`, or `mtime` where access times are not kept.
    """
    places: Sequence[int] = range(len(entries))
    if order is not None:
        keys: list[Any] = [_KEYS[order](brief, last_use) for brief in briefs_of(entries)]
        places = sorted(places, key=lambda place: keys[place])
    return Ordered(entries, array("Q", places[:limit]))


def _host_of(entry: "Entry") -> str | None:
    from urllib.parse import urlsplit  # noqa: PLC0415 - slow to import, and help imports this module

    try:
        return urlsplit(entry.url_shown or "").hostname
    except ValueError:
        return None


def _python_of(entry: "Entry") -> str | None:
    pythons = sorted({tag.partition("-")[0] for tag in entry.tags})
    return ".".join(pythons) or entry.interpreter


SUMS: "Mapping[str, Callable[[Entry], str | None]]" = {
    "project": lambda entry: entry.project,
    "kind": lambda entry: entry.kind.value,
    "python": _python_of,
    "host": _host_of,
}
"""By what entries can be added up: each returns the name of the sum that an entry belongs to, `None` if unknown."""


def sums_of(
    entries: "Sequence[Entry]", by: str, *, order: str | None = None, limit: int | None = None
) -> dict[str, Json]:
    """Add entries up; the sums add up to the total, as a file that several entries share counts once.

    Args:
        entries: All of them.
        by: One of `SUMS`.
        order: `name`; else the largest first.
        limit: How many sums at most.
    """
    shared = set[str]()
    found: dict[str | None, Tally] = {}
    for entry in entries:
        name = SUMS[by](entry)
        if name not in found:
            found[name] = Tally(shared)
        found[name].add(entry)
    ordered = sorted(found.items(), key=lambda item: (item[0] is None, item[0] or ""))
    if order != "name":
        ordered.sort(key=lambda item: -item[1].disk_bytes)
    rows = [{"name": name, **one.counts} for name, one in ordered[:limit]]
    return {"by": by, "sums": len(found), "rows": rows}
