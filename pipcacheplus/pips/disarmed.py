"""Values of headers that no pip relies on, and responses that have them: what a run leaves that is broken off.

They are such that every pip (6.0 to 26.3, `_vendor/cachecontrol/controller.py`) holds the response for expired and asks
the server with a validator that fits nothing, so that the answer is complete:

* `ETag`: what stands between the quotes becomes `~`, which is allowed there and which nobody sends;
* `Last-Modified`, `Expires`, `Date`: the year becomes 1000. It has to stay a date, pip stumbles over a `Date` that is
  none; and four digits, because two are taken for a year of this age;
* `Cache-Control`: the digits of `max-age` become 0.

Lengths stay.
"""

import re
from collections.abc import Callable, Mapping

from pipcacheplus.model.facts import Head

__all__ = ["DISARMING", "is_disarmed", "may_be_disarmed"]

_MSGPACK = 4
"""The only format of heads that is written over."""
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
"""What makes each value harmless, by the name of the header in lower case; done twice, it is as if done once."""


def is_disarmed(head: Head) -> bool:
    """Return whether a head was written over so, by the header of these that tells: `Date`, else `ETag`.

    A server that has lived in the year 1000, or sends nothing but `~` as ETag, is not known. Every response that pip
    can use has one of the two.
    """
    if head.cc != _MSGPACK:
        return False
    date = head.header("date")
    if date is not None:
        return _OUR_YEAR.fullmatch(date) is not None
    return _OUR_ETAG.fullmatch(head.header("etag") or "") is not None


def may_be_disarmed(ends: bytes) -> bool:
    """Return whether the file of a response may have a head that was written over so; false is certain.

    Args:
        ends: The file, or as much of its beginning and end as headers can take: in the layout of one file, they stand
            behind the body.
    """
    return b"1000" in ends or b"~" in ends
