"""Spellings of URLs by which pip makes keys.

A page has `a+b`, and pip requests `a%2Bb`; this depends on the version of pip. Up to 18.1 the whole link is quoted by
one pattern, from 19.1 on each piece of its path again; requests quotes the result, and urllib3 (1.25, pip 19.2)
removes `.` and `..` and writes escapes in capitals. So a URL has several spellings, and each of them may be the key.

Sources: pip 26.3 `_vendor/cachecontrol/controller.py` `_urlnorm` for the key, `_internal/models/link.py`
`_ensure_quoted_url` for links of a page, `_vendor/requests/models.py` `prepare_url` and `utils.py` `requote_uri`,
`_vendor/urllib3/util/url.py` `parse_url`, `_internal/network/auth.py`; pip 19.3 `_internal/collector.py` `_clean_link`;
pip 18.1 `_internal/index.py` `_CLEAN_LINK_RE`. Compared with what pips from 6.0 to 26.3 store.
"""

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

__all__ = [
    "host_of",
    "is_absolute",
    "join_url",
    "match_plain",
    "page_base",
    "path_of_file_url",
    "requoted",
    "spellings",
    "without_user",
]

_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_PLAIN = re.compile(r"https?://[a-z0-9.-]+(?::[1-9][0-9]*)?/[A-Za-z0-9._~/-]+")
"""Nothing in such a URL could be spelt otherwise, as long as no piece of its path is `.` or `..`: most links of an
index are like this."""
match_plain = _PLAIN.fullmatch
"""Match a link that is a URL which could not be spelt otherwise."""
_RESERVED = re.compile(r"(@|%2F)", re.IGNORECASE)
_TO_CLEAN = re.compile(r"[^a-z0-9$&+,/:;=?@.#%_\\|-]", re.IGNORECASE)
"""Characters that pip up to 18.1 quotes in a link, each by its code point."""
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_ALMOST_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})[^\W_]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE = "!#$&'()*+,/:;=?@[]~"
"""Characters that requests leaves unchanged, besides escapes."""
_SAFE_IN_PATH = "/!$&'()*+,;=:@"
_SAFE_IN_QUERY = _SAFE_IN_PATH + "?"
_MAX_HOST = 253
"""Characters of a host name (RFC 1035)."""


def is_absolute(url: str) -> bool:
    """Return whether a link is absolute."""
    return _ABSOLUTE.match(url) is not None


def host_of(url: str | None) -> str | None:
    """Return the host of a URL in lower case, without its port; `None` if it has none, or is no URL.

    >>> host_of("https://Files.example:8080/a"), host_of("https://[bad/"), host_of(None)
    ('files.example', None, None)
    """
    try:
        return urlsplit(url or "").hostname
    except ValueError:
        return None


def without_user(url: str) -> str:
    """Return a URL without user name and password, as pip makes the key of a response from it.

    Source: pip 26.3 `_internal/network/auth.py` `MultiDomainBasicAuth.__call__`: the URL of a request has none; the
    same since pip 6.0. requests itself follows a redirect, and leaves them in.

    >>> without_user("https://me:secret@index.example/simple/")
    'https://index.example/simple/'
    """
    start, slashes, rest = url.partition("//")
    end = next((at for at, char in enumerate(rest) if char in "/?#"), len(rest))
    return start + slashes + rest[:end].rpartition("@")[2] + rest[end:]


def page_base(index: str) -> str:
    """Return the part before `/PROJECT/` in the URL of a page of an index.

    Source: pip 26.3 `_internal/models/search_scope.py` `get_index_urls_locations`: the project is also appended
    after a `?`, and several slashes all stay.

    >>> page_base("https://index.example/simple"), page_base("https://index.example//")
    ('https://index.example/simple', 'https://index.example/')
    """
    return index.removesuffix("/")


def path_of_file_url(url: str) -> str | None:
    """Return the path of a `file:` URL; `None` if it names a host, or is not a path of this system.

    Source: pip 26.3 `_internal/utils/urls.py` `url_to_path`, which ignores the host `localhost`.

    >>> path_of_file_url("file:///src/demo%20x-1.0.zip"), path_of_file_url("file://host/src/demo-1.0.zip")
    ('/src/demo x-1.0.zip', None)
    """
    scheme, colon, rest = url.partition(":")
    if not colon or scheme.lower() != "file" or not rest.startswith("///"):
        return None
    try:
        return unquote(rest[2:].partition("#")[0].partition("?")[0], errors="surrogateescape")
    except ValueError:
        return None


