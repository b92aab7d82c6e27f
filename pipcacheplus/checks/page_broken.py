"""A cached index page, or a wheel's metadata, cannot be read.

**Why it matters.** pip asks the index whether the page is current, gets the answer that it is, and uses it: it fails,
or does not see all files, until the page changes. Metadata other than the page announces makes pip fail until it is
removed.

**What to do.** Remove it; pip downloads it again.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Broken, Depth, Facts, PayloadFormat
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.effects import FAILS, PAGE, always

__all__ = ["CHECK"]


_METADATA = always(FAILS, when="it is a wheel's metadata")


def _run(_entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if facts.format in {PayloadFormat.PAGE, PayloadFormat.METADATA} and isinstance(facts.payload, Broken):
        yield Verdict(
            message=f"{facts.format.value} cannot be read: {facts.payload.reason}",
            evidence=(("reason", facts.payload.reason), ("offset", facts.payload.offset)),
            effects=PAGE if facts.format is PayloadFormat.PAGE else _METADATA,
        )


CHECK = Check(
    slug="page-broken",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="e.damage IS NOT NULL",
    unjudged="e.unknown IS NOT NULL",
    run=_run,
    effects=(PAGE, _METADATA),
)
