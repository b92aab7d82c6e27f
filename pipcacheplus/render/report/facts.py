"""Sums of a report: reasons to remove entries, their ages, last use, history, and how much was not read to the end."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pipcacheplus.model.terms import Group, Remedy, Severity, Shape
from pipcacheplus.render.summary import (
    OPTIONS_OF_REASONS,
    Tally,
    summarize_findings,
    summarize_not_judged,
    summarize_pythons,
    summarize_totals,
)
from pipcacheplus.render.times import last_used_ns, rfc3339
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and help imports this module
    from pipcacheplus.catalog.results import CacheFacts
    from pipcacheplus.model.values import Entry, Finding, Headline

__all__ = ["SPANS", "reasons_of", "shows_damage", "summarize_facts", "with_findings"]

_DAY_S = 86_400
_SPANS_DAYS = (1, 7, 30, 90, 180, 365, 730)
"""Upper ends of the spans of age, in days; a span for older entries comes last."""
SPANS = (*(f"within-{days}d" for days in _SPANS_DAYS), "older")
_DAMAGE = frozenset({Group.CORRUPT, Group.PARTIAL, Group.UNSAFE, Group.OUTDATED_BUILD})
"""Groups whose warnings are damage, and not waste."""


def shows_damage(finding: "Finding | Headline") -> bool:
    """Return whether a finding is shown as damage, and not only counted as a reason to remove an entry."""
    return finding.severity is Severity.ERROR or (finding.severity is Severity.WARNING and finding.group in _DAMAGE)


def with_findings(
    entries: "Iterable[Entry]", findings: "Iterable[Finding]"
) -> "Iterator[tuple[Entry, Sequence[Finding]]]":
    """Yield each entry with its findings, and empty directories, which are not among the entries.

    Args:
        entries: In order of their ids.
        findings: In order of the ids of their entries.
    """
    left = iter(findings)
    ahead = next(left, None)
    for entry in entries:
        while ahead is not None and ahead.entry.id < entry.id:
            yield ahead.entry, (ahead,)
            ahead = next(left, None)
        own: list[Finding] = []
        while ahead is not None and ahead.entry.id == entry.id:
            own.append(ahead)
            ahead = next(left, None)
        yield entry, own
    while ahead is not None:
        yield ahead.entry, (ahead,)
        ahead = next(left, None)


def reasons_of(id_: str, found: "Sequence[Finding]", redundant: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Return the reasons to remove an entry.

    Args:
        id_: Of the entry.
        found: Its findings.
        redundant: Ids of entries that are not needed because of others, by the reason.
    """
    groups = {finding.group.value: None for finding in found if finding.remedy is not Remedy.NONE}
    return (*groups, *(reason for reason, ids in redundant.items() if id_ in ids))


class _Spans:
    """Counts by age."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s
        self._shared = set[str]()
        self._spans = [Tally(self._shared) for _ in SPANS]

    def add(self, entry: "Entry", time_ns: int | None) -> None:
        """Count an entry that was written, or used, at that time."""
        age_days = (self._now_s - (time_ns or 0) / 1e9) / _DAY_S
        self._spans[bisect_left(_SPANS_DAYS, age_days)].add(entry)

    @property
    def counts(self) -> dict[str, Json]:
        """Return the counts of all spans, also of those without entries."""
        return {name: span.counts for name, span in zip(SPANS, self._spans, strict=True)}


class _Reasons:
    """Counts by the reason to remove entries."""

    def __init__(self) -> None:
        self._by_reason: dict[str, Tally] = {}
        self._empty: dict[str, int] = {}
        self._at_all = Tally()
        self._all_empty = 0

    def add(self, entry: "Entry", reasons: Sequence[str]) -> None:
        """Count an entry, once for each reason and once in all."""
        for reason in reasons:
            self._by_reason.setdefault(reason, Tally()).add(entry)
        if reasons:
            self._at_all.add(entry)
        if entry.shape is Shape.EMPTY_DIRECTORY and reasons:
            self._all_empty += 1
            for reason in reasons:
                self._empty[reason] = self._empty.get(reason, 0) + 1

    @property
    def counts(self) -> dict[str, Json]:
        """Return the counts, with the options of `prune` that remove these entries."""
        return {
            "reclaimable": {
                reason: {
                    **self._by_reason[reason].counts,
                    "empty_directories": self._empty.get(reason, 0),
                    "option": OPTIONS_OF_REASONS[reason],
                }
                for reason in sorted(self._by_reason)
            },
            "reclaimable_at_all": {**self._at_all.counts, "empty_directories": self._all_empty},
        }


def summarize_facts(found: "CacheFacts", last_use: str, *, now_s: float) -> dict[str, Json]:
    """Return the summary of a report, as in the JSON.

    Args:
        found: The facts of the cache.
        last_use: `atime`, or `mtime` where access times are not kept.
        now_s: The present, in seconds since 1970.
    """
    reasons, by_age, by_last_use = _Reasons(), _Spans(now_s), _Spans(now_s)
    damaged = 0
    for entry, of_entry in with_findings(found.entries, found.findings):
        reasons.add(entry, reasons_of(entry.id, of_entry, found.redundant))
        damaged += any(map(shows_damage, of_entry))
        if entry.shape is not Shape.EMPTY_DIRECTORY:
            by_age.add(entry, max((file.mtime_ns for file in entry.files), default=None))
            by_last_use.add(entry, last_used_ns(entry, last_use))
    return {
        "made": rfc3339(int(now_s)),
        **summarize_totals(found.totals),
        **_room(found),
        **reasons.counts,
        "damaged": damaged,
        "not_read_to_end": found.not_read_to_end._asdict(),
        "not_judged": summarize_not_judged(found.not_judged),
        "by_age": by_age.counts,
        "by_last_use": by_last_use.counts,
        "history": [
            {
                "day": one.day.isoformat(),
                "kind": one.kind.value,
                "entries": one.entries,
                "bytes": one.bytes,
                "disk_bytes": one.disk_bytes,
            }
            for one in found.history
        ],
        "redundant": {reason: len(ids) for reason, ids in sorted(found.redundant.items())},
        "pages_without_url": found.pages_without_url,
        "pythons": summarize_pythons(found.pythons),
        **summarize_findings(found.findings),
    }


def _room(found: "CacheFacts") -> dict[str, Json]:
    """Return the size of the directories, and the total of `du`, as in the JSON of `list`."""
    survey = found.survey
    files = sum(count.disk_bytes for count in found.totals.values()) - survey.bytes_of_other_names
    return {
        "directories": survey.directories,
        "directory_bytes": survey.directory_bytes,
        "du_bytes": files + survey.directory_bytes,
    }
