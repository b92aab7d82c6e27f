"""The text of `verify`: findings by group, each with the command that removes the entries; then the counts."""

from collections.abc import Iterator, Mapping, Sequence

from pipcacheplus.model.values import Finding, Group, Headline, NotJudged, Remedy, Severity, Shape
from pipcacheplus.render.shell import quoted
from pipcacheplus.render.summary import group_by, heads_of, summary_count, tally
from pipcacheplus.render.text.considered import considered_in_words
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.unjudged import all_unjudged, unjudged_in_words
from pipcacheplus.render.text.words import (
    describe,
    evidence_in_words,
    number,
    owners_in_words,
    pages_without_url,
    safe,
    size,
)
from pipcacheplus.render.view import PYTHON_OPTIONS, View

__all__ = ["lines"]

_IN_FULL = frozenset({Group.CORRUPT, Group.PARTIAL, Group.UNSAFE, Group.OUTDATED_BUILD})
"""Groups whose warnings are listed entry by entry; those of others, which are waste and not damage, are counted."""
_MAX_NAMED = 8
"""Entries that a command names one by one."""
_COUNTED = (Severity.ERROR, Severity.WARNING)
_ORDER = {severity: place for place, severity in enumerate(Severity)}
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the findings, then the counts; below a verbosity of 0, of findings only errors."""
    in_full: dict[Group, list[Finding]] = {}
    going, told = ({group: _Counted() for group in Group} for _ in range(2))
    counts = dict.fromkeys(Severity, 0)
    for at, head in enumerate(heads_of(view.findings)):
        counts[head.severity] += 1
        if head.goes:
            going[head.group].add(head)
        if head.goes or head.severity is not Severity.INFO:
            told[head.group].add(head)
        if _is_in_full(head.group, head.severity, view.verbosity):
            in_full.setdefault(head.group, []).append(view.findings[at])
    for group in Group:
        if group in in_full:
            yield from _group(group, in_full[group], going[group], view, layout)
    others = [f"{told[group]} {_word(group)}" for group in Group if group not in in_full and str(told[group])]
    if others and view.verbosity >= 0:
        yield "Also: " + ", ".join(others) + " (-v names them)"
        yield ""
    if view.verbosity >= 0:
        yield from _considered(view)
        yield from _not_judged(view)
        yield from pages_without_url(summary_count(view, "pages_without_url"))
        yield from _of_the_whole(view)
    yield _last(view, counts)


def _considered(view: View) -> Iterator[str]:
    if not _is_nothing(view):
        yield from considered_in_words(view.summary)


def _not_judged(view: View) -> Iterator[str]:
    said = [*unjudged_in_words(view)]
    yield from (*said, "") if said else ()


def _of_the_whole(view: View) -> Iterator[str]:
    """Yield what belongs to others, and whether the cache was restored as a whole."""
    owners, command = list(owners_in_words(view.summary)), view.summary.get("chown")
    if isinstance(command, str):
        yield f"Of others: {', '.join(owners) or 'the cache directory'}"
        yield f"  To change that: {safe(command)}"
        yield ""
    restored = view.summary.get("restored")
    if isinstance(restored, str):
        yield f"Copied or restored as a whole at {restored}: use before then is not known"
        yield ""


class _Counted:
    """Counts entries and empty directories by the findings of one group, those of an entry one after the other."""

    def __init__(self) -> None:
        self.entries = self.directories = 0
        self._last: int | str | None = None

    def add(self, head: Headline) -> None:
        """Count the entry of a finding, if it was not counted yet."""
        if head.entry != self._last:
            self._last = head.entry
            self.directories += head.is_directory
            self.entries += not head.is_directory

    def __str__(self) -> str:
        counts = ((self.entries, "entry"), (self.directories, "empty directory"))
        return " and ".join(number(count, noun) for count, noun in counts if count)


def _is_in_full(group: Group, severity: Severity, verbosity: int) -> bool:
    if severity is Severity.ERROR or verbosity > 0:
        return True
    return verbosity == 0 and group in _IN_FULL and severity is Severity.WARNING


def _group(group: Group, findings: Sequence[Finding], going: _Counted, view: View, layout: Layout) -> Iterator[str]:
    entries = {finding.entry.id: finding.entry for finding in findings}
    total = tally(entries.values())
    directories = sum(entry.shape is Shape.EMPTY_DIRECTORY for entry in entries.values())
    counts = ((len(entries) - directories, "entry"), (directories, "empty directory"))
    counted = " and ".join(number(count, noun) for count, noun in counts if count)
    yield layout.paint(f"{_word(group).capitalize()}: {counted} ({size(total['disk_bytes'])})", "bold")
    by_entry = group_by(findings, lambda finding: finding.entry.id)
    for entry_id, entry in entries.items():
        # The worst comes first, and its effect on pip is the one to print.
        own = sorted(by_entry[entry_id], key=lambda finding: _ORDER[finding.severity])
        severity = layout.paint(own[0].severity.value.ljust(len("warning")), _STYLES[own[0].severity])
        effect = dict(own[0].evidence).get("effect")
        does = f" ({_effect_on_pip(effect)})" if isinstance(effect, str) else ""
        yield f"  {severity}  {describe(entry)}: {safe('; '.join(f.message for f in own))}{does}"
        if view.verbosity > 0:
            for finding in own:
                yield from _details(finding)
    if str(going) and (command := _repair(group, findings, view)):
        is_all = (going.entries, going.directories) == (len(entries) - directories, directories)
        what = ("it" if len(entries) == 1 else "them") if is_all else str(going)
        yield f"  To remove {what}: {command}"
    yield ""


def _word(group: Group) -> str:
    return group.value.replace("-", " ")


def _effect_on_pip(effect: str) -> str:
    # An effect that differs between pips names each with its version.
    return safe(effect if effect.startswith("pip ") else f"pip {effect}")


def _details(finding: Finding) -> Iterator[str]:
    yield f"    {finding.check}: {safe(finding.entry.id)}"
    for key, value in finding.evidence:
        if key == "effect":
            continue
        yield f"    {safe(key.replace('_', ' '))}: {safe(evidence_in_words(key, value))}"


def _repair(group: Group, findings: Sequence[Finding], view: View) -> str:
    if all(finding.remedy is Remedy.NONE for finding in findings):
        return ""
    if not view.is_selection:
        return view.command_line(f"prune --{group.option}")
    # `prune` would take what fits nothing that was asked for.
    removable = (
        one.entry for one in findings if one.remedy is not Remedy.NONE and one.entry.shape is not Shape.FOREIGN
    )
    ids = tuple(dict.fromkeys(entry.id for entry in removable))
    if len(ids) > _MAX_NAMED:
        return f"{view.command_line(f'prune --{group.option}')} (that takes all such entries)"
    words = quoted(("remove", *ids), is_windows=view.separator == "\\")
    return view.command_line(words, but=PYTHON_OPTIONS) if ids else ""


def _is_nothing(view: View) -> bool:
    return view.is_selection and not summary_count(view, "entries")


def _last(view: View, by_severity: Mapping[Severity, int]) -> str:
    entries, disk_bytes = (summary_count(view, key) for key in ("entries", "disk_bytes"))
    if _is_nothing(view):
        return "Nothing matches, so nothing was checked."
    # What may not load here is whole all the same, or said to be damaged.
    unjudged = [one for one in all_unjudged(view) if one.entries and one.reason != NotJudged.LIBRARIES.value]
    judged = entries - sum(one.entries for one in unjudged)
    judged_bytes = disk_bytes - sum(one.disk_bytes for one in unjudged)
    problems = [number(by_severity[severity], severity.value) for severity in _COUNTED if by_severity[severity]]
    found = ", ".join(problems) or "nothing wrong"
    if not unjudged:
        return f"{number(entries, 'entry')} checked ({size(disk_bytes)}): {found}"
    parts = ", ".join(f"{one.entries:,} {one.word}" for one in unjudged)
    checked = f"{judged:,} of {number(entries, 'entry')} checked ({size(judged_bytes)})"
    return f"{checked}: {found}; {entries - judged:,} not judged ({parts})"
