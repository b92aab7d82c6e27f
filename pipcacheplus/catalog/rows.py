"""Rows of the ledger, and how facts and findings become rows and come back from them.

A row holds for as long as no file of its entry has another stamp. What was found of an entry holds besides only as long
as the question, and what the rest of the cache says of the entry, stay the same.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields, replace
from typing import Any

from pipcacheplus.catalog.links import Reference, References, WheelReference
from pipcacheplus.model.facts import Broken, Expected, Facts, Unknown, Wheel, WheelMetadata
from pipcacheplus.model.values import Checked, Entry, Finding, Group, Kind, Remedy, Severity, Shape, UrlSource
from pipcacheplus.pips.filenames import canonical
from pipcacheplus.pips.wheel_keys import SdistLink

__all__ = [
    "CheckedRow",
    "PastResult",
    "ReadResult",
    "ShardRows",
    "as_bytes",
    "changed_ns",
    "checked_from_json",
    "checked_to_json",
    "entry_stamp",
    "facts_with_result",
    "mark_of",
    "pack_row",
    "read_result_of",
    "seal",
    "sealed",
    "unpack_row",
    "unseal",
    "unsealed",
]

_SEAL_SIZE = 8
_REMEMBERED = ("sha256", "blake2b", "md5")
_Json = list[Any]
_TELLING = frozenset({Kind.INDEX_PAGE.value, Kind.LINKS_PAGE.value, Kind.REDIRECT.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
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


_FIELDS = tuple(field.name for field in fields(ReadResult))


@dataclass(slots=True)
class ShardRows:
    """What a worker takes along of what is remembered, and what it brings back."""

    told: Mapping[bytes, bytes] = field(default_factory=dict)
    """By stamp, as `sealed` gives it."""
    checked: Mapping[bytes, bytes] = field(default_factory=dict)
    """By stamp: what was found, as `pack_row` packs it."""
    seen: list[bytes] = field(default_factory=list)
    """Stamps of all entries that were there."""
    rows: list[tuple[str, bytes, int, bytes]] = field(default_factory=list)
    """What was found now: id, stamp, when its files were changed last in nanoseconds since 1970, and the packed row."""
    kept: list[bytes] = field(default_factory=list)
    """Stamps of entries that are as they were."""
    noted: list[tuple[Entry, ReadResult]] = field(default_factory=list)
    """What is new."""

    def known(self, stamp: bytes) -> ReadResult | None:
        """Return what reading an entry showed; `None` if it was not read, or has another stamp than then."""
        told = self.told.get(stamp)
        return None if told is None else unsealed(stamp, told)


def as_bytes(text: str) -> bytes:
    """Encode any name, one that was not UTF-8 too, so that no two become the same."""
    return text.encode("utf-8", "surrogatepass")


def entry_stamp(entry: Entry) -> bytes:
    """Return what must be the same for a result to hold, in 16 bytes."""
    files = [(f.path, f.device, f.inode, f.size, f.mtime_ns, f.ctime_ns) for f in entry.files]
    # `ascii` of text and numbers tells them apart from all others, and is the same in every Python.
    return hashlib.blake2b(ascii((entry.id, files)).encode("ascii"), digest_size=16).digest()


def changed_ns(entry: Entry) -> int:
    """Return when a file of an entry was changed last, in nanoseconds since 1970; 0 if it has none."""
    # On Windows, the change time is that of creation.
    return max((max(file.mtime_ns, file.ctime_ns) for file in entry.files), default=0)


def sealed(stamp: bytes, verified: ReadResult) -> bytes:
    """Return a result as it is kept: sealed JSON."""
    return seal(json.dumps(astuple(verified), separators=(",", ":")).encode("ascii"), stamp)


def unsealed(stamp: bytes, told: object) -> ReadResult | None:
    """Return what was kept, `None` if it is not as it was written."""
    value = unseal(told, stamp)
    return None if value is None else ReadResult(**dict(zip(_FIELDS, json.loads(value), strict=True)))


def seal(value: bytes, stamp: bytes = b"") -> bytes:
    """Put a digest before a value, which a damaged one, or one that belongs to another stamp, does not have."""
    return hashlib.blake2b(value, digest_size=_SEAL_SIZE, key=stamp).digest() + value


def unseal(kept: object, stamp: bytes = b"") -> bytes | None:
    """Return a value without its digest; `None` if that is not the one it should have."""
    if not isinstance(kept, bytes):
        return None
    value = kept[_SEAL_SIZE:]
    return value if kept == seal(value, stamp) else None


def read_result_of(facts: Facts) -> ReadResult | None:
    """Return what is worth remembering: `None` if the entry was not read to its end, or may still grow."""
    if not facts.is_read_whole and not facts.digests:
        return None
    # What may still grow, and what a reason alone does not tell, is looked at again.
    if isinstance(facts.damage, Broken) and facts.damage != Broken(reason=facts.damage.reason):
        return None
    digests = dict(facts.digests)
    return ReadResult(
        **{name: digests.get(name) for name in _REMEMBERED},
        metadata_sha256=facts.payload.metadata_sha256 if isinstance(facts.payload, Wheel) else None,
        damage=facts.damage.reason if isinstance(facts.damage, Broken) else None,
        is_unknown=isinstance(facts.damage, Unknown),
    )


def facts_with_result(facts: Facts, expected: Expected, verified: ReadResult) -> Facts | None:
    """Return the facts of an entry, read at its ends only, with what reading it to its end showed before.

    Returns:
        `None` if something is to be held against a digest that was not made then, or if what was published does not
            fit, or is published no more: whether it was unpacked then, and held against its ETag, is not known.
    """
    from pipcacheplus.readers.digests import is_proven, usable, wanted_digests  # noqa: PLC0415 - slow to import

    known, published = dict(verified.digests), usable(expected.published)
    if not wanted_digests(facts, expected) <= known.keys():
        return None
    fits = is_proven(published, known)
    if not fits and verified.sha256 is not None:
        return None
    damage: Broken | Unknown | None = None  # what fits is not unpacked
    if not fits and verified.damage is not None:
        damage = Broken(reason=verified.damage)
    elif not fits and verified.is_unknown:
        damage = Unknown(reason="as it was when it was read before")
    payload = facts.payload
    if isinstance(payload, Wheel):
        payload = replace(payload, metadata_sha256=verified.metadata_sha256)
    return replace(
        facts,
        payload=payload,
        published=published,
        wheel_metadata=expected.wheel_metadata,
        digests=tuple(sorted(known.items())),
        is_read_whole=True,
        damage=damage,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PastResult:
    """What was found when a question was asked."""

    question: str
    """See `question_of`."""
    made_s: float
    """Seconds since 1970."""
    until_s: float | None
    """When something of it may be otherwise; `None` if that is never."""

    def holds(self, question: str, now_s: float) -> bool:
        """Return whether this is what would be found now, if no stamp has changed."""
        return self.question == question and self.made_s <= now_s and (self.until_s is None or now_s < self.until_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow(PastResult):
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

    def of(self, entry: Entry) -> Checked:
        """Return what was found, with the entry as it was scanned now."""
        return checked_from_json(entry, self.told)


def mark_of(entry: Entry, reference: Reference | None, beside: WheelReference | None, known: References) -> str:
    """Return what tells whether the rest of the cache says the same of an entry as before."""
    sources: Sequence[SdistLink] = ()
    if entry.shape is Shape.BUILT_WHEEL:
        sources = known.sources.get(canonical(entry.id.rpartition("/")[2].partition("-")[0]), ())
    text = ascii((reference, beside, known.hosts, sources))
    return hashlib.blake2b(text.encode("ascii"), digest_size=8).hexdigest()


def pack_row(
    stamp: bytes,
    one: Checked,
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
    parts = [question, mark, made_s, until_s, checked_to_json(one), wheel]
    return seal(json.dumps(parts, separators=(",", ":")).encode("ascii"), stamp)


def unpack_row(stamp: bytes, kept: object) -> CheckedRow | None:
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
    return CheckedRow(question=question, mark=mark, made_s=made_s, until_s=until_s, told=told, beside=beside)


def checked_to_json(one: Checked) -> _Json:
    """Return what was found of an entry, and what it is called, as JSON has it."""
    entry = one.entry
    names = {
        "kind": entry.kind,
        "project": entry.project,
        "version": entry.version,
        "filename": entry.filename,
        "url": entry.url,
        "url_source": entry.url_source,
        "tags": entry.tags,
        "interpreter": entry.interpreter,
        "fresh_until_s": entry.fresh_until_s,
    }
    found = [(f.check, f.group, f.severity, f.message, f.evidence, f.remedy, f.paths) for f in one.findings]
    return [entry.id, names, found, one.is_unverifiable]


def checked_from_json(entry: Entry, told: _Json) -> Checked:
    """Return what was found of an entry, as `checked_to_json` gave it, with the entry as it was scanned now."""
    _, names, found, is_unverifiable = told
    source = names["url_source"]
    named = replace(
        entry,
        **{
            **names,
            "kind": Kind(names["kind"]),
            "url_source": UrlSource(source) if source else None,
            "tags": tuple(names["tags"]),
        },
    )
    findings = tuple(
        Finding(
            check=check,
            entry=named,
            group=Group(group),
            severity=Severity(severity),
            message=message,
            evidence=tuple((name, value) for name, value in evidence),
            remedy=Remedy(remedy),
            paths=tuple(paths),
        )
        for check, group, severity, message, evidence, remedy, paths in found
    )
    return Checked(named, findings, is_unverifiable)
