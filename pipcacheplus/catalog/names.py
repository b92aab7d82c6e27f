"""Names of an entry: kind, project, version, file name, tags and lifetime from its facts, its exact URL from links.

The result contains no guess. Sources: the headers that the file host sends with every file (`x-pypi-file-*`),
the metadata in an archive, the names of built wheels, which pip itself uses, and links whose SHA-224 is the key.
"""

from dataclasses import replace

from pipcacheplus.catalog.entry_rows import Names, OwnNames
from pipcacheplus.catalog.references import Reference
from pipcacheplus.disk.walk import unread_kind
from pipcacheplus.model.facts import (
    Facts,
    Head,
    Metadata,
    Origin,
    Page,
    PayloadFormat,
    Pickle,
    Sdist,
    Wheel,
)
from pipcacheplus.model.values import Entry, Kind, Shape, UrlSource
from pipcacheplus.pips.credentials import shown_url, unless_cut
from pipcacheplus.pips.filenames import canonical, file_name, file_names, project_and_version
from pipcacheplus.pips.freshness import fresh_until, written_at
from pipcacheplus.pips.layout import key_of, page_key
from pipcacheplus.readers.wheel import expand_tags

__all__ = ["identify", "name_at_file_host", "named_by", "own_names", "redirect_names"]

_PROJECT = "x-pypi-file-project"
_VERSION = "x-pypi-file-version"
_TYPE = "x-pypi-file-package-type"
_WHEEL_PARTS = (5, 6)
_MAX_TAGS = 4096
_LINKS = UrlSource.LINKS.value
_REDIRECT = Kind.REDIRECT.value


def identify(entry: Entry, facts: Facts) -> Entry:
    """Return the entry with the kind and the names that follow from its own facts."""
    own = own_names(entry.id, entry.shape, facts)
    origin = facts.origin if isinstance(facts.origin, Origin) and entry.shape is Shape.BUILT_WHEEL else None
    url = shown_url(origin.url) if origin is not None else None
    status, location = _redirect(facts) if own.kind is Kind.REDIRECT else (None, None)
    return replace(
        entry,
        status=status,
        location=location,
        kind=own.kind,
        project=own.project,
        version=own.version,
        filename=own.filename,
        tags=own.tags,
        fresh_until_s=own.fresh_until_s,
        url=unless_cut(url),
        url_shown=url,
        url_source=UrlSource.ORIGIN if origin is not None else None,
    )


def _redirect(facts: Facts) -> tuple[int | None, str | None]:
    """Return the status and the target of a redirect, as it may be shown."""
    if not isinstance(facts.head, Head):
        return None, None
    location = facts.head.header("location")
    return facts.head.status, None if location is None else shown_url(location)


def redirect_names(own: Names, facts: Facts) -> Names:
    """Return the names of a redirect with its status and target."""
    status, location = _redirect(facts)
    return own._replace(status=status, location=location)


def own_names(id_: str, shape: Shape, facts: Facts) -> OwnNames:
    """Return the kind and the names that follow from the facts of an entry."""
    match shape:
        case Shape.BUILT_WHEEL:
            return _built_wheel(id_.rpartition("/")[2])
        case Shape.PAIR | Shape.SINGLE if facts.head is not None:
            return _response(facts, _kind(facts))
        case Shape.HEAD | Shape.BODY:
            return _response(facts, Kind.LEFTOVER)
    return OwnNames(unread_kind(shape))


def _built_wheel(filename: str) -> OwnNames:
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) not in _WHEEL_PARTS:
        return OwnNames(Kind.BUILT_WHEEL, filename=filename)
    tags = _tags("-".join(parts[-3:]))
    return OwnNames(Kind.BUILT_WHEEL, canonical(parts[0]), parts[1], filename, tags)


def _tags(compressed: str) -> tuple[str, ...]:
    """Return the tags of a compressed set, sorted; none if it is invalid, or stands for more than 4,096."""
    tags = tuple(expand_tags(compressed, limit=_MAX_TAGS + 1))
    return tuple(sorted(set(tags))) if len(tags) <= _MAX_TAGS else ()


