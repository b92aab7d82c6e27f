"""The text of `verify`: findings by group, each with the command that removes the entries; then the counts."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from shlex import quote

from pipcacheplus.model.values import Finding, Group, NotJudged, Remedy, Severity, Source
from pipcacheplus.render.summary import group_by, heads_of, summary_count, tally
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.words import describe, evidence_in_words, number, pages_without_url, safe, size
from pipcacheplus.render.view import View

__all__ = ["lines"]

_IN_FULL = frozenset({Group.CORRUPT, Group.PARTIAL, Group.UNSAFE, Group.OUTDATED_BUILD})
"""Groups whose warnings are listed entry by entry; those of others, which are waste and not damage, are counted."""
_COUNTED = (Severity.ERROR, Severity.WARNING)
_REASONS = {
    NotJudged.LIMIT.value: "beyond a limit, or of a form that is not read",
    NotJudged.UNREADABLE.value: "cannot be read",
    NotJudged.YOUNG.value: "young enough to be unfinished",
    NotJudged.CONTRADICTORY.value: "of which pages publish different digests, and none is the newest",
}
_ORDER = {severity: place for place, severity in enumerate(Severity)}
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the findings, then the counts; below a verbosity of 0, of findings only errors."""
    in_full: dict[Group, list[Finding]] = {}
    others: dict[Group, int] = {}
    last: dict[Group, Hashable] = {}  # the findings of an entry come one after the other
    counts = dict.fromkeys(Severity, 0)
    for at, (group, severity, entry) in enumerate(heads_of(view.findings)):
        counts[severity] += 1
        if _is_in_full(group, severity, view.verbosity):
            in_full.setdefault(group, []).append(view.findings[at])
        elif last.get(group) != entry:
            others[group] = others.get(group, 0) + 1
            last[group] = entry
    for group in Group:
        if group in in_full:
            yield from _group(group, in_full[group], view, layout)
    if others and view.verbosity >= 0:
        counted = (f"{others[group]:,} {group.value.replace('-', ' ')}" for group in Group if group in others)
        yield "Also: " + ", ".join(counted) + " (-v names them)"
        yield ""
    if view.verbosity >= 0:
        yield from _not_judged(view)
        yield from pages_without_url(summary_count(view, "pages_without_url"))
    yield _last(view, counts)


def _not_judged(view: View) -> Iterator[str]:
    """Yield a line for each reason why entries could not be judged."""
    counts = view.summary.get("not_judged")
    for reason, count in counts.items() if isinstance(counts, dict) else ():
        match count:
            case {"entries": int(entries), "bytes": int(bytes_), "option": option}:
                judges = f" ({option} judges younger ones)" if option else ""
                yield f"Not judged: {number(entries, 'entry')} ({size(bytes_)}), {_REASONS[reason]}{judges}"
    if counts:
        yield ""


def _is_in_full(group: Group, severity: Severity, verbosity: int) -> bool:
    if severity is Severity.ERROR or verbosity > 0:
        return True
    return verbosity == 0 and group in _IN_FULL and severity is Severity.WARNING


def _group(group: Group, findings: Sequence[Finding], view: View, layout: Layout) -> Iterator[str]:
    entries = {finding.entry.id: finding.entry for finding in findings}
    total = tally(entries.values())
    title = group.value.replace("-", " ").capitalize()
    yield layout.paint(f"{title}: {number(len(entries), 'entry')} ({size(total['bytes'])})", "bold")
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
    if command := _repair(group, findings, view):
        yield f"  To remove {'it' if len(entries) == 1 else 'them'}: {command}"
    yield ""


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
    # The same cache, if it was named on the command line.
    where = f" --cache-dir {quote(view.cache.path)}" if view.cache.source is Source.ARGUMENT else ""
    return safe(f"python -m pipcacheplus prune --{group.value}{where}")


def _last(view: View, by_severity: Mapping[Severity, int]) -> str:
    checked, size_bytes, unverifiable = (summary_count(view, key) for key in ("entries", "bytes", "unverifiable"))
    line = f"{number(checked, 'entry')} checked ({size(size_bytes)})"
    if unverifiable:
        line += f", {unverifiable:,} of them without anything to hold the content against"
    problems = [number(by_severity[severity], severity.value) for severity in _COUNTED if by_severity[severity]]
    return f"{line}: {', '.join(problems) or 'nothing wrong'}"
