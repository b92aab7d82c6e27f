"""What a forger writes in place of a value that is stored."""

import zlib
from collections.abc import Callable
from typing import Any

import msgpack

__all__ = ["VALUES"]

_HUGE = (1 << 63) - 1
_NESTED = b"\x91" * 2000 + b"\xc0"


def _half(value: object) -> object:
    return value[: len(value) // 2] if isinstance(value, (str, bytes)) else value


def _flipped(value: object, at: int) -> object:
    if not isinstance(value, bytes) or not value:
        return value
    place = at % len(value)
    return value[:place] + bytes([value[place] ^ 1 << at % 8]) + value[place + 1 :]


def _other_type(value: object) -> object:
    match value:
        case bytes():
            return value.decode("latin-1")
        case str():
            return value.encode("utf-8", "surrogatepass")
        case int():
            return str(value)
    return value


def _opened(value: object) -> list[Any] | None:
    """Return the list that is packed in a value, `None` if none is."""
    if not isinstance(value, bytes):
        return None
    try:
        found = msgpack.unpackb(value, unicode_errors="surrogatepass", strict_map_key=False)
    except (ValueError, TypeError, msgpack.UnpackException):
        return None
    return found if isinstance(found, list) else None


def _inside(change: Callable[[Any], Any]) -> Callable[[object], object]:
    """Return what changes every plain value within a packed list."""

    def deep(value: Any) -> Any:  # noqa: ANN401 - as packed
        return [deep(one) for one in value] if isinstance(value, list) else change(value)

    def forge(value: object) -> object:
        found = _opened(value)
        return value if found is None else msgpack.packb(deep(found), unicode_errors="surrogatepass")

    return forge


def _always(value: object) -> Callable[[object], object]:
    return lambda _value: value


VALUES: dict[str, Callable[[object], object]] = {
    "NULL": _always(None),
    "0": _always(0),
    "1": _always(1),
    "-1": _always(-1),
    "huge": _always(_HUGE),
    "least": _always(-_HUGE - 1),
    "half a number": _always(0.5),
    "infinite": _always(1e999),
    "one more": lambda value: value + 1 if isinstance(value, int) and value < _HUGE else value,
    "empty text": _always(""),
    "no bytes": _always(b""),
    "a text": _always("x"),
    "a digest of another thing": _always(b"\x5a" * 32),
    "a megabyte": _always("x" * (1 << 20)),
    "text that is none": _always(b"\xff\xfe\xed\xa0\x80"),
    "zero in text": _always("x\0y\n"),
    "another type": _other_type,
    "half of it": _half,
    "the last byte lost": lambda value: value[:-1] if isinstance(value, (str, bytes)) else value,
    "more behind it": lambda value: value + b"\0" if isinstance(value, bytes) else value,
    "the first byte flipped": lambda value: _flipped(value, 0),
    "a byte flipped": lambda value: _flipped(value, 7),
    "the last byte flipped": lambda value: _flipped(value, -1),
    "packed nothing": _always(msgpack.packb(None)),
    "packed list": _always(msgpack.packb([])),
    "packed map": _always(msgpack.packb({"a": 1})),
    "packed number": _always(msgpack.packb(1 << 40)),
    "packed text": _always(msgpack.packb("x" * 100)),
    "packed damage": _always(msgpack.packb(("B", "forged", 0, False, False))),
    "packed reason": _always(msgpack.packb(("forged", 0, False, False))),
    "packed lists in lists": _always(_NESTED),
    "packed claim of 2^32-1": _always(b"\xdd\xff\xff\xff\xff"),
    "zlib bomb": _always(zlib.compress(b"x " * (32 << 20), 9)),
    "inside, 0": _inside(lambda value: 0 if isinstance(value, int) and not isinstance(value, bool) else value),
    "inside, one more": _inside(
        lambda value: value + 1 if isinstance(value, int) and not isinstance(value, bool) else value
    ),
    "inside, huge": _inside(lambda value: _HUGE if isinstance(value, int) and not isinstance(value, bool) else value),
    "inside, the other boolean": _inside(lambda value: not value if isinstance(value, bool) else value),
    "inside, other texts": _inside(lambda value: f"{value}x" if isinstance(value, str) else value),
    "inside, paths that lead out": _inside(lambda value: f"../../{value}" if isinstance(value, str) else value),
    "inside, nothing": _inside(_always(None)),
}
"""What takes the place of a value."""
