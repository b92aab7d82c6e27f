"""A response was disarmed by a run of ours that was broken off before it removed it.

A run that removes entries while pips may be at work first writes over what makes a response worth relying on, and
removes it after a wait (see what is safe). One that is killed, or stopped, during the wait leaves the response like
that. A run that is under way leaves it like that for 20 seconds.

**Why it matters.** Little: pip takes it for expired, asks the index with an ETag that fits nothing, and gets all anew.
But no pip can use it any more, so that it takes room for nothing.

**What to do.** Remove it with `prune --partial`. If the run was one with `--trash`, `undo` puts it right, from what its
manifest says of it; nothing else knows what stood there.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.disarmed import is_disarmed, may_be_disarmed

__all__ = ["CHECK"]


def _run(_entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict | NotJudged]:
    if isinstance(facts.head, Head) and is_disarmed(facts.head):
        yield Verdict(message="disarmed by an interrupted run: pip asks the index again")
        yield NotJudged.DISARMED


CHECK = Check(
    slug="response-disarmed",
    group=Group.PARTIAL,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.ENDS,
    # The year 1000 in seconds since 1970; without a date, the ETag tells, which is no column.
    rows="e.written < -30578600000 OR (e.written IS NULL AND e.key IS NOT NULL)",
    run=_run,
    is_suspect=may_be_disarmed,
)
