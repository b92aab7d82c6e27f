"""Plans from findings, selections and keeps: the files to remove, their order and the reasons."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pipcacheplus.model.values import (
    UNFINISHED,
    Action,
    Area,
    CacheDir,
    Checked,
    Count,
    Entry,
    File,
    Group,
    NotJudged,
    Plan,
    Remedy,
    Shape,
)

__all__ = ["Rule", "by_findings", "by_request", "make_plan"]

Rule = Callable[[Checked], tuple[str, ...]]
"""Returns the reasons to remove an entry, as slugs; none if it should stay."""


def by_findings(
    groups: frozenset[Group], *, spares_downloads: frozenset[Group] = frozenset(), takes_useless: bool = False
) -> Rule:
    """Return the rule that removes entries with a finding of one of these groups.

    Args:
        groups: The groups of findings.
        spares_downloads: Those of the groups that remove, of whole entries, only built wheels.
        takes_useless: Whether entries that no pip can ever use are removed as well.
    """

    def rule(checked: Checked) -> tuple[str, ...]:
        chosen = {
            finding.check
            for finding in checked.findings
            if (finding.remedy is not Remedy.NONE and finding.group in groups)
            or (takes_useless and finding.remedy is Remedy.REMOVE)
            if checked.entry.area is Area.WHEELS or finding.group not in spares_downloads
        }
        return tuple(sorted(chosen))

    return rule


def by_request(is_wanted: Callable[[Entry], bool]) -> Rule:
    """Return the rule that removes every selected entry that pip wrote; all others are tested, too."""

    def rule(checked: Checked) -> tuple[str, ...]:
        entry = checked.entry
        return ("requested",) if is_wanted(entry) and entry.shape is not Shape.FOREIGN else ()

    return rule


@dataclass(slots=True)
class _Choice:
    """The decisions so far."""

    chosen: list[tuple[Entry, tuple[str, ...], str]] = field(default_factory=list)
    kept: list[Entry] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)
    """Shared files of entries that stay."""
    not_judged: dict[NotJudged, Count] = field(default_factory=dict)
    """Counts of entries that a check could not judge, by reason."""

    def count(self, entry: Entry, why: NotJudged) -> None:
        """Count an entry that could not be judged."""
        one = Count(1, len(entry.files), entry.size, entry.disk_size)
        self.not_judged[why] = self.not_judged.get(why, Count()).plus(one)


def _say_nothing(_one: Checked, /) -> str:
    return ""


def make_plan(
    cache: CacheDir,
    checked: Iterable[Checked],
    rule: Rule,
    *,
    is_kept: Callable[[Entry], bool],
    is_young: Callable[[Entry], bool],
    counts_unjudged: bool = False,
    explains: Callable[[Checked], str] = _say_nothing,
) -> Plan:
    """Decide which entries are removed.

    A keep wins over every reason. An entry that a running pip may still be writing (`is_young`, called for leftovers
    only) is never removed. A file that several entries share is removed with the last of them, and only if all of them
    are. Entries that could not be judged are counted on request: if the rule uses findings, they stay for that reason
    alone. `explains` returns the reason for a removal in a sentence.
    """
    choice = _Choice()
    for one in checked:
        entry, reasons = one.entry, rule(one)
        if counts_unjudged and one.not_judged is not None and not reasons and entry.shape is not Shape.EMPTY_DIRECTORY:
            choice.count(entry, one.not_judged)
        if reasons and not is_kept(entry) and not (entry.shape in UNFINISHED and is_young(entry)):
            choice.chosen.append((entry, reasons, explains(one)))
            continue
        if reasons:
            choice.kept.append(entry)
        choice.needed.update(file.path for file in entry.files)
    return Plan(cache=cache, actions=tuple(_actions(choice)), kept=tuple(choice.kept), not_judged=choice.not_judged)


def _actions(choice: _Choice) -> Iterator[Action]:
    """Leave a shared file to the last entry that has it: walk backwards, then reverse."""
    done = set(choice.needed)
    actions = []
    for entry, reasons, why in reversed(choice.chosen):
        files = tuple(file for file in _in_order(entry) if file.path not in done)
        done.update(file.path for file in files)
        actions.append(Action(entry=entry, reasons=reasons, files=files, why=why))
    return reversed(actions)


def _in_order(entry: Entry) -> tuple[File, ...]:
    """Return the files of an entry in the order of removal."""
    # Body first: pip ignores a head without its body, but a body without its head can be combined with another head.
    # A wheel is removed before its origin, without which pip would still use it.
    return tuple(reversed(entry.files)) if entry.shape is Shape.PAIR else entry.files
