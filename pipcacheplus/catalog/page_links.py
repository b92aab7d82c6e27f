"""Facts that a page states of other entries: links to responses of the cache, to sdists, and to file hosts.

A URL is never stored with an entry, but its SHA-224 is the entry's key: so a link either leads to an entry, for
certain, or to none. Links are kept if the cache has an entry for them. So that an entry which comes later finds the
pages that link to it, a page has a mark of four bytes for each of its links (`PageRow.marks`).
"""

import hashlib
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple
from urllib.parse import unquote

from pipcacheplus.catalog.entry_rows import as_bytes, as_column
from pipcacheplus.catalog.stored_facts import pack
from pipcacheplus.model.facts import Link, Page
from pipcacheplus.pips.filenames import SDIST_SUFFIXES, canonical
from pipcacheplus.pips.urls import has_credentials, is_absolute, join_url, match_plain, spellings

__all__ = [
    "METADATA_SUFFIX",
    "KeyFilter",
    "LinkCollector",
    "LinkRow",
    "PageRow",
    "SourceRow",
    "key_of_url",
    "mark_of_sdist",
]

METADATA_SUFFIX = ".metadata"
"""Stands behind the URL of a wheel in that of its metadata (PEP 658)."""
_BITS_PER_KEY = 32
"""Of a hundred keys that are not there, at most four are let through. A page has far more links than the cache has
entries, and each that is let through becomes a row that nobody asks for."""
_MIN_BITS = 1 << 10
_MARK_BYTES = 4
_FILES = "/packages/"
_METADATA_BYTES = METADATA_SUFFIX.encode()
_MAX_HOSTS = 32
_sha224 = hashlib.sha224
_from_bytes = int.from_bytes


class KeyFilter:
    """The keys of a cache in two bytes each, so that whoever looks at pages can have them all.

    A key that is in it is always found; of others, a few are taken for one that is.
    """

    def __init__(self, keys: Iterable[bytes], count: int) -> None:
        """Take keys, and how many there are."""
        size = max(_MIN_BITS, 1 << (count * _BITS_PER_KEY - 1).bit_length()) if count else _MIN_BITS
        self.mask = mask = size - 1
        self.bits = bits = bytearray(size >> 3)
        for key in keys:
            at = _from_bytes(key[:_MARK_BYTES], "big") & mask
            bits[at >> 3] |= 1 << (at & 7)

    def may_have(self, mark: int) -> bool:
        """Return whether there may be a response whose key begins with this number; false is certain."""
        at = mark & self.mask
        return self.bits[at >> 3] >> (at & 7) & 1 == 1


class LinkRow(NamedTuple):
    """What a page says of the response with one key."""

    key: bytes
    is_relative: bool
    """Whether it holds only for who knows the URL of the page."""
    url: str | None
    """`None` if it holds credentials, which are not stored."""
    filename: str | bytes | None
    sha256: bytes | None
    others: bytes | None
    """Digests by other algorithms, packed."""
    wheel: bytes | None
    """Of metadata: the key of the wheel that it lies beside."""


class SourceRow(NamedTuple):
    """A link of a page to an sdist from which a wheel of the cache may have been built."""

    project: str
    is_relative: bool
    url: str
    hashes: bytes


class PageRow(NamedTuple):
    """What a page says of others, besides its links."""

    is_open: bool
    """Whether it has links for which its own URL has to be known."""
    base: str | None
    """The URL of the page with which these were followed; `None` if it was not known."""
    hosts: bytes
    """Packed: file hosts of absolute links, and of relative ones."""
    marks: bytes
    """First four bytes of the keys of all its links, and `mark_of_sdist` of its sdists."""
    links: list[LinkRow]
    sources: list[SourceRow]


def key_of_url(url: str) -> bytes:
    """Return the key of a response from a URL, as columns have it; no text makes it raise."""
    return _sha224(as_bytes(url)).digest()


def mark_of_sdist(project: str) -> int:
    """Return the mark of pages that may link to an sdist of a project, by the first part of its canonical name."""
    return _from_bytes(_sha224(b"sdist:" + as_bytes(project.partition("-")[0])).digest()[:_MARK_BYTES], "little")


