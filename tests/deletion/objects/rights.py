"""What may not be read, listed, or removed."""

import os
import struct
from collections.abc import Callable

import pytest

from tests.deletion.objects.ground import Ground, hostile
from tests.support.stored import leaf

__all__: list[str] = []

_LEAF = leaf("https://files.example/hostile-1.0.tar.gz")
_GET_FLAGS, _SET_FLAGS = 0x80086601, 0x40086602
_IMMUTABLE, _APPEND_ONLY = 0x10, 0x20


def _barred(pick: str, mode: int) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        ground.barred[ground.cache.real(_hostile(ground, pick))] = mode

    return build


def _hostile(ground: Ground, pick: str) -> str:
    head = ground.pair("hostile", b"x")
    built = ground.cache.built_wheel("hostile")
    selfcheck = ground.cache.selfcheck("/")
    return {
        "head": head,
        "body": f"{head}.body",
        "leaf": head.rpartition("/")[0],
        "http-v2": "http-v2",
        "wheel": built,
        "origin": f"{_LEAF}/origin.json",
        "wheels": "wheels",
        "selfcheck": selfcheck,
    }[pick]


_FILES = {"a head": "head", "a body": "body", "a built wheel": "wheel", "an origin.json": "origin"}
for _what, _pick in _FILES.items():
    hostile(f"{_what} that may not be read", as_user=True, is_refused=True)(_barred(_pick, 0))
_FOLDERS = {"a leaf": "leaf", "http-v2": "http-v2", "wheels": "wheels"}
for _what, _pick in _FOLDERS.items():
    hostile(f"{_what} that may not be listed", as_user=True, is_refused=True)(_barred(_pick, 0))
    hostile(f"{_what} that may be entered but not be listed", as_user=True, is_refused=True)(_barred(_pick, 0o111))
hostile("a leaf from which nothing may be removed", as_user=True, is_refused=True)(_barred("leaf", 0o555))
hostile("a leaf that may be listed but not be entered", as_user=True, is_refused=True)(_barred("leaf", 0o444))
hostile("a head that may be read only")(_barred("head", 0o400))


def _flagged(pick: str, flag: int) -> Callable[[Ground], object]:
    def build(ground: Ground) -> None:
        path = str(ground.cache.real(_hostile(ground, pick)))
        _set(path, flag, is_set=True)
        ground.undo.callback(_set, path, flag, is_set=False)

    return build


def _set(path: str, flag: int, *, is_set: bool) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows

    descriptor = os.open(path, os.O_RDONLY)
    try:
        flags = struct.unpack("i", fcntl.ioctl(descriptor, _GET_FLAGS, b"\0\0\0\0"))[0]
        fcntl.ioctl(descriptor, _SET_FLAGS, struct.pack("i", flags | flag if is_set else flags & ~flag))
    except OSError:
        pytest.skip("the file system has no such flags")
    finally:
        os.close(descriptor)


_FLAGGED = {"an immutable head": "head", "an immutable body": "body", "an immutable leaf": "leaf"}
for _what, _pick in (_FLAGGED | {"an immutable built wheel": "wheel", "an immutable self-check": "selfcheck"}).items():
    hostile(_what, needs_root=True, is_refused=True)(_flagged(_pick, _IMMUTABLE))
hostile("a leaf to which may only be added", needs_root=True, is_refused=True)(_flagged("leaf", _APPEND_ONLY))
