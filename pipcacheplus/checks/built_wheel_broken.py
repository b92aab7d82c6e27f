"""A wheel that pip built is not a zip archive, is truncated, or differs from its own RECORD.

**Why it matters.** pip does not verify it before it uses it, and never removes a damaged one: a wheel that cannot be
unpacked fails until it is removed ("Wheel ... is invalid", or a traceback), and a wheel that only differs from RECORD
is installed.

**What to do.** Remove it; pip builds it again.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict, is_young
from pipcacheplus.model.facts import Broken, Depth, Facts
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.effects import FAILS, always

__all__ = ["CHECK"]


# Seen with truncated wheels, wrong checksums and changed members under pip 20.2.4 to 26.3.
_UNREADABLE = always(FAILS, when="it cannot be unpacked")
_NOT_AS_RECORD = always("installs what is damaged", when="it differs from its RECORD")


def _run(entry: Entry, facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    broken = facts.payload if isinstance(facts.payload, Broken) else facts.damage
    if not isinstance(broken, Broken):
        return
    # pip up to 25.2 moves a wheel here, which is a copy if it comes from another file system: it may still grow.
    if broken.is_cut and is_young(entry, context):
        yield NotJudged.YOUNG
        return
    yield Verdict(
        message=f"built wheel is broken: {broken.reason}",
        evidence=(("reason", broken.reason), ("offset", broken.offset)),
        severity=Severity.WARNING if broken.is_tolerated else None,
        paths=(entry.files[0].path,),
        effects=_NOT_AS_RECORD if broken.is_tolerated else _UNREADABLE,
    )


CHECK = Check(
    slug="built-wheel-broken",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.BUILT_WHEEL}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE,
    depth=Depth.ENDS,
    rows="e.damage IS NOT NULL OR c.damage IS NOT NULL",
    unjudged="e.unknown IS NOT NULL OR c.problem IS NOT NULL AND c.damage IS NULL",
    run=_run,
    effects=(_UNREADABLE, _NOT_AS_RECORD),
)
