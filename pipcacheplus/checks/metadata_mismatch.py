"""Metadata that the index served beside a wheel is not what the wheel, which is in the cache as well, holds.

**Why it matters.** pip from 22.3 on chooses dependencies by it, before it has the wheel (PEP 658: the two have to be
the same), and never asks for it again.

**What to do.** Remove it; pip downloads it anew. If the wheel itself is not proven to be the one that was published,
this is a warning.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.checks.base.proof import proof_of
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, Proof, Remedy, Severity, Shape
from pipcacheplus.pips.effects import NEVER_READS, Effect, Effects

__all__ = ["CHECK"]


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    actual = dict(facts.digests).get("sha256")
    if facts.wheel_metadata is None or actual is None or actual == facts.wheel_metadata.sha256:
        return
    if proof_of(entry, facts) in {Proof.INDEX_PAGE, Proof.ETAG}:
        return  # it is what was sent: then the index serves two different things
    yield Verdict(
        message="metadata is not what the wheel holds",
        evidence=(
            ("expected_sha256", facts.wheel_metadata.sha256),
            ("actual_sha256", actual),
            ("expected_from", "wheel"),
            ("wheel_is_proven", facts.wheel_metadata.is_proven),
        ),
        severity=None if facts.wheel_metadata.is_proven else Severity.WARNING,
    )


CHECK = Check(
    slug="metadata-mismatch",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.WHOLE,
    rows=(
        "c.sha256 IS NOT NULL AND (e.key IN (SELECT key FROM found)"
        " OR :contradicted AND EXISTS (SELECT 1 FROM link l WHERE l.key = e.key AND l.wheel IS NOT NULL))"
    ),
    run=_run,
    effects=(Effects(rows=(Effect(NEVER_READS, below="22.3"), Effect("goes by the dependencies that it names"))),),
)
