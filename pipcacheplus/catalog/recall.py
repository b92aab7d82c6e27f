"""Between what reading an entry to its end showed and what is remembered of it."""

from dataclasses import replace

from pipcacheplus.catalog.rows import Verified
from pipcacheplus.model.facts import Broken, Expected, Facts, Unknown, Wheel

__all__ = ["facts_of", "verified_of"]

_REMEMBERED = ("sha256", "blake2b", "md5")


def verified_of(facts: Facts) -> Verified | None:
    """Return what is worth remembering: `None` if the entry was not read to its end, or may still grow."""
    if not facts.is_read_whole and not facts.digests:
        return None
    # What may still grow, and what a reason alone does not tell, is looked at again.
    if isinstance(facts.damage, Broken) and facts.damage != Broken(reason=facts.damage.reason):
        return None
    digests = dict(facts.digests)
    return Verified(
        **{name: digests.get(name) for name in _REMEMBERED},
        metadata_sha256=facts.payload.metadata_sha256 if isinstance(facts.payload, Wheel) else None,
        damage=facts.damage.reason if isinstance(facts.damage, Broken) else None,
        is_unknown=isinstance(facts.damage, Unknown),
    )


def facts_of(facts: Facts, expected: Expected, verified: Verified) -> Facts | None:
    """Return the facts of an entry, read at its ends only, with what reading it to its end showed before.

    Returns:
        `None` if something is to be held against a digest that was not made then, or if what was published does not
            fit, or is published no more: whether it was unpacked then, and held against its ETag, is not known.
    """
    from pipcacheplus.readers.digests import is_proven, usable, wanted_digests  # noqa: PLC0415 - slow to import

    known, published = dict(verified.digests), usable(expected.published)
    if not wanted_digests(facts, expected) <= known.keys():
        return None
    fits = is_proven(published, known)
    if not fits and verified.sha256 is not None:
        return None
    damage: Broken | Unknown | None = None  # what fits is not unpacked
    if not fits and verified.damage is not None:
        damage = Broken(reason=verified.damage)
    elif not fits and verified.is_unknown:
        damage = Unknown(reason="as it was when it was read before")
    payload = facts.payload
    if isinstance(payload, Wheel):
        payload = replace(payload, metadata_sha256=verified.metadata_sha256)
    return replace(
        facts,
        payload=payload,
        published=published,
        of_wheel=expected.of_wheel,
        digests=tuple(sorted(known.items())),
        is_read_whole=True,
        damage=damage,
    )
