"""A stored file has been replaced on its server: an older page publishes it, and the newest publishes another.

**Why it matters.** It is whole, and what was sent. But pip holds it against the page that it has now, and never drops
one that does not fit: the same install fails for ever ("THESE PACKAGES DO NOT MATCH THE HASHES"). Only an older page
tells that it was right once; without one it counts as damaged (`body-digest-mismatch`).

**What to do.** Remove it with `prune --stale`; pip downloads what is there now.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.checks.base.pages import is_published_before, refused_digest, told_of_pages
from pipcacheplus.checks.base.proof import AS_SENT, proof_of
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.effects import OTHER_CONTENT

__all__ = ["CHECK"]


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if not isinstance(facts.head, Head) or not facts.pages or proof_of(entry, facts) in AS_SENT:
        return
    refused = refused_digest(entry, facts)
    if refused is not None and is_published_before(entry, facts):
        name, value = refused
        yield Verdict(
            message="content has been replaced since: an older page publishes it, the newest does not",
            evidence=(
                (f"expected_{name}", value),
                (f"actual_{name}", dict(facts.digests)[name]),
                ("expected_from", "index-page"),
                *told_of_pages(facts.pages),
            ),
        )


CHECK = Check(
    slug="download-replaced",
    group=Group.STALE,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.SOURCES,
    # The same as of `body-digest-mismatch`, so that it is asked once.
    rows="c.id IS NOT NULL AND (:contradicted OR c.md5 <> e.etag)",
    run=_run,
    needs_links=True,
    effects=(OTHER_CONTENT,),
)
