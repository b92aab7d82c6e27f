"""Pages in the cache publish different digests of one file.

**Why it matters.** One of the pages is old or belongs to a mirror: the file was replaced on its server, or two servers
have different files. pip fails through each page that differs from the file that it has. The newest page decides
whether the file is correct: if not, it is old (`download-replaced`) or damaged (`body-digest-mismatch`). Where no page
is the newest, the file counts as not judged. A file whose own address or ETag proves that it is what the server sent is
not damaged, whatever a page publishes.

**What to do.** Nothing, if the file agrees with the newest page. Otherwise look at the indexes: pip asks them again for
a page that has expired, and `prune --stale` makes it do so.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.checks.base.pages import decided_by, do_pages_disagree, evidence_of_pages, fits
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
        evidence=(*((f"actual_{name}", value) for name, value in made.items()), *evidence_of_pages(facts.pages)),
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
    # The same as of `body-digest-mismatch`, so that the query runs once.
    rows="c.id IS NOT NULL AND (:contradicted OR c.md5 <> e.etag)",
    run=_run,
    effects=(always("fails at every install through a page that publishes another digest"),),
)
