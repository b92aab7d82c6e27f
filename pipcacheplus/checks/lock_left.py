"""A lock of a pip up to 19.2 whose process is gone.

**Why it matters.** pip up to 19.2 waits for such a lock without a time-out and without a message.

**What to do.** Remove it. A lock whose process is running stays; one of another machine, whose processes cannot be seen
from here, counts as a leftover after a day: pip holds a lock only while it writes one file.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import DAY_S, Check, Context, Verdict, left_behind
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.effects import IGNORES, Effect, Effects
from pipcacheplus.pips.layout import lock_owner

__all__ = ["CHECK"]


# pip 19.3 writes by renaming, and locks nothing: `_internal/network/cache.py`.
_EFFECTS = Effects(rows=(Effect("waits for it without end", below="19.3"), Effect(IGNORES)))


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    owners = [owner for file in entry.files if (owner := lock_owner(file.path.rpartition("/")[2])) is not None]
    written_s = max(file.mtime_ns for file in entry.files) / 1e9
    evidence = ("host", owners[0].host if owners else None)
    if any(context.is_owner_alive(owner.pids, written_s) for owner in owners if owner.host == context.host):
        yield Verdict(
            message="lock of a process that is running",
            evidence=(evidence,),
            severity=Severity.INFO,
            remedy=Remedy.NONE,
        )
    elif any(owner.host != context.host for owner in owners) and _is_recent(written_s, context):
        yield Verdict(
            message="lock of a process on another machine",
            evidence=(evidence,),
            severity=Severity.INFO,
            remedy=Remedy.NONE,
        )
        yield NotJudged.YOUNG
    else:
        yield from left_behind(entry, context, "lock of a process that is gone", evidence)


def _is_recent(written_s: float, context: Context) -> bool:
    return context.min_age_s > 0 and written_s > context.now_s - DAY_S


CHECK = Check(
    slug="lock-left",
    group=Group.PARTIAL,
    shapes=frozenset({Shape.LOCK}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.NAMES,
    rows="1",
    run=_run,
    effects=(_EFFECTS,),
)
