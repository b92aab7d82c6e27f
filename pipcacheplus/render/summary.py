"""Counts of entries, findings and outcomes, for the JSON and for people alike."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from pipcacheplus.model.terms import Area, ExportState, Group, Kind, NotJudged, Severity, Shape, State
from pipcacheplus.render.parts import number_in
from pipcacheplus.render.times import rfc3339
from pipcacheplus.render.view import Json, View

if TYPE_CHECKING:  # slow to import, and `dir` does without them
    from pipcacheplus.model.pythons import FoundPython
    from pipcacheplus.model.use import PipUse, RecordedUse, UsedFile
    from pipcacheplus.model.values import (
        Brief,
        Count,
        CountedFindings,
        Cut,
        Entry,
        ExportReport,
        Finding,
        Headline,
        Outcome,
        OwnState,
        Report,
        Trashed,
    )

__all__ = [
    "OPTIONS_OF_REASONS",
    "TAKEN_STATES",
    "Census",
    "Tally",
    "briefs_of",
    "counts_as_damage",
    "damaged",
    "first_damaged",
    "group_by",
    "heads_of",
    "summarize_cuts",
    "summarize_entries",
    "summarize_export",
    "summarize_findings",
    "summarize_not_judged",
    "summarize_outcomes",
    "summarize_pythons",
    "summarize_report",
    "summarize_runs",
    "summarize_state",
    "summarize_totals",
    "summarize_uses",
    "summarize_warmed",
    "summary_count",
    "tally",
]

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")

TAKEN_STATES = frozenset({State.PLANNED, State.REMOVED, State.TRASHED})
"""States of an entry that was taken out of the cache, or would be."""
_OPTIONS = {NotJudged.YOUNG: "--min-age"}
"""Which option judges what is not judged for a reason; for some there is none."""
OPTIONS_OF_REASONS: Mapping[str, str] = MappingProxyType(
    {
        **{group.value: group.option for group in Group},
        "duplicate": "duplicates",
        "sdist-built": "built-sdists",
        "superseded": "superseded",
    }
)
"""Options of `prune`, by the reasons that they remove entries for."""
_COUNTED_STATES = TAKEN_STATES | {State.RESTORED}


class Tally:
    """Entries, files and bytes, counted as entries go by. A file that several entries share counts once.

    An empty directory is no entry.
    """

    __slots__ = ("_shared", "bytes", "disk_bytes", "entries", "files")

    def __init__(self, shared: set[str] | None = None) -> None:
        """Begin; what several tallies may share counts in one of them alone if they have the same set."""
        self.entries = self.files = self.bytes = self.disk_bytes = 0
        self._shared: set[str] = set() if shared is None else shared

    def add(self, entry: "Entry") -> None:
        """Count one more."""
        self.entries += entry.shape is not Shape.EMPTY_DIRECTORY
        for file in entry.files:
            # Files beside a built wheel may be in several entries, others are not; to hold few paths keeps memory flat.
            if entry.area is Area.WHEELS and file is not entry.files[0]:
                if file.path in self._shared:
                    continue
                self._shared.add(file.path)
            self.files += 1
            self.bytes += file.size
            self.disk_bytes += file.disk_size

    @property
    def counts(self) -> dict[str, int]:
        """Return all four, as the JSON has them."""
        return {
            "entries": self.entries,
            "files": self.files,
            "bytes": self.bytes,
            "disk_bytes": self.disk_bytes,
        }


def tally(entries: "Iterable[Entry]") -> dict[str, int]:
    """Count entries, files and bytes.

    >>> tally([])
    {'entries': 0, 'files': 0, 'bytes': 0, 'disk_bytes': 0}
    """
    total = Tally()
    for entry in entries:
        total.add(entry)
    return total.counts


class Census:
    """Entries counted as they go by, and the same by area and by kind."""

    def __init__(self) -> None:
        self._all = Tally()
        self._by_area = defaultdict[Area, Tally](Tally)
        self._by_kind = defaultdict[Kind, Tally](Tally)

    def add(self, entry: "Entry") -> None:
        """Count one more."""
        self._all.add(entry)
        self._by_area[entry.area].add(entry)
        self._by_kind[entry.kind].add(entry)

    @property
    def counts(self) -> dict[str, Json]:
        """Return what was counted, parts in the order in which the enums name their members."""
        return {
            **self._all.counts,
            "by_area": {area.value: self._by_area[area].counts for area in Area if area in self._by_area},
            "by_kind": {kind.value: self._by_kind[kind].counts for kind in Kind if kind in self._by_kind},
        }


def summarize_entries(entries: "Iterable[Entry]") -> dict[str, Json]:
    """Count entries, and the same by area and by kind."""
    census = Census()
    for entry in entries:
        census.add(entry)
    return census.counts


def summarize_totals(totals: "Mapping[tuple[Area, Kind], Count]") -> dict[str, Json]:
    """Return counts of entries, all together, by area and by kind, as `summarize_entries` has them."""
    return {
        **_sum(totals.values()),
        "by_area": {area.value: _sum(part) for area in Area if (part := [totals[k] for k in totals if k[0] is area])},
        "by_kind": {kind.value: _sum(part) for kind in Kind if (part := [totals[k] for k in totals if k[1] is kind])},
    }


def _sum(counts: "Iterable[Count]") -> dict[str, int]:
    from pipcacheplus.model.values import Count  # noqa: PLC0415 - slow to import, and `dir` does without it

    return reduce(Count.plus, counts, Count())._asdict()


def group_by(members: Iterable[_T], key: Callable[[_T], _K]) -> dict[_K, list[_T]]:
    """Put what has the same key together."""
    parts = dict[_K, list[_T]]()
    for member in members:
        parts.setdefault(key(member), []).append(member)
    return parts


def heads_of(findings: "Sequence[Finding]") -> "Iterator[Headline]":
    """Yield the head of each finding; where it can be, no finding is made."""
    from pipcacheplus.model.values import Headline  # noqa: PLC0415 - slow to import, and `dir` does without it

    heads: Callable[[], Iterator[Headline]] | None = getattr(findings, "heads", None)
    return map(Headline.of, findings) if heads is None else heads()


def counts_as_damage(head: "Headline") -> bool:
    """Return whether an entry is damaged for pip: it fails, installs or runs something wrong, or cannot read it."""
    is_unread = head.group is Group.CORRUPT and head.severity is Severity.WARNING and head.goes
    return is_unread or head.severity is Severity.ERROR


def damaged(findings: "Sequence[Finding]") -> "Iterator[Finding]":
    """Yield the findings of what is damaged; no other one is made."""
    return (findings[at] for at, head in enumerate(heads_of(findings)) if counts_as_damage(head))


def first_damaged(findings: "Sequence[Finding]", most: int) -> "tuple[tuple[tuple[Finding, ...], ...], int]":
    """Return what is damaged of the first entries that are, so many at most, and how many such entries there are.

    No other finding is made.
    """
    first: list[tuple[Finding, ...]] = []
    count = 0
    for _, numbered in groupby(enumerate(heads_of(findings)), lambda one: one[1].entry):
        places = [at for at, head in numbered if counts_as_damage(head)]
        count += bool(places)
        if places and len(first) < most:
            first.append(tuple(findings[at] for at in places))
    return tuple(first), count


def briefs_of(entries: "Sequence[Entry]") -> "Iterator[Brief]":
    """Yield what a line says of each entry; where it can be, no entry is made."""
    from pipcacheplus.model.values import Brief  # noqa: PLC0415 - slow to import, and `dir` does without it

    briefs: Callable[[], Iterator[Brief]] | None = getattr(entries, "briefs", None)
    return map(Brief.of, entries) if briefs is None else briefs()


def summarize_findings(findings: "Sequence[Finding]", counted: "Sequence[CountedFindings]" = ()) -> dict[str, Json]:
    """Count findings by severity, by group and by check; `counted` are others, of which only the number is known."""
    by_severity = {severity.value: 0 for severity in Severity}
    by_group = defaultdict[str, int](int)
    by_check = defaultdict[str, int](int)
    numbers = Counter((head.severity, head.group, head.check) for head in heads_of(findings))
    numbers.update({(one.severity, one.group, one.check): one.number for one in counted})
    for (severity, group, check), number in numbers.items():
        by_severity[severity.value] += number
        by_group[group.value] += number
        by_check[check] += number
    return {
        "findings": sum(by_severity.values()),
        "by_severity": by_severity,
        "by_group": dict(sorted(by_group.items())),
        "by_check": dict(sorted(by_check.items())),
    }


def summarize_not_judged(
    counts: "Mapping[NotJudged, Count]", not_entered: "Mapping[NotJudged, int]" = MappingProxyType({})
) -> dict[str, Json]:
    """Return counts of what could not be judged by the reason, each with the option that judges it.

    Args:
        counts: Of entries.
        not_entered: Of directories that could not be looked into.
    """
    return {
        reason.value: {
            "entries": counts[reason].entries if reason in counts else 0,
            "bytes": counts[reason].bytes if reason in counts else 0,
            "disk_bytes": counts[reason].disk_bytes if reason in counts else 0,
            "directories": not_entered.get(reason, 0),
            "option": _OPTIONS.get(reason),
        }
        for reason in NotJudged
        if reason in counts or reason in not_entered
    }


def summarize_outcomes(outcomes: "Sequence[Outcome]", kept: "Sequence[Entry]") -> dict[str, Json]:
    """Count what was removed, moved or restored, or would be; the same by reason; then what was kept and what failed.

    An entry that several reasons chose counts under each of them.
    """
    by_reason: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for reason in outcome.action.reasons:
            by_reason.setdefault(reason, []).append(outcome)
    changed = [outcome.action.entry for outcome in outcomes if outcome.state is State.CHANGED]
    return {
        **_carried_out(outcomes),
        "by_reason": {reason: _carried_out(by_reason[reason]) for reason in sorted(by_reason)},
        "kept": tally((*kept, *changed)),
        "failed": sum(outcome.is_failure for outcome in outcomes),
    }


def summarize_report(report: "Report") -> dict[str, Json]:
    """Count the outcomes of a run, with the name of the run that `undo` can bring back, or brought back."""
    return {
        **summarize_outcomes(report.outcomes, report.plan.kept),
        "disk_bytes_measure": report.measure.value,
        "run": report.run,
        "emptied_bytes": report.emptied_bytes,
        "emptied_bytes_measure": report.emptied_measure.value,
        "lower_layer": tally(outcome.action.entry for outcome in report.outcomes if outcome.is_lower),
    }


def summarize_cuts(cuts: "Sequence[Cut]") -> list[dict[str, Json]]:
    """Return what each limit takes, and what is too much nevertheless, as the JSON has it."""
    return [
        {
            "limit": cut.limit.replace("`", "").replace("_", "-"),
            "entries": cut.entries,
            "disk_bytes": cut.disk_bytes,
            "used_before": rfc3339(cut.used_before_s),
            "over": cut.over,
            "unit": "bytes" if cut.is_in_bytes else "files",
            "known": not cut.is_unknown,
            "staying": {why.value: amount for why, amount in cut.staying.items()},
        }
        for cut in cuts
    ]


def summarize_export(report: "ExportReport") -> dict[str, Json]:
    """Return what was exported, and what was not, as the JSON has it."""
    done = [one for one in report.outcomes if one.state in {ExportState.EXPORTED, ExportState.PLANNED}]
    return {
        "folder": report.folder or None,
        "files": len(done),
        "bytes": sum(_payload_size(one.entry) for one in done),
        "there": sum(one.state is ExportState.THERE for one in report.outcomes),
        "failed": sum(one.is_failure for one in report.outcomes),
        "exports": [
            {
                "id": one.entry.id,
                "project": one.entry.project,
                "version": one.entry.version,
                "filename": None if one.path is None else one.path.replace("\\", "/").rpartition("/")[2],
                "path": one.path,
                "state": one.state.value,
                "transfer": None if one.transfer is None else one.transfer.value,
                "why": one.why,
                "failed": one.is_failure,
                "bytes": _payload_size(one.entry),
                "sha256": one.entry.sha256,
            }
            for one in report.outcomes
        ],
        "locked": None if report.locked is None else report.locked._asdict(),
        "missing": report.missing,
    }


def _payload_size(entry: "Entry") -> int:
    """Return the bytes of the file that an entry holds; of an old response, with its head."""
    return entry.files[entry.shape is Shape.PAIR].size


def summarize_pythons(found: "Sequence[FoundPython]") -> list[dict[str, Json]]:
    """Return the interpreters considered, and those that were left out, as the JSON has them."""
    return [
        {
            "path": one.path or None,
            "name": None if one.interpreter is None else one.interpreter.name,
            "abi": None if one.interpreter is None else one.interpreter.abi,
            "version": one.version,
            "prefix": (one.interpreter.prefix or None) if one.interpreter is not None else None,
            "pip": one.pip,
            "sources": one.sources,
            "read": one.was_read,
            "reason": one.reason,
        }
        for one in found
    ]


def summarize_runs(runs: "Sequence[Trashed]") -> dict[str, Json]:
    """Return the runs that `undo` can bring back, and where the trash lies, as the JSON has them."""
    return {
        "trash": runs[0].path[: -len(runs[0].run) - 1] if runs else None,
        "runs": [
            {
                "run": one.run,
                "started": rfc3339(one.started_s),
                "kept_until": rfc3339(one.kept_until_s),
                "files": one.files,
                "bytes": one.size,
                "disk_bytes": one.disk_size,
                "path": one.path,
            }
            for one in runs
        ],
    }


def summarize_state(found: "OwnState", *, clears: bool) -> dict[str, Json]:
    """Return what we keep outside of caches, or what of it was removed, as the JSON has it."""
    return {
        "state": [
            {
                "kind": one.kind.value,
                "path": one.path,
                "cache": one.cache,
                "files": one.files,
                "bytes": one.size,
                "disk_bytes": one.disk_size,
                "used": rfc3339(one.used_s),
            }
            for one in found.files
        ],
        "clear": clears,
        "files": sum(one.files for one in found.files),
        "bytes": sum(one.size for one in found.files),
        "disk_bytes": sum(one.disk_size for one in found.files),
    }


def _carried_out(outcomes: "Sequence[Outcome]") -> dict[str, int]:
    """Count entries that were taken away or restored as a whole, and all files and directories that were."""
    removed = [file for outcome in outcomes for file in (*outcome.removed, *outcome.moved)]
    moved_bytes = sum(file.disk_size for outcome in outcomes for file in outcome.moved)
    disk_bytes = sum(outcome.disk_size for outcome in outcomes)
    folder_bytes = sum(outcome.folder_disk_size for outcome in outcomes)
    whole = [outcome.action.entry.shape for outcome in outcomes if outcome.state in _COUNTED_STATES]
    return {
        "entries": sum(shape is not Shape.EMPTY_DIRECTORY for shape in whole),
        "files": len(removed),
        "bytes": sum(file.size for file in removed),
        "disk_bytes": disk_bytes,
        "directories": sum(outcome.folders for outcome in outcomes),
        "directory_bytes": folder_bytes,
        "du_bytes": disk_bytes + moved_bytes + folder_bytes,
    }


def summary_count(view: View, key: str) -> int:
    """Return a number of a view's summary, 0 if it has none of this name."""
    return number_in(view.summary, key)


