"""A self-check, in which pip stores when it last looked for a newer pip, cannot be read.

**Why it matters.** pip treats it as absent, and writes it again.

**What to do.** Remove it.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Broken, Depth, Facts
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    # pip up to 19.2 wrote selfcheck.json in place, so that it is empty for a moment.
    if isinstance(facts.selfcheck, Broken) and entry.size:
        yield Verdict(
            message=f"self-check cannot be read: {facts.selfcheck.reason}",
            evidence=(("reason", facts.selfcheck.reason),),
        )


CHECK = Check(
    slug="selfcheck-unreadable",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.SELFCHECK}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.ENDS,
    rows="e.damage IS NOT NULL",
    run=_run,
)
