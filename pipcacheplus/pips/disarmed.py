"""Header values of invalidated responses, which a run leaves if it is interrupted.

With them, every pip (6.0 to 26.3, `_vendor/cachecontrol/controller.py`) treats the response as expired and asks
the server with a validator that matches nothing, so that the answer is complete:

* `ETag`: the characters between the quotes become `~`, which is allowed there and which no server sends;
* `Last-Modified`, `Expires`, `Date`: the year becomes 1000. It must stay a date, because pip fails on an invalid
  `Date`; and have four digits, because two are read as a year of this age;
* `Cache-Control`: the digits of `max-age` become 0.

Lengths stay.
"""

import re
from collections.abc import Callable, Mapping

from pipcacheplus.model.facts import Head

__all__ = ["DISARMING", "is_disarmed", "may_be_disarmed"]

_MSGPACK = 4
"""The only format of heads that is overwritten."""
_YEAR = re.compile(rb"(?<![0-9])[0-9]{4}(?![0-9])")
_MAX_AGE = re.compile(rb"(max-age\s*=\s*\"?)([0-9]+)", re.IGNORECASE)
_ETAG = re.compile(rb"([^\"]*\")(.+)(\"[^\"]*)", re.DOTALL)
_OUR_YEAR = re.compile(r"[^0-9]*[0-9]{1,2}[^0-9]+1000[^0-9].*", re.DOTALL)
_OUR_ETAG = re.compile(r"[^\"~]*\"~+\"[^\"]*|~+")


def _no_etag(value: bytes) -> bytes:
    if found := _ETAG.fullmatch(value):
        return found[1] + b"~" * len(found[2]) + found[3]
    return b"~" * len(value)


def _no_year(value: bytes) -> bytes:
    return _YEAR.sub(b"1000", value, count=1)


def _no_last_modified(value: bytes) -> bytes:
    return _no_year(value) if _YEAR.search(value) else b"~" * len(value)


def _no_max_age(value: bytes) -> bytes:
    return _MAX_AGE.sub(lambda found: found[1] + b"0" * len(found[2]), value)


DISARMING: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"etag": _no_etag,
    b"last-modified": _no_last_modified,
    b"expires": _no_year,
    b"date": _no_year,
    b"cache-control": _no_max_age,
}
"""Functions that invalidate each value, by the name of the header in lower case; a second call changes nothing."""


def is_disarmed(head: Head) -> bool:
    """Return whether a head was invalidated, by its `Date`, or its `ETag` without one.

    No known server sends the year 1000, or only `~` as ETag. Every response that pip can use has one of the two
    headers.
    """
    if head.cc != _MSGPACK:
        return False
    date = head.header("date")
    if date is not None:
        return _OUR_YEAR.fullmatch(date) is not None
    return _OUR_ETAG.fullmatch(head.header("etag") or "") is not None


def may_be_disarmed(ends: bytes) -> bool:
    """Return whether the file of a response may have an invalidated head; false is certain.

    Args:
        ends: The file, or as much of its beginning and end as headers can take: in the layout of one file, they follow
            the body.
    """
    return b"1000" in ends or b"~" in ends
