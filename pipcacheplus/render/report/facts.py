"""Add up what a report shows of a cache: reasons to remove, ages, last use, history, what was not verified."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pipcacheplus.model.terms import Group, Remedy, Severity, Shape
from pipcacheplus.render.summary import (
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
"""Up to which age in days entries are counted together; those that are older come last."""
SPANS = (*(f"within-{days}d" for days in _SPANS_DAYS), "older")
_OPTIONS = {
    **{group.value: group.option for group in Group},
    "duplicate": "duplicates",
    "sdist-built": "built-sdists",
}
"""Of reasons whose option of `prune` has another name."""
_DAMAGE = frozenset({Group.CORRUPT, Group.PARTIAL, Group.UNSAFE, Group.OUTDATED_BUILD})
"""Groups whose warnings are damage, and not waste."""


def shows_damage(finding: "Finding | Headline") -> bool:
    """Return whether a finding is shown as damage, and not just counted as what could go."""
    return finding.severity is Severity.ERROR or (finding.severity is Severity.WARNING and finding.group in _DAMAGE)


def with_findings(
    entries: "Iterable[Entry]", findings: "Iterable[Finding]"
) -> "Iterator[tuple[Entry, Sequence[Finding]]]":
    """Yield each entry with what was found of it, and empty directories, which are findings alone.

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
    """Return for which reasons an entry could go.

    Args:
        id_: Of the entry.
        found: What was found of it.
        redundant: Ids of entries that need not stay because of others, by the reason.
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
        """Return what was counted, spans without any entry too."""
        return {name: span.counts for name, span in zip(SPANS, self._spans, strict=True)}


class _Reasons:
    """Counts by the reason for which entries could go."""

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
        """Return what was counted, with the options of `prune` that remove it."""
        return {
            "reclaimable": {
                reason: {
                    **self._by_reason[reason].counts,
                    "empty_directories": self._empty.get(reason, 0),
                    "option": _OPTIONS.get(reason, reason),
                }
                for reason in sorted(self._by_reason)
            },
            "reclaimable_at_all": {**self._at_all.counts, "empty_directories": self._all_empty},
        }


def summarize_facts(found: "CacheFacts", last_use: str, *, now_s: float) -> dict[str, Json]:
    """Return what a report shows besides the list of entries and findings, as the JSON has it.

    Args:
        found: All that is known of the cache.
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
        "unverified": {"entries": found.unverified.entries, "bytes": found.unverified.bytes},
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
    """Return what the directories take, and what `du` says of all, as `list` has them."""
    survey = found.survey
    files = sum(count.disk_bytes for count in found.totals.values()) - survey.bytes_of_other_names
    return {
        "directories": survey.directories,
        "directory_bytes": survey.directory_bytes,
        "du_bytes": files + survey.directory_bytes,
    }
