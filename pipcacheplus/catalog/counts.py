"""Count what lies in a cache by names and times alone, part by part: no file is opened."""

import os
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from heapq import merge
from typing import Generic, NamedTuple, TypeVar

from pipcacheplus.catalog.parallel import processes_for, side_by_side
from pipcacheplus.checks.base.check import Check, Context, findings
from pipcacheplus.disk.open_cache import ATIME_NS, DISK_SIZE, MTIME_NS, PATH, SIZE, FileStamp, OpenCache
from pipcacheplus.disk.survey import Surveyor
from pipcacheplus.disk.walk import Seen, entry_of, parts, unread_kind, walk
from pipcacheplus.host.users import user_name
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import (
    Area,
    Count,
    Finding,
    Group,
    Kind,
    Progress,
    Remedy,
    Severity,
    Shape,
    Survey,
    Warned,
)
from pipcacheplus.pips.layout import HTTP_AREAS, area_of

__all__ = ["CountRequest", "Counter", "Counts", "PipCount", "count_entries", "count_parts"]

_PARTS_OF_TASK = 8

_K = TypeVar("_K")
_NONE: Mapping[str, int] = {}


class CountRequest(NamedTuple):
    """A cache whose entries are to be counted."""

    path: str
    """Of the cache directory."""
    context: Context
    checks: tuple[Check, ...]
    """Those whose findings could be removed; of them, those that need no more than names are run on entries."""
    last_use: str
    """Which time of a file says when it was last used: `atime`, or `mtime`."""
    spans_s: tuple[int, ...]
    """Times since the last use, in seconds and in order, up to which entries are counted together."""
    now_s: float
    """From when on they count back, in seconds since 1970."""


class PipCount(NamedTuple):
    """What `pip cache info` counts: all files, also those that are not pip's."""

    http_files: int = 0
    http_bytes: int = 0
    wheels: int = 0
    wheels_bytes: int = 0


class Counts(NamedTuple):
    """Counts of entries; empty directories are none, but can be reclaimed, and are counted by themselves."""

    totals: Mapping[tuple[Area, Kind], Count]
    by_last_use: Mapping[int, Count]
    """By the place of their span, the number of spans for those that were not used for longer."""
    reclaimable: Mapping[tuple[Kind, str], Count]
    """What each reason of `prune` would remove of each kind; an entry may be under several reasons."""
    reclaimable_at_all: Mapping[Kind, Count]
    """What all reasons would remove together of each kind: each entry once."""
    empty_directories: Mapping[Group, int]
    """The empty directories that each reason would remove besides."""
    pip: PipCount
    errors: int = 0
    """Entries of which a check says that pip would fail, or install or run something wrong."""
    by_check: Mapping[str, int] = _NONE
    """Entries that each check reports, empty directories among them."""

    def plus(self, other: "Counts") -> "Counts":
        """Return the counts of both, which have no entry or file in common."""
        return Counts(
            _sum(self.totals, other.totals),
            _sum(self.by_last_use, other.by_last_use),
            _sum(self.reclaimable, other.reclaimable),
            _sum(self.reclaimable_at_all, other.reclaimable_at_all),
            {
                group: self.empty_directories.get(group, 0) + other.empty_directories.get(group, 0)
                for group in {**self.empty_directories, **other.empty_directories}
            },
            PipCount(*map(sum, zip(self.pip, other.pip, strict=True))),
            self.errors + other.errors,
            {
                slug: self.by_check.get(slug, 0) + other.by_check.get(slug, 0)
                for slug in {**self.by_check, **other.by_check}
            },
        )


def _sum(one: Mapping[_K, Count], other: Mapping[_K, Count]) -> dict[_K, Count]:
    return {**one, **{key: one.get(key, Count()).plus(count) for key, count in other.items()}}


def count_entries(request: CountRequest, progress: Progress | None = None) -> tuple[Counts, Survey, tuple[Warned, ...]]:
    """Return the counts of all entries of a cache, what else was seen, and what could not be looked at.

    Args:
        request: The cache whose entries to count.
        progress: Called with the entries counted.

    Raises:
        OSError: The cache directory cannot be listed.
    """
    with OpenCache(request.path) as cache:
        tops = sorted(parts(cache), key=_in_order_of_walk)
        surveyor = Surveyor(cache.owner)
    tasks = [("",), *(tuple(tops[at : at + _PARTS_OF_TASK]) for at in range(0, len(tops), _PARTS_OF_TASK))]
    counts = Counter(request).counts
    warnings: list[list[tuple[str, Warned]]] = []
    for more, seen, warned in side_by_side(count_parts, request, tasks, processes=processes_for(len(tops))):
        counts = counts.plus(more)
        surveyor = surveyor.plus(seen)
        warnings.append(warned)
        if progress is not None:
            progress(sum(count.entries for count in counts.totals.values()), None)
    outside, *inside = warnings
    in_order = merge(outside, (one for some in inside for one in some), key=lambda one: _in_order_of_walk(one[0]))
    return counts, surveyor.result(user_name), tuple(warned for _, warned in in_order)