class LinkCollector:
    """Takes the links of one page; `filter` is asked for each as the page is read, `row_of` makes the row."""

    def __init__(self, keys: KeyFilter, built: dict[str, Collection[str]], base: str | None) -> None:
        """Begin.

        Args:
            keys: Of all responses in the cache.
            built: Versions of the built wheels of the cache, by canonical name of the project.
            base: The URL of the page, if it is known.
        """
        self._keys = keys
        self._built = built
        self._base = base
        self._mask, self._bits = keys.mask, keys.bits
        self._marks = bytearray()
        self._hosts: dict[str, None] = {}
        self._relative_hosts: dict[str, None] = {}

    def filter(self) -> Callable[[str, bool], bool]:
        """Return the function that tells whether a link of a page is of use; a relative one may be.

        It is called for each link of a cache: a million times, and so it has all that it needs at hand.
        """
        mask, bits, marks, hosts = self._mask, self._bits, self._marks, self._hosts
        last_host = ""

        def keeps(url: str, has_metadata: bool, /) -> bool:  # noqa: FBT001 - as readers.page has it
            nonlocal last_host
            if match_plain(url) is None:
                return not is_absolute(url) or self._is_here(url, hosts, has_metadata=has_metadata)
            # As most are: there is one spelling of them. Each key is looked up as `KeyFilter.may_have` does.
            digest = _sha224(url.encode())
            mark = digest.digest()[:_MARK_BYTES]
            marks.extend(mark)
            at = _from_bytes(mark, "big") & mask
            is_here = bits[at >> 3] >> (at & 7) & 1
            if has_metadata:
                digest.update(_METADATA_BYTES)
                mark = digest.digest()[:_MARK_BYTES]
                marks.extend(mark)
                at = _from_bytes(mark, "big") & mask
                is_here |= bits[at >> 3] >> (at & 7) & 1
            host, found, _ = url.partition(_FILES)
            if found and host != last_host:
                hosts[host] = None
                last_host = host
            if url.endswith(".whl"):  # as most do
                return is_here == 1
            return self._may_be_source(url.rpartition("/")[2]) or is_here == 1

        return keeps

    def _is_here(self, url: str, hosts: dict[str, None], *, has_metadata: bool) -> bool:
        is_here = False
        for spelling in spellings(url):
            is_here |= self._see(key_of_url(spelling))
            if has_metadata:
                is_here |= self._see(key_of_url(spelling + METADATA_SUFFIX))
        if _FILES in url:
            hosts[url.partition(_FILES)[0]] = None
        return self._may_be_source(unquote(url.rpartition("/")[2])) or is_here

    def _see(self, key: bytes) -> bool:
        mark = key[:_MARK_BYTES]
        self._marks += mark
        at = _from_bytes(mark, "big") & self._mask  # as `KeyFilter.may_have` does, which takes as long to be called
        return self._bits[at >> 3] >> (at & 7) & 1 == 1

    def _may_be_source(self, filename: str) -> bool:
        if not filename.lower().endswith(SDIST_SUFFIXES):
            return False
        self._marks += mark_of_sdist(canonical(filename)).to_bytes(_MARK_BYTES, "little")
        return bool(self._built) and self._project_built_from(filename) is not None

    def row_of(self, page: Page) -> PageRow:
        """Return the facts of a page, whose links are those that `filter` kept."""
        base = self._base
        if page.base:
            base = page.base if is_absolute(page.base) else join_url(base, page.base) if base is not None else None
        is_open = False
        links: dict[LinkRow, None] = {}
        sources: dict[SourceRow, None] = {}
        for link in page.links:
            url, is_relative = link.url, not is_absolute(link.url)
            if is_relative:
                is_bound = page.base is not None and is_absolute(page.base)
                is_open |= not is_bound
                joined = join_url(base, link.url) if base is not None else None
                if joined is None:
                    continue
                url, is_relative = joined, not is_bound
                hosts = self._relative_hosts if is_relative else self._hosts
                self._is_here(url, hosts, has_metadata=link.metadata_hashes is not None)
            for row in self._links(url, link, is_relative=is_relative):
                links[row] = None
            for source in self._sources(url, link, is_relative=is_relative):
                sources[source] = None
        all_hosts = [sorted(some)[:_MAX_HOSTS] for some in (self._hosts, self._relative_hosts)]
        return PageRow(
            is_open=is_open,
            base=self._base if is_open else None,
            hosts=pack(all_hosts) if any(all_hosts) else b"",
            marks=bytes(self._marks),
            links=list(links),
            sources=list(sources),
        )

    def _links(self, url: str, link: Link, *, is_relative: bool) -> Iterable[LinkRow]:
        yield from self._told(url, link.filename, link.hashes, is_relative=is_relative)
        if link.metadata_hashes is not None:
            name = link.filename + METADATA_SUFFIX
            yield from self._told(url, name, link.metadata_hashes, is_relative=is_relative, suffix=METADATA_SUFFIX)

    def _told(
        self,
        url: str,
        filename: str,
        hashes: tuple[tuple[str, str], ...],
        *,
        is_relative: bool,
        suffix: str = "",
    ) -> Iterable[LinkRow]:
        for spelling in spellings(url):
            whole = spelling + suffix
            key = key_of_url(whole)
            if not self._keys.may_have(_from_bytes(key[:_MARK_BYTES], "big")):
                continue
            sha256, others = _split(hashes)
            wheel = key_of_url(whole.removesuffix(METADATA_SUFFIX))
            shown = as_column(whole)
            yield LinkRow(
                key=key,
                is_relative=is_relative,
                url=shown if isinstance(shown, str) and not has_credentials(whole) else None,
                filename=as_column(filename),
                sha256=sha256,
                others=others,
                wheel=wheel if wheel != key else None,
            )

    def _sources(self, url: str, link: Link, *, is_relative: bool) -> Iterable[SourceRow]:
        project = self._project_built_from(link.filename) if self._built else None
        if project is None or has_credentials(url):
            return
        for spelling in spellings(url):
            if isinstance(as_column(spelling), str):
                yield SourceRow(project=project, is_relative=is_relative, url=spelling, hashes=pack(link.hashes))

    def _project_built_from(self, filename: str) -> str | None:
        """Return the project of a built wheel that may have been built from the sdist of this name."""
        if not filename.lower().endswith(SDIST_SUFFIXES):
            return None
        # Where the name of the project ends, and the version begins, is only known by what was built.
        parts = canonical(filename).split("-")
        names = ("-".join(parts[:end]) for end in range(1, len(parts)))
        return next((name for name in names if any(v in filename for v in self._built.get(name, ()))), None)


def _split(hashes: Collection[tuple[str, str]]) -> tuple[bytes | None, bytes | None]:
    """Return the SHA-256, and all digests packed if there are others, or if it is none."""
    if not hashes:
        return None, None
    if len(hashes) == 1:
        ((name, value),) = hashes
        if name == "sha256" and (raw := _raw(value)) is not None:
            return raw, None
    return None, pack(tuple(hashes))


def _raw(value: str) -> bytes | None:
    try:
        raw = bytes.fromhex(value)
    except ValueError:
        return None
    return raw if raw.hex() == value else None
