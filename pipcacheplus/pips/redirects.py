"""Follow a redirect as pip does: which URL it asks for next, and under which key it looks for that in its cache.

Sources: pip 26.3 `_vendor/requests/sessions.py` `resolve_redirects` and `utils.py` `requote_uri`, which are the same
from pip 10.0 on; `_vendor/cachecontrol/controller.py` `_load_from_cache` for the key.
"""

from urllib.parse import quote, urljoin, urlsplit

from pipcacheplus.model.values import Area
from pipcacheplus.pips.urls import is_absolute, spellings

__all__ = ["MAX_REDIRECTS", "asked_for", "next_url"]

MAX_REDIRECTS = 30
"""So many pip follows for one answer; at the next it fails: `DEFAULT_REDIRECT_LIMIT` of requests, in every pip."""
_KEPT = "!#$%&'()*+,/:;=?@[]~"
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def next_url(url: str | None, location: str) -> str | None:
    """Return the URL that a redirect leads to; `None` if it is none, or if that takes a URL which is not known.

    Args:
        url: Of the redirect itself, if it is known.
        location: Its header.

    >>> next_url("https://files.example/a/demo.zip", "/b c/%64emo.zip")
    'https://files.example/b%20c/demo.zip'
    """
    if not location:
        return None
    try:
        if is_absolute(location):
            return _requoted(location)
        return None if url is None else urljoin(url, _requoted(location))
    except ValueError:
        return None


def asked_for(url: str, area: Area) -> tuple[str, ...]:
    """Return the URLs whose keys an answer may have that pip takes out of an area when it is sent to this URL.

    pip 23.3 and later look for the URL as it stands, with the case of its host and its fragment; those before for the
    one under which it would be stored.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ()
    if not parts.netloc:
        return ()
    return (url,) if area is Area.HTTP_V2 else spellings(url)[:1]


def _requoted(url: str) -> str:
    """Unquote what need not be quoted, and quote what has to be."""
    first, *others = url.split("%")
    parts = [first]
    for other in others:
        char = _unquoted(other[:2])
        parts.append(char + other[2:] if char in _UNRESERVED else "%" + other)
    return quote("".join(parts), safe=_KEPT)


def _unquoted(digits: str) -> str:
    try:
        return chr(int(digits, 16)) if len(digits) == 2 and digits.isalnum() else ""  # noqa: PLR2004 - as quoting has it
    except ValueError:
        return ""
