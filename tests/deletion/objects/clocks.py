"""Times that cannot be."""

import os
from collections.abc import Callable

from tests.deletion.objects.ground import Ground, hostile
from tests.support.stored import page_headers, response

__all__: list[str] = []

_S = 10**9
_TIMES = {
    "of 1970": 0,
    "of a second before 1970": -_S,
    "of 1901": -(2**31) * _S,
    "of the year 2200": 7_258_118_400 * _S,
    "beyond the year 9999": 253_402_300_800 * _S,
    "that are as late as 63 bits allow": 2**63 - 1,
    "that are as early as 63 bits allow": -(2**63),
}


def _timed(time_ns: int) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        cache = ground.cache
        ground.pair("hostile", b"x")
        built = cache.built_wheel("hostile")
        cache.http("https://files.example/hostile", b"x")
        cache.selfcheck("/")
        ground.sound.clear()  # all of it has this time, so what is sound may be young
        for folder, folders, files in os.walk(cache.path):
            for name in folders + files:
                os.utime(os.path.join(folder, name), ns=(time_ns, time_ns))
        os.utime(cache.real(built).parent, ns=(time_ns, time_ns))

    return build


for _what, _time_ns in _TIMES.items():
    hostile(f"times {_what}")(_timed(_time_ns))


def _half_and_leftovers(time_ns: int) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        cache = ground.cache
        paths = [
            cache.http_v2("https://files.example/hostile", has_body=False),
            cache.temporary(cache.http_v2("https://files.example/b", b"x")),
            cache.build_directory(cache.built_wheel("hostile")),
        ]
        for path in paths:
            os.utime(cache.real(path), ns=(time_ns, time_ns))

    return build


hostile("leftovers of the year 2200", "http-body-missing", "temporary-left", "directory-empty")(
    _half_and_leftovers(7_258_118_400 * _S)
)
hostile("leftovers of before 1970", "http-body-missing", "temporary-left", "directory-empty")(
    _half_and_leftovers(-(10**6) * _S)
)

_DATES = {
    "a Date of the year 99999": {"Date": "Mon, 01 Jan 99999 00:00:00 GMT"},
    "a Date that is no date": {"Date": "\x1b[2J yesterday"},
    "a Date with a zone of a billion hours": {"Date": "Mon, 01 Jan 2024 00:00:00 +99999999999999"},
    "a Date of the year 0": {"Date": "Mon, 01 Jan 0000 00:00:00 GMT"},
    "a max-age of a thousand digits": {"Cache-Control": "max-age=" + "9" * 1000},
    "a max-age below zero": {"Cache-Control": "max-age=-1, s-maxage=99999999999999999999"},
    "an Expires of the year 9999": {"Expires": "Fri, 31 Dec 9999 23:59:59 GMT", "Cache-Control": "public"},
    "a Content-Length of a thousand digits": {"Content-Length": "9" * 1000},
    "a Content-Length below zero": {"Content-Length": "-1"},
    "a Content-Length in other digits": {"Content-Length": "\u0661"},
    "an Age of a million digits": {"Age": "1" * 1_000_000},
}


_FRESH = {
    "a Date of the year 99999",
    "a Date that is no date",
    "a max-age of a thousand digits",
    "an Expires of the year 9999",
}


def _dated(headers: dict[str, str]) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        body = b"<!DOCTYPE html><title>Links for hostile</title><a href='x.whl'>x</a>"
        stored = page_headers(body, content_type="text/html") | headers
        ground.cache.http_v2("https://index.example/simple/hostile/", body, headers=stored)
        ground.cache.write(ground.head("x").replace("http-v2", "http"), response(body, stored))

    return build


for _what, _headers in _DATES.items():
    hostile(_what, *([] if _what in _FRESH else ["response-expired"]))(_dated(_headers))
