"""Chains of redirects in a cache, as pip follows them without asking a server.

pip stores only permanent redirects, and uses them from its cache whatever their age. A redirect leads to at most
one other: so the time for following them grows only with their number.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pipcacheplus.catalog.entry_rows import as_text, check_seal, key_of_id
from pipcacheplus.catalog.page_links import key_of_url
from pipcacheplus.catalog.references import JoinedRow, rows
from pipcacheplus.catalog.stored_facts import unpack_facts
from pipcacheplus.model.facts import Head, Redirects
from pipcacheplus.model.values import Area, Kind
from pipcacheplus.pips.layout import area_of
from pipcacheplus.pips.redirects import asked_for, next_url

__all__ = ["RedirectChains"]

_READ = f"e.kind = '{Kind.REDIRECT.value}' AND e.id NOT IN (SELECT id FROM unread)"


class _Redirect(NamedTuple):
    area: Area
    target: str | None


class RedirectChains:
    """All redirects of a catalog that is up to date, and linked."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read them.

        Raises:
            RowDamagedError: A row is not one that was written.
        """
        found: dict[bytes, _Redirect] = {}
        by_key: dict[tuple[Area, bytes], bytes] = {}
        for row in rows(connection, _READ):
            path = as_text(row.id)
            area, key = area_of(path), key_of_id(path)
            if key is not None:
                found[row.id] = _Redirect(area, _target(row, key))
                by_key[area, key] = row.id
        self._next = {id_: _following(one, by_key) for id_, one in found.items()}
        self._known: dict[bytes, Redirects] = {}

    def of(self, id_: bytes) -> Redirects | None:
        """Return the redirects that pip follows from one; `None` if there is no such redirect."""
        if id_ not in self._next:
            return None
        if id_ not in self._known:
            self._follow(id_)
        return self._known[id_]

    def _follow(self, start: bytes) -> None:
        way: dict[bytes, int] = {}
        at: bytes | None = start
        while at is not None and at not in way and at not in self._known:
            way[at] = len(way)
            at = self._next[at]
        met = list(way)
        if at in way:
            circle = met[way[at] :]
            met = met[: way[at]]
            self._known |= dict.fromkeys(circle, Redirects(count=0, circle=len(circle), is_in_circle=True))
        behind = self._known[at] if at is not None else Redirects(count=0, circle=0, is_in_circle=False)
        for count, id_ in enumerate(reversed(met), behind.count + 1):
            self._known[id_] = Redirects(count=count, circle=behind.circle, is_in_circle=False)

    def all_behind(self, ids: Iterable[bytes]) -> Iterator[bytes]:
        """Yield these, and all redirects that they lead to; each once."""
        seen: set[bytes] = set()
        for id_ in ids:
            at: bytes | None = id_
            while at is not None and at not in seen:
                seen.add(at)
                yield at
                at = self._next.get(at)


def _target(row: JoinedRow, key: bytes) -> str | None:
    """Return the URL that a redirect leads to, if that is known."""
    check_seal(row.facts)
    head = unpack_facts(row.facts[-2]).head
    reference = row.reference()
    url = reference.url if reference is not None else None
    if url is not None and key_of_url(url) != key:
        url = None  # a row that was changed deliberately
    return next_url(url, head.header("location") or "") if isinstance(head, Head) else None


def _following(one: _Redirect, by_key: dict[tuple[Area, bytes], bytes]) -> bytes | None:
    """Return the redirect that pip uses from its cache next."""
    urls = asked_for(one.target, one.area) if one.target is not None else ()
    return next((id_ for url in urls if (id_ := by_key.get((one.area, key_of_url(url)))) is not None), None)
