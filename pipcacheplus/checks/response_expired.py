"""A page, or another response that may change, is past its freshness lifetime.

**Why it matters.** Little: pip asks the index whether the page is current, and if it is, this costs one short answer.
Without an ETag pip cannot ask, and discards the page when it reads it. A file whose ETag lets pip ask is not reported:
what an index publishes under one address does not change.

**What to do.** Remove it with `prune --stale`; `--stale=AGE` removes pages by their age, fresh or not.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import FILE_KINDS, Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.freshness import written_at

__all__ = ["CHECK"]


def _run(entry: Entry, facts: Facts, context: Context) -> Iterator[Verdict]:
    is_file = entry.kind in FILE_KINDS
    if is_file and isinstance(facts.head, Head) and facts.head.header("etag"):
        return
    if entry.fresh_until_s is not None and entry.fresh_until_s < context.now_s:
        yield Verdict(
            message=f"{entry.kind.words} is past its freshness lifetime",
            evidence=(("fresh_until", entry.fresh_until_s),),
        )
    elif context.stale_age_s is not None and not is_file and isinstance(facts.head, Head):
        written = written_at(facts.head)
        age_s = int(context.now_s - written) if written is not None else None
        if age_s is not None and age_s >= context.stale_age_s:
            yield Verdict(message=f"{entry.kind.words} is older than the given age", evidence=(("age_s", age_s),))


CHECK = Check(
    slug="response-expired",
    group=Group.STALE,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.INFO,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="e.fresh_until < :now OR e.written <= :now - :stale_age",
    normal=("cached page", "past the freshness lifetime; pip asks the index again before it uses such a page"),
    # Whether a file has an ETag is not a column.
    certain="e.kind NOT IN ('wheel', 'sdist', 'metadata') AND e.fresh_until < :now",
    run=_run,
)
