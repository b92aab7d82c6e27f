"""Facts for words of a selection besides the names of entries: digests, origins, indexes."""

import sqlite3
from collections.abc import Mapping

from pipcacheplus.catalog.entry_rows import as_bytes, as_text, briefs_of_rows, origin_facts
from pipcacheplus.catalog.known import Known
from pipcacheplus.catalog.references import ACTIVE
from pipcacheplus.catalog.stored_facts import unpack_origin
from pipcacheplus.model.values import Kind, OriginFacts, Shape
from pipcacheplus.plan.words import is_of_host

__all__ = ["entries_of_index", "entries_with_digest", "origins"]

_DIGITS = 64
_PAGES = f"e.kind IN ('{Kind.INDEX_PAGE.value}', '{Kind.LINKS_PAGE.value}')"


def entries_with_digest(connection: sqlite3.Connection, beginning: str) -> frozenset[str]:
    """Return the ids of entries whose content has, or for which a page publishes, a SHA-256 that begins so.

    Args:
        connection: Connection to a catalog that is up to date, and linked.
        beginning: Hexadecimal digits.
    """
    bounds = [bytes.fromhex(beginning.ljust(_DIGITS, digit)) for digit in "0f"]
    made = "SELECT id FROM content WHERE sha256 BETWEEN ? AND ?"
    published = f"SELECT e.id FROM link l JOIN entry e ON e.key = l.key WHERE l.sha256 BETWEEN ? AND ? AND {ACTIVE}"
    return frozenset(as_text(id_) for (id_,) in connection.execute(f"{made} UNION {published}", bounds * 2))


def origins(connection: sqlite3.Connection) -> Mapping[str, OriginFacts]:
    """Return the origins of built wheels by their ids, for those with an origin file.

    Raises:
        RowDamagedError: A row is not one that was written.
    """
    built = connection.execute("SELECT id, facts FROM entry WHERE shape = ?", (Shape.BUILT_WHEEL.value,))
    told = ((as_text(id_), origin_facts(unpack_origin(facts))) for id_, facts in built if facts is not None)
    return {path: origin for path, origin in told if origin is not None}


def entries_of_index(connection: sqlite3.Connection, known: Known, index: str) -> frozenset[str]:
    """Return the ids of the pages of an index, and of the entries that they link to.

    Args:
        connection: Connection to a catalog that is up to date, and linked.
        known: Names in it.
        index: Its host, a glob of one, or its URL.

    Raises:
        RowDamagedError: A row is not one that was written.
    """
    is_url, start = "://" in index, index.rstrip("/") + "/"
    pages = [
        brief.id
        for rows in known.named(_PAGES)
        for brief in briefs_of_rows(rows)
        if brief.url_shown is not None
        and (brief.url_shown.startswith(start) if is_url else is_of_host(brief.url_shown, index.lower()))
    ]
    linked = (
        "SELECT e.id FROM page p JOIN link l ON l.page = p.number JOIN entry e ON e.key = l.key"
        f" WHERE p.id = ? AND {ACTIVE}"
    )
    found = {as_text(id_) for page in pages for (id_,) in connection.execute(linked, (as_bytes(page),))}
    return frozenset({*pages, *found})
