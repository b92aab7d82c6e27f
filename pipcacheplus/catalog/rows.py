"""What reading an entry to its end showed, as it is remembered: for as long as none of its files has another stamp."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, fields

from pipcacheplus.model.values import Entry

__all__ = ["Memory", "Verified", "as_bytes", "changed_ns", "seal", "sealed", "stamp_of", "unseal", "unsealed"]

_SEAL_SIZE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What reading an entry to its end showed."""

    sha256: str | None
    """Of the payload, in hex, as the other digests; `None` if it was not computed."""
    blake2b: str | None
    md5: str | None
    metadata_sha256: str | None
    """Of the METADATA in a wheel."""
    damage: str | None
    """Why it is broken, `None` if it is whole."""
    is_unknown: bool
    """Whether a limit of ours kept us from telling."""

    @property
    def digests(self) -> tuple[tuple[str, str], ...]:
        """Return the digests that were made, by name."""
        made = (("sha256", self.sha256), ("blake2b", self.blake2b), ("md5", self.md5))
        return tuple((name, value) for name, value in made if value is not None)


_FIELDS = tuple(field.name for field in fields(Verified))


@dataclass(slots=True)
class Memory:
    """What a worker takes along of what is remembered, and what it brings back."""

    told: Mapping[bytes, bytes] = field(default_factory=dict)
    """By stamp, as `sealed` gives it."""
    judged: Mapping[bytes, bytes] = field(default_factory=dict)
    """By stamp: what was found, as `judged_rows` packs it."""
    seen: list[bytes] = field(default_factory=list)
    """Stamps of all entries that were there."""
    rows: list[tuple[str, bytes, int, bytes]] = field(default_factory=list)
    """What was found now: id, stamp, when its files were changed last in nanoseconds since 1970, and the packed row."""
    kept: list[bytes] = field(default_factory=list)
    """Stamps of entries that are as they were."""
    noted: list[tuple[Entry, Verified]] = field(default_factory=list)
    """What is new."""

    def known(self, stamp: bytes) -> Verified | None:
        """Return what reading an entry showed; `None` if it was not read, or has another stamp than then."""
        told = self.told.get(stamp)
        return None if told is None else unsealed(stamp, told)


def as_bytes(text: str) -> bytes:
    """Encode any name, one that was not UTF-8 too, so that no two become the same."""
    return text.encode("utf-8", "surrogatepass")


def stamp_of(entry: Entry) -> bytes:
    """Return what must be the same for a result to hold, in 16 bytes."""
    files = [(f.path, f.device, f.inode, f.size, f.mtime_ns, f.ctime_ns) for f in entry.files]
    # `ascii` of text and numbers tells them apart from all others, and is the same in every Python.
    return hashlib.blake2b(ascii((entry.id, files)).encode("ascii"), digest_size=16).digest()


def changed_ns(entry: Entry) -> int:
    """Return when a file of an entry was changed last, in nanoseconds since 1970; 0 if it has none."""
    # On Windows, the change time is that of creation.
    return max((max(file.mtime_ns, file.ctime_ns) for file in entry.files), default=0)


def sealed(stamp: bytes, verified: Verified) -> bytes:
    """Return a result as it is kept: sealed JSON."""
    return seal(json.dumps(astuple(verified), separators=(",", ":")).encode("ascii"), stamp)


def unsealed(stamp: bytes, told: object) -> Verified | None:
    """Return what was kept, `None` if it is not as it was written."""
    value = unseal(told, stamp)
    return None if value is None else Verified(**dict(zip(_FIELDS, json.loads(value), strict=True)))


def seal(value: bytes, stamp: bytes = b"") -> bytes:
    """Put a digest before a value, which a damaged one, or one that belongs to another stamp, does not have."""
    return hashlib.blake2b(value, digest_size=_SEAL_SIZE, key=stamp).digest() + value


def unseal(kept: object, stamp: bytes = b"") -> bytes | None:
    """Return a value without its digest; `None` if that is not the one it should have."""
    if not isinstance(kept, bytes):
        return None
    value = kept[_SEAL_SIZE:]
    return value if kept == seal(value, stamp) else None
