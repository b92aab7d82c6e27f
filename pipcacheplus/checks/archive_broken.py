"""A downloaded wheel or sdist is no archive, or ends before its end.

**Why it matters.** pip never looks at a cached file before it uses it, and never drops one that is bad: the same
install fails for ever.

**What to do.** Remove it; pip downloads it anew.
"""

from collections.abc import Iterator

from pipcacheplus.facts import Broken, Depth, Facts, Format
from pipcacheplus.judging import Check, Context, Verdict
from pipcacheplus.model import Entry, Group, Kind, Remedy, Severity, Shape

__all__ = ["CHECK"]

_ARCHIVES = frozenset({Kind.WHEEL, Kind.SDIST})


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if entry.kind not in _ARCHIVES:
        return
    if facts.format is Format.EMPTY:
        yield Verdict(message=f"{entry.kind.value} is empty")
    broken = facts.payload if isinstance(facts.payload, Broken) else facts.damage
    if isinstance(broken, Broken):
        yield Verdict(
            message=f"{entry.kind.value} is broken: {broken.reason}",
            evidence=(("reason", broken.reason), ("offset", broken.offset)),
        )


CHECK = Check(
    slug="archive-broken",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.WHOLE,
    run=_run,
    effect="fails at every install until it is removed",
)
