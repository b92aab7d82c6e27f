"""The metadata of a cached response cannot be read.

**Why it matters.** Most pips treat the response as absent, with a warning, and download again. Two kinds of damage to
entries of `http` end in a traceback, at every install: that of a zlib stream under pip 6.0.7 to 9.0.3, and that of a
pickle under every pip that unpickles, which is up to 23.2.1.

**What to do.** Remove it; pip writes it again.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict, is_young
from pipcacheplus.model.facts import Broken, Depth, Facts
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.effects import DOWNLOADS_AGAIN, Effect, Effects, always

__all__ = ["CHECK"]


_TRACEBACK = "ends with a traceback at every install until it is removed"
_ANY = always(DOWNLOADS_AGAIN, when="anything but zlib or a pickle is damaged")
# pip 8.1.2 and 18.1 `_vendor/cachecontrol/serialize.py`, `_loads_v2`: pip 6.0 to 6.0.6 know no such format yet.
_ZLIB = Effects(
    rows=(
        Effect(DOWNLOADS_AGAIN, below="6.0.7"),
        Effect(_TRACEBACK, below="10.0"),
        Effect(DOWNLOADS_AGAIN),
    ),
    when="zlib reports an error",
)
# `_loads_v1` there catches a ValueError only; seen with the serializers of pip 8.1.2, 22.3.1 and 23.2.1, on pickles
# that were cut off and on garbage.
_PICKLE = Effects(
    rows=(Effect(_TRACEBACK, below="23.3"), Effect(DOWNLOADS_AGAIN)),
    when="it is a pickle",
)


def _run(entry: Entry, facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    if not isinstance(facts.head, Broken):
        return
    # pip up to 19.2 wrote in place: a recent file that ends early may still grow.
    if facts.head.is_cut and entry.shape is Shape.SINGLE and is_young(entry, context):
        yield NotJudged.YOUNG
        return
    yield Verdict(
        message=f"metadata of the cached response cannot be read: {facts.head.reason}",
        evidence=(("reason", facts.head.reason), ("offset", facts.head.offset)),
        severity=Severity.ERROR if "zlib" in facts.head.reason else None,
        paths=(entry.files[0].path,),
        effects=_effects(facts.head.reason),
    )


def _effects(reason: str) -> Effects:
    return _ZLIB if "zlib" in reason else _PICKLE if "pickle" in reason else _ANY


CHECK = Check(
    slug="head-unreadable",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.ENDS,
    rows="e.damage IS NOT NULL",
    run=_run,
    effects=(_ANY, _ZLIB, _PICKLE),
)
