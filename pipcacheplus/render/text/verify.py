"""The text of `verify`: the verdict, what is normal, what was not judged; then findings with the commands for them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from pipcacheplus.checks.base.check import Check, checks
from pipcacheplus.model.values import Finding, Group, Headline, NotJudged, Severity, Shape
from pipcacheplus.render.shell import quoted
from pipcacheplus.render.summary import heads_of, summary_count
from pipcacheplus.render.text.considered import considered_in_words
from pipcacheplus.render.text.table import Layout
from pipcacheplus.render.text.unjudged import all_unjudged, unjudged_in_words
from pipcacheplus.render.text.words import (
    describe,
    effect_in_words,
    evidence_in_words,
    number,
    owners_in_words,
    pages_without_url,
    safe,
    size,
)
from pipcacheplus.render.text.wrapping import wrapped
from pipcacheplus.render.view import PYTHON_OPTIONS, View

__all__ = ["lines", "verdict"]

_MOST_LISTED = 20
"""Entries of a group that are listed without `-v`."""
_MOST_NAMED = 8
"""Entries that a command names one by one."""
_GROUPS = tuple(Group)
_ORDER = {severity: place for place, severity in enumerate(Severity)}
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_SEVERITY_WIDTH = max(len(severity.value) for severity in Severity)
_DOUBTFUL = "doubtful"
_ADJECTIVES = {
    Group.CORRUPT: "damaged",
    Group.PARTIAL: "incomplete",
    Group.STALE: "stale",
    Group.INCOMPATIBLE: "incompatible",
    Group.OUTDATED_BUILD: "outdated",
    Group.BUILT_BEFORE: "old",
    Group.UNSAFE: "unsafe",
    Group.UNUSED: "unused",
    Group.ORPHANED: "orphaned",
}
"""What entries are called with which something of a group is wrong."""


class _Kind(NamedTuple):
    """A section of the text: entries of one group that are equally serious."""

    adjective: str
    group: Group
    is_normal: bool = False
    """Whether all findings are only information."""


class _Counts:
    """Counts entries and empty directories as they go by."""

    def __init__(self) -> None:
        self.entries = self.directories = 0

    def add(self, head: Headline) -> None:
        """Count the entry of a finding."""
        self.directories += head.is_directory
        self.entries += not head.is_directory

    def __str__(self) -> str:
        counts = ((self.entries, "entry"), (self.directories, "empty directory"))
        return " and ".join(number(count, noun) for count, noun in counts if count)


class _Section:
    """The entries of one section: how many they are, and where the findings of those to list or to remove begin."""

    def __init__(self, most: int | None) -> None:
        self.counts = _Counts()
        self.removable = _Counts()
        """Of these, the entries that `prune` removes for the section's group."""
        self.removable_at: list[int] = []
        """Where findings of the first few of them are."""
        self.disk_bytes = 0
        self.has_errors = False
        self._most = most
        self._errors: list[tuple[int, int]] = []
        self._others: list[tuple[int, int]] = []

    def add(self, at: int, heads: Sequence[Headline], group: Group) -> None:
        """Count an entry, and note where its findings are if it may be listed, or named in a command."""
        self.counts.add(heads[0])
        self.disk_bytes += heads[0].disk_size
        is_error = any(head.severity is Severity.ERROR for head in heads)
        self.has_errors |= is_error
        places = self._errors if is_error else self._others
        if self._most is None or len(places) <= self._most:
            places.append((at, at + len(heads)))
        if any(head.goes and head.group is group for head in heads):
            self.removable.add(heads[0])
            if len(self.removable_at) <= _MOST_NAMED:
                self.removable_at.append(at)

    @property
    def listed(self) -> list[tuple[int, int]]:
        """Return the places of the findings of each entry to list, errors first; one alone is not left out."""
        total = self.counts.entries + self.counts.directories
        is_cut = self._most is not None and total > self._most + 1
        return [*self._errors, *self._others][: self._most if is_cut else None]


