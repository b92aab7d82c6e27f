"""The evidence about an entry in the rest of the cache, joined on request: its URL, and its published digests.

Which links and guesses count depends on the run: a relative link counts if the run knows the URL of its page, and
a guess if the run has its index. So this run's own are in temporary tables: `own_candidate`, `resolved` (pages whose
URL is known), `found` (URLs that only this run's input shows), `leads` (redirects and their targets) and
`led` (digests that pages publish for a response by linking to a redirect).
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from pipcacheplus.catalog.content_rows import COLUMNS as CONTENT_COLUMNS
from pipcacheplus.catalog.entry_rows import text_of
from pipcacheplus.catalog.schema import FACTS
from pipcacheplus.catalog.stored_facts import RowDamagedError, pack, unpack
from pipcacheplus.model.values import Kind, Shape, UrlSource
from pipcacheplus.pips.index_layouts import listed_project

__all__ = [
    "ACTIVE",
    "JoinedRow",
    "Reference",
    "hashes_in",
    "hashes_of",
    "make_tables",
    "name_rows",
    "pack_led",
    "reference_of_rows",
    "rows",
]

_TABLES = """
CREATE TEMP TABLE own_candidate (name TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE own_name (name TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE resolved (page INTEGER PRIMARY KEY);
CREATE TEMP TABLE found (
    key BLOB PRIMARY KEY NOT NULL, url TEXT NOT NULL, filename TEXT, source TEXT NOT NULL, wheel BLOB
) WITHOUT ROWID;
CREATE TEMP TABLE leads (id BLOB NOT NULL, redirect BLOB NOT NULL, PRIMARY KEY (id, redirect)) WITHOUT ROWID;
CREATE TEMP TABLE led (id BLOB PRIMARY KEY NOT NULL, published BLOB NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE unread (id BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE chosen (id BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE wanted (id BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE to_read (
    id BLOB PRIMARY KEY NOT NULL, size INTEGER NOT NULL, sha256 BLOB, published BLOB, wheel TEXT, in_path TEXT
) WITHOUT ROWID;
CREATE TEMP TABLE was_read (id BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE now_read (id BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE now_walked (id BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE again (id BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE laid_by (
    id BLOB PRIMARY KEY NOT NULL, shape TEXT NOT NULL, files BLOB NOT NULL, entry_seal INTEGER NOT NULL, {}
) WITHOUT ROWID;
CREATE TEMP TABLE bad_tags (tags TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE unread_area (area TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
CREATE TEMP TABLE looked_for (name TEXT PRIMARY KEY NOT NULL) WITHOUT ROWID;
""".format(", ".join(CONTENT_COLUMNS))
ACTIVE = "(NOT l.is_relative OR l.page IN (SELECT page FROM resolved))"
"""Whether a row `l` of `link` counts in this run."""
_OWN = ("id", "shape", "files", "size", "disk_size", "file_count")
_ENTRY = (*_OWN, *FACTS)
_SAID = (
    f" LEFT JOIN link l ON l.key = e.key AND {ACTIVE}"
    " LEFT JOIN guess g ON g.key = e.key AND g.candidate IN (SELECT name FROM own_candidate)"
    " LEFT JOIN found f ON f.key = e.key"
)
_SELECT = (
    "SELECT "
    + ", ".join(f"e.{name}" for name in _ENTRY)
    + ", "
    + ", ".join(f"c.{name}" for name in CONTENT_COLUMNS)
    + ", l.page, l.url, l.filename, l.sha256, l.others, l.wheel, g.url, g.project"
    + ", f.url, f.filename, f.source, f.wheel, d.published{more}"
    " FROM entry e LEFT JOIN content c ON c.id = e.id"
    f"{_SAID} LEFT JOIN led d ON d.id = e.id"
    " WHERE {where} ORDER BY e.id"
)
_SELECT_NAMES = (
    "SELECT e.id, e.shape, e.files, e.kind, e.project, e.version, e.filename, e.tags, e.interpreter, e.fresh_until,"
    f" CASE WHEN e.shape = '{Shape.BUILT_WHEEL.value}' OR e.kind = '{Kind.REDIRECT.value}' THEN e.facts END,"
    " l.page, l.url, l.filename, g.url, g.project, f.url, f.filename, f.source"
    f" FROM entry e{_SAID}"
    " WHERE {where} ORDER BY e.id"
)
_AT_CONTENT = len(_ENTRY)
_AT_LINK = _AT_CONTENT + len(CONTENT_COLUMNS)
_AT_GUESS = _AT_LINK + 6
_AT_FOUND = _AT_GUESS + 2
_AT_LED = _AT_FOUND + 4
_AT_MORE = _AT_LED + 1


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the temporary tables of a run."""
    connection.executescript(_TABLES)


_Published = tuple[int, tuple[tuple[str, str], ...]]
"""The number of a page, and the digests that it publishes."""


class Reference(NamedTuple):
    """The evidence about the response with one key."""

    url: str | None
    """Without its credentials; `None` if it is unknown."""
    source: UrlSource
    filename: str | None = None
    hashes: tuple[tuple[str, str], ...] = ()
    """Digests of the file by pages; several by one algorithm if these contradict each other."""
    wheel: bytes | None = None
    """Of metadata: the key of the wheel that it belongs to."""
    project: str | None = None
    """The project whose page it is, if its URL shows that."""
    pages: tuple[_Published, ...] = ()
    """The digests that each page publishes; empty if all publish the same."""


class JoinedRow:
    """A row of `entry` with its content, and with all evidence about it."""

    __slots__ = ("_rows", "first")

    def __init__(self, rows: list[Sequence[Any]]) -> None:
        self._rows = rows
        self.first = rows[0]

    @property
    def id(self) -> bytes:
        """Return the id of the entry."""
        own: bytes = self.first[0]
        return own

    @property
    def shape(self) -> str:
        """Return the column of this name."""
        own: str = self.first[1]
        return own

    @property
    def files(self) -> bytes:
        """Return the column of this name."""
        own: bytes = self.first[2]
        return own

    @property
    def size(self) -> int:
        """Return the column of this name."""
        own: int = self.first[3]
        return own

    @property
    def disk_size(self) -> int:
        """Return the column of this name."""
        own: int = self.first[4]
        return own

    @property
    def file_count(self) -> int:
        """Return the column of this name."""
        own: int = self.first[5]
        return own

    @property
    def is_read(self) -> bool:
        """Return whether there are facts of the entry."""
        return self.first[_AT_CONTENT - 1] is not None

    @property
    def facts(self) -> Sequence[Any]:
        """Return the columns of `FACTS`."""
        return self.first[len(_OWN) : _AT_CONTENT]

    @property
    def content(self) -> Sequence[Any]:
        """Return the columns of the row of `content`; all are `None` without one."""
        return self.first[_AT_CONTENT:_AT_LINK]

    @property
    def more(self) -> Any:  # noqa: ANN401 - of any type
        """Return the additional column."""
        return self.first[_AT_MORE]

    def reference(self) -> Reference | None:
        """Return the evidence about the entry; `None` if there is none.

        Raises:
            RowDamagedError: A row is not one that was written.
        """
        led = self.first[_AT_LED]
        is_told_by_link = self.first[_AT_GUESS] is led is None
        if len(self._rows) == 1 and is_told_by_link and (link := _simple(self.first[_AT_LINK:_AT_GUESS])) is not None:
            return link
        links = [row[_AT_LINK:_AT_GUESS] for row in self._rows if row[_AT_LINK] is not None]
        found = guessed = _guessed([row[_AT_GUESS:_AT_LED] for row in self._rows])
        if links:
            found = _merged(links)._replace(project=guessed.project if guessed is not None else None)
        if led is None:
            return found
        published = [*_published(links), *_unpack_led(led)]
        return _with_hashes(found or Reference(None, UrlSource.INDEX_GUESS), published)


def _guessed(rows: list[Sequence[Any]]) -> Reference | None:
    """Return the evidence about a response without a link: first the one that its content proves."""
    guess, _, url, filename, source, *rest = rows[0]
    if guess is not None and (url is None or source == UrlSource.INDEX_GUESS.value):
        projects = filter(None, (text_of(project) for _, project, *_ in rows))
        return Reference(text_of(guess), UrlSource.INDEX_GUESS, project=min(projects, default=None))
    if url is None:
        return None
    shown = text_of(url) or ""
    project = listed_project(shown.partition("?")[0]) if source == UrlSource.INDEX_GUESS.value else None
    return Reference(shown, UrlSource(source), text_of(filename), (), rest[0] if rest else None, project)


def _simple(link: Sequence[Any]) -> Reference | None:
    """Return the evidence of the only link, if it has the common form."""
    match link:
        case (int(), str(url), str(filename), bytes(sha256), None, bytes() | None as wheel):
            return Reference(url, UrlSource.LINKS, filename, (("sha256", sha256.hex()),), wheel)
    return None


def _merged(links: list[Sequence[Any]]) -> Reference:
    """Combine the evidence of all links, with that of each page if they differ."""
    names: set[str] = set()
    urls: set[str] = set()
    wheels: set[bytes] = set()
    for _, url, filename, _, _, wheel in links:
        names.update(filter(None, (text_of(filename),)))
        urls.update(filter(None, (text_of(url),)))
        if isinstance(wheel, bytes):
            wheels.add(wheel)
    merged = Reference(
        min(urls, default=None),
        UrlSource.LINKS,
        min(names, default=None),
        (),
        min(wheels, default=None),
    )
    return _with_hashes(merged, _published(links))


def _published(links: list[Sequence[Any]]) -> list[_Published]:
    return [(page, hashes) for page, _, _, sha256, others, _ in links if (hashes := hashes_in(sha256, others))]


def _with_hashes(reference: Reference, published: Iterable[_Published]) -> Reference:
    """Return the evidence about a response, with the digests that pages publish for it."""
    pages = dict.fromkeys(published)
    return reference._replace(
        hashes=tuple(sorted({pair for _, hashes in pages for pair in hashes})),
        pages=tuple(pages) if len({hashes for _, hashes in pages}) > 1 else (),
    )


def pack_led(published: Iterable[_Published]) -> bytes:
    """Return published digests as a column value."""
    return pack(tuple(published))


def _unpack_led(packed: object) -> Iterator[_Published]:
    for page, hashes in unpack(packed):
        yield page, hashes_of(hashes)


def hashes_in(sha256: object, others: object) -> tuple[tuple[str, str], ...]:
    """Return the digests in a row of `link`.

    Raises:
        RowDamagedError: It is not one that was written.
    """
    first = (("sha256", sha256.hex()),) if isinstance(sha256, bytes) else ()
    return first if others is None else (*first, *hashes_of(unpack(others)))


def hashes_of(pairs: object) -> tuple[tuple[str, str], ...]:
    """Return pairs of algorithm and hex digest.

    Raises:
        RowDamagedError: They are something else.
    """
    match pairs:
        case tuple() if all(
            isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(text, str) for text in pair)  # noqa: PLR2004
            for pair in pairs
        ):
            return pairs
    raise RowDamagedError


def rows(
    connection: sqlite3.Connection,
    where: str,
    parameters: Mapping[str, object] | Sequence[object] = (),
    *,
    more: str = "",
) -> Iterator[JoinedRow]:
    """Yield rows of `entry` that match a condition, in order of ids.

    Args:
        connection: Connection with the tables of `make_tables`.
        where: A condition over `entry e` and `content c`.
        parameters: Parameters of the condition.
        more: A column to select besides; an expression.
    """
    statement = _SELECT.format(where=where, more=f", {more}" if more else "")
    found: Iterable[Sequence[Any]] = connection.execute(statement, parameters)
    for _, group in groupby(found, key=itemgetter(0)):
        yield JoinedRow(list(group))


_NameRow = Sequence[Any]
"""The columns of `_SELECT_NAMES`."""


def name_rows(connection: sqlite3.Connection, where: str) -> Iterator[tuple[_NameRow, list[_NameRow]]]:
    """Yield the columns that name the entries which match a condition, in order of ids; no more is selected.

    Args:
        connection: Connection with the tables of `make_tables`.
        where: A condition over `entry e`.

    Yields:
        Id, shape, files, seven columns of names, the facts of a built wheel; then the evidence in the rest of the
        cache, for `reference_of_rows`. There are several rows if there are several pieces of evidence.
    """
    found = connection.execute(_SELECT_NAMES.format(where=where))
    row = next(found, None)
    while row is not None:
        others = []
        while (following := next(found, None)) is not None and following[0] == row[0]:
            others.append(following)
        yield row, others
        row = following


_AT_SAID = 11


def reference_of_rows(row: _NameRow, others: list[_NameRow]) -> Reference | None:
    """Return the evidence about an entry in rows of `name_rows`, without digests; `None` if there is none.

    Raises:
        RowDamagedError: A row is not one that was written.
    """
    guessed = _guessed([one[_AT_SAID + 3 :] for one in (row, *others)])
    if row[_AT_SAID] is None:
        return guessed
    links = _merged([(*one[_AT_SAID : _AT_SAID + 3], None, None, None) for one in (row, *others)])
    return links._replace(project=guessed.project if guessed is not None else None)
