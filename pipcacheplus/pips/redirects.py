"""Redirects as pip follows them: the next URL, and the keys under which pip looks for it in its cache.

Sources: pip 26.3 `_vendor/requests/sessions.py` `resolve_redirects` and `utils.py` `requote_uri`, which are the same
from pip 10.0 on; `_vendor/cachecontrol/controller.py` `_load_from_cache` for the key.
"""

from urllib.parse import urljoin, urlsplit

from pipcacheplus.model.values import Area
from pipcacheplus.pips.urls import is_absolute, requoted, spellings

__all__ = ["MAX_REDIRECTS", "asked_for", "next_url"]

MAX_REDIRECTS = 30
"""Most redirects that pip follows for one request; at the next it fails: `DEFAULT_REDIRECT_LIMIT` of requests, in every
pip."""


def next_url(url: str | None, location: str) -> str | None:
    """Return the target of a redirect; `None` if it is not a URL, or if it is relative and `url` is not known.

    Args:
        url: URL of the redirect itself, if it is known.
        location: Its `Location` header.

    >>> next_url("https://files.example/a/demo.zip", "/b c/%64emo.zip")
    'https://files.example/b%20c/demo.zip'
    """
    if not location:
        return None
    try:
        if is_absolute(location):
            return requoted(location)
        return None if url is None else urljoin(url, requoted(location))
    except ValueError:
        return None


def asked_for(url: str, area: Area) -> tuple[str, ...]:
    """Return the URLs whose keys a response may have that pip uses from an area when it is redirected to this URL.

    pip 23.3 and later look for the unchanged URL, with the case of its host and its fragment; earlier pips for the URL
    under which it would be stored.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ()
    if not parts.netloc:
        return ()
    return (url,) if area is Area.HTTP_V2 else spellings(url)[:1]
