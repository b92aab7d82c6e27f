"""The metadata that an index serves beside a wheel (PEP 658), and the wheel that it has to be the same in.

Source: PEP 658: its URL is that of the wheel with `.metadata` behind it, its content that of METADATA in the wheel.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from pipcacheplus.catalog.links import Reference, References
from pipcacheplus.checks.base.proof import proof_of
from pipcacheplus.model.facts import Facts, Wheel, WheelMetadata
from pipcacheplus.model.values import Entry
from pipcacheplus.pips.layout import key_of, page_key

__all__ = ["WheelReference", "behind_their_wheels", "metadata_beside", "of_entries", "wheel_url", "with_metadata"]

_SUFFIX = ".metadata"


class WheelReference(NamedTuple):
    """What a wheel says of the metadata beside it."""

    reference: Reference
    metadata: WheelMetadata


def metadata_beside(entry: Entry, facts: Facts) -> WheelReference | None:
    """Return what a wheel says of the metadata beside it; `None` if it is none, damaged, or its URL is not known."""
    wheel = facts.payload
    if entry.url is None or entry.url_source is None or facts.damage is not None or not isinstance(wheel, Wheel):
        return None
    if wheel.metadata_sha256 is None or key_of(entry.id) is None:
        return None
    filename = entry.filename + _SUFFIX if entry.filename else None
    return WheelReference(
        Reference(url=entry.url + _SUFFIX, source=entry.url_source, filename=filename),
        WheelMetadata(sha256=wheel.metadata_sha256, is_proven=proof_of(entry, facts) is not None),
    )


def wheel_url(metadata_url: str) -> str:
    """Return the URL of the wheel that metadata belongs to."""
    return metadata_url.removesuffix(_SUFFIX)


def behind_their_wheels(by_key: Mapping[str, Reference]) -> frozenset[str]:
    """Return the keys of metadata whose wheel is in the cache too."""
    return frozenset(
        key
        for key, reference in by_key.items()
        if reference.url.endswith(_SUFFIX) and page_key(wheel_url(reference.url)) in by_key
    )


def of_entries(entries: Iterable[Entry], of_wheels: Mapping[str, WheelReference]) -> dict[str, WheelReference]:
    """Return what wheels say of these entries, by key."""
    return {key: of_wheels[key] for entry in entries if (key := key_of(entry.id) or "") in of_wheels}


def with_metadata(known: References, entries: Iterable[Entry], of_wheels: Mapping[str, WheelReference]) -> References:
    """Return what is known of some entries, with the URLs that their wheels add to it."""
    by_wheel = {key: one.reference for key, one in of_entries(entries, of_wheels).items()}
    by_page = {key: known.by_key[key] for entry in entries if (key := key_of(entry.id) or "") in known.by_key}
    return replace(known, by_key=by_wheel | by_page)
