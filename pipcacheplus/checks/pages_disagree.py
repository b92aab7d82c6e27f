"""Pages in the cache publish different digests of one file.

**Why it matters.** One of them is old, or a mirror's: the file was replaced on its server, or two servers have
different ones. pip fails through each page that does not fit the file which it has. The newest page decides whether the
file is what it should be: if not, it is old (`download-replaced`) or damaged (`body-digest-mismatch`). Where none is
the newest, that cannot be told, and the file counts as not judged. One that its own address or its ETag proves is what
was sent, and no page makes it damaged.

**What to do.** Nothing, if the newest page fits. Otherwise look at the indexes: pip asks them again for a page that is
past its lifetime, and `prune --stale` makes it do so.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.checks.base.pages import decided_by, do_pages_disagree, fits, told_of_pages
from pipcacheplus.checks.base.proof import proof_of
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import Entry, Group, NotJudged, Remedy, Severity, Shape
from pipcacheplus.pips.effects import always

__all__ = ["CHECK"]


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict | NotJudged]:
    made = dict(facts.digests)
    if not isinstance(facts.head, Head):
        return
    if not facts.pages:
        known = [(name, value) for name, value in facts.published if name in made]
        if len({made[name] == value for name, value in known}) > 1:
            yield Verdict(
                message="index publishes digests of different contents",
                evidence=(
                    *((f"published_{name}", value) for name, value in known),
                    *((f"actual_{name}", made[name]) for name, _ in known),
                ),
            )
        return
    if not do_pages_disagree(facts):
        return
    yield Verdict(
        message="pages publish different digests of it",
        evidence=(*((f"actual_{name}", value) for name, value in made.items()), *told_of_pages(facts.pages)),
    )
    deciding = {fits(one.hashes, made) for one in decided_by(entry, facts)}
    if len(deciding) > 1 and proof_of(entry, facts) is None:
        yield NotJudged.CONTRADICTORY


CHECK = Check(
    slug="pages-disagree",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.WARNING,
    remedy=Remedy.NONE,
    depth=Depth.WHOLE,
    # The same as of `body-digest-mismatch`, so that it is asked once.
    rows="c.id IS NOT NULL AND (:contradicted OR c.md5 <> e.etag)",
    run=_run,
    effects=(always("fails at every install through a page that publishes another digest"),),
)
