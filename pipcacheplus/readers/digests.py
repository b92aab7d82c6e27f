"""Digests of a payload, and whether they prove it; if none does, its archive is read to the end.

A digest costs a fraction of unpacking: if one that the index published fits, the archive is not unpacked at all.
"""

import hashlib
from collections.abc import Mapping
from typing import BinaryIO, Protocol

from msgspec.structs import replace

from pipcacheplus.model.facts import (
    FILE_HOST_DIGEST,
    Broken,
    Expected,
    Facts,
    Head,
    PayloadFormat,
    Sdist,
    Unknown,
    Wheel,
)
from pipcacheplus.pips.headers import single_part_md5
from pipcacheplus.readers.integrity import read_to_end, read_wheel_to_end

__all__ = [
    "MAX_TOLD_BYTES",
    "PUBLISHED_FORMATS",
    "digest",
    "is_contradicted",
    "is_proven",
    "read_whole",
    "sent_digests",
    "usable",
    "wanted_digests",
]

PUBLISHED_FORMATS = frozenset({PayloadFormat.ZIP, PayloadFormat.TAR, PayloadFormat.METADATA})
"""Kinds of which indexes publish digests: their SHA-256 is always computed, because it is shown to users."""
MAX_TOLD_BYTES = 1 << 30
"""A file of more bytes is not read for that alone: a sparse one would take too long."""
_KNOWN = frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"})
_WEAK = frozenset({"md5", "sha1"})
_STRONG = _KNOWN - _WEAK
_BLOCK = 1 << 18
_BLAKE2B_BYTES = 32


def read_whole(facts: Facts, body: BinaryIO, expected: Expected) -> Facts:
    """Return the facts of a payload with its digests, and with the damage found by reading it to its end.

    Raises:
        OSError: The payload cannot be read.
    """
    published, wanted = usable(expected.published), wanted_digests(facts, expected)
    size = facts.body_size or 0
    told = {"sha256"} if facts.format in PUBLISHED_FORMATS and size <= MAX_TOLD_BYTES else set[str]()
    made = digest(body, size, algorithms=wanted | told) if wanted or told else {}
    found = {} if isinstance(made, Broken) else made
    damage: Broken | Unknown | None = made if isinstance(made, Broken) and wanted else None
    is_read_whole = True
    if damage is None and is_contradicted(published, found):
        more = digest(body, size, algorithms=sent_digests(facts, expected) - found.keys())
        found = {**found, **({} if isinstance(more, Broken) else more)}
    if damage is None and not is_proven(published, found):
        is_read_whole = _is_archive(facts)
        damage = _read_archive(facts, body, size) if is_read_whole else None
    return replace(
        facts,
        published=published,
        wheel_metadata=expected.wheel_metadata,
        digests=tuple(sorted(found.items())),
        is_read_whole=is_read_whole,
        damage=damage,
    )


def _is_archive(facts: Facts) -> bool:
    return facts.format in {PayloadFormat.ZIP, PayloadFormat.TAR} and not isinstance(facts.payload, (Broken, Unknown))


def _read_archive(facts: Facts, body: BinaryIO, size: int) -> Broken | Unknown | None:
    body.seek(0)
    return (read_wheel_to_end if isinstance(facts.payload, Wheel) else read_to_end)(body, size)


def usable(published: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the names of the digests that can be computed here."""
    return tuple((name, value) for name, value in published if name in _KNOWN)


def is_proven(published: tuple[tuple[str, str], ...], made: Mapping[str, str]) -> bool:
    """Return whether a payload with these digests is what was published; it is then not unpacked."""
    return any(name in _STRONG and made.get(name) == value for name, value in published)


def is_contradicted(published: tuple[tuple[str, str], ...], made: Mapping[str, str]) -> bool:
    """Return whether a page publishes something else than a payload with these digests."""
    return any(made.get(name, value) != value for name, value in published)


def sent_digests(facts: Facts, expected: Expected) -> frozenset[str]:
    """Return the names of the digests that prove whether a payload is what was sent, whatever pages publish."""
    names = {FILE_HOST_DIGEST} if expected.in_path is not None else set()
    if isinstance(facts.head, Head) and single_part_md5(facts.head) is not None:
        names.add("md5")
    return frozenset(names)


def wanted_digests(facts: Facts, expected: Expected) -> frozenset[str]:
    """Return the names of the digests to compute first: the published ones, or, without any, all that can prove it."""
    published = {name for name, _ in usable(expected.published)}
    wanted = published | ({"sha256"} if expected.wheel_metadata else set())
    if published & _STRONG:
        return frozenset(wanted)
    if isinstance(facts.head, Head) and single_part_md5(facts.head) is not None:
        wanted.add("md5")
    if expected.hosts and isinstance(facts.payload, (Wheel, Sdist)):
        wanted.add(FILE_HOST_DIGEST)
    return frozenset(wanted)


def digest(stream: BinaryIO, size: int, *, algorithms: frozenset[str]) -> Mapping[str, str] | Broken:
    """Read a payload from its start, and return its digests in hex.

    Memory: one block of 256 KiB, whatever the size.

    Args:
        stream: Seekable.
        size: Length of the payload in bytes; nothing behind it is read.
        algorithms: As hashlib names them; `blake2b` is BLAKE2b-256, from which file hosts make paths. Unknown ones are
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
    """The interface of hashlib's objects."""

    def update(self, data: bytes, /) -> object:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """Return the digest so far."""


def _made(name: str) -> _Hash | None:
    if name == "sha256":
        return hashlib.sha256()  # `hashlib.new` takes longer than to hash a small payload
    if name == "blake2b":
        return hashlib.blake2b(digest_size=_BLAKE2B_BYTES)
    try:
        # Two of them are broken as signatures; here they only show whether bytes changed.
        made = hashlib.new(name, usedforsecurity=name not in _WEAK)
    except (TypeError, ValueError):
        # A name with a NUL, or with a lone surrogate, raises TypeError.
        return None
    return made if made.digest_size else None
