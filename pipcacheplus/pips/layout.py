"""pip's names on disk, pip 6.0 to 26.3: pure functions between a relative path and its meaning.

Only this module makes these names and takes them apart; the words for the areas are those of `Area`. Any
other name, or a name of pip's in another place, is foreign.

Sources: pip 26.3 `_internal/network/cache.py`, `_internal/cache.py`, `_internal/self_outdated_check.py`;
pip 6.0 to 19.2 `_vendor/cachecontrol/caches/file_cache.py` and `_vendor/lockfile/` for the locks.
"""

import hashlib
import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from pipcacheplus.model.values import Area

__all__ = [
    "HTTP_AREAS",
    "ORIGIN_NAME",
    "LockOwner",
    "Place",
    "Role",
    "area_of",
    "body_path",
    "entry_path",
    "head_path",
    "is_built_wheel",
    "is_head",
    "is_part",
    "key_of",
    "lock_owner",
    "page_key",
    "part_of",
    "place_of",
    "role_of",
    "roles_in",
    "selfcheck_name",
    "wheel_key_of",
]

ORIGIN_NAME = "origin.json"
HTTP_AREAS = frozenset({Area.HTTP, Area.HTTP_V2})

_SELFCHECK_FILE = "selfcheck.json"
_LOG = ("log", "debug.log")
_BODY_SUFFIX = ".body"
_LOCK_SUFFIX = ".lock"
_KEY_DEPTH = 5
_FAN_OUT = frozenset("0123456789abcdef")
_WHEELS_DEPTH = 4

_HTTP_FOLDER = re.compile(rf"(?:{Area.HTTP.value}|{Area.HTTP_V2.value})(?:/[0-9a-f]){{,{_KEY_DEPTH}}}")
_PART = re.compile(rf"({Area.HTTP.value}|{Area.HTTP_V2.value})(/[0-9a-f]){{2}}|{Area.WHEELS.value}/[0-9a-f]{{2}}")
_KEY = re.compile(r"[0-9a-f]{56}")
_DIGITS = "".join(rf"/(?P<d{at}>[0-9a-f])" for at in range(_KEY_DEPTH))
_BEGINNING = "".join(rf"(?P=d{at})" for at in range(_KEY_DEPTH))
_HEAD = re.compile(rf"{Area.HTTP_V2.value}{_DIGITS}/{_BEGINNING}[0-9a-f]{{{56 - _KEY_DEPTH}}}")
_TEMPORARY = re.compile(r"[0-9a-f]{56}(\.body)?[a-z0-9_]{8}\.tmp")
# name-version[-build]-python-abi-platform (PEP 427), as pip's back ends escape them.
_WHEEL = re.compile(r"[\w.]+-[\w.!+]+(-\d[\w.]*)?-[\w.]+-[\w.]+-[\w.]+\.whl")
_WHEELS_LEAF = rf"{Area.WHEELS.value}(?:/[0-9a-f]{{2}}){{3}}/[0-9a-f]{{50}}"
_WHEELS_PATH = re.compile(_WHEELS_LEAF)
_WHEELS_FOLDER = re.compile(rf"{Area.WHEELS.value}(?:/[0-9a-f]{{2}}){{,3}}|{_WHEELS_LEAF}")
_BUILD = "tmp[a-z0-9_]{8}"
_BUILD_FOLDER = re.compile(rf"{_WHEELS_LEAF}/{_BUILD}(?:/.*)?", re.DOTALL)
# lockfile 0.9 to 0.12: `<host>-<thread, hex>.<pid><hash of the path>` beside the lock; in a lock directory
# `<host>.-<thread, hex><pid>`.
_LOCK_LINK = re.compile(r"(?P<host>[^/]+)-[0-9a-f]{1,16}\.(?P<digits>\d{1,7}-?\d{6,20})")
_LOCK_INNER = re.compile(r"(?P<host>[^/]+)\.-(?P<digits>[0-9a-f]{2,15})")
_MAX_PID = 1 << 22
_THREAD_DIGITS = 8