class _Overview:
    """All findings of a view, counted in one pass; none of them is made for that."""

    def __init__(self, view: View) -> None:
        most = None if view.verbosity > 0 else _MOST_LISTED
        self.sections: dict[_Kind, _Section] = {}
        self.removable = {group: _Counts() for group in Group}
        """What `prune` removes for each group."""
        self.normal: dict[str, int] = {}
        """How many findings of each check are only information, and of entries that `prune` can remove."""
        for one in view.counted:
            self.removable[one.group].entries += one.number
            self.normal[one.check] = self.normal.get(one.check, 0) + one.number
        for _, numbered in groupby(enumerate(heads_of(view.findings)), lambda one: one[1].entry):
            places, heads = zip(*numbered, strict=True)
            kind = _kind_of(heads)
            self.sections.setdefault(kind, _Section(most)).add(places[0], heads, kind.group)
            for group in {head.group for head in heads if head.goes}:
                self.removable[group].add(heads[0])
            for head in heads:
                if head.severity is Severity.INFO and head.goes:
                    self.normal[head.check] = self.normal.get(head.check, 0) + 1

    def in_order(self) -> list[tuple[_Kind, _Section]]:
        """Return the sections: those with errors first, those that are normal last."""
        return sorted(
            self.sections.items(),
            key=lambda one: (
                one[0].is_normal,
                not one[1].has_errors,
                one[0].adjective == _DOUBTFUL,
                _GROUPS.index(one[0].group),
            ),
        )


def _kind_of(heads: Sequence[Headline]) -> _Kind:
    """Return the section of an entry: that of its worst finding."""
    head = min(heads, key=lambda one: (_ORDER[one.severity], not one.goes, _GROUPS.index(one.group)))
    is_doubtful = head.group is Group.CORRUPT and head.severity is not Severity.ERROR and not head.goes
    adjective = _DOUBTFUL if is_doubtful else _ADJECTIVES[head.group]
    return _Kind(adjective, head.group, is_normal=head.severity is Severity.INFO)


def lines(view: View, layout: Layout) -> Iterator[str]:
    """Yield the verdict, then what is normal and what was not judged, then the rest; with `-q` the verdict alone."""
    found = _Overview(view)
    yield from (layout.paint(text, "bold") for text in wrapped(_verdict(view, found), layout, indent="  "))
    if view.verbosity < 0 or _is_nothing(view):
        return
    for text in (*_normal(found.normal), *unjudged_in_words(view), *_of_the_whole(view)):
        yield from wrapped(text, layout, indent="  ")
    yield from _of_others(view)
    for kind, section in found.in_order():
        if view.verbosity > 0 or not kind.is_normal:
            yield ""
            yield from _section(kind, section, found.removable[kind.group], view, layout)


def verdict(view: View) -> str:
    """Return the first line: whether anything is damaged, and how much was checked."""
    return _verdict(view, _Overview(view))


def _verdict(view: View, found: _Overview) -> str:
    entries = summary_count(view, "entries")
    if _is_nothing(view):
        return "Nothing matches, so nothing was checked."
    unjudged = [one for one in all_unjudged(view) if one.reason != NotJudged.LIBRARIES.value]
    judged = entries - sum(one.entries for one in unjudged)
    wrong = [(kind, section) for kind, section in found.in_order() if not kind.is_normal]
    parts = [f"{section.counts.entries:,} {kind.adjective}" for kind, section in wrong if section.counts.entries]
    rest = [f"{entries - judged:,} not judged"] if entries > judged else []
    if directories := sum(one.directories for one in unjudged):
        rest.append(f"{number(directories, 'directory')} not entered")
    is_damaged = any(kind.adjective == _ADJECTIVES[Group.CORRUPT] for kind, _ in wrong)
    if is_damaged or any(section.has_errors for _, section in wrong):
        if not is_damaged:
            rest.insert(0, "nothing is damaged")
        elif len(parts) == 1:
            rest.insert(0, "nothing else is wrong")
        return "; ".join((f"{', '.join(parts)} of {number(entries, 'entry')}", *rest))
    if not entries and not rest:
        return "Nothing to check: the cache has no entries."
    return "; ".join(
        (_sound(view, judged, entries, is_certain=not rest), *([", ".join(parts)] if parts else []), *rest)
    )


def _sound(view: View, judged: int, entries: int, *, is_certain: bool) -> str:
    """Return that nothing is damaged; where something could not be judged, that no damage was found."""
    disk_bytes = summary_count(view, "disk_bytes")
    if is_certain:
        checked = f"{number(entries, 'entry')}, {number(summary_count(view, 'files'), 'file')} checked"
        return f"Nothing is damaged: {checked} ({size(disk_bytes)})"
    disk_bytes -= sum(one.disk_bytes for one in all_unjudged(view) if one.reason != NotJudged.LIBRARIES.value)
    return f"No damage found: {judged:,} of {number(entries, 'entry')} checked ({size(disk_bytes)})"


def _normal(numbers: Mapping[str, int]) -> Iterator[str]:
    """Yield a line for each check whose findings are normal in a sound cache."""
    by_slug: dict[str, Check] = {check.slug: check for check in checks()} if numbers else {}
    for slug, count in sorted(numbers.items(), key=lambda one: -one[1]):
        check = by_slug.get(slug)
        if check is None or check.normal is None:
            yield f"Normal: {count:,} with {safe(slug.replace('-', ' '))}"
        else:
            noun, rest = check.normal
            yield f"Normal: {number(count, noun)} {rest}"


