"""Entries put together by project, kind, reason or age, and rows in order."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from pipcacheplus.cli.browsing.facts import NO_PROJECT, REASONS, BrowsedEntries
from pipcacheplus.model.values import Kind
from pipcacheplus.render.text.words import kind_in_words, safe

__all__ = ["By", "EntryGroup", "Order", "as_marked", "group_title", "groups_of", "places_in_order", "sorted_groups"]

_DAY_S = 86_400
_DAYS = (1, 7, 30, 90, 365)
_KINDS = tuple(Kind)
_NO_REASON = len(REASONS)
_ABOUT = {
    "corrupt": "fails verification",
    "partial": "left by interrupted downloads and builds",
    "stale": "past its lifetime, replaced, or from such",
    "incompatible": "of no use to any Python here",
    "outdated-builds": "cannot be loaded here any more",
    "built-before": "built long ago",
    "unsafe": "pickled, which pip up to 23.2.1 executes",
    "unused": "not used",
    "orphaned": "self-checks of environments that are gone",
    "duplicates": "the same bytes lie there twice",
    "built-sdists": "their wheels are built",
    "superseded": "newer versions are there",
}
"""What reasons mean; all are there, which a test checks."""


class By(Enum):
    """What entries are put together by."""

    PROJECT = "project"
    KIND = "kind"
    REASON = "reason"
    AGE = "age"


class Order(Enum):
    """What rows are in order of."""

    SIZE = "the largest first"
    USED = "the longest unused first"
    NAME = "in order of name"


@dataclass(slots=True)
class EntryGroup:
    """Entries that have something in common."""

    key: int | str
    """The same for the same thing, also after the cache was read again."""
    title: str
    """Printable."""
    places: "array[int]"
    size: int
    """Bytes on the disk."""
    used_s: int | None
    """When one of them was last used, in seconds since 1970."""
    reclaimable: int
    """Bytes on the disk of those that a reason of `prune` holds for."""


def groups_of(facts: BrowsedEntries, places: Sequence[int], by: By, now_s: float) -> list[EntryGroup]:
    """Put entries together; one that several reasons hold for is in several groups.

    Args:
        facts: Of the cache.
        places: The entries.
        by: What they are put together by.
        now_s: The time in seconds since 1970.
    """
    found: dict[int | str, array[int]] = {}
    keys = _KEYS[by]
    for at in places:
        for key in keys(facts, at, now_s):
            if key not in found:
                found[key] = array("I")
            found[key].append(at)
    return [_group(facts, key, some, by) for key, some in found.items()]


def _group(facts: BrowsedEntries, key: int | str, places: "array[int]", by: By) -> EntryGroup:
    sizes, reasons = facts.sizes, facts.reasons
    used = [used_s for at in places if (used_s := facts.used(at)) is not None]
    return EntryGroup(
        key=key,
        title=group_title(by, key, facts.last_use),
        places=places,
        size=sum(sizes[at] for at in places),
        used_s=max(used, default=None),
        reclaimable=sum(sizes[at] for at in places if reasons[at]),
    )


def _project(facts: BrowsedEntries, at: int, _now_s: float) -> tuple[int | str, ...]:
    return (facts.project_names[facts.projects[at]],)


def _kind(facts: BrowsedEntries, at: int, _now_s: float) -> tuple[int | str, ...]:
    return (facts.kinds[at],)


def _reason(facts: BrowsedEntries, at: int, _now_s: float) -> Iterator[int | str]:
    mask = facts.reasons[at]
    if not mask:
        yield _NO_REASON
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


def _age(facts: BrowsedEntries, at: int, now_s: float) -> tuple[int | str, ...]:
    used_s = facts.used(at)
    days = None if used_s is None else (now_s - used_s) / _DAY_S
    return (len(_DAYS) if days is None else next((n for n, most in enumerate(_DAYS) if days <= most), len(_DAYS)),)


_Keys = Callable[[BrowsedEntries, int, float], "tuple[int | str, ...] | Iterator[int | str]"]
_KEYS: dict[By, _Keys] = {By.PROJECT: _project, By.KIND: _kind, By.REASON: _reason, By.AGE: _age}


def group_title(by: By, key: int | str, last_use: str) -> str:
    """Return what a group is called; it is printable, whatever the names in the cache are."""
    if by is By.PROJECT:
        return "(no project)" if key == NO_PROJECT else safe(str(key))
    number = int(key)
    if by is By.KIND:
        return kind_in_words(_KINDS[number])
    if by is By.REASON:
        return "(no reason)" if number == _NO_REASON else f"{REASONS[number]}: {_ABOUT[REASONS[number]]}"
    done = "used" if last_use == "atime" else "written"
    if number == len(_DAYS):
        return f"{done} more than {_DAYS[-1]} days ago"
    return f"{done} within {_DAYS[number]} day{'' if _DAYS[number] == 1 else 's'}"


def sorted_groups(groups: Sequence[EntryGroup], order: Order, by: By) -> list[EntryGroup]:
    """Return groups in order; ages stay in their own where names would decide."""
    if order is Order.SIZE:
        return sorted(groups, key=lambda one: (-one.size, str(one.key)))
    if order is Order.USED:
        return sorted(groups, key=lambda one: (one.used_s is not None, one.used_s or 0, str(one.key)))
    return sorted(groups, key=lambda one: (one.key == NO_PROJECT, int(one.key) if by is By.AGE else 0, one.title))


def places_in_order(facts: BrowsedEntries, places: "array[int]", order: Order) -> "array[int]":
    """Return entries in order."""
    if order is Order.SIZE:
        sizes = facts.sizes
        return array("I", sorted(places, key=lambda at: (-sizes[at], at)))
    values = facts.used_s if order is Order.USED else facts.name_ranks
    return array("I", sorted(places, key=values.__getitem__))


def as_marked(marks: bytearray, places: "array[int]") -> str:
    """Return the sign of a row: `*` if all of its entries are marked, `+` if some are."""
    count = sum(map(marks.__getitem__, places))
    return "" if not count else "*" if count == len(places) else "+"
