"""A stored file is not the one that its index published.

**Why it matters.** pip holds every file against the page, and never drops one that does not fit: the same install fails
for ever ("THESE PACKAGES DO NOT MATCH THE HASHES"). pip 22.3 looks at no digest of a JSON page, and takes it. What is
shorter than its head says, pip 25.2 and later complete.

**What to do.** Remove it; pip downloads it anew.
"""

from collections.abc import Iterator

from pipcacheplus.checks.base.check import Check, Context, Verdict
from pipcacheplus.checks.base.proof import proof_of
from pipcacheplus.model.facts import Depth, Facts, Head
from pipcacheplus.model.values import Entry, Group, Proof, Remedy, Severity, Shape
from pipcacheplus.pips.effects import OTHER_CONTENT, SHORT_BODY, Effects, effects_of_body
from pipcacheplus.pips.headers import single_part_md5

__all__ = ["CHECK"]

_AS_SENT = frozenset({Proof.INDEX_PAGE, Proof.FILE_HOST, Proof.ETAG})


def _run(entry: Entry, facts: Facts, _context: Context) -> Iterator[Verdict]:
    # A body that is what the server sent is not damaged, even if the page has changed since.
    if not isinstance(facts.head, Head) or proof_of(entry, facts) in _AS_SENT:
        return
    digests = dict(facts.digests)
    effects = effects_of_body(facts)
    published = next(((name, value) for name, value in facts.published if name in digests), None)
    etag = single_part_md5(facts.head)
    if published is not None:
        name, value = published
        yield _verdict(name, value, digests[name], "index-page", effects)
    elif etag is not None and "md5" in digests:
        yield _verdict("md5", etag, digests["md5"], "etag", effects)


def _verdict(name: str, expected: str, actual: str, source: str, effects: Effects) -> Verdict:
    return Verdict(
        message="content is not what the index published" if source == "index-page" else "content is not what was sent",
        evidence=((f"expected_{name}", expected), (f"actual_{name}", actual), ("expected_from", source)),
        effects=effects,
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
