"""Bytes to write over the headers of a stored response, so that no pip relies on it.

Only for cc=4, msgpack: lengths stay, so that it is as well-formed after the write, and during it, as before. Which
values they become, `pips/disarmed.py` knows.
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


def study(file: BinaryIO, size: int, *, is_single: bool) -> tuple[Use, Write | None]:
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
    front = read_at(file, 0, FRONT_BYTES)
    if not front.startswith(_PREFIX):
        # pip 23.3 and later never use another form in `http-v2`; those before know the old ones in `http`.
        return (Use.UNKNOWN if is_single and front.startswith(_OLD_PREFIXES) else Use.NONE), None
    headers = locate_headers(file, front, size, start=len(_PREFIX))
    if headers is None:
        return (Use.NONE if isinstance(read_head(file, size), Broken) else Use.UNKNOWN), None
    changes = [(header, DISARMING[header.name](header.value)) for header in headers if header.name in DISARMING]
    if not changes or (is_single and not any(header.name in _VALIDATORS for header, _ in changes)):
        return Use.NONE, None
    if any(read_at(file, header.offset, len(header.value)) != header.value for header, _ in changes):
        # It was written to meanwhile, or we take the wrong bytes for the value: nothing is to go over them.
        return Use.UNKNOWN, None
    return Use.DISARMABLE, _one_write(file, changes)


def _one_write(file: BinaryIO, changes: list[tuple[StoredHeader, bytes]]) -> Write | None:
    """Put all into one write, so that a pip that reads meanwhile sees as little as can be of the two side by side."""
    changed = sorted((header.offset, new) for header, new in changes if new != header.value)
    if not changed:
        return None
    begin = changed[0][0]
    end = changed[-1][0] + len(changed[-1][1])
    content = bytearray(read_at(file, begin, end - begin))
    for offset, new in changed:
        content[offset - begin : offset - begin + len(new)] = new
    return Write(begin, bytes(content[: end - begin]))
