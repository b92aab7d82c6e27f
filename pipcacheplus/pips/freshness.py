"""The freshness lifetime of a response, from its head: the time until which pip uses it without asking the server.

Source: pip 26.3 `_vendor/cachecontrol/controller.py`: `max-age`, else `Expires` less `Date`, counted from `Date`. The
`Age` header and heuristics are not used; permanent redirects never expire.
"""

import re
from datetime import date

from pipcacheplus.model.facts import Head

__all__ = ["fresh_until", "is_usable", "written_at"]

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,18})", re.IGNORECASE)

# The form that every server has to send (RFC 9110, 5.6.7); others are read by a library.
_DATE = re.compile(
    r"[A-Z][a-z]{2}, (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([12]\d{3}) (\d\d):(\d\d):(\d\d) GMT"
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_DAYS_TO_1970 = date(1970, 1, 1).toordinal()


def fresh_until(head: Head, written: int | None) -> int | None:
    """Return the second since 1970 until which a response is fresh.

    Args:
        head: The head of the response.
        written: The result of `written_at` for it.

    Returns:
        `None` if it never expires (a permanent redirect), or if the time is unknown: no `Date`, or an invalid one. A
        response without any lifetime is fresh until its own date.
    """
    if written is None or head.is_permanent_redirect:
        return None
    if (found := _MAX_AGE.search(head.header("cache-control") or "")) is not None:
        return written + int(found[1])
    expires = _seconds(head.header("expires"))
    return written if expires is None else max(expires, written)


def written_at(head: Head) -> int | None:
    """Return the `Date` of a response in seconds since 1970, or `None`."""
    return _seconds(head.header("date"))


def is_usable(head: Head) -> bool:
    """Return whether any pip can use it at all: without `Date` and without `ETag` pip discards it when it reads it."""
    if head.is_permanent_redirect:
        return True
    return head.header("date") is not None or head.header("etag") is not None


def _seconds(text: str | None) -> int | None:
    if not text:
        return None
    if (found := _DATE.fullmatch(text)) and (seconds := _seconds_of(found)) is not None:
        return seconds
    from email.utils import mktime_tz, parsedate_tz  # noqa: PLC0415 - slow to import

    try:
        parsed = parsedate_tz(text)
        return None if parsed is None else mktime_tz(parsed)
    except (ValueError, OverflowError):
        return None  # a month 13, a year 99999


def _seconds_of(found: re.Match[str]) -> int | None:
    day, month, year, hour, minute, second = found.groups()
    try:
        days = date(int(year), _MONTHS.index(month) // 3 + 1, int(day)).toordinal() - _DAYS_TO_1970
    except ValueError:
        return None  # a 31st of February, which the library reads as the 3rd of March, as pip does
    return ((days * 24 + int(hour)) * 60 + int(minute)) * 60 + int(second)
