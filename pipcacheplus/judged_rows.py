"""What was found of one entry, as it is remembered.

For as long as its files, the question, and what the rest of the cache says of it stay the same, it need not be opened.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from pipcacheplus.facts import WheelMetadata
from pipcacheplus.filenames import canonical
from pipcacheplus.judging import Judged
from pipcacheplus.metadata_of_wheels import WheelReference
from pipcacheplus.model import Entry, Kind, Shape, UrlSource
from pipcacheplus.references import Reference, References, Source
from pipcacheplus.replay import as_told, told_again

__all__ = ["JudgedRow", "mark_of", "pack_row", "unpack_row"]

_SEAL_SIZE = 8
_TELLING = frozenset({Kind.INDEX_PAGE.value, Kind.LINKS_PAGE.value, Kind.REDIRECT.value})


class JudgedRow(NamedTuple):
    """What is remembered of an entry."""

    question: str
    mark: str
    """What the rest of the cache said of it (`mark_of`)."""
    made_s: float
    """Seconds since 1970."""
    until_s: float | None
    """When it may be otherwise; `None` if that is never."""
    told: list[Any]
    beside: WheelReference | None
    """What a wheel says of the metadata beside it."""

    def holds(self, question: str, now_s: float) -> bool:
        """Return whether this answers a question now."""
        return self.question == question and self.made_s <= now_s and (self.until_s is None or now_s < self.until_s)

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
    sources: Sequence[Source] = ()
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
    """Return a row as it is kept: JSON behind a digest that a damaged or displaced one does not have."""
    wheel = None
    if beside is not None:
        reference, metadata = beside
        wheel = [reference.url, reference.source, reference.filename, metadata.sha256, metadata.is_proven]
    parts = [question, mark, made_s, until_s, as_told(one), wheel]
    value = json.dumps(parts, separators=(",", ":")).encode("ascii")
    return _seal(stamp, value) + value


def _seal(stamp: bytes, value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=_SEAL_SIZE, key=stamp).digest()


def unpack_row(stamp: bytes, value: object) -> JudgedRow | None:
    """Return what was kept; `None` if it is not as it was written."""
    if not isinstance(value, bytes) or value[:_SEAL_SIZE] != _seal(stamp, value[_SEAL_SIZE:]):
        return None
    question, mark, made_s, until_s, told, wheel = json.loads(value[_SEAL_SIZE:])
    beside = None
    if wheel is not None:
        url, source, filename, sha256, is_proven = wheel
        beside = WheelReference(
            Reference(url=url, source=UrlSource(source), filename=filename),
            WheelMetadata(sha256=sha256, is_proven=is_proven),
        )
    return JudgedRow(question, mark, made_s, until_s, told, beside)
