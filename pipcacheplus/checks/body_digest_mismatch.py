"""A stored file is not the one that its index published.

**Why it matters.** pip compares every file with the page, and never removes one that differs: the same install fails
until the entry is removed ("THESE PACKAGES DO NOT MATCH THE HASHES"). pip 22.3 ignores the digests of a JSON page, and
installs the file. A file that is shorter than its headers say is completed by pip 25.2 and later. If pages publish
different digests, the newest page decides.

**What to do.** Remove it; pip downloads it again. If the file's own address or its ETag proves that it is what the
server sent, this is a warning, and nothing is removed, whatever a page publishes. A file that an older page publishes
is not damaged but was replaced since: `download-replaced`.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.checks.base.pages import do_pages_disagree, evidence_of_pages, is_published_before, refused_digest
from pipcacheplus.checks.base.proof import AS_SENT, proof_of
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import Entry, Group, Remedy, Severity, Shape
from pipcacheplus.pips.effects import OTHER_CONTENT, SHORT_BODY, effects_of_body
from pipcacheplus.pips.headers import single_part_md5

__all__ = ["CHECK"]


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    if not isinstance(facts.head, Head):
        return
    digests = dict(facts.digests)
    refused = refused_digest(entry, facts)
    etag = single_part_md5(facts.head)
    if refused is not None:
        name, value = refused
        is_as_sent = proof_of(entry, facts) in AS_SENT
        if not is_as_sent and is_published_before(entry, facts):
            return  # not damaged but old: `download-replaced`
        do_disagree = do_pages_disagree(facts)
        published = "newest page publishes" if do_disagree else "index published"
        yield Verdict(
            message=f"content is what the server sent, but not what the {published}"
            if is_as_sent
            else f"content is not what the {published}",
            evidence=(
                (f"expected_{name}", value),
                (f"actual_{name}", digests[name]),
                ("expected_from", "index-page"),
                *(evidence_of_pages(facts.pages) if do_disagree else ()),
            ),
            severity=Severity.WARNING if is_as_sent else None,
            remedy=Remedy.NONE if is_as_sent else None,
            effects=effects_of_body(facts),
        )
    elif etag is not None and digests.get("md5", etag) != etag and proof_of(entry, facts) is None and not facts.pages:
        yield Verdict(
            message="content is not what the server sent",
            evidence=(("expected_md5", etag), ("actual_md5", digests["md5"]), ("expected_from", "etag")),
            effects=effects_of_body(facts),
        )


CHECK = Check(
    slug="body-digest-mismatch",
    group=Group.CORRUPT,
    shapes=frozenset({Shape.PAIR, Shape.SINGLE}),
    severity=Severity.ERROR,
    remedy=Remedy.REMOVE_IF_ASKED,
    depth=Depth.WHOLE,
    rows="c.id IS NOT NULL AND (:contradicted OR c.md5 <> e.etag)",
    run=_run,
    effects=(OTHER_CONTENT, SHORT_BODY),
)