class Place(Enum):
    """The purpose of a directory."""

    ROOT = "root"
    FAN_OUT = "fan-out"
    """An area's own directory, or one between it and the leaf."""
    LEAF = "leaf"
    LOCK = "lock"
    BUILD = "build"
    """A build directory of pip 25.3 and later, or one below it."""
    FOREIGN = "foreign"


_HTTP_PLACES = (Place.FAN_OUT,) * _KEY_DEPTH + (Place.LEAF,)
_WHEELS_PLACES = (Place.FAN_OUT,) * _WHEELS_DEPTH + (Place.LEAF,)
"""The purpose of a directory with a name of an area, by its depth."""


class Role(Enum):
    """The purpose of a file by its name."""

    HEAD = "head"
    BODY = "body"
    SINGLE = "single"
    TEMPORARY = "temporary"
    LOCK = "lock"
    """`<key>.lock`, or a file inside it if it is a directory; has no content."""
    LOCK_LINK = "lock-link"
    """The lock's second name, which contains host and process; has no content."""
    WHEEL = "wheel"
    ORIGIN = "origin"
    BUILD = "build"
    SELFCHECK = "selfcheck"
    LOG = "log"
    FOREIGN = "foreign"


class LockOwner(NamedTuple):
    """The holder of a lock by the name of its file."""

    host: str
    pids: tuple[int, ...]
    """Every process number that the name can mean: no separator limits it."""


def area_of(path: str) -> Area:
    """Return the part of the cache that a path lies in.

    >>> area_of("http-v2/0/1"), area_of("selfcheck.json"), area_of("notes/wheels")
    (<Area.HTTP_V2: 'http-v2'>, <Area.SELFCHECK: 'selfcheck'>, <Area.OTHER: 'other'>)
    """
    top = path.partition("/")[0]
    if top.startswith(_SELFCHECK_FILE):
        return Area.SELFCHECK
    return _AREAS.get(top, Area.OTHER)


_AREAS = {area.value: area for area in Area if area is not Area.OTHER}


def place_of(folder: str) -> Place:
    """Return the purpose of a directory; `""` is the cache directory.

    >>> place_of("http-v2/0/1/2/4/8"), place_of("wheels/ab"), place_of("http-v2/01")
    (<Place.LEAF: 'leaf'>, <Place.FAN_OUT: 'fan-out'>, <Place.FOREIGN: 'foreign'>)
    """
    if not folder:
        return Place.ROOT
    if _HTTP_FOLDER.fullmatch(folder):  # all but a few directories of a cache
        return _HTTP_PLACES[folder.count("/")]
    if _WHEELS_FOLDER.fullmatch(folder):
        return _WHEELS_PLACES[folder.count("/")]
    top, *parts = folder.split("/")
    match area_of(folder):
        case Area.HTTP | Area.HTTP_V2:
            return _http_place(top, parts)
        case Area.WHEELS:
            return Place.BUILD if _BUILD_FOLDER.fullmatch(folder) else Place.FOREIGN
        case Area.SELFCHECK if not parts:
            return Place.LOCK if top == _SELFCHECK_FILE + _LOCK_SUFFIX else _only(top == Area.SELFCHECK.value)
        case Area.OTHER if folder == _LOG[0]:
            return Place.LEAF
    return Place.FOREIGN


def is_part(folder: str) -> bool:
    """Return whether a directory is one of the parts into which a cache is divided: the second level below each area.

    >>> is_part("http-v2/0/1"), is_part("wheels/18"), is_part("http-v2/0")
    (True, True, False)
    """
    return _PART.fullmatch(folder) is not None


def part_of(path: str) -> str:
    """Return the part of the cache that contains a path or is it, as for `is_part`; the empty text if there is none.

    >>> part_of("http-v2/0/1/2/3/4/0123"), part_of("wheels/18"), part_of("selfcheck.json")
    ('http-v2/0/1', 'wheels/18', '')
    """
    parts = path.split("/")
    return next((part for depth in (2, 3) if len(parts) >= depth and is_part(part := "/".join(parts[:depth]))), "")


