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
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, islice, product
from urllib.parse import quote, unquote

from pipcacheplus.catalog.entry_rows import as_bytes, as_column, text_of
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
_MAX_ROUNDS = 4
"""A base leads to pages, and these to redirects, and these to another host."""
_WHOLE = ""
"""In place of a base, for URLs that were told as a whole."""
_KNOWN_KINDS = "('wheel', 'sdist', 'metadata')"
MAX_FILE_PROBES = 64_000
"""Hashes that are made, at most, for files that no link leads to."""
_MAX_NAME = 200
_WORDS = frozenset(("simple", "packages", "pypi", "whl", "wheels", "files", "dist", "nightly", "test", "cpu"))
"""What stands in URLs of indexes, and may be the name of a project too: that alone makes none of a page."""
_sha224 = hashlib.sha224


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
        spelt = dict.fromkeys(page_base(spelling) for base in bases_ for spelling in spellings(base))
        self._given = tuple(base for base in spelt if not has_credentials(base))
        self._secret = tuple(base for base in spelt if has_credentials(base))
        self._mark = hashlib.blake2b(pack(tuple(spelt)), digest_size=16).digest()
        self._own: dict[str, None] = {}
        self._tried: set[str] = set()
        self._names: list[str] = []
        """Of projects, as they stand in URLs."""
        self._pages: dict[bytes, str | None] = {}
        """Keys of responses that may be pages, each with the project that its own bytes name."""
        self._told: list[Told] = []
        """What pages tell, without names."""
        self._told_names: dict[str, None] = {}
        self._probes = MAX_PROBES
        self._rounds = 0

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
        """Try what is told as a whole, and all names with the bases that are given."""
        self._gather()
        self._try_whole()
        self._try_files()
        for base in self._given:
            self._try(base, self._names)

    def try_secret(self) -> None:
        """Try all names with those given bases whose URL holds a token: in each run, as nothing of them is stored."""
        if not self._secret:
            return
        if not self._names:
            self._gather()
        for base in self._secret:
            self._tried.add(base)
            for url, _ in chain(_listings(base), ((f"{base}/{name}/", name) for name in self._names)):
                key = _sha224(as_bytes(url)).digest()
                if key in self._pages:
                    self._find(url)

    def discover(self) -> bool:
        """Look for bases that are not given, as long as there are pages whose URL is not known.

        Returns:
            Whether one was found: then it may have made URLs known, and there may be more to be found.
        """
        self._rounds += 1
        if self._rounds > _MAX_ROUNDS or not (unknown := self._unknown()):
            return False
        names = self._names_of(unknown)
        new = [base for base in bases(self._places()) if base not in self._tried]
        is_found = False
        for at, base in enumerate(new):
            share = max(self._probes // (len(new) - at), self._probes // _LIKELY) - len(LISTINGS)
            if len(self._own) - len(self._given) > MAX_FOUND_BASES or share < 0:
                break
            self._tried.add(base)
            tried = names[:share]
            self._probes -= len(tried) + len(LISTINGS)
            urls = chain(_listings(base), ((f"{base}/{name}/", name) for name in tried))
            if any(_sha224(as_bytes(url)).digest() in unknown for url, _ in urls):
                unknown -= self._try(base, self._names[:MAX_NAMES])
                is_found = True
                if not unknown:
                    break
        return is_found

    def keep(self) -> None:
        """Keep what was found out, for runs that are given the same."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO candidate (given, name) VALUES (?, ?)", [(self._mark, name) for name in self._own]
        )

    def _gather(self) -> None:
        """Note names, keys of what may be a page, and what pages tell of others."""
        execute = self._connection.execute
        self._pages = {
            key: text_of(project)
            for key, project in execute(
                f"SELECT key, project FROM entry WHERE key IS NOT NULL AND ifnull(kind, '') NOT IN {_KNOWN_KINDS}"
            )
        }
        told = execute(
            "SELECT told, count(*) FROM page WHERE told IS NOT NULL GROUP BY told ORDER BY count(*) DESC, told LIMIT ?",
            (_MAX_TOLD,),
        )
        for packed, _ in told:
            one = _told(packed)
            self._told.append(one._replace(names=()))
            if len(self._told_names) < MAX_NAMES:
                self._told_names.update(dict.fromkeys(one.names))
        projects = execute("SELECT DISTINCT project FROM entry WHERE project IS NOT NULL")
        # A file that does not name itself, as it is broken, is named by a link to it.
        named = execute(
            "SELECT DISTINCT l.filename FROM entry e JOIN link l ON l.key = e.key AND NOT l.is_relative"
            " WHERE e.key IS NOT NULL AND e.project IS NULL"
        )
        every = chain(
            ("pip",),
            sorted(text_of(project) or "" for (project,) in projects),
            sorted(filter(None, (project_of(text_of(name) or "") for (name,) in named))),
            self._told_names,
        )
        self._names = _as_in_urls(every)

    def _places(self) -> list[str]:
        """Return where servers have their files, as far as this run knows; likely ones first."""
        found = self._connection.execute("SELECT url FROM found WHERE source = 'index-guess' ORDER BY url")
        known = (file_place(url) for url in (*self._given, *(text_of(url) or "" for (url,) in found)))
        told = (place for told in self._told for place in told.places)
        return list(islice(dict.fromkeys(filter(None, chain(told, known))), _MAX_PLACES))

    def _unknown(self) -> set[bytes]:
        """Return the keys of what may be a page, and whose URL nothing tells so far."""
        execute = self._connection.execute
        unknown = self._pages.keys() - {key for (key,) in execute("SELECT key FROM found")}
        own = "SELECT key FROM guess WHERE candidate IN (SELECT name FROM own_candidate)"
        unknown -= {key for (key,) in execute(own)}
        linked = f"SELECT 1 FROM link l WHERE l.key = ? AND {ACTIVE} AND l.url IS NOT NULL LIMIT 1"
        return {key for key in unknown if execute(linked, (key,)).fetchone() is None}

    def _names_of(self, unknown: Collection[bytes]) -> list[str]:
        """Return the names that these pages may have, those that they give themselves first."""
        own = {project for key in unknown if (project := self._pages[key]) is not None}
        is_nameless = any(self._pages[key] is None for key in unknown)
        return _as_in_urls(chain(sorted(own), self._told_names), self._names if is_nameless else ())

    def _try_whole(self) -> None:
        """Try the URLs that are told as a whole: of pages, redirects and sdists."""
        self._join(_WHOLE)
        urls = [spelling for told in self._told for url in told.urls for spelling in spellings(without_user(url))]
        if not urls:
            return
        execute = self._connection.execute
        sdists = {key for (key,) in execute("SELECT key FROM entry WHERE key IS NOT NULL AND kind = 'sdist'")}
        names = {*self._names} - _WORDS
        for url in urls:
            key = key_of_url(url)
            if key in self._pages:
                project = listed_project(url)
                self._add([(key, _WHOLE, url, project if project in names else None)])
            elif key in sdists:
                self._add([(key, _WHOLE, url, None)])

    def _try_files(self) -> None:
        """Try where files of other URLs lie, for those that no link names: a directory of files, and its page gone.

        A link that needs its page counts for none: whether that is known depends on the run.
        """
        places = list(dict.fromkeys(place for told in self._told for place in told.places if "://" in place))
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
            for place, file in product(places[:_MAX_FILE_PLACES], file_paths(filename, project, version)):
                left -= 1
                url = f"{place}/{file}"
                if _sha224(as_bytes(url)).digest() == key:
                    beside = url + METADATA_SUFFIX
                    self._add([(key, _WHOLE, url, None), (key_of_url(beside), _WHOLE, beside, None)])
                    break
            if left < 0:
                return

    def _try(self, base: str, names: Sequence[str]) -> set[bytes]:
        """Try names with a base, and the base itself; if it fits some pages, in other spellings too.

        Returns:
            The keys that fit.
        """
        self._join(base)
        hits = self._hits(base, chain(_listings(base), ((f"{base}/{name}/", name) for name in names)))
        found = {key for key, *_ in hits}
        if 0 < len(found) < len(self._pages):
            hits += self._hits(base, ((url, name) for name in names for url in _respelt(base, name)))
            found = {key for key, *_ in hits}
        self._add(hits)
        return found

    def _join(self, base: str) -> None:
        self._own[base] = None
        self._tried.add(base)
        self._connection.execute("INSERT OR IGNORE INTO own_candidate VALUES (?)", (base,))

    def _hits(self, base: str, urls: Iterable[tuple[str, str | None]]) -> list[tuple[bytes, str, str, str | None]]:
        pages = self._pages
        found = []
        for url, name in urls:
            key = _sha224(as_bytes(url)).digest()
            if key in pages:
                found.append((key, base, url, None if name is None or name in _WORDS else unquote(name)))
        return found

    def _add(self, rows: Iterable[tuple[bytes, str, str, str | None]]) -> None:
        kept = [row for row in rows if isinstance(as_column(row[2]), str)]
        self._connection.executemany(
            "INSERT OR IGNORE INTO guess (key, candidate, url, project) VALUES (?, ?, ?, ?)", kept
        )


def _is_proven(key: object, url: object) -> bool:
    return isinstance(url, str) and _sha224(url.encode()).digest() == key


def _told(packed: object) -> Told:
    match unpack(packed):
        case (tuple(places), tuple(names), tuple(urls)) if all(
            isinstance(text, str) for text in chain(places, names, urls)
        ):
            return Told(places, names, urls)
    raise RowDamagedError


def _as_in_urls(names: Iterable[str], more: Iterable[str] = ()) -> list[str]:
    """Return names as pip quotes them, each once; what is too long, or is no text, is the name of no project."""
    kept = (name for name in names if 0 < len(name) <= _MAX_NAME and isinstance(as_column(name), str))
    return list(dict.fromkeys(chain(map(quote, kept), more)))


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
