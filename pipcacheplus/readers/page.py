"""Project, files and digests of an index page, or the links of any other page.

Sources: PEP 503 and 629 (HTML), 691 (JSON), 658 and 714 (metadata beside a file); pip 26.3 `_internal/models/link.py`
for which key and which attribute goes before which, because pip's reading counts.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from pipcacheplus.model.facts import Broken, Link, Page, Unknown
from pipcacheplus.pips.filenames import project_and_version
from pipcacheplus.readers.html import Tag, read_tags

if TYPE_CHECKING:
    from pipcacheplus.readers.simple_json import SimpleFile

__all__ = ["MAX_JSON_BYTES", "MAX_LINKS", "MAX_TAGS", "Keeps", "keep_all", "keep_none", "read_page"]

MAX_LINKS = 250_000
"""Ten times as many as the largest project has files."""
MAX_TAGS = 1_000_000
MAX_JSON_BYTES = 64 << 20
"""A hostile document takes twenty times its size in memory once it is parsed."""

Keeps = Callable[[str, bool], bool]
"""Whether a link is of use, by its URL, and by whether metadata is served beside it: most of a page's are of none."""

_Hashes = tuple[tuple[str, str], ...]

_METADATA_KEYS = ("core-metadata", "dist-info-metadata", "data-dist-info-metadata")
_METADATA_ATTRIBUTES = ("data-core-metadata", "data-dist-info-metadata")
_HEX_DIGITS = {"sha512": 128, "sha384": 96, "sha256": 64, "sha224": 56, "sha1": 40, "md5": 32}
"""The algorithms that pip takes from a page, `_SUPPORTED_HASHES`, and how long their digests are."""
_DIGEST = re.compile(rf"[#&]({'|'.join(_HEX_DIGITS)})=([^&]*)")
"""The place where pip from 23.1 on finds the digest of a link: the first of these, with any text after it. Earlier
pips find the same, except in links that no index writes."""
_HEX = re.compile(r"[0-9a-f]*")
_TITLE = re.compile(r"\blinks for (\S+)\s*$", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_LATIN = frozenset({"iso-8859-1", "iso8859-1", "latin-1", "latin1", "windows-1252", "cp1252"})
_VERSION_MARK = "pypi:repository-version"


def keep_all(_url: str, _has_metadata: bool, /) -> bool:  # noqa: FBT001 - as `Keeps` has it
    """Keep every link."""
    return True


def keep_none(_url: str, _has_metadata: bool, /) -> bool:  # noqa: FBT001 - as `Keeps` has it
    """Keep no link: only the name of the page is used."""
    return False


def read_page(data: bytes, *, content_type: str | None, keeps: Keeps = keep_all) -> Page | Broken | Unknown:
    """Read a page, JSON or HTML by its first character.

    Args:
        data: The decoded content, all of it.
        content_type: The header's value, for its `charset`.
        keeps: Which links are kept.

    Returns:
        The page; `Broken` if it is truncated or not JSON; `Unknown` if it has neither links nor the marks of an index
        page, or more than `MAX_LINKS` links.
    """
    front = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not data:
        return Broken(reason="is empty", offset=0, is_cut=True)
    return _read_json(data, keeps) if front[:1] in {b"{", b"["} else _read_html(data, content_type or "", keeps)


def _read_json(data: bytes, keeps: Keeps) -> Page | Broken | Unknown:
    from pipcacheplus.readers.simple_json import read_simple_page  # noqa: PLC0415 - msgspec is slow to import

    if len(data) > MAX_JSON_BYTES:
        return Unknown(reason=f"JSON of {len(data)} bytes")
    page = read_simple_page(data, max_files=MAX_LINKS)
    if isinstance(page, (Broken, Unknown)):
        return page
    # The name alone needs none of them.
    links = () if keeps is keep_none else _json_links(page.files, keeps)
    name = _clean(page.name) if isinstance(page.name, str) and page.name else None
    is_index = name is not None
    if name is None:
        given = (file.filename for file in page.files)
        name = _only({project for text in given if isinstance(text, str) for project in _projects_of(_clean(text))})
    return Page(name=name, format="json", is_index=is_index, links=links)


def _note_project(tag: Tag, marks: Mapping[str, str], projects: set[str]) -> None:
    """Store the project of the file of a link, while that may still decide the project of the page."""
    if "name" not in marks and len(projects) <= 1:
        projects |= _projects_of(_filename(tag.attributes["href"].strip().partition("#")[0]))


def _projects_of(filename: str) -> set[str]:
    named = project_and_version(filename)
    return set() if named is None else {named[0]}


def _only(projects: set[str]) -> str | None:
    """Return the project of all files of a page; `None` if there are several, or none."""
    return min(projects) if len(projects) == 1 else None


def _json_links(files: "Iterable[SimpleFile]", keeps: Keeps) -> tuple[Link, ...]:
    links: list[Link] = []
    for file in files:
        url, given = file.url, file.core_metadata
        if not isinstance(url, str):
            continue
        if not url.isascii() or "#" in url:
            url = _clean(url).partition("#")[0]
        if given is None:
            given = file.data_dist_info_metadata if file.dist_info_metadata is None else file.dist_info_metadata
        has_metadata = given is True or isinstance(given, dict)
        if keeps(url, has_metadata):
            links.append(_json_link(file, url, given if has_metadata else None))
    return tuple(links)


def _json_link(file: "SimpleFile", url: str, metadata: object) -> Link:
    filename, hashes = file.filename, _json_hashes(file.hashes)
    if isinstance(file.url, str) and "#" in file.url:
        hashes = tuple({**dict(hashes), **dict(_digest_of(_clean(file.url)))}.items())
    return Link(
        url=url,
        filename=_clean(filename) if isinstance(filename, str) else _filename(url),
        hashes=hashes,
        metadata_hashes=None if metadata is None else _json_hashes(metadata),
    )


def _json_hashes(given: object) -> _Hashes:
    """Return the digests that pip takes, in their order; pip from 23.0 on uses the first one of a file."""
    if not isinstance(given, dict):
        return ()
    return tuple([pair for name, value in given.items() if isinstance(value, str) for pair in _digest(name, value)])


def _digest(name: str, value: str) -> _Hashes:
    """Return a digest if pip can find a file that has it: any other is a mistake of the page, and proves nothing."""
    value = value.lower()
    return ((name, value),) if len(value) == _HEX_DIGITS.get(name) and _HEX.fullmatch(value) else ()


def _digest_of(url: str) -> _Hashes:
    """Return the digest in the fragment of a link, as pip 26.3 `LinkHash.find_hash_url_fragment` finds it."""
    found = _DIGEST.search(url)
    return _digest(found[1], found[2]) if found else ()


def _clean(text: str) -> str:
    """Replace lone surrogates, which JSON can spell and no later step can encode."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _read_html(data: bytes, content_type: str, keeps: Keeps) -> Page | Broken | Unknown:
    marks: dict[str, str] = {}
    links: list[Link] = []
    projects: set[str] = set()
    count = 0
    for number, tag in enumerate(read_tags(data, _encoding(data, content_type))):
        if number > MAX_TAGS:
            return Unknown(reason=f"page of more than {MAX_TAGS} tags")
        if tag.name != "a":
            _mark(tag, marks)
        elif tag.attributes.get("href", "").strip().partition("#")[0]:
            count += 1
            if count > MAX_LINKS:
                return Unknown(reason=f"page of more than {MAX_LINKS} links")
            _note_project(tag, marks, projects)
            if link := _html_link(tag, keeps):
                links.append(link)
    is_index = "name" in marks or "version" in marks
    if not count and not is_index:
        return Unknown(reason="not an index page")
    if "end" not in marks:
        return Broken(reason="ends inside a tag", offset=len(data), is_cut=True)
    return Page(
        name=marks.get("name") or _only(projects),
        format="html",
        is_index=is_index,
        links=tuple(links),
        base=marks.get("base") or None,
    )


def _mark(tag: Tag, marks: dict[str, str]) -> None:
    """Store the facts about the page in a tag; the first tag with a fact counts."""
    if not tag.name:
        marks["end"] = ""
    elif tag.name == "base" and "href" in tag.attributes:
        marks.setdefault("base", tag.attributes["href"].strip())
    elif tag.name == "meta" and tag.attributes.get("name", "").lower() == _VERSION_MARK:
        marks["version"] = ""
    elif found := _TITLE.search(tag.text):
        marks.setdefault("name", found[1])


def _encoding(data: bytes, content_type: str) -> str:
    """Return the encoding that the header names, if it is known; otherwise UTF-8, or Latin-1 for invalid UTF-8."""
    named = _CHARSET.search(content_type)
    if named and named[1].lower() in _LATIN:
        return "latin-1"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _html_link(tag: Tag, keeps: Keeps) -> Link | None:
    href = tag.attributes["href"].strip()
    url = href.partition("#")[0]
    given = next((tag.attributes[key] for key in _METADATA_ATTRIBUTES if key in tag.attributes), "false")
    has_metadata = given.lower() != "false"
    if not keeps(url, has_metadata):
        return None
    return Link(
        url=url,
        filename=_filename(url),
        hashes=_digest_of(href),
        # The same release's `Link.from_element`: what stands before the first `=` is the name, and all behind it.
        metadata_hashes=_digest(*given.split("=", 1))
        if has_metadata and "=" in given
        else ()
        if has_metadata
        else None,
    )


def _filename(url: str) -> str:
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2]
    if "%" not in name:
        return name
    from urllib.parse import unquote  # noqa: PLC0415 - slow to import, and seldom needed

    return unquote(name)
