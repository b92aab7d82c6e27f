"""A downloaded wheel or sdist is not an archive, or is truncated.

**Why it matters.** pip does not verify a cached file before it uses it, and never removes a damaged one: the same
install fails until the entry is removed. Only a file that is shorter than its headers say is completed by pip 25.2 and
later. A wheel of which no digest is published, and whose members contradict its RECORD, is reported and kept: pip
installs it.

**What to do.** Remove it; pip downloads it again.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Broken, Depth, Facts, PayloadFormat
from pipcacheplus.model.values import Entry, Group, Kind, Remedy, Severity, Shape
from pipcacheplus.pips.effects import FAILS, SHORT_BODY, always
from pipcacheplus.pips.headers import is_short

__all__ = ["CHECK"]

_ARCHIVES = frozenset({Kind.WHEEL, Kind.SDIST})
_BROKEN = always(FAILS, when="it is as long as its headers say, or they give no length")
_NOT_AS_RECORD = always("installs it unchecked", when="it differs from its RECORD")


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if entry.kind not in _ARCHIVES:
        return
    effects = SHORT_BODY if is_short(facts) else _BROKEN
    if facts.format is PayloadFormat.EMPTY:
        yield Verdict(message=f"{entry.kind.words} is empty", effects=effects)
    broken = facts.payload if isinstance(facts.payload, Broken) else facts.damage
    if isinstance(broken, Broken):
        yield Verdict(
            message=f"{entry.kind.words} is broken: {broken.reason}",
            evidence=(("reason", broken.reason), ("offset", broken.offset)),
            # It unpacks, and may be what was published: tools that repair wheels forget RECORD.
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
