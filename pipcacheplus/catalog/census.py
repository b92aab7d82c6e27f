"""Counts of all entries with what runs have learned of them: the catalog adds up, few entries are judged one by one.

Nothing is read for it that the run itself did not read. An entry that no run has read since it was written counts as
one of which nothing but names and times is known.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pipcacheplus.catalog.counts import Counter, CountRequest, Counts, count_entries
from pipcacheplus.catalog.entry_rows import as_bytes, text_of
from pipcacheplus.catalog.judge import Certain, Judge
from pipcacheplus.checks.base.check import Check, checks
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import (
    Area,
    Count,
    Finding,
    Group,
    Kind,
    Progress,
    Remedy,
    Severity,
    Survey,
    Warned,
)

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.model.pythons import FoundPython

__all__ = ["MOST_PROJECTS", "CacheCounts", "Learned", "census_by_names", "checks_of_columns", "learned"]

MOST_PROJECTS = 50
"""The most projects that are listed, the largest first."""
_READABLE = frozenset({Kind.RESPONSE, Kind.BUILT_WHEEL, Kind.SELFCHECK})
"""Kinds, as names tell them, of entries that there is something to read in."""
_HELD = frozenset({Kind.RESPONSE, Kind.BUILT_WHEEL})
"""Of these, the kinds of entries that hold a file, which can be read to its end."""
_HTTP_UNREAD = "http-unread"
"""The check that needs no more than the area of an entry, and the interpreters considered."""
_SHAPES_READ = "e.shape IN ('pair', 'single', 'built-wheel', 'selfcheck')"
_IS_READ = "e.seal IS NOT NULL"
"""Whether there are facts of an entry: a row of one that has changed since it was read has none."""
_LACKS_END = (
    "CASE WHEN e.seal IS NULL THEN e.shape <> 'selfcheck' WHEN e.shape = 'built-wheel' THEN e.is_archive AND"
    " c.is_unpacked IS NOT 1 WHEN e.shape = 'selfcheck' OR e.format IS NULL OR e.kind = 'unreadable' THEN 0"
    " ELSE c.id IS NULL AND (e.is_archive OR e.etag IS NOT NULL OR EXISTS (SELECT 1 FROM link l WHERE l.key = e.key"
    " AND (l.sha256 IS NOT NULL OR l.others IS NOT NULL OR l.wheel IS NOT NULL))) END"
)
"""Whether a file was never read to its end, although that could show something. Pages are read as a whole at once."""
_HAS_CONTENT = "(c.id IS NOT NULL OR e.damage IS NOT NULL OR e.kind = 'redirect')"
_COUNTS = "count(*), sum(e.file_count), sum(e.size), sum(e.disk_size)"
_BY_KIND = (
    f"SELECT e.area, e.kind, {_IS_READ}, {_LACKS_END}, {_COUNTS} FROM entry e LEFT JOIN content c ON c.id = e.id"
    f" WHERE {_SHAPES_READ} GROUP BY 1, 2, 3, 4"
)
_BY_PROJECT = (
    f"SELECT e.project, {_COUNTS} FROM entry e WHERE e.project IS NOT NULL"
    " GROUP BY 1 ORDER BY 5 DESC, 2 DESC, 1 LIMIT ?"
)


class CacheCounts(NamedTuple):
    """Counts of a cache, and how far they could be made without reading more."""

    counts: Counts
    survey: Survey
    warnings: tuple[Warned, ...]
    unread: Mapping[Kind, Count]
    """Entries that no run has read since they were written, by their kind as names tell it."""
    lacking_end: Count
    """Entries that hold a file which no run has read to its end."""
    projects: tuple[tuple[str, Count], ...] = ()
    """The largest projects among what was read, at most `MOST_PROJECTS`."""
    pages_without_url: int | None = None
    """As `Inventory` has it; `None` if no page was looked at."""
    pythons: tuple["FoundPython", ...] = ()
    """The interpreters that counted, and those that were not run or gave no answer."""


def census_by_names(request: CountRequest, *, is_http_read: bool, progress: Progress | None = None) -> CacheCounts:
    """Count by names and times alone, of a cache that no run has read, or as if none had.

    Args:
        request: How entries are counted.
        is_http_read: Whether any interpreter considered reads the area `http`.
        progress: Called with the entries counted.

    Raises:
        OSError: The cache directory cannot be listed.
    """
    counts, survey, warnings = count_entries(request, progress)
    by_kind = dict[Kind, Count]()
    for (_, kind), count in counts.totals.items():
        if kind in _READABLE:
            by_kind[kind] = by_kind.get(kind, Count()).plus(count)
    if not is_http_read:
        counts = counts.plus(_unread_by_pips(request, counts.totals.get((Area.HTTP, Kind.RESPONSE), Count())))
    lacking = [count for kind, count in by_kind.items() if kind in _HELD]
    return CacheCounts(counts, survey, warnings, unread=by_kind, lacking_end=_sum(lacking))


def _unread_by_pips(request: CountRequest, count: Count) -> Counts:
    """Return counts of responses that could be removed, as no interpreter considered reads their area."""
    counter = Counter(request)
    if count.entries:
        counter.add_reclaimable_count(Kind.RESPONSE, [Group.INCOMPATIBLE.value], count)
        counter.add_found([_HTTP_UNREAD], count.entries)
    return counter.counts


def _sum(counts: Iterable[Count]) -> Count:
    total = Count()
    for count in counts:
        total = total.plus(count)
    return total


def checks_of_columns() -> tuple[Check, ...]:
    """Return the checks that counting by names leaves out: they need more, or the interpreters considered.

    Those of contents are put only to entries of which a run has read the content, or seen damage on the way.
    """
    more = (check for check in checks() if check.is_told and check.depth > Depth.NAMES)
    chosen = (*more, *(check for check in checks() if check.slug == _HTTP_UNREAD))
    return tuple(
        replace(check, rows=f"{_HAS_CONTENT} AND ({check.rows})") if check.depth > Depth.ENDS else check
        for check in chosen
    )


class Learned(NamedTuple):
    """What a catalog adds to counts by names and times."""

    counts: Counts
    unread: Mapping[Kind, Count]
    lacking_end: Count
    projects: tuple[tuple[str, Count], ...]


def learned(
    connection: sqlite3.Connection,
    request: CountRequest,
    counts: Counts,
    judge: Judge,
    *,
    is_http_read: bool,
    redundant: Mapping[str, frozenset[str]],
) -> Learned:
    """Return counts by names with all that a catalog knows of the entries.

    Args:
        connection: Of a catalog that is up to date with the cache.
        request: How the entries were counted by names.
        counts: Of all entries, by names.
        judge: With the checks of `checks_of_columns`.
        is_http_read: Whether any interpreter considered reads the area `http`.
        redundant: Ids of what need not stay because of other entries, by the reason.

    Raises:
        RowDamagedError: A row is not one that was written.
    """
    kinds = dict[tuple[Area, Kind], Count]()
    unread = dict[Kind, Count]()
    lacking_end = in_http = Count()
    for area, kind, is_read, lacks_end, *sums in connection.execute(_BY_KIND):
        count = Count(*sums)
        key = Area(area), Kind(kind) if is_read else _unread_kind(area)
        kinds[key] = kinds.get(key, Count()).plus(count)
        if not is_read:
            unread[key[1]] = unread.get(key[1], Count()).plus(count)
            if key[0] is Area.HTTP and not is_http_read:
                in_http = in_http.plus(count)
        if lacks_end:
            lacking_end = lacking_end.plus(count)
    largest = connection.execute(_BY_PROJECT, (MOST_PROJECTS,))
    projects = tuple((text_of(project) or "", Count(*sums)) for project, *sums in largest)
    known = counts._replace(totals=_with_kinds(counts.totals, kinds))
    found = known.plus(_unread_by_pips(request, in_http)).plus(_judged(request, judge, redundant))
    return Learned(found, unread, lacking_end, projects)


def _unread_kind(area: str) -> Kind:
    return {Area.WHEELS.value: Kind.BUILT_WHEEL, Area.SELFCHECK.value: Kind.SELFCHECK}.get(area, Kind.RESPONSE)


def _with_kinds(
    totals: Mapping[tuple[Area, Kind], Count], kinds: Mapping[tuple[Area, Kind], Count]
) -> dict[tuple[Area, Kind], Count]:
    """Return counts with what reading showed in place of the responses that names tell; the sum stays the same."""
    found = dict(totals)
    for (area, kind), count in kinds.items():
        plain = area, _unread_kind(area.value)
        if (area, kind) == plain or plain not in found:
            continue
        left = Count(*(one - other for one, other in zip(found[plain], count, strict=True)))
        found[area, kind] = found.get((area, kind), Count()).plus(count)
        if left.entries:
            found[plain] = left
        else:
            del found[plain]
    return found


def _judged(request: CountRequest, judge: Judge, redundant: Mapping[str, frozenset[str]]) -> Counts:
    """Return counts of what could be removed, and of errors, without the findings that follow from names alone.

    No entry of a shape that names are judged by is among them, so that none counts twice; a test holds that.
    """
    counter = Counter(request)
    for one in judge.summed(_IS_READ):
        if isinstance(one, Certain):
            groups = {check.group.value for check in one.checks if check.remedy is not Remedy.NONE}
            counter.add_reclaimable_count(one.kind, groups, one.counts)
            counter.add_errors(one.counts.entries * any(check.severity is Severity.ERROR for check in one.checks))
            counter.add_found({check.slug for check in one.checks}, one.counts.entries)
        else:
            is_built = one.entry.area is Area.WHEELS
            counter.add_reclaimable(one.entry.kind, _groups(one.findings), one.entry.files, may_share=is_built)
            counter.add_errors(any(finding.severity is Severity.ERROR for finding in one.findings))
            counter.add_found({finding.check for finding in one.findings})
    reasons = dict[str, list[str]]()
    for reason, ids in redundant.items():
        for id_ in ids:
            reasons.setdefault(id_, []).append(reason)
    for id_ in sorted(reasons):
        for one in judge.judged(as_bytes(id_)):
            counter.add_reclaimable(
                one.entry.kind,
                reasons[id_],
                one.entry.files,
                may_share=one.entry.area is Area.WHEELS,
                is_first=not _groups(one.findings),
            )
    return counter.counts


def _groups(found: Iterable[Finding]) -> set[str]:
    return {finding.group.value for finding in found if finding.remedy is not Remedy.NONE}
