"""Facts about other entries in a page: links to responses of the cache, to sdists, and to file hosts.

A URL is never stored with an entry, but its SHA-224 is the entry's key: so it is certain whether a link leads to an
entry. Links are kept if the cache has an entry for them. So that an entry which comes later finds the
pages that link to it, a page has a mark of four bytes for each of its links (`PageRow.marks`).

The places of files on servers, and the projects that a page names, are stored too, because the URLs of other
pages are guessed from them (`Hints`). It follows from the bytes of the page alone.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import NamedTuple
from urllib.parse import unquote

from pipcacheplus.catalog.entry_rows import as_bytes, as_column, ids_of_key
from pipcacheplus.catalog.stored_facts import pack
from pipcacheplus.model.facts import Link, Origin, Page
from pipcacheplus.pips.credentials import has_credentials, shown_url
from pipcacheplus.pips.filenames import SDIST_SUFFIXES, canonical
from pipcacheplus.pips.index_layouts import MAX_PLACE, file_place, listed_project, project_of
from pipcacheplus.pips.urls import is_absolute, join_url, match_plain, path_of_file_url, spellings, without_user

__all__ = [
    "METADATA_SUFFIX",
    "NO_LINKS",
    "Hints",
    "KeyFilter",
    "LinkCollector",
    "LinkRow",
    "MadeFromRow",
    "PageRow",
    "SourceRow",
    "key_of_url",
    "made_from",
    "mark_of_sdist",
]

METADATA_SUFFIX = ".metadata"
"""The end of the URL of metadata, after that of its wheel (PEP 658)."""
_BITS_PER_KEY = 32
"""Of a hundred keys that are not there, at most four pass. A page has far more links than the cache has
entries, and each that passes becomes a needless row."""
_MIN_BITS = 1 << 10
_MARK_BYTES = 4
_FILES = "/packages/"
_METADATA_BYTES = METADATA_SUFFIX.encode()
_MAX_HOSTS = 32
_MAX_PLACES = 8
_MAX_LOOKS = 64
"""After so many URLs of a page that differ in place from the one before, places are not collected any more."""
_MAX_NAMES = 16
_MAX_LISTED = 4096
"""Most projects that a page may list by relative links."""
_sha224 = hashlib.sha224
_from_bytes = int.from_bytes


class KeyFilter:
    """The keys of a cache in two bytes each, so that each reader of pages can hold them all.

    A key that is in it is always found; of others, a few are found wrongly.
    """

    def __init__(self, keys: Iterable[bytes], count: int) -> None:
        """Store keys, of which the number is given."""
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
    """A link of a page to the response with one key."""

    key: bytes
    is_relative: bool
    """Whether it counts only if the URL of the page is known."""
    url: str | None
    """With `…` in place of credentials, which are not stored: the key is that of the whole one."""
    filename: str | bytes | None
    sha256: bytes | None
    others: bytes | None
    """Digests by other algorithms, packed."""
    wheel: bytes | None
    """Of metadata: the key of the wheel that it belongs to."""


class SourceRow(NamedTuple):
    """A link of a page to an sdist from which a wheel of the cache may have been built."""

    project: str
    is_relative: bool
    url: str
    hashes: bytes


class MadeFromRow(NamedTuple):
    """The source of a built wheel: the entry that a response to its URL would be, and its digests at the build."""

    source: bytes
    """Id; empty for a source that is not in a cache, a file of this machine."""
    url: str | None
    """`None` if it holds credentials."""
    sha256: bytes | None
    hashes: bytes | None
    """All digests, packed; `None` without any."""


class PageRow(NamedTuple):
    """The facts of a page about others, with its links."""

    is_open: bool
    """Whether it has links for which its own URL must be known."""
    base: str | None
    """The URL of the page with which these were resolved, without credentials; `None` if it was not known."""
    hosts: bytes
    """Packed: file hosts of absolute links, and of relative ones."""
    hints: bytes | None
    """A packed `Hints`, unless it is empty."""
    marks: bytes
    """First four bytes of the keys of all its links, and `mark_of_sdist` of its sdists."""
    links: list[LinkRow]
    sources: list[SourceRow]
    made_from: list[MadeFromRow]


NO_LINKS = PageRow(is_open=False, base=None, hosts=b"", hints=None, marks=b"", links=[], sources=[], made_from=[])
"""The row of an entry that is not a page."""


def made_from(origin: Origin) -> Iterator[MadeFromRow]:
    """Yield the source archive of a built wheel by its origin, in every spelling of its URL.

    Nothing for a local directory, nor for a commit, which never changes.
    """
    if origin.is_directory or origin.vcs is not None:
        return
    sha256 = _raw(dict(origin.hashes).get("sha256", "")) or None
    hashes = pack(origin.hashes) if origin.hashes else None
    if path_of_file_url(origin.url) is not None:
        yield MadeFromRow(b"", None, sha256, hashes)
    for spelling in spellings(origin.url):
        url = None if has_credentials(spelling) else spelling
        for id_ in ids_of_key(key_of_url(spelling)):
            yield MadeFromRow(id_, url, sha256, hashes)


class Hints(NamedTuple):
    """Facts from which the URLs of other pages may be guessed."""

    places: tuple[str, ...] = ()
    """Places of the files of servers, as `file_place` returns them."""
    names: tuple[str, ...] = ()
    """Projects, by their canonical names, in the order of the links that name them."""
    urls: tuple[str, ...] = ()
    """Whole URLs that may have been requested."""

    def packed(self) -> bytes | None:
        """Return it as a column value."""
        return pack(tuple(self)) if any(self) else None

    @classmethod
    def of_url(cls, url: str) -> "Hints":
        """Return the hints in one URL, none if it holds credentials."""
        if not is_absolute(url) or isinstance(as_column(url), bytes):
            return cls()
        place = _place_of_url(url)
        return cls(
            places=(place,) if place is not None else (),
            urls=() if has_credentials(url) or len(url) > MAX_PLACE else (url.partition("#")[0],),
        )


def _place_of_url(url: str) -> str | None:
    """Return the place of a URL; if it holds credentials, which may be anywhere in it, only its host."""
    if has_credentials(url):
        url = "/".join(without_user(url).split("/")[:3]).partition("?")[0]
    place = file_place(url.partition("#")[0].partition("?")[0])
    return None if place is not None and has_credentials(place) else place


def key_of_url(url: str) -> bytes:
    """Return the key of a response from a URL, as a column value; no text makes it raise."""
    return _sha224(as_bytes(url)).digest()


def mark_of_sdist(project: str) -> int:
    """Return the mark of pages that may link to an sdist of a project, by the first part of its canonical name."""
    return _from_bytes(_sha224(b"sdist:" + as_bytes(project.partition("-")[0])).digest()[:_MARK_BYTES], "little")


class LinkCollector:
    """Collects the links of one page; `filter` is called for each as the page is read, `row_of` makes the row."""

    def __init__(self, keys: KeyFilter, built: dict[str, Collection[str]], base: str | None) -> None:
        """Begin.

        Args:
            keys: Keys of all responses in the cache.
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
        self._places: dict[str, None] = {}
        self._filenames: list[str] = []
        """Names of files that it links to, whose projects count if it names none itself."""
        self._looks = 0

    def filter(self) -> Callable[[str, bool], bool]:
        """Return the function that decides whether a link of a page is of use; a relative one may be.

        It is called for each link of a cache, a million times, and so it uses local variables only.
        """
        mask, bits, marks, hosts = self._mask, self._bits, self._marks, self._hosts
        last_place = " "

        def keeps(url: str, has_metadata: bool, /) -> bool:  # noqa: FBT001 - as readers.page has it
            nonlocal last_place
            if match_plain(url) is None or "/." in url:
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
            if not url.startswith(last_place):  # most links of a page have the same place as the one before
                last_place = self._look(url, hosts) or last_place
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
        if hosts is self._hosts:
            self._look(url, hosts)
        elif _FILES in url:
            hosts[url.partition(_FILES)[0]] = None
        return self._may_be_source(unquote(url.rpartition("/")[2])) or is_here

    def _look(self, url: str, hosts: dict[str, None]) -> str | None:
        """Store the places and names in an absolute link.

        Returns:
            The beginning of links that hold no more than this one, if it is known.
        """
        host, found, _ = url.partition(_FILES)
        if found:
            hosts[host] = None
        if self._looks < _MAX_LOOKS:
            self._looks += 1
            self._see_place(url)
            self._filenames.append(url.partition("#")[0].partition("?")[0].rpartition("/")[2])
        return host + found if found else None

    def _see_place(self, url: str) -> None:
        if len(self._places) < _MAX_PLACES and (place := _place_of_url(url)) is not None:
            self._places[place] = None

    def _named(self, links: Iterable[Link]) -> dict[str, None]:
        """Return projects whose files it links to."""
        names: dict[str, None] = {}
        for filename in chain(self._filenames, (link.filename for link in links)):
            if (name := project_of(unquote(filename[:MAX_PLACE]))) is not None:
                names[name] = None
                if len(names) == _MAX_NAMES:
                    break
        return names

    def _see(self, key: bytes) -> bool:
        mark = key[:_MARK_BYTES]
        self._marks += mark
        at = _from_bytes(mark, "big") & self._mask  # as `KeyFilter.may_have`, whose call would take as long
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
            if is_absolute(page.base):
                self._see_place(page.base)
        listed: dict[str, None] = {}
        relative: list[Link] = []
        is_open = False
        links: dict[LinkRow, None] = {}
        sources: dict[SourceRow, None] = {}
        for link in page.links:
            url, is_relative = link.url, not is_absolute(link.url)
            if is_relative:
                relative.append(link)
                self._see_relative(link, listed)
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
        # A page that names its project has no other; most do.
        names = {} if page.name else self._named(relative) | listed
        all_hosts = [_shown_hosts(some) for some in (self._hosts, self._relative_hosts)]
        return PageRow(
            is_open=is_open,
            base=shown_url(self._base) if is_open and self._base is not None else None,
            hosts=pack(all_hosts) if any(all_hosts) else b"",
            hints=Hints(places=tuple(self._places), names=tuple(names)).packed(),
            marks=bytes(self._marks),
            links=list(links),
            sources=list(sources),
            made_from=[],
        )

    def _see_relative(self, link: Link, listed: dict[str, None]) -> None:
        """Store the places in a relative link, and whether it leads to the page of a project."""
        url = link.url
        if url.startswith("/"):
            self._see_place("https:" + url if url.startswith("//") else url)
        if (
            url.endswith("/")
            and len(listed) < _MAX_LISTED
            and (name := listed_project(unquote(url[-256:]))) is not None
        ):
            listed[name] = None

    def _links(self, url: str, link: Link, *, is_relative: bool) -> Iterable[LinkRow]:
        yield from self._links_of(url, link.filename, link.hashes, is_relative=is_relative)
        if link.metadata_hashes is not None:
            name = link.filename + METADATA_SUFFIX
            yield from self._links_of(url, name, link.metadata_hashes, is_relative=is_relative, suffix=METADATA_SUFFIX)

    def _links_of(
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
            shown = shown_url(spelling)
            yield LinkRow(
                key=key,
                is_relative=is_relative,
                url=shown + suffix,
                filename=as_column(filename),
                sha256=sha256,
                others=others,
                wheel=wheel if wheel != key else None,
            )

    def _sources(self, url: str, link: Link, *, is_relative: bool) -> Iterable[SourceRow]:
        project = self._project_built_from(link.filename) if self._built else None
        if project is None:
            return
        for spelling in spellings(url):
            if not has_credentials(spelling):
                yield SourceRow(project=project, is_relative=is_relative, url=spelling, hashes=pack(link.hashes))

    def _project_built_from(self, filename: str) -> str | None:
        """Return the project of a built wheel that may have been built from the sdist of this name."""
        if not filename.lower().endswith(SDIST_SUFFIXES):
            return None
        # Only the built wheels show where the name of the project ends and the version begins.
        parts = canonical(filename).split("-")
        names = ("-".join(parts[:end]) for end in range(1, len(parts)))
        return next((name for name in names if any(v in filename for v in self._built.get(name, ()))), None)


def _shown_hosts(hosts: Iterable[str]) -> list[str]:
    """Return the hosts that may be stored: without users; none with a token in its path."""
    found = sorted({without_user(host) for host in hosts})[:_MAX_HOSTS]
    return [host for host in found if not has_credentials(f"{host}/")]


def _split(hashes: Collection[tuple[str, str]]) -> tuple[bytes | None, bytes | None]:
    """Return the SHA-256, and all digests packed if there are others, or no SHA-256."""
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
