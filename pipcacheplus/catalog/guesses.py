"""Guess the URLs of responses that no link leads to; each is proven by its key, so that none can be wrong.

Tried are names of projects with bases of indexes: those that a run is given (options, pip's settings, its default
index), with all names; then, while there are pages whose URL is not known, bases that are made of the other URLs of the
cache, in the order in which servers are likely to have them, first with the names that those pages may have. A base
that proves right counts for all names. URLs that the cache tells as a whole (the source of a built wheel, the target of
a redirect) are tried as they are, and files that no link leads to where others lie.

All of it follows from the cache and from what a run is given, never from what was asked before: what is kept is kept by
what was given, and only as long as no entry has changed.
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
from pipcacheplus.catalog.page_links import METADATA_SUFFIX, Told, key_of_url
from pipcacheplus.catalog.references import ACTIVE
from pipcacheplus.catalog.stored_facts import RowDamagedError, pack, unpack
from pipcacheplus.pips.credentials import has_credentials
from pipcacheplus.pips.index_layouts import LISTINGS, bases, file_paths, file_place, listed_project, project_of
from pipcacheplus.pips.urls import page_base, spellings, without_user

__all__ = ["Guesses"]

MAX_PROBES = 128_000
"""Hashes that are made, at most, to find out which bases are right: a tenth of a second."""
_LIKELY = 32
"""A base gets at most this share of them, or as many as every other, if that is more."""
MAX_FOUND_BASES = 32
"""Bases that proved right and were not given; no more are looked for then."""
MAX_NAMES = 200_000
"""Names that are tried with a base that was not given."""
_MAX_TOLD = 50_000
"""Different things that pages tell of other URLs; those that most pages tell come first."""
_MAX_PLACES = 256
_MAX_FILE_PLACES = 16
_MAX_FIRST = 16_384
"""Names that are tried to find out whether a base is right."""
_MAX_ROUNDS = 4
"""A base leads to pages, and these to redirects, and these to another host."""
_WHOLE = ""
"""In place of a base, for URLs that were told as a whole."""
_MAY_BE_PAGE = "e.key IS NOT NULL AND ifnull(e.kind, '') NOT IN ('wheel', 'sdist', 'metadata')"
_UNKNOWN = (
    f"{_MAY_BE_PAGE} AND e.key NOT IN (SELECT key FROM found)"
    " AND NOT EXISTS (SELECT 1 FROM guess g WHERE g.key = e.key"
    " AND g.candidate IN (SELECT name FROM own_candidate))"
    f" AND NOT EXISTS (SELECT 1 FROM link l WHERE l.key = e.key AND {ACTIVE} AND l.url IS NOT NULL)"
)
"""Of the URLs of which nothing tells so far."""
MAX_FILE_PROBES = 64_000
"""Hashes that are made, at most, for files that no link leads to."""
_MAX_NAME = 200
_NEEDS_NO_QUOTES = re.compile("[a-z0-9_.-]+")
_WORDS = frozenset(("simple", "packages", "pypi", "whl", "wheels", "files", "dist", "nightly", "test", "cpu"))
"""What stands in URLs of indexes, and may be the name of a project too: that alone makes none of a page."""
_ADD_GUESS = "INSERT OR IGNORE INTO guess (key, candidate, url, project) VALUES (?, ?, ?, ?)"
_FORGET_OTHER_NAMES = (
    f"UPDATE guess SET project = NULL WHERE candidate = '{_WHOLE}' AND project NOT IN (SELECT name FROM own_name)"
)
"""The last part of a URL that is told as a whole need not be the name of a project; if others have it, it is."""
_from_bytes = int.from_bytes


class Guesses:
    """The guesses of a run."""

    def __init__(self, connection: sqlite3.Connection, indexes: Iterable[str], find: Callable[[str], object]) -> None:
        """Begin.

        Args:
            connection: Of a catalog with the tables of a run.
            indexes: URLs of the indexes that the run is given.
            find: Takes the URL of a page that holds credentials: for this run alone, nothing is stored.
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
        """Of responses that may be pages."""
        self._is_gathered = False
        self._places: dict[str, None] = {}
        """Where servers have their files, as pages tell; those that most pages tell come first."""
        self._told_names: dict[str, None] = {}
        """Of projects, as pages tell them."""
        self._probes = MAX_PROBES
        self._rounds = 0
        self._all_known = False
        """Whether a base fitted each page of unknown URL that was left."""

    def recall(self) -> bool:
        """Take what an earlier run found out that was given the same, if nothing has changed since.

        Returns:
            Whether there is such a thing.
        """
        execute = self._connection.execute
        if not all(_is_proven(key, url) for key, url in execute("SELECT key, url FROM guess")):
            execute("DELETE FROM candidate")  # rows that nobody reads again in turn are proven each time
        if execute("SELECT 1 FROM candidate LIMIT 1").fetchone() is None:
            execute("DELETE FROM guess")
        known = execute("SELECT name FROM candidate WHERE given = ?", (self._mark,)).fetchall()
        execute("DELETE FROM own_candidate")
        self._connection.executemany("INSERT OR IGNORE INTO own_candidate VALUES (?)", known)
        return bool(known)

    def begin(self) -> None:
        """Try what pages tell as a whole, where files may lie, and all names with the bases that are given."""
        self._gather()
        self._try_files()
        for base in self._given:
            self._try(base)

    def try_secret(self) -> None:
        """Try all names with those given bases whose URL holds a token: in each run, as nothing of them is stored."""
        if not self._secret:
            return
        self._gather()
        for base in self._secret:
            self._tried.add(base)
            for url, _ in chain(_listings(base), self._urls(base)):
                if key_of_url(url) in self._pages:
                    self._find(url)

    def discover(self) -> bool:
        """Look for bases that are not given, as long as there are pages whose URL is not known.

        Returns:
            Whether one was found: then it may have made URLs known, and there may be more to be found.
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
        """Keep what was found out, for runs that are given the same."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO candidate (given, name) VALUES (?, ?)", [(self._mark, name) for name in self._own]
        )

    def _gather(self) -> None:
        """Note names, keys of what may be a page, and what pages tell; try URLs that they tell as a whole. Once."""
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
        for told in self._told():
            self._places.update(dict.fromkeys(told.places[: _MAX_PLACES - len(self._places)]))
            self._told_names.update(dict.fromkeys(told.names[: _MAX_FIRST - len(self._told_names)]))
            if told.names:
                self._add_names(told.names)
            self._try_whole(told.urls, sdists)
        execute(_FORGET_OTHER_NAMES)

    def _names_of_entries(self) -> Iterator[str]:
        """Yield the names of projects that entries have, as they stand in URLs."""
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

    def _told(self) -> Iterator[Told]:
        """Yield what pages tell; what most pages tell comes first."""
        told = self._connection.execute(
            "SELECT told, count(*) FROM page WHERE told IS NOT NULL GROUP BY told ORDER BY count(*) DESC, told LIMIT ?",
            (_MAX_TOLD,),
        )
        return (_told_of(packed) for packed, _ in told)

    def _names(self, most: int = -1) -> Iterator[str]:
        """Yield the names of projects, as they stand in URLs: so many, or all."""
        return (
            name for (name,) in self._connection.execute("SELECT name FROM own_name ORDER BY name LIMIT ?", (most,))
        )

    def _urls(self, base: str, most: int = -1) -> Iterator[tuple[str, str]]:
        """Yield the URLs of pages of an index, with the names of their projects."""
        return ((f"{base}/{name}/", name) for name in self._names(most))

    def _all_places(self) -> list[str]:
        """Return where servers have their files, as far as this run knows; likely ones first."""
        found = self._connection.execute("SELECT url FROM found WHERE source = 'index-guess' ORDER BY url")
        known = (file_place(url) for url in (*self._given, *(text_of(url) or "" for (url,) in found)))
        return list(islice(dict.fromkeys(filter(None, chain(self._places, known))), _MAX_PLACES))

    def _unknown(self) -> "_Keys":
        """Return the keys of what may be a page, and whose URL nothing tells so far."""
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
        return list(islice(dict.fromkeys(chain(quoted, self._told_names, islice(more, _MAX_FIRST))), _MAX_FIRST))

    def _try_whole(self, urls: Iterable[str], sdists: "_Keys") -> None:
        """Try URLs that are told as a whole: of pages, redirects and sdists."""
        for url in (url for whole in urls for url in spellings(without_user(whole))):
            key = key_of_url(url)
            if key in self._pages:
                project = listed_project(url)
                self._add([(key, _WHOLE, url, project if project not in _WORDS else None)])
            elif key in sdists:
                self._add([(key, _WHOLE, url, None)])

    def _try_files(self) -> None:
        """Try where files of other URLs lie, for those that no link names: a directory of files, and its page gone.

        A link that needs its page counts for none: whether that is known depends on the run.
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
        """Try names with a base, and the base itself; if it fits some pages, in other spellings too.

        Args:
            base: It.
            most: So many names; all if it is negative.
            unknown: From which those that fit are to be taken.
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
        """Add those URLs that fit; return how many do."""
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
        """Take keys in order."""
        self._numbers = array("Q", (_from_bytes(key[:8], "big") for key in keys))
        self._is_taken = bytearray(len(self._numbers))
        self.left = len(self._numbers)
        """How many are not taken yet."""

    def __len__(self) -> int:
        """Return how many there were."""
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


def _told_of(packed: object) -> Told:
    match unpack(packed):
        case (tuple(places), tuple(names), tuple(urls)) if all(
            isinstance(text, str) for text in chain(places, names, urls)
        ):
            return Told(places, names, urls)
    raise RowDamagedError


def _in_urls(names: Iterable[str | None]) -> Iterator[str]:
    """Yield names as pip quotes them; what is too long, or is no text, is the name of no project."""
    for name in names:
        if name is None or not 0 < len(name) <= _MAX_NAME:
            continue
        if _NEEDS_NO_QUOTES.fullmatch(name):
            yield name
        elif isinstance(as_column(name), str):
            yield quote(name)


def _listings(base: str) -> Iterator[tuple[str, None]]:
    """Yield URLs of a page that lists files itself, and is of no project."""
    return ((base + end, None) for end in LISTINGS)


def _respelt(base: str, name: str) -> Iterator[str]:
    """Yield other URLs that the page of a project may have: without a slash, and with the name as old pips wrote it.

    Source: pip 6.0 to 7.1 `index.py`: `project_name.lower()`, where later ones ask for the canonical name.
    """
    yield f"{base}/{name}"
    if "-" in name:
        for separator in "_.":
            yield f"{base}/{name.replace('-', separator)}/"
