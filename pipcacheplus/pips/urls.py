"""Spell URLs as pip does before it makes a key of one.

Sources: pip 26.3 `_vendor/cachecontrol/controller.py` `_urlnorm` for the key; `_internal/models/link.py`
`_ensure_quoted_url` for links of a page.
"""

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

__all__ = ["has_credentials", "is_absolute", "join_url", "match_plain", "spellings", "without_user"]

_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_PLAIN = re.compile(r"https?://[a-z0-9.:-]+/[A-Za-z0-9._~/-]+")
"""Nothing in such a URL could be spelt otherwise: most links of an index are like this."""
match_plain = _PLAIN.fullmatch
"""Match a link that is a URL which could not be spelt otherwise."""
_SECRET = re.compile(r"[?&][^=&]*(sig|token|secret|password|credential|key)[^=&]*=", re.IGNORECASE)
"""A parameter of a signed URL: `X-Amz-Signature`, `sig`, `access_token`."""
_RESERVED = re.compile(r"(@|%2F)", re.IGNORECASE)


def is_absolute(url: str) -> bool:
    """Return whether a link needs no page to be resolved against."""
    return _ABSOLUTE.match(url) is not None


def has_credentials(url: str) -> bool:
    """Return whether a URL may hold a password, a token or a signature."""
    if _PLAIN.fullmatch(url):
        return False
    try:
        return "@" in urlsplit(url).netloc or _SECRET.search(url) is not None
    except ValueError:
        return True


def without_user(url: str) -> str:
    """Return a URL without user name and password, as pip makes the key of a response from it.

    Source: pip 26.3 `_internal/network/auth.py` `MultiDomainBasicAuth.__call__`: the URL of a request has none.

    >>> without_user("https://me:secret@index.example/simple/")
    'https://index.example/simple/'
    """
    start, slashes, rest = url.partition("//")
    host, slash, path = rest.partition("/")
    return start + slashes + host.rpartition("@")[2] + slash + path


def join_url(base: str, url: str) -> str | None:
    """Return a link resolved against the URL of its page; `None` if either cannot be one."""
    try:
        return urljoin(base, url)
    except ValueError:
        return None


def spellings(url: str) -> tuple[str, ...]:
    """Return the URLs whose keys a response to this one may have: as it is, and as pip quotes a page's link.

    Scheme and host are in lower case, the path is not empty, and there is no fragment and no empty query; nothing if
    it is no URL.

    >>> spellings("HTTPS://Host.example/a+b#sha256=00")
    ('https://host.example/a+b', 'https://host.example/a%2Bb')
    """
    if _PLAIN.fullmatch(url):
        return (url,)
    try:
        parts = urlsplit(url)
    except ValueError:
        return ()
    if not parts.scheme or not parts.netloc:
        return ()
    start = f"{parts.scheme.lower()}://{parts.netloc.lower()}"
    end = f"?{parts.query}" if parts.query else ""
    path = parts.path or "/"
    # pip unquotes each piece of the path and quotes it again; what stands for a slash or an at sign stays.
    pieces = [piece if _RESERVED.fullmatch(piece) else quote(unquote(piece)) for piece in _RESERVED.split(path)]
    return tuple(dict.fromkeys((start + path + end, start + "".join(pieces) + end)))
