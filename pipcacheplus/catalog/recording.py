"""Record what a whole run found, to be reported again as long as nothing in the cache has changed.

A recording holds for one question (`question_of`), for one set of stamps, and for a span of time: a page that was fresh
grows stale, a leftover grows old. What depends on the world outside the cache is never in it (`Trace.loose`).
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pipcacheplus.catalog.rows import PastResult, as_bytes, changed_ns, checked_from_json, entry_stamp
from pipcacheplus.checks.base.check import DAY_S, Context, is_young, newest_s
from pipcacheplus.model.values import Checked, Entry, Shape, SoundCount

__all__ = ["LOOSE", "Recording", "Trace", "lasts_until", "question_of"]

_MAX_BYTES = 256 << 20
_MODULUS = 1 << 128
LOOSE = frozenset({Shape.SELFCHECK, Shape.LOCK})
"""What is found of these depends on the world outside the cache."""
_Json = list[Any]


@dataclass(slots=True)
class Trace:
    """What tells whether the same would be found again."""

    stamps: int = 0
    """The sum of the stamps of all entries: another one if any of them has changed, gone, or come."""
    newest_ns: int = 0
    """When one of their files was changed last."""
    until_s: float | None = None
    """When what was found may be otherwise."""
    loose: list[Entry] = field(default_factory=list)
    """Entries that have to be judged anew each time."""

    is_whole: bool = True
    """Whether all was looked at, and none of it changed meanwhile."""

    def see(self, entry: Entry) -> bytes:
        """Take an entry as it was scanned; return its stamp."""
        stamp = entry_stamp(entry)
        if entry.shape in LOOSE:
            self.loose.append(entry)
            return stamp
        more = stamp
        if entry.folders:
            folders = ascii([(f.path, f.device, f.inode, f.mtime_ns) for f in entry.folders]).encode("ascii")
            more = hashlib.blake2b(stamp + folders, digest_size=16).digest()
        self.stamps = (self.stamps + int.from_bytes(more, "big")) % _MODULUS
        self.newest_ns = max(self.newest_ns, changed_ns(entry))
        return stamp

    def ends(self, entry: Entry, context: Context) -> None:
        """Take an entry as it was named."""
        self.until_s = _earlier(self.until_s, lasts_until(entry, context))

    def join(self, other: "Trace") -> None:
        """Take another part of the cache."""
        self.stamps = (self.stamps + other.stamps) % _MODULUS
        self.newest_ns = max(self.newest_ns, other.newest_ns)
        self.until_s = _earlier(self.until_s, other.until_s)
        self.loose.extend(other.loose)
        self.is_whole &= other.is_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(PastResult):
    """Result of a whole run."""

    stamps: int
    """The sum of the stamps of all entries (`Trace`)."""
    passed: SoundCount
    told: tuple[_Json, ...]
    """The other entries, as `checked_to_json` gives them."""

    @property
    def ids(self) -> frozenset[str]:
        """Return the entries that are told of."""
        return frozenset(one[0] for one in self.told)

    def of(self, entries: Mapping[str, Entry]) -> Iterator[Checked]:
        """Yield what was found, with the entries as they were scanned now, by id."""
        for one in self.told:
            yield checked_from_json(entries[one[0]], one)

    def to_bytes(self) -> bytes:
        """Return it as packed JSON."""
        parts = [self.question, self.made_s, self.until_s, self.stamps, self.passed, self.told]
        return zlib.compress(json.dumps(parts, separators=(",", ":")).encode("ascii"), 1)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Recording | None":
        """Return what was packed; `None` if it is not that."""
        try:
            text = zlib.decompressobj().decompress(data, _MAX_BYTES)
            question, made_s, until_s, stamps, passed, told = json.loads(text)
            return cls(
                question=question,
                made_s=made_s,
                until_s=until_s,
                stamps=stamps,
                passed=SoundCount(*passed),
                told=tuple(told),
            )
        except (zlib.error, ValueError, TypeError, RecursionError):
            return None


def _earlier(one_s: float | None, other_s: float | None) -> float | None:
    """Return the earlier of two times; `None` is never."""
    return min((time_s for time_s in (one_s, other_s) if time_s is not None), default=None)


def lasts_until(entry: Entry, context: Context) -> float | None:
    """Return when what is found of an entry may be otherwise, in seconds since 1970; `None` if that is never."""
    times = []
    if entry.fresh_until_s is not None and entry.fresh_until_s >= context.now_s:
        times.append(float(entry.fresh_until_s))
    if is_young(entry, context):
        times.append(newest_s(entry) + context.min_age_s)
        times.append(newest_s(entry) + DAY_S)
    # At its very last moment a page is still fresh: that ends now.
    return min((time for time in times if time >= context.now_s), default=None)


def question_of(context: Context, *about: object) -> str:
    """Return what tells one question from another: all that checks may know, but for the time and what they may ask."""
    known = [
        (part.name, sorted(value) if isinstance(value, frozenset) else value)
        for part in fields(context)
        if part.name != "now_s" and not callable(value := getattr(context, part.name))
    ]
    return hashlib.blake2b(as_bytes(ascii((known, about))), digest_size=16).hexdigest()
