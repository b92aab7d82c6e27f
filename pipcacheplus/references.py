"""What the pages of a cache say of its other entries: the URLs they came from, and the digests that were published.

A URL is never stored with an entry, but its SHA-224 is the entry's name: so a link is proven to be the one, or it is
not told. Pages are looked at one after the other; of their links only those are kept that the cache has an entry for,
or that a built wheel may come from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipcacheplus.facts import Facts, Head, Link, Page
from pipcacheplus.layout import key_of, page_key
from pipcacheplus.model import Entry, Kind, UrlSource
from pipcacheplus.urls import is_absolute, joined, spellings

__all__ = ["Gathering", "Reference", "References", "Source"]

_SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz", ".tar")
_MAX_REDIRECTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is known of the response with one key."""

    url: str
    source: UrlSource
    filename: str | None = None
    hashes: tuple[tuple[str, str], ...] = ()
    """Digests of the file, as its index published them; nothing if two pages say otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source distribution that a page links to."""

    url: str
    hashes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """All that was gathered."""

    by_key: Mapping[str, Reference] = field(default_factory=dict)
    sources: Mapping[str, Sequence[Source]] = field(default_factory=dict)
    """By canonical name of the project: those of which the cache has built wheels."""
    hosts: tuple[str, ...] = ()
    """`https://host` of every link to a file, sorted."""


class Gathering:
    """Takes entries one after the other."""

    def __init__(self, keys: frozenset[str], built: frozenset[tuple[str, str]], indexes: Iterable[str]) -> None:
        """Begin.

        Args:
            keys: Of all responses in the cache.
            built: Canonical name and version of every built wheel.
            indexes: URLs of indexes whose pages may be in the cache.
        """
        self._keys = keys
        self._built: dict[str, set[str]] = {}
        for project, version in built:
            self._built.setdefault(project, set()).add(version)
        self._indexes = tuple(dict.fromkeys(index.rstrip("/") for index in indexes))
        self._found: dict[str, Reference] = {}
        self._sources: dict[str, dict[Source, None]] = {}
        self._hosts: set[str] = set()
        self._redirects: dict[str, str] = {}
        self._names: set[str] = {"pip"}
        self.unresolved: dict[str, Entry] = {}
        """By key: pages with relative links whose own URL is not known yet."""

    def add(self, entry: Entry, facts: Facts) -> None:
        """Take what an entry says of others, and of itself."""
        if entry.project is not None:
            self._names.add(entry.project)
        key = key_of(entry.id)
        if key is None or not isinstance(facts.head, Head):
            return
        if entry.kind is Kind.REDIRECT:
            self._redirects[key] = facts.head.header("location") or ""
        elif isinstance(facts.payload, Page):
            if entry.project is not None:
                self._guess(entry.project)
            self._add_page(entry, key, facts.payload)

    def _guess(self, project: str) -> None:
        for index in self._indexes:
            self._know(f"{index}/{project}/", UrlSource.INDEX_GUESS)

    def _know(self, url: str, source: UrlSource, link: Link | None = None, *, is_metadata: bool = False) -> str | None:
        """Keep a URL if the cache has a response with its key; return the key."""
        for spelling in spellings(url):
            key = page_key(spelling)
            if key in self._keys:
                filename = link.filename + ".metadata" * is_metadata if link else None
                hashes = ((link.metadata_hashes or ()) if is_metadata else link.hashes) if link else ()
                new = Reference(url=spelling, source=source, filename=filename, hashes=hashes)
                self._found[key] = _merged(self._found.get(key), new)
                return key
        return None

    def _add_page(self, entry: Entry, key: str, page: Page) -> None:
        base = self._found[key].url if key in self._found else None
        if base is not None and page.base:
            base = joined(base, page.base)
        elif page.base and is_absolute(page.base):
            base = page.base
        for link in page.links:
            if is_absolute(link.url):
                url: str | None = link.url
            elif base is None:
                self.unresolved[key] = entry
                continue
            else:
                url = joined(base, link.url)
            if url is not None:
                self._add_link(url, link, entry.project)

    def _add_link(self, url: str, link: Link, project: str | None) -> None:
        self._know(url, UrlSource.LINKS, link)
        if link.metadata_hashes is not None:
            self._know(url + ".metadata", UrlSource.LINKS, link, is_metadata=True)
        if "/packages/" in url:
            self._hosts.add(url.partition("/packages/")[0])
        versions = self._built.get(project or "")
        if versions and link.filename.lower().endswith(_SDIST_SUFFIXES) and any(v in link.filename for v in versions):
            for spelling in spellings(url):
                self._sources.setdefault(project or "", {})[Source(url=spelling, hashes=link.hashes)] = None

    def follow(self) -> tuple[Entry, ...]:
        """Guess the pages of every name seen, and follow redirects; return pages that are worth another `add`."""
        for name in sorted(self._names):
            self._guess(name)
        for key in [key for key in self._redirects if key in self._found]:
            self._follow(key)
        again = [entry for key, entry in self.unresolved.items() if key in self._found]
        self.unresolved = {}
        return tuple(again)

    def _follow(self, key: str) -> None:
        for _ in range(_MAX_REDIRECTS):  # redirects may lead in a circle
            if key not in self._redirects or key not in self._found:
                return
            target = joined(self._found[key].url, self._redirects[key])
            following = self._know(target, UrlSource.INDEX_GUESS) if target else None
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