def summarize_uses(uses: "Sequence[RecordedUse]", *, by: str) -> dict[str, Json]:
    """Return what wrapped pips took from a cache, and what they downloaded, as the JSON has it.

    Args:
        uses: The oldest first.
        by: What a row is for: `day` (UTC), `project` or `command`; rows are in order of these.
    """
    rows: dict[str, list[UsedFile]] = {}
    for one in uses:
        day = str(rfc3339(int(one.at_s))).partition("T")[0]
        for file in one.use.files:
            rows.setdefault({"day": day, "project": file.project, "command": one.command}[by], []).append(file)
    files = [file for one in uses for file in one.use.files]
    return {
        "since": rfc3339(int(uses[0].at_s)) if uses else None,
        "runs": len(uses),
        "seconds": round(sum(one.seconds for one in uses)),
        "healed": sum(len(one.healed) for one in uses),
        **_worth(files),
        "by": by,
        "rows": [{by: key, **_worth(rows[key])} for key in sorted(rows)],
    }


def summarize_warmed(warmed: "Iterable[tuple[str, int, PipUse]]") -> dict[str, Json]:
    """Return what downloads for several interpreters came to: for what, pip's exit code, what was used."""
    return {"warmed": [{"what": what, "exit_code": code, **_worth(use.files)} for what, code, use in warmed]}


def _worth(files: "Sequence[UsedFile]") -> dict[str, Json]:
    hits = [file.size for file in files if file.is_cached]
    return {
        "files": len(files),
        "hits": len(hits),
        "hit_bytes": sum(hits),
        "downloaded": len(files) - len(hits),
        "downloaded_bytes": sum(file.size for file in files) - sum(hits),
    }