def _only(is_leaf: bool, /) -> Place:  # noqa: FBT001 - private, positional
    return Place.LEAF if is_leaf else Place.FOREIGN


def _http_place(top: str, parts: list[str]) -> Place:
    """Return the purpose of a directory that is neither an area's own nor part of its fan-out."""
    fan_out = parts[:_KEY_DEPTH]
    if len(parts) != _KEY_DEPTH + 1 or top != Area.HTTP.value or not _FAN_OUT.issuperset(fan_out):
        return Place.FOREIGN
    key = parts[-1].removesuffix(_LOCK_SUFFIX)
    is_lock = parts[-1].endswith(_LOCK_SUFFIX) and _is_key_of(fan_out, key)
    return Place.LOCK if is_lock else Place.FOREIGN


def _is_key_of(fan_out: list[str], key: str) -> bool:
    return _KEY.fullmatch(key) is not None and list(key[:_KEY_DEPTH]) == fan_out


def role_of(folder: str, name: str) -> Role:
    """Return the purpose of a regular file by its directory and its name.

    >>> role_of("wheels/18/ac/23/" + "5" * 50, "demo-1.0-py3-none-any.whl")
    <Role.WHEEL: 'wheel'>
    >>> role_of("wheels", "demo-1.0-py3-none-any.whl")
    <Role.FOREIGN: 'foreign'>
    """
    return roles_in(folder, place_of(folder))(name)


def roles_in(folder: str, place: Place) -> Callable[[str], Role]:
    """Return the function from the name of a regular file in this directory to its purpose.

    `place` is the result of `place_of` for the directory.
    """
    match place:
        case Place.ROOT:
            return _root_role
        case Place.BUILD:
            return lambda _name: Role.BUILD
        case Place.LOCK:
            return lambda name: Role.LOCK if _LOCK_INNER.fullmatch(name) else Role.FOREIGN
        case Place.LEAF:
            return _leaf_roles(folder)
    return lambda _name: Role.FOREIGN


def _leaf_roles(folder: str) -> Callable[[str], Role]:
    match area_of(folder):
        case Area.HTTP | Area.HTTP_V2 as area:
            fan_out = folder.split("/")[1:]
            return lambda name: _http_role(area, fan_out, name)
        case Area.WHEELS:
            return _wheels_role
        case Area.SELFCHECK:
            return _selfcheck_role
    return lambda name: Role.LOG if name == _LOG[1] else Role.FOREIGN


def is_head(path: str) -> bool:
    """Return whether a path is that of the head of a response in `http-v2`.

    >>> is_head("http-v2/0/1/2/4/8/01248" + "a" * 51), is_head("http-v2/0/1/2/4/8/01249" + "a" * 51)
    (True, False)
    """
    return _HEAD.fullmatch(path) is not None


def is_built_wheel(path: str) -> bool:
    """Return whether a path is that of a wheel that pip keeps because it built it."""
    folder, _, name = path.rpartition("/")
    return area_of(path) is Area.WHEELS and role_of(folder, name) is Role.WHEEL


def _root_role(name: str) -> Role:
    if name == _SELFCHECK_FILE:
        return Role.SELFCHECK
    if name == _SELFCHECK_FILE + _LOCK_SUFFIX:
        return Role.LOCK
    return Role.LOCK_LINK if _LOCK_LINK.fullmatch(name) else Role.FOREIGN


def _http_role(area: Area, fan_out: list[str], name: str) -> Role:
    key, rest = name[:56], name[56:]
    if not _is_key_of(fan_out, key):
        is_link = area is Area.HTTP and _LOCK_LINK.fullmatch(name)
        return Role.LOCK_LINK if is_link else Role.FOREIGN
    if not rest:
        return Role.HEAD if area is Area.HTTP_V2 else Role.SINGLE
    if rest == _LOCK_SUFFIX and area is Area.HTTP:
        return Role.LOCK
    if rest == _BODY_SUFFIX and area is Area.HTTP_V2:
        return Role.BODY
    is_temporary = _TEMPORARY.fullmatch(name) and (area is Area.HTTP_V2 or not rest.startswith(_BODY_SUFFIX))
    return Role.TEMPORARY if is_temporary else Role.FOREIGN


