"""The verdict whether a restored cache was worth its transfer: the entries that were used since it was marked."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from pipcacheplus.model.values import Count, Entry, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipcacheplus.cache.pip_cache import PipCache

__all__ = ["CacheVerdict", "verdict_of"]

_OF_USE = frozenset(Kind) - {Kind.LEFTOVER, Kind.FOREIGN}


class CacheVerdict(NamedTuple):
    """The use of a cache since it was marked."""

    since: datetime
    """When it was marked, in UTC."""
    restored: Count
    """The entries that were there already."""
    used: Count
    """Those of them that were used since, or may have been."""
    unused: Count
    """Those of them that were certainly not used."""
    added: Count
    """The entries that were written since."""
    notes: tuple[str, ...]
    """The reason why little or nothing about the use is certain."""


def verdict_of(cache: "PipCache", mark: str = "mark") -> CacheVerdict | None:
    """Return the use of a cache since it was marked; `None` if it was not marked.

    Raises:
        BadRequestError: The name is not that of a mark, or the state directory cannot be read.
    """
    since = cache.mark_moment(mark)
    if since is None:
        return None
    plan = cache.plan(unused_since=since)
    unused = {action.entry.id for action in plan.actions if "unused" in action.reasons}
    entries = [one for one in cache.entries() if one.kind in _OF_USE]
    before = [one for one in entries if one.written is not None and one.written < since]
    return CacheVerdict(
        since=since,
        restored=_count(before),
        used=_count(one for one in before if one.id not in unused),
        unused=_count(one for one in before if one.id in unused),
        added=_count(one for one in entries if one.written is not None and one.written >= since),
        notes=plan.notes,
    )


def _count(entries: "Iterable[Entry]") -> Count:
    found = list(entries)
    files = [file for one in found for file in one.files]
    return Count(
        entries=len(found),
        files=len(files),
        bytes=sum(file.size for file in files),
        disk_bytes=sum(file.disk_size for file in files),
    )
