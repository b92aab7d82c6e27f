"""A cached index page, or a wheel's metadata, cannot be read.

**Why it matters.** pip cannot see what the index offers until it asks anew.

**What to do.** Remove it; pip downloads it anew.
"""

from collections.abc import Iterator

from pipcacheplus.facts import Broken, Depth, Facts, Format
from pipcacheplus.judging import Check, Context, Verdict
from pipcacheplus.model import Entry, Group, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(_entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if facts.format in {Format.PAGE, Format.METADATA} and isinstance(facts.payload, Broken):
        yield Verdict(
            message=f"{facts.format.value} cannot be read: {facts.payload.reason}",
            evidence=(("reason", facts.payload.reason), ("offset", facts.payload.offset)),
        )


CHECK = Check(
    slug="page-broken",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    run=_run,
    effect="cannot see what the index offers until it asks anew",
)