def _wheels_role(name: str) -> Role:
    if name == ORIGIN_NAME:
        return Role.ORIGIN
    return Role.WHEEL if _WHEEL.fullmatch(name) else Role.FOREIGN


def _selfcheck_role(name: str) -> Role:
    if _KEY.fullmatch(name):
        return Role.SELFCHECK
    is_temporary = _TEMPORARY.fullmatch(name) and _BODY_SUFFIX not in name
    return Role.TEMPORARY if is_temporary else Role.FOREIGN


def lock_owner(name: str) -> LockOwner | None:
    """Return the holder of a lock by the name of its file, or `None` if the name does not contain it.

    >>> lock_owner("host.-a37f740123")
    LockOwner(host='host', pids=(123,))
    """
    if match := _LOCK_INNER.fullmatch(name):
        return LockOwner(host=match["host"], pids=tuple(_pids_behind_thread(match["digits"])))
    if match := _LOCK_LINK.fullmatch(name):
        return LockOwner(host=match["host"], pids=tuple(_pids_before_hash(match["digits"])))
    return None


def _pids_behind_thread(digits: str) -> list[int]:
    # The thread is an address truncated to 32 bits: at most 8 digits, and a multiple of 64 on every system seen.
    splits = range(1, min(_THREAD_DIGITS, len(digits) - 1) + 1)
    aligned = [at for at in splits if int(digits[:at], 16) % 64 == 0]
    return [pid for at in aligned or splits if (pid := _pid(digits[at:])) is not None]


def _pids_before_hash(digits: str) -> list[int]:
    pids = [_pid(digits.partition("-")[0])] if "-" in digits else [_pid(digits[:at]) for at in range(1, 8)]
    return [pid for pid in pids if pid is not None]


def _pid(digits: str) -> int | None:
    if not digits.isdecimal() or digits.startswith("0") or int(digits) > _MAX_PID:
        return None
    return int(digits)


def key_of(entry_id: str) -> str | None:
    """Return the key in the name of a response, `None` for anything else.

    The key is the SHA-224 of the URL in hex digits (pip 6.0 to 26.3).
    """
    name = entry_id.rpartition("/")[2][:56]
    return name if area_of(entry_id) in HTTP_AREAS and _KEY.fullmatch(name) else None


def wheel_key_of(entry_id: str) -> str | None:
    """Return the key in the path of a built wheel's directory, `None` for anything else.

    The key is the SHA-224 of the source's URL and more, in hex digits (pip 6.0 to 26.3, `_internal/cache.py`).
    """
    found = _WHEELS_PATH.match(entry_id)
    return "".join(found[0].split("/")[1:]) if found else None


def page_key(url: str) -> str:
    """Return the key under which a response from this URL lies: the SHA-224 of the URL in hex digits."""
    return hashlib.sha224(url.encode("utf-8", "surrogateescape")).hexdigest()


def entry_path(area: Area, key: str) -> str:
    """Return the path of the head (`http-v2`) or of the file (`http`) with this key."""
    return "/".join((area.value, *key[:_KEY_DEPTH], key))


def body_path(head: str) -> str:
    """Return the path of the body that belongs to a head of `http-v2`."""
    return head + _BODY_SUFFIX


def head_path(path: str) -> str:
    """Return the path of the head that a body belongs to; any other path unchanged."""
    return path.removesuffix(_BODY_SUFFIX)


def selfcheck_name(prefix: str) -> str:
    """Return the name of the self-check file of the environment with this `sys.prefix` (pip 19.3 and later)."""
    return hashlib.sha224(prefix.encode("utf-8", "surrogateescape")).hexdigest()
