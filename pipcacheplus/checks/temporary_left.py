"""A file that pip was writing and did not rename to its final name.

**Why it matters.** No pip uses it again, and only `pip cache purge` removes it.

**What to do.** Remove it once it is older than any download could take.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict, left_behind
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.effects import IGNORES, always

__all__ = ["CHECK"]


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    yield from left_behind(entry, context, "temporary file of a pip that did not finish")


CHECK = Check(
    slug="temporary-left",
    group=Group.PARTIAL,
    shapes=frozenset({Shape.TEMPORARY}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.NAMES,
    rows="1",
    run=_run,
    effects=(always(IGNORES),),
)
