"""Names that are not pip's, or that want to be more than a name."""

import os
from collections.abc import Callable

from tests.deletion.objects.ground import FORGED, LEAF, Ground, hostile, key

__all__: list[str] = []

_KEY = key("hostile")
_FAN_OUT = "/".join(_KEY[:5])
_NAMES = {
    "a line end": f"a\n{FORGED}: all is well",
    "a carriage return": f"a\r{FORGED}",
    "an escape sequence": "\x1b[2J\x1b]0;title\x07",
    "a C1 control": "a\x9b31mred",
    "a turn of direction": "a\u202egpj.whl",
    "an isolated turn of direction": "a\u2066b\u2069",
    "a line separator": f"a\u2028{FORGED}",
    "bytes that are not UTF-8": os.fsdecode(b"a\xff\x9b31m\xc3"),
    "255 bytes": "x" * 255,
    "255 bytes that are letters of four": "\U00010400" * 63 + "abc",
    "a dash at its start": "--yes",
    "dots that look like the directory above": "\u2024\u2024",
    "three dots": "...",
    "a space at its end": "a ",
    "a backslash": "..\\..\\outside",
    "a percent": "%2e%2e%2f",
    "a tab": "a\tb",
    "DEL": "a\x7f",
    "markup of a terminal library": "[red]a[/red][link=file:///etc]b[/link]",
    "nothing but a zero-width space": "\u200b",
    "private and unassigned characters": "\ue000\U000e0001",
}
_PLACES = {"": "", "http-v2": "http-v2/a/b/c/d/e", "wheels": LEAF, "selfcheck": "selfcheck"}


def _named(name: str) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        for place in _PLACES.values():
            ground.stays(ground.cache.write(f"{place}/{name}".lstrip("/"), b"mine"))
        if len(name) < 100:
            ground.stays(ground.cache.write(f"http-v2/{name}/{name}", b"mine"))
            ground.stays(ground.cache.write(f"wheels/ab/{name}/{_KEY}", b"mine"))

    return build


for _what, _name in _NAMES.items():
    hostile(f"names with {_what}" if "dots" not in _what else f"names of {_what}")(_named(_name))


_ALMOST = {
    "an upper-case key": f"http-v2/{_FAN_OUT}/{_KEY.upper()}",
    "a key in the wrong directory": f"http-v2/{_FAN_OUT[::-1]}/{_KEY}",
    "a key one directory too high": f"http-v2/{_FAN_OUT[:7]}/{_KEY}",
    "a key one directory too low": f"http-v2/{_FAN_OUT}/{_KEY[5]}/{_KEY}",
    "a key right below http-v2": f"http-v2/{_KEY}",
    "a key in the cache directory": _KEY,
    "a key in upper-case directories": f"HTTP-V2/{_FAN_OUT}/{_KEY}",
    "a key that is one digit short": f"http-v2/{_FAN_OUT}/{_KEY[:-1]}",
    "a key with a line end": f"http-v2/{_FAN_OUT}/{_KEY}\n",
    "a key in full-width digits": f"http-v2/{_FAN_OUT}/{_KEY[:-1]}\uff11",
    "a second body": f"http-v2/{_FAN_OUT}/{_KEY}.body.body",
    "a body in http": f"http/{_FAN_OUT}/{_KEY}.body",
    "a temporary with a word too much": f"http-v2/{_FAN_OUT}/{_KEY}ab12cd_9.tmp.txt",
    "a wheel one directory too high": f"{LEAF.rpartition('/')[0]}/hostile-1.0-py3-none-any.whl",
    "a wheel in http-v2": f"http-v2/{_FAN_OUT}/hostile-1.0-py3-none-any.whl",
    "a wheel with a line end": f"{LEAF}/hostile-1.0-py3-none-any.whl\n",
    "a wheel with a line end in its version": f"{LEAF}/hostile-1.0\n{FORGED}-py3-none-any.whl",
    "an origin.json in upper case": f"{LEAF}/ORIGIN.JSON",
    "a build directory with a word too much": f"{LEAF}/tmpab12cd_9x/built.whl",
    "a file of the desktop": f"http-v2/{_FAN_OUT}/.DS_Store",
    "a self-check in upper case": f"selfcheck/{_KEY.upper()}",
    "a lock with content": f"http/{_FAN_OUT}/{_KEY}.lock",
    "somebody's other directory": "wheelhouse/hostile-1.0-py3-none-any.whl",
    "a second cache in the cache": f"pip/http-v2/{_FAN_OUT}/{_KEY}",
}


def _almost(path: str) -> Callable[[Ground], object]:
    return lambda ground: ground.stays(ground.cache.write(path, b"mine"))


for _what, _path in _ALMOST.items():
    hostile(_what)(_almost(_path))


@hostile("a wheel whose name has letters that are written from right to left", "built-wheel-broken")
def _right_to_left(ground: Ground) -> None:
    ground.cache.write(f"{LEAF}/\u05d0\u05d1-1.0-py3-none-any.whl", b"no zip")


@hostile("a lock whose host is an escape sequence", "lock-left")
def _lock_host(ground: Ground) -> None:
    single = ground.cache.http("https://files.example/hostile", b"x")
    ground.cache.write(f"{single}.lock/\x1b[2J\n{FORGED}.-7f3a2740123")


@hostile("a build directory with names that are escape sequences", "build-directory-left")
def _build_names(ground: Ground) -> None:
    for name in _NAMES.values():
        ground.cache.write(f"{LEAF}/tmpab12cd_9/{name}")