def _in_order_of_walk(path: str) -> list[str]:
    return path.split("/")


def count_parts(request: CountRequest, tops: Sequence[str]) -> tuple[Counts, Surveyor, list[tuple[str, Warned]]]:
    """Count the entries in some parts of a cache; `""` stands for all that lies in none.

    Returns:
        The counts, what counted the rest, and each warning behind the name of its part, or its path if it lies in none.

    Raises:
        OSError: The cache directory cannot be opened, or not be listed.
    """
    counter = Counter(request)
    warnings: list[tuple[str, Warned]] = []
    with OpenCache(request.path) as cache:
        surveyor = Surveyor(cache.owner)
        for top in tops:
            for seen in walk(cache, top, is_split=not top, surveyor=surveyor):
                if isinstance(seen, Warned):
                    warnings.append((top or seen.path, seen))
                else:
                    counter.add_seen(seen)
    return counter.counts, surveyor, warnings


class Counter:
    """Counts entries as they go by."""

    def __init__(self, request: CountRequest) -> None:
        self._request = request
        self._checks = tuple(check for check in request.checks if check.depth <= Depth.NAMES)
        self._judged = frozenset(shape for check in self._checks for shape in check.shapes)
        self._goes_by_access = request.last_use == "atime"
        self._plain: dict[tuple[Area, Kind], list[list[int]]] = {}
        """By the places of their spans, entries that share no file and that no check looks at: nearly all."""
        self._shape, self._prefix = Shape.FOREIGN, "/"
        """Of the entry that was counted last."""
        self._cells: list[list[int]] | None = None
        """Where those like it are counted, if they are plain."""
        self._totals = _Sums[tuple[Area, Kind]]()
        self._by_last_use = _Sums[int](adds_up=True)
        self._reclaimable = _Sums[tuple[Kind, str]]()
        self._at_all = _Sums[Kind]()
        self._empty: dict[Group, int] = {}
        """Empty directories that could be removed."""
        self._links = _Sums[tuple[Area, bool]]()
        """Links among the foreign files, by whether they are to directories."""
        self._wheels = 0
        self._errors = 0
        self._by_check: dict[str, int] = {}

    def add_seen(self, seen: Seen) -> None:
        """Count an entry of which no more than names and times is known."""
        id_, shape, files, _ = seen
        if shape is not self._shape or not id_.startswith(self._prefix):
            self._turn_to(id_, shape)
        if self._cells is None:
            found = findings(entry_of(seen), Facts(), self._request.context, self._checks)
            self.add(area_of(id_), unread_kind(shape), shape, files, found)
            return
        cell = self._cells[self._span(files)]
        cell[0] += 1
        for file in files:
            cell[1] += 1
            cell[2] += file[SIZE]
            cell[3] += file[DISK_SIZE]

    def _turn_to(self, id_: str, shape: Shape) -> None:
        area = area_of(id_)
        self._shape, self._prefix, self._cells = shape, id_[: id_.find("/") + 1] or id_, None
        if area is not Area.WHEELS and shape is not Shape.FOREIGN and shape not in self._judged:
            empty = [[0, 0, 0, 0] for _ in range(len(self._request.spans_s) + 1)]
            self._cells = self._plain.setdefault((area, unread_kind(shape)), empty)

    def _span(self, files: Sequence[FileStamp]) -> int:
        times = [file[ATIME_NS] for file in files] if self._goes_by_access else [file[MTIME_NS] for file in files]
        last_used_ns = max(times, default=0)
        return bisect_left(self._request.spans_s, self._request.now_s - last_used_ns / 1e9)

    def add(self, area: Area, kind: Kind, shape: Shape, files: Sequence[FileStamp], found: Sequence[Finding]) -> None:
        """Count an entry, with what was found wrong with it."""
        # Files beside a built wheel may be in several entries, others are not.
        may_share = area is Area.WHEELS
        groups = {finding.group for finding in found if finding.remedy is not Remedy.NONE}
        self.add_found({finding.check for finding in found})
        if shape is Shape.EMPTY_DIRECTORY:
            self._empty.update({group: self._empty.get(group, 0) + 1 for group in groups})
            return
        self._errors += any(finding.severity is Severity.ERROR for finding in found)
        self.add_reclaimable(kind, [group.value for group in groups], files, may_share=may_share)
        self._totals.add((area, kind), files, may_share=may_share)
        self._by_last_use.add(self._span(files), files, may_share=may_share)
        is_to_directory = shape is Shape.FOREIGN and self._is_link_to_directory(area, files)
        if may_share and not is_to_directory:
            self._wheels += sum(fnmatch(file[PATH].rpartition("/")[2], "*-*.whl") for file in files)

    def add_reclaimable(
        self,
        kind: Kind,
        reasons: Iterable[str],
        files: Sequence[FileStamp],
        *,
        may_share: bool,
        is_first: bool = True,
    ) -> None:
        """Count what could be removed for some reasons; `is_first` unless the entry was counted for others already."""
        reasons = list(reasons)
        for reason in reasons:
            self._reclaimable.add((kind, reason), files, may_share=may_share)
        if reasons and is_first:
            self._at_all.add(kind, files, may_share=may_share)

    def add_reclaimable_count(self, kind: Kind, reasons: Iterable[str], count: Count, *, is_first: bool = True) -> None:
        """Count the same of entries that were added up elsewhere, and share no file."""
        reasons = list(reasons)
        for reason in reasons:
            self._reclaimable.add_count((kind, reason), count)
        if reasons and is_first:
            self._at_all.add_count(kind, count)

    def add_errors(self, count: int) -> None:
        """Count entries that a check finds an error in."""
        self._errors += count

    def add_found(self, slugs: Iterable[str], count: int = 1) -> None:
        """Count entries that each of some checks reports."""
        for slug in slugs:
            self._by_check[slug] = self._by_check.get(slug, 0) + count

    def _is_link_to_directory(self, area: Area, files: Sequence[FileStamp]) -> bool:
        real = os.path.join(self._request.path, *files[0][PATH].split("/"))
        if not os.path.islink(real):
            return False
        is_to_directory = os.path.isdir(real)
        self._links.add((area, is_to_directory), files, may_share=False)
        return is_to_directory

    @property
    def counts(self) -> Counts:
        """Return what was counted."""
        totals, by_last_use = self._totals.counts, self._by_last_use.counts
        for key, cells in self._plain.items():
            found = {at: Count(*cell) for at, cell in enumerate(cells) if cell[0]}
            by_last_use = _sum(by_last_use, found)
            for count in found.values():
                totals = _sum(totals, {key: count})
        return Counts(
            totals,
            by_last_use,
            self._reclaimable.counts,
            self._at_all.counts,
            self._empty,
            self._pip(totals),
            self._errors,
            self._by_check,
        )

    def _pip(self, totals: Mapping[tuple[Area, Kind], Count]) -> PipCount:
        """Return the counts of pip.

        Source: pip 26.3 `_internal/commands/cache.py` and `_internal/utils/filesystem.py`: a link counts as a file of 0
        bytes, but for one to a directory, which is neither counted nor entered.
        """
        files, size = dict.fromkeys(Area, 0), dict.fromkeys(Area, 0)
        for (area, _), count in totals.items():
            files[area] += count.files
            size[area] += count.bytes
        for (area, is_to_directory), count in self._links.counts.items():
            files[area] -= count.files if is_to_directory else 0
            size[area] -= count.bytes
        return PipCount(
            http_files=sum(files[area] for area in HTTP_AREAS),
            http_bytes=sum(size[area] for area in HTTP_AREAS),
            wheels=self._wheels,
            wheels_bytes=size[Area.WHEELS],
        )


