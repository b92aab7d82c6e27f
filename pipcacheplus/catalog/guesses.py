"""Guessed URLs of responses to which no link leads; the key proves each, so that none can be wrong.

The guesses are names of projects with bases of indexes: the bases that a run is given (options, pip's settings, its
default index), with all names; then, while there are pages whose URL is not known, bases that are made of the other
URLs of the cache, in the order in which servers are likely to have them, first with the names that those pages may
have. A base that proves right counts for all names. Whole URLs in the cache (the source of a built wheel, the target
of a redirect) are tried unchanged, and files without a link are tried where others lie.

All guesses follow from the cache and from the input of a run, never from earlier queries: they are stored by that
input, and only as long as no entry has changed.
"""

import hashlib
import re
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, product
from urllib.parse import quote, unquote

from pipcacheplus.catalog.entry_rows import as_column, text_of
from pipcacheplus.catalog.page_links import METADATA_SUFFIX, Hints, key_of_url
from pipcacheplus.catalog.references import ACTIVE
from pipcacheplus.catalog.stored_facts import RowDamagedError, pack, unpack
from pipcacheplus.pips.credentials import has_credentials
from pipcacheplus.pips.index_layouts import LISTINGS, bases, file_paths, file_place, listed_project, project_of
from pipcacheplus.pips.urls import page_base, spellings, without_user

__all__ = ["Guesses"]

MAX_PROBES = 128_000
"""Most hashes that are computed to find the right bases: a tenth of a second."""
_LIKELY = 32
"""A base gets at most this share of them, or as many as every other, if that is more."""
MAX_FOUND_BASES = 32
"""Most bases that proved right and were not given; then the search ends."""
MAX_NAMES = 200_000
"""Most names that are tried with a base that was not given."""
_MAX_TOLD = 50_000
"""Most different hints that are used; those of most pages come first."""
_MAX_PLACES = 256
_MAX_FILE_PLACES = 16
_MAX_FIRST = 16_384
"""Most names that are tried to test a base."""
_MAX_ROUNDS = 4
"""A base leads to pages, and these to redirects, and these to another host."""
_WHOLE = ""
"""In place of a base, for hints that are whole URLs."""
_MAY_BE_PAGE = "e.key IS NOT NULL AND ifnull(e.kind, '') NOT IN ('wheel', 'sdist', 'metadata')"
_UNKNOWN = (
    f"{_MAY_BE_PAGE} AND e.key NOT IN (SELECT key FROM found)"
    " AND NOT EXISTS (SELECT 1 FROM guess g WHERE g.key = e.key"
    " AND g.candidate IN (SELECT name FROM own_candidate))"
    f" AND NOT EXISTS (SELECT 1 FROM link l WHERE l.key = e.key AND {ACTIVE} AND l.url IS NOT NULL)"
)
"""Pages whose URL is unknown so far."""
MAX_FILE_PROBES = 64_000
"""Most hashes that are computed for files without a link."""
_MAX_NAME = 200
_NEEDS_NO_QUOTES = re.compile("[a-z0-9_.-]+")
_WORDS = frozenset(("simple", "packages", "pypi", "whl", "wheels", "files", "dist", "nightly", "test", "cpu"))
"""Parts of URLs of indexes that may be names of projects too: they alone do not name the project of a page."""
_ADD_GUESS = "INSERT OR IGNORE INTO guess (key, candidate, url, project) VALUES (?, ?, ?, ?)"
_FORGET_OTHER_NAMES = (
    f"UPDATE guess SET project = NULL WHERE candidate = '{_WHOLE}' AND project NOT IN (SELECT name FROM own_name)"
)
"""The last part of a whole URL need not be the name of a project; it is one if other entries have it."""
_from_bytes = int.from_bytes


