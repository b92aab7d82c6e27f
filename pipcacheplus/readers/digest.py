"""Digests of a payload: as many as are asked for, in one pass over its bytes."""

import hashlib
from collections.abc import Mapping
from typing import BinaryIO, Protocol

from pipcacheplus.model.facts import Broken

__all__ = ["digest"]

_BLOCK = 1 << 18
_WEAK = frozenset({"md5", "sha1"})
_BLAKE2B_BYTES = 32


def digest(stream: BinaryIO, size: int, *, algorithms: frozenset[str]) -> Mapping[str, str] | Broken:
    """Read a payload from its start, and return its digests in hex.

    Memory: one block of 256 KiB, whatever the size.

    Args:
        stream: Seekable.
        size: Length of the payload in bytes; nothing behind it is read.
        algorithms: As hashlib names them; `blake2b` is BLAKE2b-256, which file hosts make paths from. Unknown ones are
            left out, and those whose digests have no length of their own (`shake_128`).

    Returns:
        The digests by name, or `Broken` if the payload ends before `size`.

    Raises:
        OSError: The payload cannot be read.
    """
    hashes = {name: made for name in sorted(algorithms) if (made := _made(name)) is not None}
    stream.seek(0)
    left = size
    while left:
        block = stream.read(min(left, _BLOCK))
        if not block:
            return Broken(reason="ends before its length", offset=size - left, is_cut=True)
        left -= len(block)
        for made in hashes.values():
            made.update(block)
    return {name: made.hexdigest() for name, made in hashes.items()}


class _Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes, /) -> object:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """Return the digest so far."""


def _made(name: str) -> _Hash | None:
    if name == "blake2b":
        return hashlib.blake2b(digest_size=_BLAKE2B_BYTES)
    try:
        # Two of them are broken as signatures; here they only tell whether bytes are what they were.
        made = hashlib.new(name, usedforsecurity=name not in _WEAK)
    except (TypeError, ValueError):
        # TypeError is what a name with a NUL, or with half a surrogate pair, ends in.
        return None
    return made if made.digest_size else None
