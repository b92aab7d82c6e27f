"""A directory in which a pip (25.3 or later) was building a wheel, and that it did not remove.

**Why it matters.** No pip uses the contents, not even a whole wheel; `pip cache list` counts it.

**What to do.** Remove it once it is older than a build could take: a day at least.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict, left_behind
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.effects import IGNORES, always

__all__ = ["CHECK"]


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    yield from left_behind(entry, context, "build directory of a pip that did not finish")


CHECK = Check(
    slug="build-directory-left",
    group=Group.PARTIAL,
    shapes=frozenset({Shape.BUILD}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.NAMES,
    rows="1",
    run=_run,
    effects=(always(IGNORES),),
)
