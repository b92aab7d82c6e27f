"""A response was invalidated by a run of pipcacheplus that was interrupted before it removed it.

A run that removes entries while pips may be running first overwrites the dates and the ETag of a response, and removes
it after a wait (see what is safe). A run that is killed or stopped during the wait leaves the response so. A run that
is in progress leaves it so for 20 seconds.

**Why it matters.** Little: pip treats the response as expired, asks the index with an ETag that matches nothing, and
downloads everything again. But no pip can use the stored content any more, so it wastes space.

**What to do.** Remove it with `prune --partial`. If the run was one with `--trash`, `undo` restores it from the run's
manifest, which alone holds the values that were overwritten.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.disarmed import is_disarmed, may_be_disarmed

__all__ = ["CHECK"]


def _run(_entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict | NotJudged]:
    if isinstance(facts.head, Head) and is_disarmed(facts.head):
        yield Verdict(message="invalidated by an interrupted run: pip downloads it again")
        yield NotJudged.DISARMED


CHECK = Check(
    slug="response-disarmed",
    group=Group.PARTIAL,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.ENDS,
    # The year 1000 in seconds since 1970; without a date, the ETag decides, which is not a column.
    rows="e.written < -30578600000 OR (e.written IS NULL AND e.key IS NOT NULL)",
    run=_run,
    is_suspect=may_be_disarmed,
)
