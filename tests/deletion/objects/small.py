"""What pip keeps beside: `origin.json`, self-checks, locks."""

import json
import os
from collections.abc import Callable
from typing import Any

from tests.deletion.objects.ground import FORGED, Ground, hostile, key

__all__: list[str] = []

_TALK = f"\x1b[2J\x9b31m\u202e\n{FORGED}\r\x07"
_BAD = {
    "of a hundred megabytes": b'{"url": "' + b"x" * 100_000_000 + b'"}',
    "of 100,000 lists in each other": b"[" * 100_000,
    "of 100,000 lists in each other, closed": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "with a number of a million digits": b'{"url": ' + b"9" * 1_000_000 + b"}",
    "with a number of half a million digits": b'{"url": ' + b"9" * 500_000 + b"}",
    "that is not UTF-8": b'{"url": "\xff\xfe"}',
    "that is a list": b"[]",
    "of zeros": b"\0" * 4096,
}


def _origin(content: bytes) -> Callable[[Ground], object]:
    return lambda ground: ground.cache.built_wheel("hostile", origin=content)


def _selfcheck(content: bytes, name: str) -> Callable[[Ground], object]:
    return lambda ground: ground.cache.write(name, content)


for _what, _content in _BAD.items():
    hostile(f"an origin.json {_what}", "origin-unreadable")(_origin(_content))
    hostile(f"a self-check {_what}", "selfcheck-unreadable")(_selfcheck(_content, f"selfcheck/{key('x')}"))

_ODD = {
    "that talks to the terminal": {"url": f"https://files.example/{_TALK}", "archive_info": {"hash": _TALK}},
    "whose URL is a map": {"url": {"a": 1}, "archive_info": {}},
    "whose URL is a path outside": {"url": "file:///etc/passwd", "dir_info": {"editable": "yes"}},
    "whose hashes are numbers": {"url": "https://files.example/x", "archive_info": {"hashes": {"sha256": 5}}},
    "with half a character": {"url": "https://files.example/\ud800", "archive_info": {}},
    "of a repository that is an option": {
        "url": "--upload-pack=touch /tmp/pwned",
        "vcs_info": {"vcs": _TALK, "commit_id": _TALK, "requested_revision": _TALK},
        "subdirectory": "../../..",
    },
    "with a URL of a host that cannot be": {"url": "https://[::1/\x1b:99999999/#egg=\n", "archive_info": {}},
}
_ODD_FINDS = {
    "that talks to the terminal": ("origin-unreadable",),
    "whose URL is a map": ("origin-unreadable",),
    "whose hashes are numbers": ("origin-unreadable",),
    "whose URL is a path outside": ("built-wheel-from-directory",),
}
for _what, _value in _ODD.items():
    hostile(f"an origin.json {_what}", *_ODD_FINDS.get(_what, ()))(_origin(json.dumps(_value).encode()))

_CHECKS: dict[str, dict[str, Any]] = {
    "whose environment talks to the terminal": {"key": f"/nonexistent/{_TALK}", "last_check": _TALK},
    "whose environment is a relative path": {"key": "../../..", "last_check": "", "pypi_version": ""},
    "whose environment has a NUL in it": {"key": "/non\0existent", "last_check": ""},
    "whose environment is half a character": {"key": "/nonexistent/\ud800", "last_check": ""},
    "whose environment is 100,000 characters long": {"key": "/" + "x" * 100_000, "last_check": ""},
    "whose environment is a number": {"key": 5, "last_check": ""},
    "whose environment is an empty text": {"key": "", "last_check": ""},
}
_CHECK_FINDS = {"whose environment is a relative path": "", "whose environment is a number": "selfcheck-unreadable"}
for _what, _value in _CHECKS.items():
    _finds = _CHECK_FINDS.get(_what, "selfcheck-orphaned")
    hostile(f"a self-check {_what}", *filter(None, [_finds]))(
        _selfcheck(json.dumps(_value).encode(), f"selfcheck/{key('x')}")
    )
    hostile(f"a selfcheck.json {_what}", *filter(None, [_finds and "selfcheck-orphaned"]))(
        _selfcheck(json.dumps({_value["key"]: _value}).encode(), "selfcheck.json")
    )

hostile("a selfcheck.json of 20,000 environments", "selfcheck-orphaned")(
    _selfcheck(json.dumps({f"/nonexistent/{n}": {} for n in range(20_000)}).encode(), "selfcheck.json")
)


@hostile("a self-check whose environment is an endless device", "selfcheck-orphaned")
def _device(ground: Ground) -> None:
    ground.cache.selfcheck("/dev/zero/nothing")


@hostile("sparse files of a tebibyte as origin.json, self-check and log", "origin-unreadable", "selfcheck-unreadable")
def _sparse(ground: Ground) -> None:
    built = ground.cache.built_wheel("hostile")
    ground.sparse(f"{os.path.dirname(built)}/origin.json", 1 << 40, b'{"url": "')
    ground.sparse(f"selfcheck/{key('x')}", 1 << 40, b"{")
    ground.sparse("selfcheck.json", 1 << 40, b"{")
    ground.sparse("log/debug.log", 1 << 40)
