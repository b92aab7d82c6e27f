"""A stored file has been replaced on its server: an older page publishes its digest, and the newest another one.

**Why it matters.** The file is whole, and is what the server sent. But pip compares it with the present page, and never
removes one that differs: the same install fails until the entry is removed ("THESE PACKAGES DO NOT MATCH THE HASHES").
Only an older page shows that it was right once; without one the file counts as damaged (`body-digest-mismatch`).

**What to do.** Remove it with `prune --stale`; pip downloads the present file.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.checks.base.pages import evidence_of_pages, is_published_before, refused_digest
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
                *evidence_of_pages(facts.pages),
            ),
        )


CHECK = Check(
    slug="download-replaced",
    group=Group.STALE,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.SOURCES,
    # The same as of `body-digest-mismatch`, so that the query runs once.
    rows="c.id IS NOT NULL AND (:contradicted OR c.md5 <> e.etag)",
    run=_run,
    needs_links=True,
    effects=(OTHER_CONTENT,),
)
