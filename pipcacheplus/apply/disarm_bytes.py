"""Bytes that overwrite the headers of a stored response, to invalidate it.

Only for cc=4, msgpack: lengths stay, so that it is as well-formed after the write, and during it, as before. The
new values come from `pips/disarmed.py`.
"""

from enum import Enum
from typing import BinaryIO, NamedTuple

from pipcacheplus.disk.file_content import read_at
from pipcacheplus.model.facts import Broken
from pipcacheplus.pips.disarmed import DISARMING
from pipcacheplus.readers.http.cc4_msgpack import FRONT_BYTES, StoredHeader, locate_headers
from pipcacheplus.readers.http.head import read_head

__all__ = ["Use", "Write", "study"]

_PREFIX = b"cc=4,"
_OLD_PREFIXES = (b"cc=1,", b"cc=2,")
_VALIDATORS = frozenset({b"etag", b"last-modified"})


class Use(Enum):
    """The use that a running pip can make of a response."""

    NONE = "none"
    """No pip would use it, or ask the server about it: a pip that reads it treats it as absent."""
    DISARMABLE = "disarmable"
    """A pip may be asking about it; the values can be overwritten by invalid ones of the same length."""
    UNKNOWN = "unknown"
    """A pip may be asking about it, and it cannot be invalidated."""


class Write(NamedTuple):
    """Bytes that overwrite those at an offset."""

    offset: int
    content: bytes


def study(file: BinaryIO, size: int, *, is_single: bool) -> tuple[Use, Write | None]:
    """Return the use that a pip may make of a response, and the write that invalidates it; `None` if none is needed.

    A pair of `http-v2` matters as soon as a pip could treat it as fresh: after pip's test whether both files exist and
    before it opens the second, the second may be removed, and pip serves an empty body. A one-file response is opened
    once, so that it matters only if it has a validator: pip asks, gets the answer that nothing has changed, and finds
    no entry any more.

    Args:
        file: The head of a pair, or the one file; its position is moved, nothing is written.
        size: Size of the file in bytes.
        is_single: Whether it is of the layout with one file.

    Raises:
        OSError: The file cannot be read.
    """
    front = read_at(file, 0, FRONT_BYTES)
    if not front.startswith(_PREFIX):
        # pip 23.3 and later never use another form in `http-v2`; earlier ones read the old ones in `http`.
        return (Use.UNKNOWN if is_single and front.startswith(_OLD_PREFIXES) else Use.NONE), None
    headers = locate_headers(file, front, size, start=len(_PREFIX))
    if headers is None:
        return (Use.NONE if isinstance(read_head(file, size), Broken) else Use.UNKNOWN), None
    changes = [(header, DISARMING[header.name](header.value)) for header in headers if header.name in DISARMING]
    if not changes or (is_single and not any(header.name in _VALIDATORS for header, _ in changes)):
        return Use.NONE, None
    if any(read_at(file, header.offset, len(header.value)) != header.value for header, _ in changes):
        # It was written to meanwhile, or these are not the bytes of the value: they must not be overwritten.
        return Use.UNKNOWN, None
    return Use.DISARMABLE, _one_write(file, changes)


def _one_write(file: BinaryIO, changes: list[tuple[StoredHeader, bytes]]) -> Write | None:
    """Combine all into one write, so that a pip that reads meanwhile hardly ever sees old and new values together."""
    changed = sorted((header.offset, new) for header, new in changes if new != header.value)
    if not changed:
        return None
    begin = changed[0][0]
    end = changed[-1][0] + len(changed[-1][1])
    content = bytearray(read_at(file, begin, end - begin))
    for offset, new in changed:
        content[offset - begin : offset - begin + len(new)] = new
    return Write(begin, bytes(content))
