"""No interpreter considered can use this wheel.

**Why it matters.** It was downloaded or built for a Python, or a system, that is not among them. pip passes it over,
and keeps it for ever.

**What to do.** Remove it with `prune --incompatible`, if no other machine shares the cache.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, Kind, Remedy, Severity, Shape

__all__ = ["CHECK"]

_WHEELS = frozenset({Kind.WHEEL, Kind.BUILT_WHEEL})


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict]:
    if context.tags is None or entry.kind not in _WHEELS or not entry.tags:
        return
    if context.tags.isdisjoint(entry.tags):
        yield Verdict(
            message=f"no interpreter considered can use {', '.join(entry.tags[:3])}",
            evidence=(("tags", " ".join(entry.tags)), ("interpreters", " ".join(context.interpreters))),
        )


CHECK = Check(
    slug="wheel-tag-incompatible",
    group=Group.INCOMPATIBLE,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE, Shape.BUILT_WHEEL}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="e.tags IN (SELECT tags FROM bad_tags)",
    certain="e.kind IN ('wheel', 'built-wheel') AND e.tags IN (SELECT tags FROM bad_tags)",
    run=_run,
)
