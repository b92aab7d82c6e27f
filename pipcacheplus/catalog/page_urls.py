"""The URLs of pages and redirects, and the facts that follow from them.

A link of a page with relative links counts once the URL of the page is known; a redirect leads on once its own is. URLs
that hold credentials are known only to the run that found them, and are stored nowhere.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from pipcacheplus.catalog.entry_rows import as_column, as_text, ids_of_key, text_of
from pipcacheplus.catalog.page_links import key_of_url
from pipcacheplus.catalog.references import ACTIVE, hashes_in, pack_led
from pipcacheplus.model.values import UrlSource
from pipcacheplus.pips.credentials import CUT, is_cut, shown_url
from pipcacheplus.pips.filenames import project_and_version
from pipcacheplus.pips.layout import area_of
from pipcacheplus.pips.redirects import MAX_REDIRECTS, next_url
from pipcacheplus.pips.urls import join_url, spellings

__all__ = ["PageUrls"]

_GUESSED = UrlSource.INDEX_GUESS.value
_ADD_FOUND = "INSERT OR IGNORE INTO found (key, url, filename, source) VALUES (?, ?, ?, ?)"
_Known = tuple[bytes, str, str | bytes | None]
"""Key and URL of a response, and the name of the file that is there, if a link names it."""
_LED = (
    "WITH RECURSIVE way (id, start, depth) AS ("
    "SELECT id, redirect, 1 FROM leads WHERE id NOT IN (SELECT redirect FROM leads)"
    " UNION SELECT w.id, l.redirect, w.depth + 1 FROM way w JOIN leads l ON l.id = w.start WHERE w.depth < ?)"
    " SELECT w.id, l.page, l.sha256, l.others FROM way w JOIN entry e ON e.id = w.start"
    f" JOIN link l ON l.key = e.key AND {ACTIVE} WHERE l.sha256 IS NOT NULL OR l.others IS NOT NULL ORDER BY 1, 2, 3, 4"
)
"""Digests that pages publish for the ends of redirects to which they link."""


class PageUrls:
    """The URLs that a run finds; the tables `resolved`, `found` and `leads` are its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Begin.

        Args:
            connection: Connection to a catalog with the tables of a run.
        """
        self._connection = connection
        self._whole_urls: dict[bytes, str] = {}
        """URLs with credentials, by key."""
        self._given: list[tuple[bytes, str, None, str]] = []
        """Of these, the pages of indexes that this run was given, as rows of `found`."""
        self._whole_bases: dict[bytes, str] = {}
        """Such URLs of pages with relative links, by id."""
        self._whole_targets: dict[bytes, str] = {}
        """Such URLs to which redirects lead, by id of the redirect."""

    def whole_base(self, id_: bytes, base: object) -> str | None:
        """Return the URL of a page by its column; `None` if credentials were removed and this run has not found it."""
        known = text_of(base)
        return self._whole_bases.get(id_) if known is not None and is_cut(known) else known

    def shown_target(self, id_: bytes, target: str) -> str:
        """Store the target of a redirect; return it without credentials."""
        shown = shown_url(target)
        if shown != target:
            self._whole_targets[id_] = target
        return shown

    def cut_targets(self) -> list[bytes]:
        """Return the redirects to URLs with credentials that this run has not read: few, if any."""
        cut = self._connection.execute("SELECT id FROM page WHERE instr(target, ?)", (CUT,))
        return [id_ for (id_,) in cut if id_ not in self._whole_targets]

    def find(self, url: str) -> None:
        """Store a URL with credentials, of an index that this run was given."""
        self._given.append((self._key_of_hit(url), shown_url(url), None, _GUESSED))

    def resolve(self) -> list[bytes]:
        """Store which pages have a URL that this run knows; return those that have to be read with it."""
        execute = self._connection.execute
        # Computed from the beginning each time, it depends on the pages only, and not on the order of reading.
        execute("DELETE FROM resolved")
        execute("DELETE FROM leads")
        execute("DELETE FROM found WHERE source = ?", (_GUESSED,))
        self._connection.executemany(_ADD_FOUND, self._given)
        waiting: dict[bytes, list[tuple[Any, ...]]] = {}  # each area may have one with the same key
        for key, *page in execute(
            "SELECT key, number, id, base, target, is_open FROM page WHERE is_open OR target IS NOT NULL ORDER BY id"
        ):
            waiting.setdefault(key, []).append(tuple(page))
        again: dict[bytes, str] = {}
        if not waiting:
            return []
        known = deque(self._linked_and_guessed())
        while known:
            key, url, filename = known.popleft()
            if is_cut(url):
                url = self._whole_urls.get(key, "")
            for number, id_, base, target, is_open in waiting.pop(key, ()) if url else ():
                if target is not None:
                    whole = self._whole_targets.get(id_) or text_of(target) or ""
                    known.extend(self._follow(id_, url, whole, text_of(filename)))
                elif is_open and base != shown_url(url):
                    again[id_] = url
                elif is_open:
                    execute("INSERT OR IGNORE INTO resolved VALUES (?)", (number,))
                    links = "SELECT key, url, filename FROM link WHERE page = ? AND url IS NOT NULL ORDER BY key, at"
                    known.extend(execute(links, (number,)))
        shown = [(shown_url(url), id_) for id_, url in again.items()]
        self._whole_bases.update((id_, again[id_]) for base, id_ in shown if base != again[id_])
        self._connection.executemany("UPDATE page SET base = ? WHERE id = ?", shown)
        return list(again)

    def _linked_and_guessed(self) -> Iterator[_Known]:
        """Yield the URLs of open pages and redirects by links and guesses."""
        of_pages = "FROM page p JOIN {table} ON {on} WHERE (p.is_open OR p.target IS NOT NULL) AND l.url IS NOT NULL"
        linked = of_pages.format(table="link l", on="l.key = p.key AND " + ACTIVE)
        guessed = of_pages.format(
            table="guess l", on="l.key = p.key AND l.candidate IN (SELECT name FROM own_candidate)"
        )
        for join, filename in ((linked, "l.filename"), (guessed, "NULL")):
            yield from self._connection.execute(f"SELECT p.key, l.url, {filename} {join} ORDER BY 1, 2, 3").fetchall()
        yield from self._connection.execute("SELECT key, url, filename FROM found").fetchall()

    def _follow(self, id_: bytes, url: str, target: str, filename: str | None) -> list[_Known]:
        """Store the targets of a redirect, and the name of the file there, if a page links to it by one."""
        urls = [
            spelling for one in (join_url(url, target), next_url(url, target)) if one for spelling in spellings(one)
        ]
        name = as_column(filename) if filename is not None and project_and_version(filename) is not None else None
        rows = [(self._key_of_hit(hit), as_column(shown_url(hit)), name) for hit in dict.fromkeys(urls)]
        rows = [row for row in rows if isinstance(row[1], str)]
        self._connection.executemany(_ADD_FOUND, [(*row, _GUESSED) for row in rows])
        area = area_of(as_text(id_))
        ends = (end for key, *_ in rows for end in ids_of_key(key) if area_of(as_text(end)) is area)
        self._connection.executemany(
            "INSERT OR IGNORE INTO leads SELECT id, ? FROM entry WHERE id = ?", [(id_, end) for end in ends]
        )
        return [(key, str(hit), name) for key, hit, name in rows]

    def _key_of_hit(self, url: str) -> bytes:
        """Return the key of a URL; one with credentials is known to this run only."""
        key = key_of_url(url)
        if shown_url(url) != url:
            self._whole_urls[key] = url
        return key

    def lead_on(self) -> None:
        """Store the digests that pages publish for a response by linking to a redirect, which pip compares.

        Within an area: a pip that uses another area reads no redirect from this one.

        Source: pip 26.3 `_internal/operations/prepare.py` `unpack_url`, with the hashes of the link, whatever redirects
        lead on from it.
        """
        self._connection.execute("DELETE FROM led")
        found = self._connection.execute(_LED, (MAX_REDIRECTS,)).fetchall()
        for id_, rows in groupby(found, key=itemgetter(0)):
            said = dict.fromkeys((page, hashes_in(sha256, others)) for _, page, sha256, others in rows)
            self._connection.execute("INSERT INTO led VALUES (?, ?)", (id_, pack_led(said)))

    def unknown(self) -> int:
        """Return how many pages have relative links, but no URL that this run knows."""
        statement = (
            "SELECT count(*) FROM page WHERE is_open AND target IS NULL AND number NOT IN (SELECT page FROM resolved)"
        )
        (count,) = self._connection.execute(statement).fetchone()
        return int(count)
