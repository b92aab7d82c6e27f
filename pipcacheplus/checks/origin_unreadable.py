"""The `origin.json` beside a built wheel cannot be read.

**Why it matters.** pip 23.2 and later ignore it with a warning, and write it again; the wheel is not affected.

**What to do.** Nothing.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Broken, Depth, Facts
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if isinstance(facts.origin, Broken):
        yield Verdict(
            message=f"origin.json cannot be read: {facts.origin.reason}",
            evidence=(("reason", facts.origin.reason),),
            paths=tuple(file.path for file in entry.files[1:]),
        )


CHECK = Check(
    slug="origin-unreadable",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.BUILT_WHEEL}),
    severity=Severity.WARNING,
    remedy=Remedy.NONE,
    depth=Depth.ENDS,
    rows="e.damage IS NOT NULL",
    run=_run,
)
