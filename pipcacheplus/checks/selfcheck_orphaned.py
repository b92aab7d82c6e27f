"""A self-check, in which pip stores when it last looked for a newer pip, names an environment that no longer exists.

**Why it matters.** It is small, and no pip ever removes it.

**What to do.** Remove it with `prune --orphaned`.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Selfcheck
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(_entry: Entry, facts: Facts, context: Context) -> Iterator[Verdict]:
    if not isinstance(facts.selfcheck, Selfcheck) or not facts.selfcheck.environments:
        return
    if not any(context.has_path(path) for path in facts.selfcheck.environments):
        yield Verdict(
            message="self-check of an environment that is gone",
            evidence=(("environment", facts.selfcheck.environments[0]),),
        )


CHECK = Check(
    slug="selfcheck-orphaned",
    group=Group.ORPHANED,
    shapes=frozenset({Shape.SELFCHECK}),
    severity=Severity.INFO,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="1",
    normal=("self-check", "whose environment is gone; pip never removes such files"),
    run=_run,
)
