"""How long pip serves a response without asking again, by its head.

Source: pip 26.3 `_vendor/cachecontrol/controller.py`: `max-age`, else `Expires` less `Date`, counted from `Date`. The
`Age` header and heuristics play no part; permanent redirects are served for ever.
"""

import re

from pipcacheplus.facts import Head

__all__ = ["fresh_until", "is_usable", "written_at"]

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,18})", re.IGNORECASE)


def fresh_until(head: Head) -> int | None:
    """Return the second since 1970 at which pip stops serving it unasked.

    Returns:
        `None` if that is never (a permanent redirect), or cannot be told: no `Date`, or a date that is none. A
        response without any lifetime is fresh until its own date.
    """
    date = written_at(head)
    if date is None or head.is_permanent_redirect:
        return None
    if (found := _MAX_AGE.search(head.header("cache-control") or "")) is not None:
        return date + int(found[1])
    expires = _seconds(head.header("expires"))
    return date if expires is None else max(expires, date)


def written_at(head: Head) -> int | None:
    """Return the `Date` of a response in seconds since 1970, or `None`."""
    return _seconds(head.header("date"))


def is_usable(head: Head) -> bool:
    """Return whether any pip can use it at all: without `Date` and without `ETag` pip drops it when it meets it."""
    if head.is_permanent_redirect:
        return True
    return head.header("date") is not None or head.header("etag") is not None


def _seconds(text: str | None) -> int | None:
    from email.utils import mktime_tz, parsedate_tz  # noqa: PLC0415 - slow to import

    if not text:
        return None
    try:
        parsed = parsedate_tz(text)
        return None if parsed is None else mktime_tz(parsed)
    except (ValueError, OverflowError):
        return None  # a month 13, a year 99999
