"""A downloaded wheel or sdist is no archive, or ends before its end.

**Why it matters.** pip never looks at a cached file before it uses it, and never drops one that is bad: the same
install fails for ever. Only what is shorter than its head says, pip 25.2 and later complete. A wheel of which nothing
says what it should be, and whose members contradict its RECORD, is told and kept: pip installs it.

**What to do.** Remove it; pip downloads it anew.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Broken, Depth, Facts, PayloadFormat
from pipcacheplus.model.values import Entry, Group, Kind, Remedy, Severity, Shape
from pipcacheplus.pips.effects import FAILS, SHORT_BODY, always
from pipcacheplus.pips.headers import is_short

__all__ = ["CHECK"]

_ARCHIVES = frozenset({Kind.WHEEL, Kind.SDIST})
_BROKEN = always(FAILS, when="it is as long as its head says, or that says nothing")
_NOT_AS_RECORD = always("installs it as it is", when="it is not what RECORD says")


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if entry.kind not in _ARCHIVES:
        return
    effects = SHORT_BODY if is_short(facts) else _BROKEN
    if facts.format is PayloadFormat.EMPTY:
        yield Verdict(message=f"{entry.kind.value} is empty", effects=effects)
    broken = facts.payload if isinstance(facts.payload, Broken) else facts.damage
    if isinstance(broken, Broken):
        yield Verdict(
            message=f"{entry.kind.value} is broken: {broken.reason}",
            evidence=(("reason", broken.reason), ("offset", broken.offset)),
            # It unpacks, and may well be what was published: tools that mend wheels forget RECORD.
            severity=Severity.WARNING if broken.is_tolerated else None,
            remedy=Remedy.NONE if broken.is_tolerated else None,
            effects=_NOT_AS_RECORD if broken.is_tolerated else effects,
        )


CHECK = Check(
    slug="archive-broken",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.WHOLE,
    rows="e.kind IN ('wheel', 'sdist') AND (e.damage IS NOT NULL OR e.format = 'empty' OR c.damage IS NOT NULL)",
    unjudged="e.unknown IS NOT NULL OR c.problem IS NOT NULL AND c.damage IS NULL",
    run=_run,
    effects=(_BROKEN, SHORT_BODY, _NOT_AS_RECORD),
)