class _Sums(Generic[_K]):
    """Counts by key. A file that several entries of a key share counts once."""

    __slots__ = ("_adds_up", "_by_key", "_shared")

    def __init__(self, *, adds_up: bool = False) -> None:
        """Begin.

        Args:
            adds_up: Whether the counts of all keys are to add up: then what entries of several keys share counts once,
                for the first of them.
        """
        self._adds_up = adds_up
        self._by_key: dict[_K, list[int]] = {}
        self._shared = set[tuple[_K | None, str]]()

    def add(self, key: _K, files: Sequence[FileStamp], *, may_share: bool) -> None:
        """Count one more."""
        sums = self._by_key.get(key)
        if sums is None:
            sums = self._by_key[key] = [0, 0, 0, 0]
        sums[0] += 1
        for file in files:
            if may_share and file is not files[0]:
                shared = None if self._adds_up else key, file[PATH]
                if shared in self._shared:
                    continue
                self._shared.add(shared)
            sums[1] += 1
            sums[2] += file[SIZE]
            sums[3] += file[DISK_SIZE]

    def add_count(self, key: _K, count: Count) -> None:
        """Count what was added up elsewhere."""
        self._by_key[key] = [*map(sum, zip(self._by_key.get(key, (0, 0, 0, 0)), count, strict=True))]

    @property
    def counts(self) -> dict[_K, Count]:
        """Return what was counted."""
        return {key: Count(*sums) for key, sums in self._by_key.items()}
