"""A compiled wheel was built before the day that `prune --built-before` names.

**Why it matters.** After an update of CUDA, MPI, BLAS or the compiler, wheels may be worth building again although they
load without error. No file records when these were installed, so the user names the day.

**What to do.** Remove them with `prune --built-before DATE`; pip builds them again. A wheel counts as compiled if its
tags name a platform. The time of its build is the time at which its file was written: a wheel that became younger when
the cache was copied stays. The times within the archive, which many build back ends set to a constant, are not used.
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
    yield Verdict(message="compiled wheel was built before the given day", evidence=(("built_until", int(built_s)),))


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