def _of_the_whole(view: View) -> Iterator[str]:
    """Yield what limits the checks; with `-v` also which interpreters counted, and whether the cache was restored."""
    yield from pages_without_url(summary_count(view, "pages_without_url"))
    if view.verbosity > 0:
        yield from considered_in_words(view.summary)
        restored = view.summary.get("restored")
        if isinstance(restored, str):
            yield f"The whole cache was copied or restored at {restored}: when it was used before then is not known"


def _of_others(view: View) -> Iterator[str]:
    """Yield what belongs to other users, and the command that changes that, which is not wrapped."""
    owners, command = list(owners_in_words(view.summary)), view.summary.get("chown")
    if isinstance(command, str):
        yield f"Owned by other users: {', '.join(owners) or 'the cache directory'}"
        yield f"  To change that: {safe(command)}"


def _section(kind: _Kind, section: _Section, all_removable: _Counts, view: View, layout: Layout) -> Iterator[str]:
    title = kind.adjective.capitalize() + (" (information only)" if kind.is_normal else "")
    yield layout.paint(f"{title}: {section.counts} ({size(section.disk_bytes)})", "bold")
    if kind.group is Group.INCOMPATIBLE and view.verbosity <= 0:  # with `-v` it stands above
        for text in considered_in_words(view.summary):
            yield from wrapped(f"  {text}", layout, indent="    ")
    listed = section.listed
    for start, end in listed:
        yield from _entry([view.findings[at] for at in range(start, end)], view, layout)
    if more := section.counts.entries + section.counts.directories - len(listed):
        yield f"  ... and {more:,} more: -v lists them"
    if command := _command(kind.group, section, all_removable, view):
        is_one = section.counts.entries + section.counts.directories == 1
        whole = (
            ("it" if is_one else "them") if str(section.removable) == str(section.counts) else str(section.removable)
        )
        yield f"  To remove {whole}{command}"


def _entry(findings: list[Finding], view: View, layout: Layout) -> Iterator[str]:
    """Yield a line: what an entry is, all that is wrong with it, the worst first, and what pip does about that."""
    own = sorted(findings, key=lambda finding: _ORDER[finding.severity])
    worst = own[0].severity
    if view.verbosity <= 0:
        own = [finding for finding in own if finding.severity is not Severity.INFO]
    effect = dict(own[0].evidence).get("effect")
    does = f" ({effect_in_words(effect)})" if isinstance(effect, str) else ""
    label = f"  {worst.value.ljust(_SEVERITY_WIDTH)}"
    what = f"{describe(own[0].entry)}: {safe('; '.join(finding.message for finding in own))}{does}"
    first, *others = wrapped(f"{label}  {what}", layout, indent=" " * (len(label) + 2))
    yield layout.paint(label, _STYLES[worst]) + first[len(label) :]
    yield from others
    if view.verbosity > 0:
        for finding in own:
            yield from _details(finding)


def _details(finding: Finding) -> Iterator[str]:
    yield f"    {finding.check}: {safe(finding.entry.id)}"
    for key, value in finding.evidence:
        if key != "effect":
            yield f"    {safe(key.replace('_', ' '))}: {safe(evidence_in_words(key, value))}"


def _command(group: Group, section: _Section, all_removable: _Counts, view: View) -> str:
    """Return the end of the line that says how to remove what a section lists, and no other entries if that can be."""
    if not section.removable_at:
        return ""
    prune = view.command_line(f"prune --{group.option}")
    if not view.is_selection:
        others = _Counts()
        others.entries = all_removable.entries - section.removable.entries
        others.directories = all_removable.directories - section.removable.directories
        if not others.entries:
            return f"{' and ' + str(others) if others.directories else ''}: {prune}"
        if len(section.removable_at) > _MOST_NAMED or not section.removable.entries:
            return f", and {others} for the same reason: {prune}"
    elif len(section.removable_at) > _MOST_NAMED:
        return f": {prune} (that takes all such entries)"
    entries = [view.findings[at].entry for at in section.removable_at]
    ids = [entry.id for entry in entries if entry.shape is not Shape.FOREIGN]
    words = quoted(("remove", *ids), is_windows=view.separator == "\\")
    return f": {view.command_line(words, but=PYTHON_OPTIONS)}" if ids else ""


def _is_nothing(view: View) -> bool:
    return view.is_selection and not summary_count(view, "entries")
