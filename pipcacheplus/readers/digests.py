"""A payload from its first byte to its last: digests that something can be held against, then what it says of itself.

A digest costs a fraction of unpacking: if one that the index published fits, the archive is not unpacked at all.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import BinaryIO

from pipcacheplus.model.facts import FILE_HOST_DIGEST, Broken, Expected, Facts, Format, Head, Sdist, Unknown, Wheel
from pipcacheplus.pips.headers import single_part_md5
from pipcacheplus.readers.digest import digest
from pipcacheplus.readers.integrity import read_to_end, read_wheel_to_end

__all__ = ["is_proven", "read_whole", "usable", "wanted_digests"]

_KNOWN = frozenset(
    {"md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b", "sha3_256", "sha3_384", "sha3_512"}
)
_STRONG = _KNOWN - {"md5", "sha1"}


def read_whole(facts: Facts, body: BinaryIO, expected: Expected) -> Facts:
    """Return the facts of a payload with its digests, and with what reading it to its end showed.

    Raises:
        OSError: The payload cannot be read.
    """
    published, wanted = usable(expected.published), wanted_digests(facts, expected)
    facts = replace(facts, published=published, of_wheel=expected.of_wheel)
    found = digest(body, facts.body_size or 0, algorithms=wanted) if wanted else {}
    if isinstance(found, Broken):
        return replace(facts, damage=found, is_read_whole=True)
    if is_proven(published, found):
        return replace(facts, digests=tuple(sorted(found.items())), is_read_whole=True)
    if published and isinstance(facts.head, Head) and single_part_md5(facts.head) is not None:
        # It is not what the page says: whether it is what was sent decides if it is damaged.
        more = digest(body, facts.body_size or 0, algorithms=frozenset({"md5"}))
        found = {**found, **({} if isinstance(more, Broken) else more)}
    told = replace(facts, digests=tuple(sorted(found.items())))
    is_archive = facts.format in {Format.ZIP, Format.TAR} and not isinstance(facts.payload, (Broken, Unknown))
    if not is_archive:
        return told
    body.seek(0)
    read_all = read_wheel_to_end if isinstance(facts.payload, Wheel) else read_to_end
    return replace(told, is_read_whole=True, damage=read_all(body, facts.body_size or 0))


def usable(published: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the digests that can be made here."""
    return tuple((name, value) for name, value in published if name in _KNOWN)


def is_proven(published: tuple[tuple[str, str], ...], made: Mapping[str, str]) -> bool:
    """Return whether a payload with these digests is what was published; such a one is not unpacked."""
    return any(name in _STRONG and made.get(name) == value for name, value in published)


def wanted_digests(facts: Facts, expected: Expected) -> frozenset[str]:
    """Return the names of the digests to make first: the published ones; without any, all others that can prove it."""
    published = {name for name, _ in usable(expected.published)}
    wanted = published | ({"sha256"} if expected.of_wheel else set())
    if published & _STRONG:
        return frozenset(wanted)
    if isinstance(facts.head, Head) and single_part_md5(facts.head) is not None:
        wanted.add("md5")
    if expected.hosts and isinstance(facts.payload, (Wheel, Sdist)):
        wanted.add(FILE_HOST_DIGEST)
    return frozenset(wanted)
