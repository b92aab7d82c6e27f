"""A content file lies in `http-v2` without its metadata file.

**Why it matters.** No pip reads it. It is still dangerous: if the next pip is killed between its two writes, its new
metadata file is combined with this old content file, and every later install of that file fails.

**What to do.** Remove it.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict, left_behind
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.effects import IGNORES, always

__all__ = ["CHECK"]


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    yield from left_behind(entry, context, "cached response has no metadata file")


CHECK = Check(
    slug="http-head-missing",
    group=Group.PARTIAL,
    shapes=frozenset({Shape.BODY}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.NAMES,
    rows="1",
    run=_run,
    effects=(always(f"{IGNORES}, until a new metadata file is written beside it"),),
)
