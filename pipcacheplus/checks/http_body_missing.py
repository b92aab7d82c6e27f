"""A response's head lies in `http-v2` without its body.

**Why it matters.** It is what a pip leaves that was killed between its two writes. pip takes the pair as absent and
downloads again; pip 23.3.0 alone takes it for an empty file and fails.

**What to do.** Remove it; pip writes both files anew.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict, left_behind
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.effects import DOWNLOADS_AGAIN, FAILS, Effect, Effects

__all__ = ["CHECK"]


# pip 23.3.1 `_vendor/cachecontrol/caches/file_cache.py`; seen with 23.3, 24.0 and 26.3.
_EFFECTS = Effects(rows=(Effect(FAILS, below="23.3.1"), Effect(DOWNLOADS_AGAIN)))


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    yield from left_behind(entry, context, "response has no body")


CHECK = Check(
    slug="http-body-missing",
    group=Group.PARTIAL,
    shapes=frozenset({Shape.HEAD}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.NAMES,
    rows="1",
    run=_run,
    effects=(_EFFECTS,),
)
