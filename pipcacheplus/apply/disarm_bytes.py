"""Where the headers stand in the file of a stored response, and what to write over them so that no pip relies on it.

Only for cc=4, msgpack: lengths stay, so that it is as well-formed after the write, and during it, as before. The values
become such that every pip (6.0 to 26.3, `_vendor/cachecontrol/controller.py`) holds the response for expired and asks
the server with a validator that fits nothing, so that the answer is complete:

* `ETag`: what stands between the quotes becomes `~`, which is allowed there and which nobody sends;
* `Last-Modified`, `Expires`, `Date`: the year becomes 1000. It has to stay a date, pip stumbles over a `Date` that is
  none; and four digits, because two are taken for a year of this age;
* `Cache-Control`: the digits of `max-age` become 0.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from io import BufferedReader, FileIO
from typing import BinaryIO, NamedTuple

from pipcacheplus.model.facts import Broken
from pipcacheplus.readers.http.cc4_msgpack import MAX_HEADERS
from pipcacheplus.readers.http.head import read_head

__all__ = ["Use", "Write", "study"]

_PREFIX = b"cc=4,"
_OLD_PREFIXES = (b"cc=1,", b"cc=2,")
_BUFFER = 4096
_MAX_TEXT = 64 << 10
_MAX_DEPTH = 3
_YEAR = re.compile(rb"(?<![0-9])[0-9]{4}(?![0-9])")
_MAX_AGE = re.compile(rb"(max-age\s*=\s*\"?)([0-9]+)", re.IGNORECASE)
_ETAG = re.compile(rb"([^\"]*\")(.+)(\"[^\"]*)", re.DOTALL)
_VALIDATORS = frozenset({b"etag", b"last-modified"})

# msgpack: the first byte of a value to the bytes that follow it, or in which its length follows.
_WIDTHS = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_WIDTHS |= {0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_TEXT_WIDTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_MAP_WIDTHS = {0xDE: 2, 0xDF: 4}
_FIXED_MAP = range(0x80, 0x90)
_FIXED_TEXT = range(0xA0, 0xC0)
_SMALL_NUMBER = (*range(0x80), *range(0xE0, 0x100))
_WIDTHS |= dict.fromkeys(_SMALL_NUMBER, 0)


class Use(Enum):
    """What a pip at work can have to do with a response."""

    NONE = "none"
    """No pip would serve it, or ask again about it: a pip that meets it does as if it were not there."""
    DISARMABLE = "disarmable"
    """A pip may be asking about it; over these bytes something harmless of the same length can be written."""
    UNKNOWN = "unknown"
    """A pip may be asking about it, and that cannot be helped."""


class Write(NamedTuple):
    """Bytes that go over those that stand there."""

    offset: int
    content: bytes


def study(file: FileIO, size: int, *, is_single: bool) -> tuple[Use, Write | None]:
    """Return what a pip may do with a response, and what disarms it; `None` if it is disarmed, or need not be.

    A pair of `http-v2` matters as soon as a pip could take it for fresh: between pip's look whether both files are
    there and its opening the second, the second may go, and pip serves an empty body. A one-file response is opened
    once, so that it matters only if it has a validator: pip asks, hears that nothing has changed, and finds no entry
    any more.

    Args:
        file: The head of a pair, or the one file; its position is moved, nothing is written.
        size: Of the file, in bytes.
        is_single: Whether it is of the layout with one file.

    Raises:
        OSError: The file cannot be read.
    """
    file.seek(0)
    prefix = file.read(len(_PREFIX)) or b""
    if prefix != _PREFIX:
        # pip 23.3 and later never use another form in `http-v2`; those before know the old ones in `http`.
        return (Use.UNKNOWN if is_single and prefix in _OLD_PREFIXES else Use.NONE), None
    fields = _fields_of(file)
    if fields is None:
        return (Use.NONE if isinstance(read_head(file, size), Broken) else Use.UNKNOWN), None
    changes = [(field, _DISARMS[field.name](field.value)) for field in fields if field.name in _DISARMS]
    if is_single and not any(field.name in _VALIDATORS for field, _ in changes):
        return Use.NONE, None
    return (Use.DISARMABLE, _one_write(file, changes)) if changes else (Use.NONE, None)


class _Field(NamedTuple):
    name: bytes
    """In lower case."""
    offset: int
    """Where the value stands in the file."""
    value: bytes


def _one_write(file: FileIO, changes: list[tuple[_Field, bytes]]) -> Write | None:
    """Put all into one write, so that a pip that reads meanwhile sees as little as can be of the two side by side."""
    changed = sorted((field.offset, new) for field, new in changes if new != field.value)
    if not changed:
        return None
    begin = changed[0][0]
    end = changed[-1][0] + len(changed[-1][1])
    file.seek(begin)
    content = bytearray(file.read(end - begin) or b"")
    for offset, new in changed:
        content[offset - begin : offset - begin + len(new)] = new
    return Write(begin, bytes(content[: end - begin]))


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


_DISARMS = {
    b"etag": _no_etag,
    b"last-modified": _no_last_modified,
    b"expires": _no_year,
    b"date": _no_year,
    b"cache-control": _no_max_age,
}


class _UnreadableError(Exception):
    """It is not the msgpack of a response, or one that we cannot step through."""


def _fields_of(file: FileIO) -> list[_Field] | None:
    """Return the headers, `None` if they cannot be found."""
    reader = BufferedReader(file, _BUFFER)
    try:
        reader.seek(len(_PREFIX))
        return list(_headers(reader))
    except _UnreadableError:
        return None
    finally:
        reader.detach()


def _headers(reader: BinaryIO) -> Iterator[_Field]:
    _go_to(reader, b"response")
    _go_to(reader, b"headers")
    for _ in range(_map(reader)):
        name, _offset = _text(reader)
        value, offset = _text(reader)
        yield _Field(name.lower(), offset, value)


def _go_to(reader: BinaryIO, wanted: bytes) -> None:
    """Step into a map until right before the value of a key."""
    for _ in range(_map(reader)):
        key, _offset = _text(reader)
        if key == wanted:
            return
        _skip(reader, _MAX_DEPTH)
    raise _UnreadableError


def _map(reader: BinaryIO) -> int:
    return _length_of_map(reader, _byte(reader))


def _length_of_map(reader: BinaryIO, first: int) -> int:
    length = _length(reader, first, _MAP_WIDTHS, _FIXED_MAP)
    if length is None or length > MAX_HEADERS:
        raise _UnreadableError
    return length


def _text(reader: BinaryIO) -> tuple[bytes, int]:
    length = _length(reader, _byte(reader), _TEXT_WIDTHS, _FIXED_TEXT)
    if length is None or length > _MAX_TEXT:
        raise _UnreadableError
    offset = reader.tell()
    return _exactly(reader, length), offset


def _length(reader: BinaryIO, first: int, widths: Mapping[int, int], fixed: range) -> int | None:
    """Return the length that a value begins with; `None` if it is of another type."""
    if first in widths:
        return int.from_bytes(_exactly(reader, widths[first]), "big")
    return first - fixed.start if first in fixed else None


def _skip(reader: BinaryIO, depth: int) -> None:
    """Step over a value; of text and bytes, however long, only the length is read."""
    first = _byte(reader)
    length = _WIDTHS[first] if first in _WIDTHS else _length(reader, first, _TEXT_WIDTHS, _FIXED_TEXT)
    if length is not None:
        reader.seek(length, 1)
        return
    if not depth:
        raise _UnreadableError
    for _ in range(2 * _length_of_map(reader, first)):
        _skip(reader, depth - 1)


def _byte(reader: BinaryIO) -> int:
    return _exactly(reader, 1)[0]


def _exactly(reader: BinaryIO, length: int) -> bytes:
    content = reader.read(length)
    if len(content) != length:
        raise _UnreadableError
    return content
