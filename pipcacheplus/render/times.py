"""Times of entries, and times in UTC as text."""

from functools import lru_cache
from typing import TYPE_CHECKING

from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and `dir` does without it
    from pipcacheplus.model.values import Brief, Entry

__all__ = ["ago", "day", "evidence_value", "last_used_ns", "last_used_of", "rfc3339"]

_SECONDS = ("_until", "_written")
"""Ends of keys of evidence whose values are seconds since 1970."""
_DAY_S = 86_400
_FEW_DAYS = 60
"""From so many on, months are counted."""
_FEW_MONTHS_DAYS = 730
"""From so many on, years are counted."""
_FIRST_S = -62_135_596_800
_LAST_S = 253_402_300_799
"""The first second of the year 1, and the last of the year 9999: the range of four digits."""


def last_used_ns(entry: "Entry", last_use: str) -> int | None:
    """Return when an entry was last used, in nanoseconds since 1970; `None` if it has no file."""
    times = [file.atime_ns if last_use == "atime" else file.mtime_ns for file in entry.files]
    return max(times, default=None)


def last_used_of(brief: "Brief", last_use: str) -> int | None:
    """Return the same of the brief of an entry."""
    return brief.atime_ns if last_use == "atime" else brief.mtime_ns


@lru_cache(maxsize=4096)
def rfc3339(time_s: int | None) -> str | None:
    """Return seconds since 1970 as a time in UTC.

    A time before the year 1 becomes the first second of that year, one after 9999 the last second of that.

    >>> rfc3339(1_795_219_200), rfc3339(-1), rfc3339(None)
    ('2026-11-21T00:00:00Z', '1969-12-31T23:59:59Z', None)
    """
    if time_s is None:
        return None
    days, second = divmod(_within(time_s), _DAY_S)
    return f"{_date(days)}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"


def evidence_value(key: str, value: Json) -> Json:
    """Return a piece of evidence for output: seconds since 1970, recognised by the key, as a time in UTC.

    >>> evidence_value("fresh_until", 0), evidence_value("pages", 2), evidence_value("page_1_written", None)
    ('1970-01-01T00:00:00Z', 2, None)
    """
    if isinstance(value, int) and not isinstance(value, bool) and key.endswith(_SECONDS):
        return rfc3339(value)
    return value


def day(time_s: int | None) -> str:
    """Return seconds since 1970 as a day in UTC, empty for `None`.

    >>> day(1_795_219_200)
    '2026-11-21'
    """
    return "" if time_s is None else _date(_within(time_s) // _DAY_S)


def ago(time_s: int, now_s: float) -> str:
    """Return how many days ago a moment was, in UTC, in words; of a moment that is still to come, the day.

    >>> [ago(0, days * 86_400) for days in (0, 1, 3, 59, 60, 729, 730)]
    ['today', 'yesterday', '3 days ago', '59 days ago', '2 months ago', '24 months ago', '2 years ago']
    >>> ago(1_795_219_200, 1_795_219_199)
    '2026-11-21'
    """
    days = int(now_s) // _DAY_S - time_s // _DAY_S
    if days < 0:
        return day(time_s)
    if days <= 1:
        return "yesterday" if days else "today"
    if days < _FEW_DAYS:
        return f"{days} days ago"
    return f"{days // 30} months ago" if days < _FEW_MONTHS_DAYS else f"{days // 365} years ago"


def _within(time_s: int) -> int:
    return min(max(time_s, _FIRST_S), _LAST_S)


@lru_cache(maxsize=4096)
def _date(days: int) -> str:
    from datetime import date  # noqa: PLC0415 - slow to import, and `dir` needs no time

    return date.fromordinal(719_163 + days).isoformat()
