"""Follow a redirect as pip does: which URL it asks for next, and under which key it looks for that in its cache.

Sources: pip 26.3 `_vendor/requests/sessions.py` `resolve_redirects` and `utils.py` `requote_uri`, which are the same
from pip 10.0 on; `_vendor/cachecontrol/controller.py` `_load_from_cache` for the key.
"""

from urllib.parse import urljoin, urlsplit

from pipcacheplus.model.values import Area
from pipcacheplus.pips.urls import is_absolute, requoted, spellings

__all__ = ["MAX_REDIRECTS", "asked_for", "next_url"]

MAX_REDIRECTS = 30
"""So many pip follows for one answer; at the next it fails: `DEFAULT_REDIRECT_LIMIT` of requests, in every pip."""


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
            return requoted(location)
        return None if url is None else urljoin(url, requoted(location))
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
