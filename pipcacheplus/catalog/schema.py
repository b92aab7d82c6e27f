"""The tables of the catalog, the facts in their rows, and the version of the readers.

- `entry`: a row for each entry: its files from the last walk, and the facts from reading it. Names are those by its
  own bytes.
- `content`: digests of a payload, and the result of unpacking it; only for entries that were read to their end.
- `page`: an entry with facts about others: a page, a redirect with its target, a built wheel with its source.
- `link`: a link of a page to a response with this key. Only links are stored for which the cache has a response.
- `source`: a link of a page to an sdist from which a wheel of the cache may have been built.
- `made_from`: the source of a built wheel: the entry that a response to its URL would be, and its digests.
- `guess`: a URL that was guessed, and whose key is that of a response: from a name and the base of an index
  (`candidate`), or a whole URL (then that is empty).
- `candidate`: bases with which all names were tried, by the indexes that a run was given.
- `whole`: that no content of any entry is missing, for runs with these indexes and file hosts (a digest of both), as
  long as no row changes.
- `shard`: a digest of the last walk of a part of the cache.
- `history`: counts of the entries by kind, for each day on which a run read the cache. They cannot be made again: a
  catalog of another version passes them on (`PASSED_ON`).

Text that is not UTF-8 is stored as bytes. Nothing here depends on the query, and nothing but `history` on the clock.
"""

__all__ = ["APPLICATION", "FACTS", "PASSED_ON", "TABLES", "VERSION"]

_LAYOUT = 8
_READERS = 4
"""To be raised whenever reading the same bytes would give other facts than before."""
VERSION = _LAYOUT << 16 | _READERS
APPLICATION = 0x70637032
"""Marks a database as a catalog: `pcp2`."""

_SEEN = {
    "id": "BLOB PRIMARY KEY NOT NULL",
    "shape": "TEXT NOT NULL",
    "key": "BLOB",
    "area": "TEXT NOT NULL",
    "size": "INTEGER NOT NULL",
    "disk_size": "INTEGER NOT NULL",
    "file_count": "INTEGER NOT NULL",
    "changed_ns": "INTEGER NOT NULL",
    "read_ns": "INTEGER",
    "files": "BLOB NOT NULL",
    "is_rest": "INTEGER NOT NULL",
}
"""Columns from the walk. `read_ns`: when the entry was read; `NULL` if that is still to be done. `is_rest`: whether it
lies in none of the parts of the cache."""
FACTS = {
    "kind": "TEXT",
    "project": "TEXT",
    "version": "TEXT",
    "filename": "TEXT",
    "tags": "TEXT",
    "interpreter": "TEXT",
    "fresh_until": "INTEGER",
    "written": "INTEGER",
    "stated_size": "INTEGER",
    "body_size": "INTEGER",
    "etag": "BLOB",
    "metadata_sha256": "BLOB",
    "damage": "TEXT",
    "unknown": "TEXT",
    "format": "TEXT",
    "is_archive": "INTEGER",
    "is_pickle": "INTEGER",
    "is_usable": "INTEGER",
    "is_from_directory": "INTEGER",
    "is_of_url_alone": "INTEGER",
    "inner_project": "TEXT",
    "inner_version": "TEXT",
    "facts": "BLOB",
    "seal": "INTEGER",
}
"""Columns from reading. `etag`: an MD5. `damage`, `unknown`: why the head, the payload, or the file beside it cannot
be read, or judged. `is_of_url_alone`: whether the key of a built wheel holds the URL of an archive, and no
digest of it. `seal`: a checksum of all the others."""


def _table(name: str, columns: dict[str, str]) -> str:
    inner = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    return f"CREATE TABLE {name} ({inner}) WITHOUT ROWID"


TABLES = {
    "entry": _table("entry", {**_SEEN, **FACTS}),
    "entry_unread": "CREATE INDEX entry_unread ON entry (id) WHERE read_ns IS NULL",
    "entry_rest": "CREATE INDEX entry_rest ON entry (id) WHERE is_rest",
    "entry_tags": "CREATE INDEX entry_tags ON entry (tags) WHERE tags IS NOT NULL",
    "content": _table(
        "content",
        {
            "id": "BLOB PRIMARY KEY NOT NULL",
            "sha256": "BLOB",
            "md5": "BLOB",
            "blake2b": "BLOB",
            "others": "BLOB",
            "is_unpacked": "INTEGER NOT NULL",
            "is_cut": "INTEGER NOT NULL",
            "damage": "TEXT",
            "problem": "BLOB",
            "libraries": "BLOB",
            "seal": "INTEGER NOT NULL",
        },
    ),
    "page": (
        "CREATE TABLE page (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, key BLOB NOT NULL,"
        " is_open INTEGER NOT NULL, base TEXT, target TEXT, hosts BLOB, hints BLOB, marks BLOB)"
    ),
    "page_open": "CREATE INDEX page_open ON page (key) WHERE is_open OR target IS NOT NULL",
    "link": (
        "CREATE TABLE link (key BLOB NOT NULL, page INTEGER NOT NULL, at INTEGER NOT NULL, is_relative INTEGER NOT"
        " NULL, url TEXT, filename TEXT, sha256 BLOB, others BLOB, wheel BLOB, PRIMARY KEY (key, page, at))"
        " WITHOUT ROWID"
    ),
    "link_page": "CREATE INDEX link_page ON link (page)",
    "source": (
        "CREATE TABLE source (project TEXT NOT NULL, page INTEGER NOT NULL, at INTEGER NOT NULL, is_relative INTEGER"
        " NOT NULL, url TEXT NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (project, page, at)) WITHOUT ROWID"
    ),
    "source_page": "CREATE INDEX source_page ON source (page)",
    "source_url": "CREATE INDEX source_url ON source (url)",
    "made_from": (
        "CREATE TABLE made_from (page INTEGER NOT NULL, at INTEGER NOT NULL, source BLOB NOT NULL, url TEXT,"
        " sha256 BLOB, hashes BLOB, PRIMARY KEY (page, at)) WITHOUT ROWID"
    ),
    "guess": (
        "CREATE TABLE guess (key BLOB NOT NULL, candidate TEXT NOT NULL, url TEXT NOT NULL, project TEXT,"
        " PRIMARY KEY (key, candidate)) WITHOUT ROWID"
    ),
    "candidate": (
        "CREATE TABLE candidate (given BLOB NOT NULL, name TEXT NOT NULL, PRIMARY KEY (given, name)) WITHOUT ROWID"
    ),
    "whole": "CREATE TABLE whole (given BLOB PRIMARY KEY NOT NULL) WITHOUT ROWID",
    "shard": "CREATE TABLE shard (name BLOB PRIMARY KEY NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID",
    "history": (
        "CREATE TABLE history (day INTEGER NOT NULL, kind TEXT NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT"
        " NULL, disk_bytes INTEGER NOT NULL, PRIMARY KEY (day, kind)) WITHOUT ROWID"
    ),
    "counter": "CREATE TABLE counter (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) WITHOUT ROWID",
}
PASSED_ON = ("history",)
"""Tables whose rows a new catalog copies from one of another version."""
