"""Names and facts of an entry, from its own rows of the catalog and from those of entries that refer to it."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any

from msgspec import structs

from pipcacheplus.catalog.content_rows import COLUMNS as CONTENT_COLUMNS
from pipcacheplus.catalog.content_rows import Content, sha256_of, with_content
from pipcacheplus.catalog.entry_rows import (
    Names,
    as_text,
    check_seal,
    checked_rows,
    entry_of_row,
    ids_of_key,
    names_of,
    origin_facts,
    text_of,
)
from pipcacheplus.catalog.names import named_by, redirect_names
from pipcacheplus.catalog.redirect_chains import RedirectChains
from pipcacheplus.catalog.references import ACTIVE, JoinedRow, Reference, hashes_of, name_rows, reference_of_rows, rows
from pipcacheplus.catalog.schema import FACTS
from pipcacheplus.catalog.sources import source_now
from pipcacheplus.catalog.stored_facts import unpack, unpack_facts, unpack_origin
from pipcacheplus.checks.base.proof import proof_of
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.facts import Expected, Facts, Origin, Published, Wheel, WheelMetadata
from pipcacheplus.model.values import FILE_KINDS, Entry, Kind, Shape, UrlSource
from pipcacheplus.pips.file_host import digest_in_path
from pipcacheplus.pips.wheel_keys import SdistLink, interpreter_of
from pipcacheplus.readers.digests import usable

__all__ = ["Known", "digests_of_many"]

_BUILT = Shape.BUILT_WHEEL.value
_REDIRECT = Kind.REDIRECT.value
_WRITTEN = [*FACTS].index("written")
_MAX_PAGE_URLS = 8
"""Number of disagreeing pages whose URLs are looked up."""
_LINKS = UrlSource.LINKS.value
_GUESS = UrlSource.INDEX_GUESS.value
_AT_ONCE = 256
_MAY_BE_QUOTED = re.compile(r"[+!]")
"""Characters of a version that a URL may write differently."""


class Known:
    """Names and facts from a catalog that is up to date."""

    def __init__(self, connection: sqlite3.Connection, path: str, hosts: tuple[str, ...]) -> None:
        """Begin with a catalog.

        Args:
            connection: Connection to the catalog.
            path: Path of the cache directory.
            hosts: File hosts.
        """
        self._connection = connection
        self._hosts = hosts
        with OpenCache(path) as cache:
            self.device = cache.device

    def named(self, where: str, *, details: bool = False) -> Iterator[list[tuple[Any, ...]]]:
        """Yield entries with their names, some hundred at once, in order of ids: rows of `checked_rows`.

        Args:
            where: The entries, a condition over `entry e`.
            details: Whether SHA-256 and origin follow each.

        Raises:
            RowDamagedError: A row is not one that was written.
        """
        found = self._named(where)
        while some := [*islice(found, _AT_ONCE)]:
            checked = checked_rows(some, self.device)
            yield self._with_details(checked, some[0][0], some[-1][0]) if details else checked

    def _with_details(self, rows_: list[tuple[Any, ...]], first: bytes, last: bytes) -> list[tuple[Any, ...]]:
        """Return rows with further facts of the entries; `first` and `last` are ids."""
        columns = ", ".join(CONTENT_COLUMNS)
        bounds = (first, last)
        execute = self._connection.execute
        contents = execute(f"SELECT id, {columns} FROM content WHERE id BETWEEN ? AND ? AND sha256 NOTNULL", bounds)
        digests = {as_text(id_): sha256_of(values) for id_, *values in contents}
        origins = dict[str, tuple[Any, ...]]()
        if any(row[1] == _BUILT for row in rows_):
            built = execute(f"SELECT id, facts FROM entry WHERE id BETWEEN ? AND ? AND shape = '{_BUILT}'", bounds)
            told = ((as_text(id_), origin_facts(unpack_origin(facts))) for id_, facts in built if facts is not None)
            origins = {path: tuple(origin) for path, origin in told if origin is not None}  # as in rows
        return [(*row, digests.get(row[0]), origins.get(row[0])) for row in rows_]

    def _named(self, where: str) -> Iterator[tuple[Any, ...]]:
        """Yield the arguments of `checked_rows`; most follow from columns, without unpacking their facts."""
        for row, others in name_rows(self._connection, where):
            if others or row[1] == _BUILT or row[3] is None or row[3] == _REDIRECT:
                yield *row[:3], *self._names_of(row, others)
                continue
            *own, filename, tags, interpreter, fresh_until, _, page, url, other_name, guess, listed, found, _, _ = row
            if page is not None and guess is None:
                source = None if url is None else _LINKS
                yield *own, other_name or filename, tags, interpreter, fresh_until, url, source, None, None
            elif page is found is None and guess is not None:
                names = (own[4] or listed, own[5], filename, tags, interpreter, fresh_until, guess, _GUESS, None, None)
                yield *own[:4], *names
            elif page is guess is found is None:
                yield *own, filename, tags, interpreter, fresh_until, None, None, None, None
            else:
                yield *row[:3], *self._names_of(row, others)

    def _names_of(self, row: Sequence[Any], others: list[Sequence[Any]]) -> Names:
        id_, shape, _, kind, *_ = row
        own = names_of(shape, row[3:10])
        if shape == _BUILT:
            return own if kind is None else self._built(id_, own, row[10])
        if kind == _REDIRECT:
            own = redirect_names(own, unpack_facts(row[10]))
        return named_by(own, reference_of_rows(row, others))

    def names(self, row: JoinedRow, reference: Reference | None) -> Names:
        """Return the names of an entry.

        Raises:
            RowDamagedError: The row is not one that was written.
        """
        own = names_of(row.shape, row.facts)
        if own.kind == _REDIRECT:
            own = redirect_names(own, unpack_facts(row.facts[-2]))
        if row.shape != _BUILT:
            return named_by(own, reference)
        return self._built(row.id, own, row.facts[-2]) if row.is_read else own

    def _built(self, id_: bytes, own: Names, facts: object) -> Names:
        """Return the names of a built wheel; its URL is that of its origin."""
        origin = unpack_origin(facts)
        if isinstance(origin, Origin) and origin.url:
            own = own._replace(url=origin.url, url_source=UrlSource.ORIGIN.value)
        if own.interpreter is None and own.project is not None:
            in_url = _MAY_BE_QUOTED.split(own.version or "")[0]  # thousands of links are of other versions
            found = self._connection.execute(
                f"SELECT url, hashes FROM source l WHERE project = ? AND instr(url, ?) AND {ACTIVE}"
                " ORDER BY url, hashes",
                (own.project, in_url),
            )
            sources = [SdistLink(url=text_of(url) or "", hashes=hashes_of(unpack(hashes))) for url, hashes in found]
            if sources:  # without any, it was tried when the wheel was read
                own = own._replace(
                    interpreter=interpreter_of(as_text(id_), origin if isinstance(origin, Origin) else None, sources)
                )
        return own

    def entry(self, row: JoinedRow, names: Names) -> Entry:
        """Return an entry.

        Raises:
            RowDamagedError: The row is not one that was written.
        """
        return entry_of_row(row.id, row.shape, row.files, names, self.device)

    def detailed(self, row: JoinedRow, entry: Entry) -> Entry:
        """Return an entry with further facts.

        Raises:
            RowDamagedError: The row is not as it was written.
        """
        sha256 = sha256_of(row.content) if row.content[0] is not None else None
        origin = unpack_origin(row.facts[-2]) if row.shape == _BUILT and row.is_read else None
        return replace(entry, sha256=sha256, origin=origin_facts(origin))

    def facts(self, row: JoinedRow) -> Facts:
        """Return the facts from the ends of an entry.

        Raises:
            RowDamagedError: The row is not as it was written.
        """
        if not row.is_read:
            return Facts()
        check_seal(row.facts)
        return unpack_facts(row.facts[-2])

    def whole(self, row: JoinedRow, reference: Reference | None) -> Facts:
        """Return the facts of an entry that was read as far to its end as necessary.

        Raises:
            RowDamagedError: A row is not as it was written.
        """
        facts = self.facts(row)
        content = Content.of_row(row.content)
        whole = with_content(Shape(row.shape), facts, content, self.expected(reference), is_final=True) or facts
        if reference is not None and reference.pages and whole.published:
            return structs.replace(whole, pages=self._pages(reference.pages))
        if row.facts[0] == _REDIRECT:
            return structs.replace(whole, redirects=self.redirects.of(row.id))
        return whole

    @cached_property
    def redirects(self) -> RedirectChains:
        """The targets of redirects of the cache; read on first use."""
        return RedirectChains(self._connection)

    def with_source(self, row: JoinedRow, facts: Facts, *, has_contents: bool) -> Facts:
        """Return the facts of a built wheel with the present evidence about its source; those of others unchanged.

        Args:
            row: Row of the wheel.
            facts: Facts of the wheel.
            has_contents: Whether the contents of sources were read by `Contents`.

        Raises:
            RowDamagedError: A row is not as it was written.
        """
        if row.shape != _BUILT or not isinstance(facts.origin, Origin):
            return facts
        found = source_now(self._connection, row.id, self._named_whole, self._pages, has_contents=has_contents)
        return structs.replace(facts, source=found)

    def _named_whole(self, row: JoinedRow, reference: Reference | None) -> tuple[Entry, Facts]:
        return self.entry(row, self.names(row, reference)), self.whole(row, reference)

    def _pages(self, pages: Iterable[tuple[int, tuple[tuple[str, str], ...]]]) -> tuple[Published, ...]:
        """Return the digests that some pages, by their numbers, publish for an entry, the newest page first."""
        found: list[Published] = []
        all_pages = list(pages)
        with_urls = len(all_pages) <= _MAX_PAGE_URLS
        for number, hashes in all_pages:
            where = "e.id = (SELECT id FROM page WHERE number = ?)"
            for row in rows(self._connection, where, (number,)):
                check_seal(row.facts)
                url = self.names(row, row.reference()).url if with_urls else None
                found.append(
                    Published(page=as_text(row.id), url=url, written_s=row.facts[_WRITTEN], hashes=usable(hashes))
                )
        return tuple(sorted((one for one in found if one.hashes), key=_newest_first))

    def expected(self, reference: Reference | None) -> Expected:
        """Return the evidence about the correct payload."""
        if reference is None:
            return Expected(hosts=self._hosts)
        wheel = self._wheel_metadata(reference.wheel) if reference.wheel else None
        return self._published(reference, wheel)

    def _published(self, reference: Reference | None, wheel: WheelMetadata | None = None) -> Expected:
        if reference is None:
            return Expected(hosts=self._hosts)
        in_path = digest_in_path(reference.url)
        return Expected(published=reference.hashes, in_path=in_path, hosts=self._hosts, wheel_metadata=wheel)

    def _wheel_metadata(self, key: bytes) -> WheelMetadata | None:
        for id_ in ids_of_key(key):
            for row in rows(self._connection, "e.id = ? AND e.kind = ?", (id_, Kind.WHEEL.value)):
                found = self._beside(row)
                if found is not None:
                    return found
        return None

    def _beside(self, row: JoinedRow) -> WheelMetadata | None:
        """Return the facts in a wheel about the metadata beside it; `None` if the wheel is damaged."""
        reference = row.reference()
        facts = self.facts(row)
        expected = self._published(reference)
        content = Content.of_row(row.content)
        whole = with_content(Shape(row.shape), facts, content, expected, is_final=True) or facts
        wheel = whole.payload
        if whole.damage is not None or not isinstance(wheel, Wheel) or wheel.metadata_sha256 is None:
            return None
        entry = self.entry(row, self.names(row, reference))
        return WheelMetadata(sha256=wheel.metadata_sha256, is_proven=proof_of(entry, whole) is not None)


def _newest_first(one: Published) -> tuple[bool, int, str, tuple[tuple[str, str], ...]]:
    return one.written_s is not None, -(one.written_s or 0), one.page, one.hashes


def digests_of_many(connection: sqlite3.Connection) -> Iterator[tuple[bytes, str]]:
    """Yield ids and SHA-256 of downloads whose content another one has too, among those whose content was read.

    Raises:
        RowDamagedError: A row is not as it was written.
    """
    columns = ", ".join(f"c.{name}" for name in CONTENT_COLUMNS)
    downloads = " AND ".join(("c.sha256 NOTNULL", f"e.kind IN ({', '.join(repr(kind.value) for kind in FILE_KINDS)})"))
    found = connection.execute(
        f"SELECT c.id, {columns} FROM content c JOIN entry e ON e.id = c.id WHERE {downloads} AND c.sha256 IN (SELECT"
        f" c.sha256 FROM content c JOIN entry e ON e.id = c.id WHERE {downloads} GROUP BY c.sha256 HAVING count(*) > 1)"
    )
    for id_, *values in found:
        digest = sha256_of(values)
        if digest is not None:
            yield id_, digest
