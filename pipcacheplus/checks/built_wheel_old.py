"""A compiled wheel was built before the day that `prune --built-before` names.

**Why it matters.** A new CUDA, MPI, BLAS or compiler makes builds worth doing again that load without complaint. No
file records when they were installed, so the user gives the day.

**What to do.** Remove them with `prune --built-before DATE`; pip builds them anew. A wheel counts as compiled if its
tags name a platform. It was built when its file was written: what a copy of the cache made younger stays, and the
times within the archive, which many build back ends set to a constant, play no part.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape

__all__ = ["CHECK"]

_PURE = "-any"


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict]:
    if context.built_before_s is None or not entry.files or not entry.tags:
        return
    built_s = entry.files[0].mtime_ns / 1e9
    if built_s >= context.built_before_s or all(tag.endswith(_PURE) for tag in entry.tags):
        return
    yield Verdict(
        message="compiled wheel was built before the day that is named", evidence=(("built_until", int(built_s)),)
    )


CHECK = Check(
    slug="built-wheel-old",
    group=Group.BUILT_BEFORE,
    shapes=frozenset({Shape.BUILT_WHEEL}),
    severity=Severity.INFO,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows=":built_before IS NOT NULL",
    run=_run,
)
