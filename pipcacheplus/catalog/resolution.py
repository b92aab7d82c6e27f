"""What the rest of the cache tells of an entry: its exact URL, its published name, whose wheel it is."""

from dataclasses import replace

from pipcacheplus.catalog.links import Reference, References
from pipcacheplus.model.facts import FILE_HOST_DIGEST, Facts, Origin
from pipcacheplus.model.values import Entry, Shape, UrlSource
from pipcacheplus.pips.filenames import canonical, file_names
from pipcacheplus.pips.layout import key_of, page_key
from pipcacheplus.pips.wheel_keys import interpreter_of

__all__ = ["resolve"]


def resolve(entry: Entry, facts: Facts, known: References) -> Entry:
    """Return the entry with what the rest of the cache tells of it: its exact URL, and with it its file name.

    A URL is told only if its SHA-224 is the entry's key.
    """
    if entry.shape is Shape.BUILT_WHEEL:
        origin = facts.origin if isinstance(facts.origin, Origin) else None
        return replace(entry, interpreter=interpreter_of(entry.id, origin, known.sources.get(entry.project or "", ())))
    key = key_of(entry.id)
    reference = known.by_key.get(key) if key is not None else None
    if key is not None and reference is None:
        reference = _at_file_host(key, entry, facts, known.hosts)
    if reference is None:
        return entry
    guessed = reference.url.rstrip("/").rpartition("/")[2] if reference.source is UrlSource.INDEX_GUESS else None
    return replace(
        entry,
        url=reference.url,
        url_source=reference.source,
        filename=reference.filename or entry.filename,
        project=entry.project or (canonical(guessed) if guessed else None),
    )


def _at_file_host(key: str, entry: Entry, facts: Facts, hosts: tuple[str, ...]) -> Reference | None:
    """Try the URL that the file host makes from the digest of a file; a hit proves both URL and content."""
    digest = dict(facts.digests).get(FILE_HOST_DIGEST)
    if digest is None:
        return None
    folder = f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}"
    for filename in file_names(entry, facts):
        for host in hosts:
            url = f"{host}/{folder}/{filename}"
            if page_key(url) == key:
                return Reference(url=url, source=UrlSource.FILE_HOST, filename=filename)
    return None
