"""A metadata file lies in `http-v2` without its content file.

**Why it matters.** A pip that is killed between its two writes leaves it. pip treats the response as absent and
downloads again; only pip 23.3.0 takes the content as empty and fails.

**What to do.** Remove it; pip writes both files again.
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
    yield from left_behind(entry, context, "cached response has no content file")


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
