"""A response has neither a date nor an ETag.

**Why it matters.** pip cannot determine whether it is current, and cannot ask: it discards it when it reads it.

**What to do.** Remove it with `prune --stale`.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.freshness import is_usable

__all__ = ["CHECK"]


def _run(_entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if isinstance(facts.head, Head) and facts.head.pickle is None and not is_usable(facts.head):
        yield Verdict(message="response has neither a date nor an ETag")


CHECK = Check(
    slug="response-unusable",
    group=Group.STALE,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="NOT e.is_usable",
    run=_run,
)
