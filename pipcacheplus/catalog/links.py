"""Links of the pages of a cache to its other entries: URLs, and the digests that were published.

A URL is never stored with an entry, but its SHA-224 is the entry's name: so a link is proven to be the right one, or it
is dropped. Pages may be read anywhere and in any order (`LinkCollector`); the links of all are put together in one
place (`LinkIndex`). Only links are kept for which the cache has an entry, or from which a built wheel may come. A
wheel's own metadata is linked as well: an index serves it beside the wheel (PEP 658), with `.metadata` behind the URL.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pipcacheplus.checks.base.proof import proof_of
from pipcacheplus.model.facts import Facts, Head, Link, Page, Wheel, WheelMetadata
from pipcacheplus.model.values import Entry, Kind, UrlSource
from pipcacheplus.pips.filenames import SDIST_SUFFIXES, canonical
from pipcacheplus.pips.layout import key_of, page_key
from pipcacheplus.pips.urls import is_absolute, is_plain, join_url, spellings
from pipcacheplus.pips.wheel_keys import SdistLink

__all__ = [
    "KeyFilter",
    "LinkCollector",
    "LinkIndex",
    "PageLinks",
    "Reference",
    "References",
    "WheelReference",
    "behind_their_wheels",
    "metadata_beside",
    "wheel_references_for",
    "wheel_url",
    "with_metadata",
]

_MAX_REDIRECTS = 10
_BITS_PER_KEY = 16
"""Of a hundred keys that are not there, six are let through."""
_MIN_BITS = 1 << 10
_sha224 = hashlib.sha224
_from_bytes = int.from_bytes
_SUFFIX = ".metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is known of the response with one key."""

    url: str
    source: UrlSource
    filename: str | None = None
    hashes: tuple[tuple[str, str], ...] = ()
    """Digests of the file, as its index published them; nothing if two pages say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """All that was gathered."""

    by_key: Mapping[str, Reference] = field(default_factory=dict)
    sources: Mapping[str, Sequence[SdistLink]] = field(default_factory=dict)
    """By canonical name of the project: those of which the cache has built wheels."""
    hosts: tuple[str, ...] = ()
    """`https://host` of every link to a file, sorted."""


def _stripped(indexes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(index.rstrip("/") for index in indexes))


class KeyFilter:
    """The keys of a cache in a few bytes each, so that whoever looks at pages can have them all.

    A key that is in it is always found; of others, a few are taken for one that is.
    """

    def __init__(self, keys: Collection[str]) -> None:
        """Take keys in hex digits."""
        size = max(_MIN_BITS, 1 << (len(keys) * _BITS_PER_KEY - 1).bit_length()) if keys else _MIN_BITS
        self._mask = size - 1
        self._bits = bytearray(size >> 3)
        for key in keys:
            at = int(key[:8], 16) & self._mask
            self._bits[at >> 3] |= 1 << (at & 7)

    def may_have(self, url: str) -> bool:
        """Return whether there may be a response from this URL; false is certain."""
        digest = _sha224(url.encode("utf-8", "surrogateescape")).digest()
        at = _from_bytes(digest[:4], "big") & self._mask
        return self._bits[at >> 3] >> (at & 7) & 1 == 1


@dataclass(slots=True)
class PageLinks:
    """What some entries say of others, and of themselves; grows while they are looked at."""

    found: list[tuple[str, Reference]] = field(default_factory=list)
    """Keys, and what a link says of the response with that key."""
    sources: list[tuple[str, SdistLink]] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    """Canonical names of projects."""
    redirects: dict[str, str] = field(default_factory=dict)
    """From the key of a redirect to its target."""
    unresolved: list[Entry] = field(default_factory=list)
    """Pages with relative links whose own URL is not known yet."""


class LinkCollector:
    """Takes entries one after the other, and keeps in `links` what they say of entries that the cache has."""

    def __init__(
        self, keys: KeyFilter, built: frozenset[tuple[str, str]], indexes: Iterable[str], bases: Mapping[str, str]
    ) -> None:
        """Begin.

        Args:
            keys: Of all responses in the cache.
            built: Canonical name and version of every built wheel.
            indexes: URLs of indexes whose pages may be in the cache.
            bases: The URLs of pages, by key, as far as they are known already.
        """
        self.links = PageLinks()
        self._keys = keys
        self._built: dict[str, set[str]] = {}
        for project, version in built:
            self._built.setdefault(project, set()).add(version)
        self._indexes = _stripped(indexes)
        self._bases = bases

    def keeps(self, url: str, has_metadata: bool, /) -> bool:  # noqa: FBT001 - as readers.page has it
        """Return whether a link of a page is of use; a relative one may be."""
        if is_plain(url):  # as most are: there is one spelling of them
            is_here = self._keys.may_have(url) or (has_metadata and self._keys.may_have(url + ".metadata"))
        elif is_absolute(url):
            is_here = self._may_have(url) or (has_metadata and self._may_have(url + ".metadata"))
        else:
            return True
        if "/packages/" in url:
            self.links.hosts.add(url.partition("/packages/")[0])
        return is_here or (bool(self._built) and self._project_built_from(url.rpartition("/")[2]) is not None)

    def add(self, entry: Entry, facts: Facts) -> None:
        """Take what an entry says."""
        if entry.project is not None:
            self.links.names.add(entry.project)
        key = key_of(entry.id)
        if key is None or not isinstance(facts.head, Head):
            return
        if entry.kind is Kind.REDIRECT:
            self.links.redirects[key] = facts.head.header("location") or ""
        elif isinstance(facts.payload, Page):
            self._add_page(entry, key, facts.payload)

    def _add_page(self, entry: Entry, key: str, page: Page) -> None:
        base = self._base_of(entry, key)
        if base is not None and page.base:
            base = join_url(base, page.base)
        elif page.base and is_absolute(page.base):
            base = page.base
        is_unresolved = False
        for link in page.links:
            url = link.url if is_absolute(link.url) else join_url(base, link.url) if base else None
            if url is not None:
                self._add_link(url, link)
            is_unresolved |= base is None and url is None
        if is_unresolved:
            self.links.unresolved.append(entry)

    def _base_of(self, entry: Entry, key: str) -> str | None:
        guesses = (f"{index}/{entry.project}/" for index in self._indexes if entry.project)
        return self._bases.get(key) or next((url for url in guesses if page_key(url) == key), None)

    def _add_link(self, url: str, link: Link) -> None:
        self._know(url, link.filename, link.hashes)
        if link.metadata_hashes is not None:
            self._know(url + ".metadata", link.filename + ".metadata", link.metadata_hashes)
        if "/packages/" in url:
            self.links.hosts.add(url.partition("/packages/")[0])
        source_of = self._project_built_from(link.filename) if self._built else None
        if source_of is not None:
            for spelling in spellings(url):
                self.links.sources.append((source_of, SdistLink(url=spelling, hashes=link.hashes)))

    def _know(self, url: str, filename: str, hashes: tuple[tuple[str, str], ...]) -> None:
        for spelling in spellings(url):
            if self._keys.may_have(spelling):
                reference = Reference(url=spelling, source=UrlSource.LINKS, filename=filename, hashes=hashes)
                self.links.found.append((page_key(spelling), reference))

    def _may_have(self, url: str) -> bool:
        return any(self._keys.may_have(spelling) for spelling in spellings(url))

    def _project_built_from(self, filename: str) -> str | None:
        """Return the project of a built wheel that may have been built from the sdist of this name."""
        if not filename.lower().endswith(SDIST_SUFFIXES):
            return None
        # Where the name of the project ends, and the version begins, is only known by what was built.
        parts = canonical(filename).split("-")
        names = ("-".join(parts[:end]) for end in range(1, len(parts)))
        return next((name for name in names if any(v in filename for v in self._built.get(name, ()))), None)


class LinkIndex:
    """Puts together what was said."""

    def __init__(self, keys: Collection[str], indexes: Iterable[str]) -> None:
        """Begin.

        Args:
            keys: Of all responses in the cache.
            indexes: URLs of indexes whose pages may be in the cache.
        """
        self._keys = keys
        self._indexes = _stripped(indexes)
        self._found: dict[str, Reference] = {}
        self._sources: dict[str, dict[SdistLink, None]] = {}
        self._hosts: set[str] = set()
        self._redirects: dict[str, str] = {}
        self._names: set[str] = {"pip"}
        self._unresolved: dict[str, Entry] = {}

    def add(self, links: PageLinks) -> None:
        """Take what was said."""
        for key, reference in links.found:
            self._know(key, reference)
        for project, source in links.sources:
            self._sources.setdefault(project, {})[source] = None
        self._hosts |= links.hosts
        self._names |= links.names
        self._redirects |= links.redirects
        self._unresolved |= {page: entry for entry in links.unresolved if (page := key_of(entry.id))}

    def _know(self, key: str, reference: Reference) -> None:
        if key in self._keys:
            self._found[key] = _merged(self._found.get(key), reference)

    def _guess(self, url: str) -> str | None:
        """Keep a URL if the cache has a response from it; return the key."""
        for spelling in spellings(url):
            key = page_key(spelling)
            if key in self._keys:
                self._know(key, Reference(url=spelling, source=UrlSource.INDEX_GUESS))
                return key
        return None

    def follow(self) -> tuple[tuple[Entry, ...], dict[str, str]]:
        """Guess the pages of every name seen, and follow redirects.

        Returns:
            The pages that are worth another look, and the URLs of theirs, by key, that are known by now.
        """
        for name in sorted(self._names):
            for index in self._indexes:
                self._guess(f"{index}/{name}/")
        for key in [key for key in self._redirects if key in self._found]:
            self._follow(key)
        again = {key: entry for key, entry in self._unresolved.items() if key in self._found}
        self._unresolved = {}
        return tuple(again.values()), {key: self._found[key].url for key in again}

    def _follow(self, key: str) -> None:
        for _ in range(_MAX_REDIRECTS):  # redirects may lead in a circle
            if key not in self._redirects or key not in self._found:
                return
            target = join_url(self._found[key].url, self._redirects[key])
            following = self._guess(target) if target else None
            if following is None:
                return
            key = following

    def finish(self) -> References:
        """Return all that was gathered."""
        return References(
            by_key=self._found,
            sources={project: tuple(found) for project, found in self._sources.items()},
            hosts=tuple(sorted(self._hosts)),
        )


def _merged(old: Reference | None, new: Reference) -> Reference:
    """Keep what both say; of digests that contradict each other, none."""
    if old is None:
        return new
    one, other = dict(old.hashes), dict(new.hashes)
    if any(one[name] != other[name] for name in one.keys() & other.keys()):
        hashes: tuple[tuple[str, str], ...] = ()
    else:
        hashes = tuple((one | other).items())
    return Reference(url=old.url, source=old.source, filename=old.filename or new.filename, hashes=hashes)


class WheelReference(NamedTuple):
    """What a wheel says of the metadata beside it."""

    reference: Reference
    metadata: WheelMetadata


def metadata_beside(entry: Entry, facts: Facts) -> WheelReference | None:
    """Return what a wheel says of the metadata beside it; `None` if it is none, damaged, or its URL is not known."""
    wheel = facts.payload
    if entry.url is None or entry.url_source is None or facts.damage is not None or not isinstance(wheel, Wheel):
        return None
    if wheel.metadata_sha256 is None or key_of(entry.id) is None:
        return None
    filename = entry.filename + _SUFFIX if entry.filename else None
    return WheelReference(
        Reference(url=entry.url + _SUFFIX, source=entry.url_source, filename=filename),
        WheelMetadata(sha256=wheel.metadata_sha256, is_proven=proof_of(entry, facts) is not None),
    )


def wheel_url(metadata_url: str) -> str:
    """Return the URL of the wheel that metadata belongs to."""
    return metadata_url.removesuffix(_SUFFIX)


def behind_their_wheels(by_key: Mapping[str, Reference]) -> frozenset[str]:
    """Return the keys of metadata whose wheel is in the cache too."""
    return frozenset(
        key
        for key, reference in by_key.items()
        if reference.url.endswith(_SUFFIX) and page_key(wheel_url(reference.url)) in by_key
    )


def wheel_references_for(entries: Iterable[Entry], known: Mapping[str, WheelReference]) -> dict[str, WheelReference]:
    """Return what wheels say of these entries, by key."""
    return {key: known[key] for entry in entries if (key := key_of(entry.id) or "") in known}


def with_metadata(
    known: References, entries: Iterable[Entry], wheel_references: Mapping[str, WheelReference]
) -> References:
    """Return what is known of some entries, with the URLs that their wheels add to it."""
    by_wheel = {key: one.reference for key, one in wheel_references_for(entries, wheel_references).items()}
    by_page = {key: known.by_key[key] for entry in entries if (key := key_of(entry.id) or "") in known.by_key}
    return replace(known, by_key=by_wheel | by_page)