def _kind(facts: Facts) -> Kind:
    head = facts.head
    if not isinstance(head, Head):
        return Kind.UNREADABLE
    if head.is_permanent_redirect and facts.format is None:
        return Kind.REDIRECT
    match facts.payload:
        case Wheel():
            return Kind.WHEEL
        case Sdist():
            return Kind.SDIST
        case Metadata():
            return Kind.METADATA
        case Page(is_index=True):
            return Kind.INDEX_PAGE
        case Page():
            return Kind.LINKS_PAGE
    return _kind_of_broken(head, facts)


def _kind_of_broken(head: Head, facts: Facts) -> Kind:
    """Return the kind of an unreadable payload: by the headers of the server, then by its first bytes."""
    package_type = head.header(_TYPE)
    if package_type == "sdist":
        return Kind.SDIST
    if package_type == "bdist_wheel":
        # A wheel and its metadata carry the same headers.
        return Kind.METADATA if facts.format is PayloadFormat.METADATA else Kind.WHEEL
    if (head.header("content-type") or "").startswith("application/vnd.pypi.simple."):
        return Kind.INDEX_PAGE
    kinds = {PayloadFormat.ZIP: Kind.WHEEL, PayloadFormat.TAR: Kind.SDIST, PayloadFormat.METADATA: Kind.METADATA}
    return kinds.get(facts.format or PayloadFormat.OTHER, Kind.RESPONSE)


def _response(facts: Facts, kind: Kind) -> OwnNames:
    head = facts.head if isinstance(facts.head, Head) else None
    name, version = _name_and_version(facts)
    stated = (head.header(_PROJECT) if head else None) or name
    written_s = written_at(head) if head else None
    return OwnNames(
        kind,
        project=canonical(stated) if stated else None,
        version=version or (head.header(_VERSION) if head else None),
        filename=file_name(facts),
        tags=facts.payload.tags if isinstance(facts.payload, Wheel) else (),
        written_s=written_s,
        fresh_until_s=fresh_until(head, written_s) if head else None,
    )


def _name_and_version(facts: Facts) -> tuple[str | None, str | None]:
    match facts.payload:
        case Wheel(stem=stem, name=name, version=version):
            # The stem is the one in the file name; METADATA may spell the version another way.
            _, _, in_name = stem.rpartition("-")
            return name, in_name or version
        case Sdist(name=name, version=version) | Metadata(name=name, version=version):
            return name, version
        case Page(name=name):
            return name, None
    return _pickled(facts.head.pickle) if isinstance(facts.head, Head) and facts.head.pickle else (None, None)


def _pickled(pickle: Pickle) -> tuple[str | None, str | None]:
    """Return the constants of a pickle that follow the names of the file host's headers."""
    strings = [text.lower() for text in pickle.strings]
    found = {name: pickle.strings[strings.index(name) + 1] for name in (_PROJECT, _VERSION) if name in strings[:-1]}
    return found.get(_PROJECT), found.get(_VERSION)


def named_by(names: Names, reference: Reference | None) -> Names:
    """Return the names of a response with those from the rest of the cache: its exact URL, and with it its file name.

    A URL is returned only if its SHA-224 is the entry's key.
    """
    if reference is None:
        return names
    project, version, url = names.project or reference.project, names.version, reference.url
    if names.kind == _REDIRECT and reference.filename is not None:
        # The file that a page links to is the one at the end of a redirect, wherever that lies.
        project, version = project_and_version(reference.filename) or (None, None)
    source = None if url is None else _LINKS if reference.source is UrlSource.LINKS else reference.source.value
    return names._replace(
        project=project,
        version=version,
        filename=reference.filename or names.filename,
        url=url,
        url_source=source,
    )


def name_at_file_host(entry: Entry, facts: Facts, digest: str | None, hosts: tuple[str, ...]) -> tuple[str, str] | None:
    """Return URL and file name, if a file host made the URL from the digest of the file, which proves both.

    Args:
        entry: The entry with the names by its own bytes.
        facts: Its facts.
        digest: BLAKE2b-256 of the payload in hex, if it was computed.
        hosts: `https://host` of file hosts.
    """
    key = key_of(entry.id)
    if digest is None or key is None:
        return None
    folder = f"packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}"
    for filename in file_names(entry, facts):
        for host in hosts:
            url = f"{host}/{folder}/{filename}"
            if page_key(url) == key:
                return url, filename
    return None
