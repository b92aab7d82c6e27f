"""What was found of one entry, as it is remembered.

For as long as its files, the question, and what the rest of the cache says of it stay the same, it need not be opened.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipcacheplus.catalog.links import Reference, References
from pipcacheplus.catalog.metadata_of_wheels import WheelReference
from pipcacheplus.catalog.recording import Answer, as_told, told_again
from pipcacheplus.catalog.rows import seal, unseal
from pipcacheplus.checks.base.check import Judged
from pipcacheplus.model.facts import WheelMetadata
from pipcacheplus.model.values import Entry, Kind, Shape, UrlSource
from pipcacheplus.pips.filenames import canonical
from pipcacheplus.pips.wheel_keys import SdistLink

__all__ = ["JudgedRow", "mark_of", "pack_row", "unpack_row"]

_TELLING = frozenset({Kind.INDEX_PAGE.value, Kind.LINKS_PAGE.value, Kind.REDIRECT.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRow(Answer):
    """What is remembered of an entry."""

    mark: str
    """What the rest of the cache said of it (`mark_of`)."""
    told: list[Any]
    beside: WheelReference | None
    """What a wheel says of the metadata beside it."""

    @property
    def tells_of_others(self) -> bool:
        """Whether the entry says something of other entries, and so has to be read for them."""
        return self.told[1]["kind"] in _TELLING

    @property
    def project(self) -> str | None:
        """Canonical name of the entry's project."""
        project: str | None = self.told[1]["project"]
        return project

    def of(self, entry: Entry) -> Judged:
        """Return what was found, with the entry as it was scanned now."""
        return told_again(entry, self.told)


def mark_of(entry: Entry, reference: Reference | None, beside: WheelReference | None, known: References) -> str:
    """Return what tells whether the rest of the cache says the same of an entry as before."""
    sources: Sequence[SdistLink] = ()
    if entry.shape is Shape.BUILT_WHEEL:
        sources = known.sources.get(canonical(entry.id.rpartition("/")[2].partition("-")[0]), ())
    text = ascii((reference, beside, known.hosts, sources))
    return hashlib.blake2b(text.encode("ascii"), digest_size=8).hexdigest()


def pack_row(
    stamp: bytes,
    one: Judged,
    *,
    question: str,
    mark: str,
    made_s: float,
    until_s: float | None,
    beside: WheelReference | None,
) -> bytes:
    """Return a row as it is kept: sealed JSON."""
    wheel = None
    if beside is not None:
        reference, metadata = beside
        wheel = [reference.url, reference.source, reference.filename, metadata.sha256, metadata.is_proven]
    parts = [question, mark, made_s, until_s, as_told(one), wheel]
    return seal(json.dumps(parts, separators=(",", ":")).encode("ascii"), stamp)


def unpack_row(stamp: bytes, kept: object) -> JudgedRow | None:
    """Return what was kept; `None` if it is not as it was written."""
    value = unseal(kept, stamp)
    if value is None:
        return None
    question, mark, made_s, until_s, told, wheel = json.loads(value)
    beside = None
    if wheel is not None:
        url, source, filename, sha256, is_proven = wheel
        beside = WheelReference(
            Reference(url=url, source=UrlSource(source), filename=filename),
            WheelMetadata(sha256=sha256, is_proven=is_proven),
        )
    return JudgedRow(question=question, mark=mark, made_s=made_s, until_s=until_s, told=told, beside=beside)
