"""A directory that pip made is empty.

**Why it matters.** It costs an inode, and time whenever the cache is walked. A killed build of pip up to 25.2 leaves
nothing else.

**What to do.** Remove it, once no build can be about to use it.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict, left_behind
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape

__all__ = ["CHECK"]


def _run(entry: Entry, _facts: Facts, context: Context) -> Iterator[Verdict | NotJudged]:
    yield from left_behind(entry, context, "directory is empty")


CHECK = Check(
    slug="directory-empty",
    group=Group.PARTIAL,
    shapes=frozenset({Shape.EMPTY_DIRECTORY}),
    severity=Severity.INFO,
    remedy=Remedy.REMOVE,
    depth=Depth.NAMES,
    rows="1",
    normal=("empty directory", "that pip left"),
    run=_run,
)