def join_url(base: str, url: str) -> str | None:
    """Return a link resolved against the URL of its page; `None` if either is invalid."""
    try:
        return urljoin(base, url)
    except ValueError:
        return None


def spellings(url: str) -> tuple[str, ...]:
    """Return the URLs whose keys a response to this one may have, without fragment; the newest pips' one is last.

    Scheme and host are in lower case, the path is not empty, and there is no fragment and no empty query; empty if
    it is not a URL. A port stays, also the default one. If there is a user, each URL is returned with and
    without it: see `without_user`. A host in other letters is spelt as in IDNA 2003.

    >>> spellings("HTTPS://Host.example/a+b#sha256=00")
    ('https://host.example/a+b', 'https://host.example/a%2Bb')
    """
    if _PLAIN.fullmatch(url) and "/." not in url:
        return (url,)
    try:
        parts = urlsplit(url)
        if not parts.scheme or not parts.netloc:
            return ()
        user, at, place = parts.netloc.rpartition("@")
        if not place:
            return ()
        start = f"{parts.scheme.lower()}://"
        users = (f"{user.lower()}@", "") if at else ("",)
        ends = _ends(parts.path or "/", f"?{parts.query}" if parts.query else "")
        return tuple([start + name + host + end for name in users for host in _hosts(place) for end in ends])
    except ValueError:  # also for a lone surrogate, which no pip can request
        return ()


def _hosts(place: str) -> tuple[str, ...]:
    host, colon, port = place.rpartition(":")
    if not colon or not (port.isascii() and (port.isdigit() or not port)):
        host, port = place, ""
    if not host.isascii() and len(host) <= _MAX_HOST:
        host = host.encode("idna").decode("ascii")
    number = port.lstrip("0")
    if not host:
        return ()
    return (f"{host.lower()}:{number}" if number else host.lower(),)


def _ends(path: str, query: str) -> dict[str, None]:
    """Return path and query as each generation writes them, the oldest first."""
    cleaned = _TO_CLEAN.sub(lambda found: f"%{ord(found[0]):2x}", path + query)
    # pip 19.1 does not split the path; from 20.2 on, escapes of a slash or an at sign stay.
    whole = quote(unquote(path), safe="/@")
    pieces = [piece.upper() if _RESERVED.fullmatch(piece) else quote(unquote(piece)) for piece in _RESERVED.split(path)]
    raw = requoted(path + query)
    asked = _encoded(query, _SAFE_IN_QUERY)
    new = (requoted(_encoded(_without_dots(one), _SAFE_IN_PATH) + asked) for one in (path, whole, "".join(pieces)))
    return dict.fromkeys((raw, requoted(cleaned), *new))


def requoted(text: str) -> str:
    """Return a URL, or a part, as requests spells it: needless escapes are decoded, and missing ones added.

    Source: pip 26.3 `_vendor/requests/utils.py` `requote_uri`.
    """
    if _ALMOST_ESCAPE.search(text):
        return quote(text, safe=_SAFE)
    return quote(_ESCAPE.sub(_unescaped, text), safe=_SAFE + "%")


def _unescaped(escape: re.Match[str]) -> str:
    char = chr(int(escape[1], 16))
    return char if char in _UNRESERVED else escape[0]


def _encoded(text: str, safe: str) -> str:
    """Return a part of a URL as urllib3 spells it: if all of its `%` begin an escape, they stay."""
    text, count = _ESCAPE.subn(lambda escape: escape[0].upper(), text)
    return quote(text, safe=safe + "%" if count == text.count("%") else safe)


def _without_dots(path: str) -> str:
    """Return a path without `.` and `..` (RFC 3986, 5.2.4), as urllib3 does it."""
    kept: list[str] = []
    for piece in path.split("/"):
        if piece == ".":
            continue
        if piece != "..":
            kept.append(piece)
        elif kept:
            kept.pop()
    if path.startswith("/") and (not kept or kept[0]):
        kept.insert(0, "")
    if path.endswith(("/.", "/..")):
        kept.append("")
    return "/".join(kept)
