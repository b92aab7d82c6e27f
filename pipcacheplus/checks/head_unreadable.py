"""The head of a response cannot be read.

**Why it matters.** Most pips take it as absent, with a warning, and download again. pip 6.0.7 to 9.0.3 end with a
traceback, at every install, when the zlib stream of an entry of `http` is damaged.

**What to do.** Remove it; pip writes it anew.
"""

from collections.abc import Iterator

from pipcacheplus.facts import Broken, Depth, Facts
from pipcacheplus.judging import Check, Context, Verdict, is_young
from pipcacheplus.model import Entry, Group, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(entry: Entry, facts: Facts, context: Context) -> Iterator[Verdict]:
    if not isinstance(facts.head, Broken):
        return
    # pip up to 19.2 wrote in place: a young file that ends early may still grow.
    if facts.head.is_cut and entry.shape is Shape.SINGLE and is_young(entry, context):
        return
    yield Verdict(
        message=f"head cannot be read: {facts.head.reason}",
        evidence=(("reason", facts.head.reason), ("offset", facts.head.offset)),
        severity=Severity.ERROR if "zlib" in facts.head.reason else None,
        paths=(entry.files[0].path,),
    )


CHECK = Check(
    slug="head-unreadable",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.REMOVE,
    depth=Depth.ENDS,
    run=_run,
    effect="downloads it again; pip up to 9.0.3 ends with a traceback if zlib objects",
)
