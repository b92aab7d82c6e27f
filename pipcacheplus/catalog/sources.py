"""Present evidence in a cache about the URLs of sources of built wheels: responses to them, and pages with them."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from pipcacheplus.catalog.entry_rows import as_text, text_of
from pipcacheplus.catalog.references import ACTIVE, JoinedRow, Reference, hashes_of, rows
from pipcacheplus.catalog.schema import FACTS
from pipcacheplus.catalog.stored_facts import unpack
from pipcacheplus.checks.base.proof import is_sound
from pipcacheplus.model.facts import Facts, Published, Sdist, SourceNow
from pipcacheplus.model.values import Entry
from pipcacheplus.readers.digests import usable

__all__ = ["REPLACED", "WANTED_DISPUTED", "WANTED_SOURCES", "source_now", "sources_of"]

REPLACED = (
    "EXISTS (SELECT 1 FROM page p JOIN made_from m ON m.page = p.number WHERE p.id = e.id AND m.hashes IS NOT NULL"
    " AND (m.source = x''"
    " OR EXISTS (SELECT 1 FROM content k WHERE k.id = m.source AND k.sha256 IS NOT m.sha256)"
    f" OR EXISTS (SELECT 1 FROM source l WHERE l.url = m.url AND l.hashes <> m.hashes AND {ACTIVE})))"
)
"""Whether a built wheel may have been made from other content than the URL of its source has now: for
`:replaced` in the condition of a check."""
WANTED_SOURCES = (
    "INSERT OR IGNORE INTO wanted SELECT s.id FROM page p JOIN made_from m ON m.page = p.number"
    " JOIN entry s ON s.id = m.source WHERE s.is_archive"
)
"""Adds the sources of built wheels, whose digests must be computed, to the wanted entries."""
WANTED_DISPUTED = (
    "INSERT OR IGNORE INTO wanted SELECT e.id FROM entry e WHERE e.id IN (SELECT id FROM led) OR e.key IN (SELECT l.key"
    f" FROM link l WHERE {ACTIVE} AND (l.sha256 IS NOT NULL OR l.others IS NOT NULL) GROUP BY l.key"
    " HAVING count(DISTINCT l.sha256) + count(DISTINCT l.others) > 1)"
)
"""Adds the files of which pages publish different digests to the wanted entries."""
_WRITTEN = [*FACTS].index("written")
_SOURCES_OF = (
    "SELECT e.id FROM page p JOIN made_from m ON m.page = p.number JOIN entry e ON e.id = m.source WHERE p.id = ?"
)


def sources_of(connection: sqlite3.Connection, ids: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the entries of the cache that lie under the URLs of the sources of built wheels."""
    for id_ in ids:
        yield from (source for (source,) in connection.execute(_SOURCES_OF, (id_,)).fetchall())


def source_now(
    connection: sqlite3.Connection,
    id_: bytes,
    whole: Callable[[JoinedRow, Reference | None], tuple[Entry, Facts]],
    published: Callable[[Iterable[tuple[int, tuple[tuple[str, str], ...]]]], tuple[Published, ...]],
    *,
    has_contents: bool,
) -> SourceNow:
    """Return the present evidence in the cache about the URL from which a built wheel was made.

    Args:
        connection: Connection to a catalog that is linked.
        id_: Id of the wheel.
        whole: Returns an entry and its facts, contents included.
        published: Returns the published digests, by the numbers of the pages, the newest first.
        has_contents: Whether the contents of the sources were read; if not, no response is returned.

    Raises:
        RowDamagedError: A row is not one that was written.
    """
    said = "SELECT m.source, m.url FROM page p JOIN made_from m ON m.page = p.number WHERE p.id = ?"
    told = connection.execute(said, (id_,)).fetchall()
    ids = dict.fromkeys(source for source, _ in told if source) if has_contents else {}
    lying = (row for source in ids for row in rows(connection, "e.id = ?", (source,)) if row.is_read)
    found = (_sound_source(row, *whole(row, row.reference())) for row in lying)
    links: dict[tuple[int, tuple[tuple[str, str], ...]], None] = {}
    for url in dict.fromkeys(text_of(url) for _, url in told):
        select = f"SELECT page, hashes FROM source l WHERE url = ? AND {ACTIVE} ORDER BY page, at"
        for page, hashes in connection.execute(select, (url,)):
            links[page, hashes_of(unpack(hashes))] = None
    return SourceNow(
        responses=tuple(sorted(filter(None, found), key=lambda one: (-(one.written_s or 0), one.page))),
        pages=published(links),
        is_linked_without_digest=any(not usable(hashes) for _, hashes in links),
    )


def _sound_source(row: JoinedRow, entry: Entry, facts: Facts) -> Published | None:
    """Return the digest of a response, if it is a source distribution without known damage."""
    digest = row.content[0]
    if not isinstance(facts.payload, Sdist) or not isinstance(digest, bytes) or not is_sound(entry, facts):
        return None
    # The `Date` of the server is the time of sending; without one, the file's time is near enough.
    written_s = row.facts[_WRITTEN]
    return Published(
        page=as_text(row.id),
        url=entry.url_shown,
        written_s=entry.files[0].mtime_ns // 10**9 if written_s is None else written_s,
        hashes=usable((("sha256", digest.hex()),)),
    )