class Guesses:
    """The guesses of a run."""

    def __init__(self, connection: sqlite3.Connection, indexes: Iterable[str], find: Callable[[str], object]) -> None:
        """Begin.

        Args:
            connection: Connection to a catalog with the tables of a run.
            indexes: URLs of the indexes that the run is given.
            find: Receives the URL of a page that holds credentials: for this run only, nothing is stored.
        """
        self._connection = connection
        self._find = find
        bases_ = (page_base(without_user(index)) for index in indexes)
        spelt = dict.fromkeys(page_base(spelling) for base in bases_ for spelling in spellings(base + "/"))
        self._given = tuple(base for base in spelt if not has_credentials(base))
        self._secret = tuple(base for base in spelt if has_credentials(base))
        self._mark = hashlib.blake2b(pack(tuple(spelt)), digest_size=16).digest()
        self._own: dict[str, None] = {}
        self._tried: set[str] = set()
        self._pages = _Keys(())
        """Keys of responses that may be pages."""
        self._is_gathered = False
        self._places: dict[str, None] = {}
        """Places of the files of servers, from hints; those of most pages come first."""
        self._hint_names: dict[str, None] = {}
        """Names of projects, from hints."""
        self._probes = MAX_PROBES
        self._rounds = 0
        self._all_known = False
        """Whether a base matched each remaining page of unknown URL."""

    def recall(self) -> bool:
        """Use the results of an earlier run with the same input, if nothing has changed since.

        Returns:
            Whether there are such results.
        """
        execute = self._connection.execute
        if not all(_is_proven(key, url) for key, url in execute("SELECT key, url FROM guess")):
            execute("DELETE FROM candidate")  # rows that are not read again in turn are proven each time
        if execute("SELECT 1 FROM candidate LIMIT 1").fetchone() is None:
            execute("DELETE FROM guess")
        known = execute("SELECT name FROM candidate WHERE given = ?", (self._mark,)).fetchall()
        execute("DELETE FROM own_candidate")
        self._connection.executemany("INSERT OR IGNORE INTO own_candidate VALUES (?)", known)
        return bool(known)

    def begin(self) -> None:
        """Try whole URLs of hints, possible places of files, and all names with the given bases."""
        self._gather()
        self._try_files()
        for base in self._given:
            self._try(base)

    def try_secret(self) -> None:
        """Try all names with the given bases whose URL holds a token: in each run, as these are not stored."""
        if not self._secret:
            return
        self._gather()
        for base in self._secret:
            self._tried.add(base)
            for url, _ in chain(_listings(base), self._urls(base)):
                if key_of_url(url) in self._pages:
                    self._find(url)

    def discover(self) -> bool:
        """Search bases that are not given, as long as there are pages whose URL is not known.

        Returns:
            Whether one was found: then new URLs may be known, and there may be more to find.
        """
        self._rounds += 1
        if self._rounds > _MAX_ROUNDS or self._all_known or not (unknown := self._unknown()).left:
            return False
        names = self._first_names()
        new = [base for base in bases(self._all_places()) if base not in self._tried]
        is_found = False
        for at, base in enumerate(new):
            share = max(self._probes // (len(new) - at), self._probes // _LIKELY) - len(LISTINGS)
            if len(self._own) - len(self._given) > MAX_FOUND_BASES or share < 0:
                break
            self._tried.add(base)
            tried = names[:share]
            self._probes -= len(tried) + len(LISTINGS)
            urls = chain(_listings(base), ((f"{base}/{name}/", name) for name in tried))
            if any(key_of_url(url) in unknown for url, _ in urls):
                self._try(base, MAX_NAMES, unknown)
                is_found = True
                if not unknown.left:
                    self._all_known = True
                    break
        return is_found

    def keep(self) -> None:
        """Store the results, for runs with the same input."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO candidate (given, name) VALUES (?, ?)", [(self._mark, name) for name in self._own]
        )

    def _gather(self) -> None:
        """Store names, keys of possible pages and hints; try whole URLs. Done once."""
        if self._is_gathered:
            return
        self._is_gathered = True
        self._join(_WHOLE)
        execute = self._connection.execute
        self._pages = _Keys(key for (key,) in execute(f"SELECT e.key FROM entry e WHERE {_MAY_BE_PAGE} ORDER BY 1"))
        execute("DELETE FROM own_name")
        self._add_names(self._names_of_entries())
        keys = execute("SELECT key FROM entry WHERE key IS NOT NULL AND kind = 'sdist' ORDER BY 1")
        sdists = _Keys(key for (key,) in keys)
        for hints in self._hints():
            self._places.update(dict.fromkeys(hints.places[: _MAX_PLACES - len(self._places)]))
            self._hint_names.update(dict.fromkeys(hints.names[: _MAX_FIRST - len(self._hint_names)]))
            if hints.names:
                self._add_names(hints.names)
            self._try_whole(hints.urls, sdists)
        execute(_FORGET_OTHER_NAMES)

    def _names_of_entries(self) -> Iterator[str]:
        """Yield the names of projects that entries have, as in URLs."""
        yield "pip"
        projects = self._connection.execute("SELECT DISTINCT project FROM entry WHERE project IS NOT NULL ORDER BY 1")
        # A file that does not name itself, as it is broken, is named by a link to it.
        files = self._connection.execute(
            "SELECT DISTINCT l.filename FROM entry e JOIN link l ON l.key = e.key AND NOT l.is_relative"
            " WHERE e.key IS NOT NULL AND e.project IS NULL ORDER BY 1"
        )
        named = (project_of(text_of(name) or "") for (name,) in files)
        yield from _in_urls(chain((text_of(project) for (project,) in projects), named))

    def _add_names(self, names: Iterable[str]) -> None:
        self._connection.executemany("INSERT OR IGNORE INTO own_name (name) VALUES (?)", ((name,) for name in names))

    def _hints(self) -> Iterator[Hints]:
        """Yield the hints of pages; those of most pages come first."""
        hints = self._connection.execute(
            "SELECT hints, count(*) FROM page WHERE hints IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, hints LIMIT ?",
            (_MAX_TOLD,),
        )
        return (_hints_of(packed) for packed, _ in hints)

    def _names(self, most: int = -1) -> Iterator[str]:
        """Yield the names of projects, as in URLs: at most so many, or all."""
        return (
            name for (name,) in self._connection.execute("SELECT name FROM own_name ORDER BY name LIMIT ?", (most,))
        )

    def _urls(self, base: str, most: int = -1) -> Iterator[tuple[str, str]]:
        """Yield the URLs of pages of an index, with the names of their projects."""
        return ((f"{base}/{name}/", name) for name in self._names(most))

    def _all_places(self) -> list[str]:
        """Return the places of the files of servers in this run; likely ones first."""
        found = self._connection.execute("SELECT url FROM found WHERE source = 'index-guess' ORDER BY url")
        known = (file_place(url) for url in (*self._given, *(text_of(url) or "" for (url,) in found)))
        return list(islice(dict.fromkeys(filter(None, chain(self._places, known))), _MAX_PLACES))

    def _unknown(self) -> "_Keys":
        """Return the keys of possible pages whose URL is unknown so far."""
        return _Keys(
            key for (key,) in self._connection.execute(f"SELECT e.key FROM entry e WHERE {_UNKNOWN} ORDER BY 1")
        )

    def _first_names(self) -> list[str]:
        """Return the names that pages of unknown URL may have, those that they give themselves first."""
        execute = self._connection.execute
        own = execute(
            f"SELECT DISTINCT e.project FROM entry e WHERE {_UNKNOWN} AND e.project IS NOT NULL ORDER BY 1 LIMIT ?",
            (_MAX_FIRST,),
        )
        quoted = _in_urls(text_of(project) for (project,) in own)
        is_nameless = execute(f"SELECT 1 FROM entry e WHERE {_UNKNOWN} AND e.project IS NULL LIMIT 1").fetchone()
        more = self._names() if is_nameless is not None else ()
        return list(islice(dict.fromkeys(chain(quoted, self._hint_names, islice(more, _MAX_FIRST))), _MAX_FIRST))

    def _try_whole(self, urls: Iterable[str], sdists: "_Keys") -> None:
        """Try whole URLs: of pages, redirects and sdists."""
        for url in (url for whole in urls for url in spellings(without_user(whole))):
            key = key_of_url(url)
            if key in self._pages:
                project = listed_project(url)
                self._add([(key, _WHOLE, url, project if project not in _WORDS else None)])
            elif key in sdists:
                self._add([(key, _WHOLE, url, None)])

    def _try_files(self) -> None:
        """Try the places of other files for those that no link names: a directory of files whose page is gone.

        A link that needs its page does not count: whether that is known depends on the run.
        """
        places = [place for place in self._places if "://" in place][:_MAX_FILE_PLACES]
        if not places:
            return
        files = self._connection.execute(
            "SELECT e.key, e.filename, e.project, e.version FROM entry e WHERE e.is_archive AND e.key IS NOT NULL AND"
            " e.filename IS NOT NULL AND NOT EXISTS (SELECT 1 FROM link l WHERE l.key = e.key AND NOT l.is_relative)"
            " ORDER BY e.id"
        )
        left = MAX_FILE_PROBES
        for key, *names in files:
            filename, project, version = (text_of(name) or "" for name in names)
            if max(map(len, (filename, project, version))) > _MAX_NAME:
                continue
            for place, file in product(places, file_paths(filename, project, version)):
                left -= 1
                url = f"{place}/{file}"
                if key_of_url(url) == key:
                    beside = url + METADATA_SUFFIX
                    self._add([(key, _WHOLE, url, None), (key_of_url(beside), _WHOLE, beside, None)])
                    break
            if left < 0:
                return

    def _try(self, base: str, most: int = -1, unknown: "_Keys | None" = None) -> None:
        """Try names with a base, and the base itself; if it matches some pages, in other spellings too.

        Args:
            base: The base.
            most: Largest number of names; all if it is negative.
            unknown: Keys from which the matching ones are removed.
        """
        self._join(base)
        found = self._add_hits(base, chain(_listings(base), self._urls(base, most)), unknown)
        if 0 < found < len(self._pages):
            respelt = ((url, name) for name in self._names(most) for url in _respelt(base, name))
            self._add_hits(base, respelt, unknown)

    def _join(self, base: str) -> None:
        self._own[base] = None
        self._tried.add(base)
        self._connection.execute("INSERT OR IGNORE INTO own_candidate VALUES (?)", (base,))

    def _add_hits(self, base: str, urls: Iterable[tuple[str, str | None]], unknown: "_Keys | None") -> int:
        """Add the URLs that match; return their number."""
        pages = self._pages
        count = 0

        def hits() -> Iterator[tuple[bytes, str, str, str | None]]:
            nonlocal count
            for url, name in urls:
                key = key_of_url(url)
                if key in pages and isinstance(as_column(url), str):
                    count += 1
                    if unknown is not None:
                        unknown.take(key)
                    yield key, base, url, None if name is None or name in _WORDS else unquote(name)

        self._connection.executemany(_ADD_GUESS, hits())
        return count

    def _add(self, rows: Iterable[tuple[bytes, str, str, str | None]]) -> None:
        self._connection.executemany(_ADD_GUESS, (row for row in rows if isinstance(as_column(row[2]), str)))


class _Keys:
    """Keys of responses by eight bytes each: no two in a cache are alike in these, and a cache has many."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        """Store keys, which must be in order."""
        self._numbers = array("Q", (_from_bytes(key[:8], "big") for key in keys))
        self._is_taken = bytearray(len(self._numbers))
        self.left = len(self._numbers)
        """Number of those that are not taken yet."""

    def __len__(self) -> int:
        """Return the number of all keys."""
        return len(self._numbers)

    def __contains__(self, key: bytes) -> bool:
        """Return whether it is one of them, and not taken yet."""
        return self._find(key) >= 0

    def take(self, key: bytes) -> None:
        """Take one out, if it is there."""
        at = self._find(key)
        if at >= 0:
            self._is_taken[at] = 1
            self.left -= 1

    def _find(self, key: bytes) -> int:
        number = _from_bytes(key[:8], "big")
        at = bisect_left(self._numbers, number)
        return at if at < len(self._numbers) and self._numbers[at] == number and not self._is_taken[at] else -1


def _is_proven(key: object, url: object) -> bool:
    return isinstance(url, str) and key_of_url(url) == key


def _hints_of(packed: object) -> Hints:
    match unpack(packed):
        case (tuple(places), tuple(names), tuple(urls)) if all(
            isinstance(text, str) for text in chain(places, names, urls)
        ):
            return Hints(places, names, urls)
    raise RowDamagedError


def _in_urls(names: Iterable[str | None]) -> Iterator[str]:
    """Yield names as pip quotes them; names that are too long, or not text, are left out."""
    for name in names:
        if name is None or not 0 < len(name) <= _MAX_NAME:
            continue
        if _NEEDS_NO_QUOTES.fullmatch(name):
            yield name
        elif isinstance(as_column(name), str):
            yield quote(name)


def _listings(base: str) -> Iterator[tuple[str, None]]:
    """Yield URLs of a page that lists files itself, and is not of one project."""
    return ((base + end, None) for end in LISTINGS)


def _respelt(base: str, name: str) -> Iterator[str]:
    """Yield other URLs that the page of a project may have: without a slash, and with the name as old pips wrote it.

    Source: pip 6.0 to 7.1 `index.py`: `project_name.lower()`, where later ones request the canonical name.
    """
    yield f"{base}/{name}"
    if "-" in name:
        for separator in "_.":
            yield f"{base}/{name.replace('-', separator)}/"
