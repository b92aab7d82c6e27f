"""The formats of cached responses, distinguished by the first bytes of the file.

Source: pip 6.0 to 26.3, `cachecontrol/serialize.py`: an entry starts with `cc=`, one digit and a comma. Released pips
wrote 1 (a pickle), 2 (zlib, JSON, base64) and 4 (msgpack).
"""

import re
from typing import BinaryIO

from pipcacheplus.model.facts import Broken, Head
from pipcacheplus.readers.http.cc1_pickle import read_pickle
from pipcacheplus.readers.http.cc2_json import read_encoded
from pipcacheplus.readers.http.cc4_msgpack import FRONT_BYTES, read_packed
from pipcacheplus.readers.http.stored_response import HEAD_LIMIT

__all__ = ["PREFIX_LENGTH", "read_head"]

PREFIX_LENGTH = 5
"""Bytes before the entry's own format starts."""
_PREFIX = re.compile(rb"cc=[0-9],")
_CUT_PREFIX = re.compile(rb"c(c(=[124]?)?)?")


def read_head(file: BinaryIO, size: int, *, limit: int = HEAD_LIMIT) -> Head | Broken:
    """Decode the head of a cached response; the payload inside the file is not held, and if possible not read.

    Memory: a small multiple of `limit`; for a pickle, see `read_pickle`. Time: cc=4 reads 8 KiB of an ordinary head
    whatever the payload's size; cc=2 has to unpack the whole file, because the headers stand behind the payload; cc=1
    reads the whole file, if it is not longer than `MAX_PICKLE_BYTES`.

    Args:
        file: Seekable; the head of `http-v2`, or a one-file entry of `http`. Its position is moved, it stays open.
        size: Length of the file in bytes; nothing behind it is read.
        limit: Most bytes of the head, the payload not counted. A longer head counts as broken.

    Raises:
        OSError: The file cannot be read. No bytes make it raise.
    """
    file.seek(0)
    front = file.read(min(size, FRONT_BYTES)) or b""
    if front.startswith(b"cc=4,"):
        return read_packed(file, front, size, start=PREFIX_LENGTH, limit=limit)
    if front.startswith(b"cc=2,"):
        return read_encoded(file, size, start=PREFIX_LENGTH, limit=limit)
    if front.startswith(b"cc=1,"):
        return read_pickle(file, size, start=PREFIX_LENGTH)
    return _without_format(front)


def _without_format(front: bytes) -> Broken:
    if not front:
        return Broken(reason="empty", offset=0, is_cut=True)
    if _CUT_PREFIX.fullmatch(front):
        return Broken(reason="ends inside the mark of the format", offset=len(front), is_cut=True)
    prefix = front[:PREFIX_LENGTH]
    mark = prefix[:-1].decode("ascii") if _PREFIX.fullmatch(prefix) else "no mark"
    return Broken(reason=f"no known format ({mark})", offset=0)
