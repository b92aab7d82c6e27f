"""A response lies in `http`, which no pip considered reads.

**Why it matters.** pip 23.3 and later use `http-v2`, and neither read `http` nor remove it.

`verify` does not report it, because nothing is wrong. `info` shows how much space it takes. It is reported, and
removed, only if every pip of the interpreters considered is 23.3 or later, no interpreter of this machine was left out,
and none of them has pip-audit beside it, which stores its downloads there.

**What to do.** Remove it with `prune --incompatible`, if no older pip shares the cache.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Area, Entry, Group, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict]:
    if entry.area is Area.HTTP and not context.is_http_read:
        yield Verdict(message="no pip considered reads http", evidence=(("pips", " ".join(context.pips)),))


CHECK = Check(
    slug="http-unread",
    group=Group.INCOMPATIBLE,
    shapes=frozenset({Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.NAMES,
    rows="e.area IN (SELECT area FROM unread_area)",
    certain="e.area IN (SELECT area FROM unread_area)",
    run=_run,
    is_told=False,
)
