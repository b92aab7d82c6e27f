"""The content of a cached response is longer or shorter than its headers say.

**Why it matters.** pip 8.0 and later store a response only if its length is right, so something changed it afterwards.
pip 25.2 and later download the missing part of a file that is too short. All other pips, and all pips if the file is
too long, fail at every install until the entry is removed.

**What to do.** Remove it; pip downloads it again.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import FILE_KINDS, Entry, Group, Kind, Remedy, Severity, Shape
from pipcacheplus.pips.effects import OTHER_CONTENT, PAGE, SHORT_BODY, effects_of_body
from pipcacheplus.pips.headers import stated_size

__all__ = ["CHECK"]


_PAGES = frozenset({Kind.INDEX_PAGE, Kind.LINKS_PAGE})


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if not isinstance(facts.head, Head) or facts.body_size is None:
        return
    stated = stated_size(facts.head)
    if stated is None or stated == facts.body_size:
        return
    yield Verdict(
        message=f"content has {facts.body_size} bytes, its headers say {stated}",
        evidence=(("expected_bytes", stated), ("actual_bytes", facts.body_size)),
        severity=None if entry.kind in FILE_KINDS else Severity.WARNING,
        effects=PAGE if entry.kind in _PAGES else effects_of_body(facts),
    )


CHECK = Check(
    slug="body-length-mismatch",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.ENDS,
    rows="e.stated_size <> e.body_size",
    run=_run,
    effects=(SHORT_BODY, OTHER_CONTENT, PAGE),
)
