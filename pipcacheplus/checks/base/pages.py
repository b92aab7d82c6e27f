"""Pages that publish different digests of one file: which of them decides, and the evidence that they give.

A page that is newer than another shows what its server has now. Which pages pip reads depends on its version: the pages
below `http` are read by pips before 23.3, those below `http-v2` by all later ones, and each reads its files in the same
area.
"""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.model.facts import Facts, Published
from pipcacheplus.model.values import Entry, Value
from pipcacheplus.pips.layout import area_of

__all__ = [
    "decided_by",
    "do_pages_disagree",
    "evidence_of_pages",
    "fits",
    "is_published_before",
    "newest_of",
    "refused_digest",
]

_MAX_TOLD = 8
"""Pages that are named in a finding."""


def fits(hashes: Sequence[tuple[str, str]], made: Mapping[str, str]) -> bool | None:
    """Return whether a file with these digests is what a page publishes; `None` if none of them was computed.

    One that fits is enough for pip: `_internal/utils/hashes.py` `Hashes.check_against_chunks`.
    """
    known = [made[name] == value for name, value in hashes if name in made]
    return any(known) if known else None


def do_pages_disagree(facts: Facts) -> bool:
    """Return whether no file could be what all pages publish."""
    if not facts.pages:
        return False
    if len({fits(one.hashes, dict(facts.digests)) for one in facts.pages}) > 1:
        return True
    told: dict[str, str] = {}
    return any(told.setdefault(name, value) != value for one in facts.pages for name, value in one.hashes)


def decided_by(entry: Entry, facts: Facts) -> tuple[Published, ...]:
    """Return the newest page, which decides what a file should be; several if the newest is unknown.

    Pages read by the same pips as the file come before all others, whichever pips are found on this machine:
    whether a file is damaged does not depend on that. One without a date may be newer than any other.
    """
    relevant = [one for one in facts.pages if area_of(one.page) is entry.area] or facts.pages
    return newest_of(relevant)


def refused_digest(entry: Entry, facts: Facts) -> tuple[str, str] | None:
    """Return the published digest that a file should have and has not; `None` if none certainly contradicts it."""
    made = dict(facts.digests)
    if not facts.pages:
        deciding: Sequence[Sequence[tuple[str, str]]] = (facts.published,)
    else:
        deciding = [one.hashes for one in decided_by(entry, facts)]
    if any(fits(hashes, made) is not False for hashes in deciding):
        return None
    return next((name, value) for hashes in deciding for name, value in hashes if name in made)


def is_published_before(entry: Entry, facts: Facts) -> bool:
    """Return whether a page publishes exactly this file and is certainly older than each page that decides."""
    made = dict(facts.digests)
    dates = [one.written_s for one in decided_by(entry, facts)] if facts.pages else []
    older = [one for one in facts.pages if one.written_s is not None and fits(one.hashes, made)]
    return bool(dates) and any(
        all(date is not None and one.written_s is not None and one.written_s < date for date in dates) for one in older
    )


def newest_of(relevant: Sequence[Published]) -> tuple[Published, ...]:
    """Return the newest; several if the newest is unknown."""
    newest = max((one.written_s for one in relevant if one.written_s is not None), default=None)
    return tuple(one for one in relevant if one.written_s in {None, newest})


def evidence_of_pages(pages: Sequence[Published]) -> Iterator[tuple[str, Value]]:
    """Yield as evidence the digest that each page publishes, its time, and the number of pages."""
    yield "pages", len(pages)
    for number, one in enumerate(pages[:_MAX_TOLD], 1):
        yield f"page_{number}", one.url or one.page
        yield f"page_{number}_written", one.written_s
        for name, value in one.hashes:
            yield f"page_{number}_{name}", value
