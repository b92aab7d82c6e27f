"""Metadata that the index served beside a wheel differs from the wheel's own, or is of another project or version.

**Why it matters.** pip from 22.3 on chooses dependencies by it, before it has the wheel (PEP 658: the two must be
equal), and never downloads it again; from 26.2 on, it fails if the dependencies of the two differ. If it names
another project or version than the wheel's file name, pip fails ("MetadataInconsistent") or ignores that version.
Metadata that differs from what its page publishes is reported by `body-digest-mismatch`.

**What to do.** Remove it; pip downloads it again. If the wheel itself is in the cache, and not proven to be the one
that was published, this is a warning.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.checks.base.proof import proof_of
from pipcacheplus.model.facts import Depth, Facts, Metadata
from pipcacheplus.model.values import Entry, Group, Proof, Remedy, Severity, Shape
from pipcacheplus.pips.effects import NEVER_READS, Effect, Effects
from pipcacheplus.pips.filenames import canonical, project_and_version

__all__ = ["CHECK"]

_OTHER = Effects(
    rows=(
        Effect(NEVER_READS, below="22.3"),
        Effect("uses the dependencies that it names", below="26.2"),
        Effect("fails if it names other dependencies than the wheel"),
    ),
    when="it differs from the wheel's",
)
_MISNAMED = Effects(
    rows=(Effect(NEVER_READS, below="22.3"), Effect("fails or ignores that version, until it is removed")),
    when="it is of another project or version",
)
"""`_internal/operations/prepare.py` compares the name, `_internal/resolution/resolvelib/candidates.py` both."""


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if proof_of(entry, facts) in {Proof.INDEX_PAGE, Proof.ETAG}:
        return  # it is what was sent: then the index serves two different things
    actual = dict(facts.digests).get("sha256")
    if facts.wheel_metadata is None:
        yield from _named_otherwise(entry, facts)
    if facts.wheel_metadata is None or actual is None or actual == facts.wheel_metadata.sha256:
        return
    yield Verdict(
        message="metadata differs from the wheel's",
        evidence=(
            ("expected_sha256", facts.wheel_metadata.sha256),
            ("actual_sha256", actual),
            ("expected_from", "wheel"),
            ("wheel_is_proven", facts.wheel_metadata.is_proven),
        ),
        severity=None if facts.wheel_metadata.is_proven else Severity.WARNING,
        effects=_OTHER,
    )


def _named_otherwise(entry: Entry, facts: Facts) -> Iterator[Verdict]:
    """Compare it with the file name of the wheel, where there is no wheel to compare it with."""
    metadata = facts.payload
    named = project_and_version(entry.filename) if entry.filename is not None else None
    if not isinstance(metadata, Metadata) or named is None:
        return
    project, version = named
    if canonical(metadata.name) != project or not _is_same_version(metadata.version, version):
        yield Verdict(
            message=f"metadata is of {metadata.name} {metadata.version}",
            evidence=(("project", metadata.name), ("version", metadata.version), ("wheel", entry.filename)),
            effects=_MISNAMED,
        )


def _is_same_version(one: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - slow to import, and seldom needed

    try:
        return Version(one) == Version(other.replace("_", "-"))
    except InvalidVersion:
        return True  # not certain, so there is no finding


CHECK = Check(
    slug="metadata-mismatch",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.WHOLE,
    # If all its links publish a digest and it matches, it is what was sent.
    rows=(
        "c.id IS NULL AND e.kind = 'metadata' OR c.id IS NOT NULL AND (e.key IN (SELECT key FROM found)"
        " OR :contradicted AND EXISTS (SELECT 1 FROM link l WHERE l.key = e.key AND l.wheel IS NOT NULL))"
    ),
    run=_run,
    effects=(_OTHER, _MISNAMED),
)
