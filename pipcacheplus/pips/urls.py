"""Spell URLs as pip does before it makes a key of one.

Sources: pip 26.3 `_vendor/cachecontrol/controller.py` `_urlnorm` for the key; `_internal/models/link.py`
`_ensure_quoted_url` for links of a page.
"""

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

__all__ = ["is_absolute", "is_plain", "join_url", "spellings"]

_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_PLAIN = re.compile(r"https?://[a-z0-9.:-]+/[A-Za-z0-9._~/-]+")
"""Nothing in such a URL could be spelt otherwise: most links of an index are like this."""
_RESERVED = re.compile(r"(@|%2F)", re.IGNORECASE)


def is_plain(url: str) -> bool:
    """Return whether a link is a URL that could not be spelt otherwise."""
    return _PLAIN.fullmatch(url) is not None


def is_absolute(url: str) -> bool:
    """Return whether a link needs no page to be resolved against."""
    return _ABSOLUTE.match(url) is not None


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
