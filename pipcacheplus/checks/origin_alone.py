"""An `origin.json` lies in a directory of `wheels` without any wheel.

**Why it matters.** `pip cache remove` before pip 26.0 removes the wheel and leaves this file, which describes nothing.

**What to do.** Remove it; pip writes it again with the next build.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict, left_behind
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    yield from left_behind(entry, context, "origin.json without a wheel")


CHECK = Check(
    slug="origin-alone",
    group=Group.PARTIAL,
    shapes=frozenset({Shape.ORIGIN}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.NAMES,
    rows="1",
    run=_run,
)
