"""Choice of the entries to remove so that a cache meets its limits: the least recently used first.

On a tie the entry goes first that is the cheapest to replace: leftovers, pages, downloads, built wheels; then the
larger. An entry counts by its bytes on the disk, and so do the directories that it leaves empty. Entries come in order
of their ids, so that the contents of a directory are consecutive: the common part of an entry's path with its
neighbours that stay gives the number of directories that contain nothing else.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import NamedTuple

from pipcacheplus.model.values import Brief, Cut, Kind, Shape, Stays, Survey
from pipcacheplus.plan.comparison import Chosen
from pipcacheplus.plan.ids import SortedIds
from pipcacheplus.plan.last_use import LastUse
from pipcacheplus.plan.limits import Limit, LimitOn

__all__ = ["CacheBudget", "Free"]

_PAGES = frozenset({Kind.INDEX_PAGE, Kind.LINKS_PAGE, Kind.REDIRECT, Kind.RESPONSE, Kind.SELFCHECK, Kind.UNREADABLE})
_KINDS = tuple(Kind)
_NS = 10**9
_MAX_NS = (1 << 63) - 1
_OVER_BUDGET, _OVER_AGE = "over-budget", "over-age"


def _cost(kind: Kind) -> int:
    """Return the cost of replacing an entry of a kind, as a rank."""
    if kind is Kind.LEFTOVER:
        return 0
    if kind in _PAGES:
        return 1
    return 3 if kind is Kind.BUILT_WHEEL else 2


_COSTS = tuple(map(_cost, _KINDS))


class Free(NamedTuple):
    """Free space on the file system of a cache."""

    bytes: int | None
    """`None` if the system does not report it."""
    inodes: int | None
    """Files and directories that can be made; `None` if there is no limit, or the system does not report it."""


class _Neighbours:
    """The entries that still stay, and the number of directories that two neighbours have in common."""

    def __init__(self) -> None:
        self._depths = array("H")
        """Number of directories above each."""
        self._common = array("H", [0])
        """Number that each has in common with the one before it that stays; the last number is of the end."""
        self._before = array("l")
        self._after = array("l")
        self._folders: list[str] = []

    def add(self, id_: str) -> None:
        """Add the next one in order of ids."""
        folders = id_.split("/")[:-1]
        common = 0
        for one, other in zip(folders, self._folders, strict=False):
            if one != other:
                break
            common += 1
        self._common[-1] = common
        self._common.append(0)
        self._before.append(len(self._depths) - 1)
        self._depths.append(len(folders))
        self._after.append(len(self._depths))
        self._folders = folders

    def copy(self) -> "_Neighbours":
        """Return a copy, for a trial removal."""
        copied = copy(self)
        for name in ("_common", "_before", "_after"):
            setattr(copied, name, getattr(self, name)[:])
        return copied

    def remove(self, at: int) -> int:
        """Take one out, and return the number of directories that it leaves empty."""
        before, after = self._before[at], self._after[at]
        own = self._depths[at] - max(self._common[at], self._common[after])
        self._common[after] = min(self._common[at], self._common[after])
        if before >= 0:
            self._after[before] = after
        if after < len(self._depths):
            self._before[after] = before
        return own


class CacheBudget:
    """Entries of a cache that are compared with its limits."""

    def __init__(self, limits: Sequence[Limit], last_use: LastUse, survey: Survey, free: Free, now_s: float) -> None:
        """Begin without any entry.

        Args:
            limits: The limits.
            last_use: The evidence of the last use of entries.
            survey: The survey of the cache.
            free: Free space on its file system.
            now_s: The present, in seconds since 1970.
        """
        self._limits = limits
        self._last_use = last_use
        self._now_ns = int(now_s * _NS)
        self._free = free
        self._folder_size = survey.directory_bytes / survey.directories if survey.directories else 0.0
        self._bytes = float(survey.directory_bytes - survey.bytes_of_other_names)
        self._folders = survey.directories
        self._freed_inodes = 0
        self._freed = 0.0
        self._neighbours = _Neighbours()
        self._ids = SortedIds()
        self._used, self._written, self._sizes, self._files = array("q"), array("q"), array("q"), array("l")
        self._kinds, self._stays = bytearray(), bytearray()

    def see(self, brief: Brief, stays: Stays | None) -> None:
        """Add an entry.

        Args:
            brief: The brief of the entry; in order of ids.
            stays: The reason why it stays whatever the limits say; `None` if it may be removed.
        """
        if brief.shape is Shape.EMPTY_DIRECTORY:
            return
        self._neighbours.add(brief.id)
        self._ids.append(brief.id)
        self._used.append(min(self._last_use.used_ns(brief), _MAX_NS))
        self._written.append(min(brief.mtime_ns or 0, _MAX_NS))
        self._sizes.append(brief.disk_size)
        self._files.append(brief.file_count)
        self._kinds.append(_KINDS.index(brief.kind))
        self._stays.append(0 if stays is None else _STAYS.index(stays) + 1)
        self._bytes += brief.disk_size

    def chosen(self, gone: Iterable[str]) -> tuple[Mapping[str, Chosen], tuple[Cut, ...]]:
        """Return the entries to remove, by id, and the result of each limit; to be called once.

        Args:
            gone: Ids of entries that are removed for another reason already.
        """
        left = bytearray(b"\1" * len(self._ids))
        for id_ in gone:
            at = self._ids.place(id_)
            if at is not None and left[at]:
                left[at] = 0
                self._remove(at)
        chosen: dict[str, Chosen] = {}
        cuts = []
        for limit in self._limits:
            freed_before = self._freed
            taken = list(self._take(limit, left))
            reason = _OVER_AGE if limit.on is LimitOn.AGE else _OVER_BUDGET
            # The kind decides on ties, which does no harm.
            one = Chosen(reason, f"it is removed for {limit.text}", goes_by_stamp=limit.kind is None)
            chosen.update((self._ids[at], one) for at in taken)
            cuts.append(self._cut(limit, taken, left, freed=self._freed - freed_before))
        return chosen, tuple(cuts)

    def _take(self, limit: Limit, left: bytearray) -> Iterator[int]:
        """Take entries out, by their places, until a limit is met."""
        if limit.on is LimitOn.AGE:
            for at in self._candidates(limit, left):
                if self._exceeds(limit, at):
                    left[at] = 0
                    self._remove(at)
                    yield at
            return
        over = self._over(limit, left)
        for at in self._candidates(limit, left) if over > 0 else ():
            if over <= 0:
                return
            over -= self._gain(limit, at, self._remove(at))
            left[at] = 0
            yield at

    def _candidates(self, limit: Limit, left: bytearray) -> list[int]:
        """Return the places of the removable entries, in the order of removal."""
        kind = None if limit.kind is None else _KINDS.index(limit.kind)
        places = [
            at for at in range(len(self._ids)) if left[at] and not self._stays[at] and kind in {None, self._kinds[at]}
        ]
        places.sort(key=self._order)
        return places

    def _order(self, at: int) -> int:
        """Return the sort key of an entry: use, cost, size, place; one number, as there are very many."""
        larger_first = _MAX_NS - min(self._sizes[at], _MAX_NS)
        cost = _COSTS[self._kinds[at]]
        return ((self._used[at] // _NS * len(_COSTS) + cost) * (_MAX_NS + 1) + larger_first) * len(self._ids) + at

    def _remove(self, at: int) -> int:
        """Count an entry as removed, and return the number of directories that are removed with it."""
        folders = self._neighbours.remove(at)
        self._folders -= folders
        size = self._sizes[at] + folders * self._folder_size
        self._bytes -= size
        self._freed += size
        self._freed_inodes += self._files[at] + folders
        return folders

    def _gain(self, limit: Limit, at: int, folders: int) -> float:
        if limit.on is LimitOn.FILES:
            return self._files[at]
        if limit.on is LimitOn.FREE_INODES:
            return self._files[at] + folders
        return self._sizes[at] + folders * self._folder_size

    def _over(self, limit: Limit, left: bytearray) -> float:
        """Return the excess over a limit; 0 or less if it is met."""
        if limit.on is LimitOn.FREE:
            return 0 if self._free.bytes is None else limit.amount - self._free.bytes - self._freed
        if limit.on is LimitOn.FREE_INODES:
            return 0 if self._free.inodes is None else limit.amount - self._free.inodes - self._freed_inodes
        there = [at for at in range(len(self._ids)) if left[at] and self._exceeds(limit, at)]
        if limit.on is LimitOn.AGE:
            return sum(self._files[at] for at in there)
        if limit.on is LimitOn.FILES:
            return sum(self._files[at] for at in there) - limit.amount
        if limit.kind is None:
            return self._bytes - limit.amount if there else 0
        without = self._neighbours.copy()
        folders = sum(map(without.remove, there))
        return sum(self._sizes[at] for at in there) + folders * self._folder_size - limit.amount

    def _exceeds(self, limit: Limit, at: int) -> bool:
        """Return whether an entry counts for a limit: by kind; and for one of ages, if pip wrote it and it is older."""
        if limit.on is LimitOn.AGE and (
            self._written[at] >= self._now_ns - limit.amount * _NS or self._stays[at] == _IS_FOREIGN
        ):
            return False
        return limit.kind is None or _KINDS[self._kinds[at]] is limit.kind

    def _cut(self, limit: Limit, places: Sequence[int], left: bytearray, *, freed: float) -> Cut:
        over = max(0, int(self._over(limit, left)))
        staying = dict.fromkeys(Stays, 0)
        if over:
            for at in range(len(self._ids)):
                if left[at] and self._stays[at] and self._exceeds(limit, at):
                    staying[_STAYS[self._stays[at] - 1]] += self._amount(limit, at)
        return Cut(
            limit=limit.text,
            entries=len(places),
            disk_bytes=int(freed),
            used_before_s=max((self._used[at] // _NS for at in places), default=None),
            over=over,
            is_in_bytes=limit.on in {LimitOn.SIZE, LimitOn.FREE},
            is_unknown=(limit.on is LimitOn.FREE and self._free.bytes is None)
            or (limit.on is LimitOn.FREE_INODES and self._free.inodes is None),
            staying={why: amount for why, amount in staying.items() if amount},
        )

    def _amount(self, limit: Limit, at: int) -> int:
        return self._sizes[at] if limit.on in {LimitOn.SIZE, LimitOn.FREE} else self._files[at]


_STAYS = tuple(Stays)
_IS_FOREIGN = _STAYS.index(Stays.FOREIGN) + 1
