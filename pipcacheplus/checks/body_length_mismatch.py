"""A stored body is longer or shorter than its head says.

**Why it matters.** pip 8.0 and later store a response only if its length is right, so something changed it afterwards.
pip 25.3 and later fetch what is missing; all others fail at every install until the entry is removed.

**What to do.** Remove it; pip downloads it anew.
"""

from collections.abc import Iterator

from pipcacheplus.facts import Depth, Facts, Head
from pipcacheplus.judging import Check, Context, Verdict
from pipcacheplus.lengths import stated_size
from pipcacheplus.model import FILE_KINDS, Entry, Group, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if not isinstance(facts.head, Head) or facts.body_size is None:
        return
    stated = stated_size(facts.head)
    if stated is None or stated == facts.body_size:
        return
    yield Verdict(
        message=f"body has {facts.body_size} bytes, its head says {stated}",
        evidence=(("expected_bytes", stated), ("actual_bytes", facts.body_size)),
        severity=None if entry.kind in FILE_KINDS else Severity.WARNING,
    )


CHECK = Check(
    slug="body-length-mismatch",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    run=_run,
    effect="fails at every install until it is removed; pip 25.3 and later fetch what is missing",
)
