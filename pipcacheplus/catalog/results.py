"""Results of questions to a cache: inventory, verification, inspection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import (
    Area,
    CacheDir,
    Count,
    CountedFindings,
    Entry,
    Finding,
    Kind,
    NotJudged,
    Severity,
    Survey,
    Value,
    Warned,
    Why,
)
from pipcacheplus.plan.ids import ShortIds
from pipcacheplus.plan.select import Selection

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.model.pythons import FoundPython

__all__ = ["Explanation", "Inspection", "Inventory", "Verification"]

_NO_SURVEY = Survey()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What lies in a cache."""

    cache: CacheDir
    entries: Sequence[Entry]
    """In order of their ids; each is made when it is looked at."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Selections that fitted nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Of these, what may have been meant, where something has almost the same name."""
    findings: tuple[Finding, ...] = ()
    """What an overview finds wrong on the way."""
    totals: Mapping[tuple[Area, Kind], Count] = field(default_factory=dict)
    """Counts by area and kind, if the catalog was asked."""
    pages_without_url: int | None = None
    """Pages of the cache with relative links whose own URL is not known, so that these lead nowhere, if that was asked:
    one who knows the URL of their index knows what they tell of other entries."""
    survey: Survey = _NO_SURVEY
    """What all names of the cache show besides entries, if the catalog was asked."""
    pythons: tuple["FoundPython", ...] = ()
    """The interpreters that counted, and those that were not asked; empty if none mattered."""
    redundant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What need not stay because of other entries, as far as an overview that reads shows it: ids by the reason, which
    is `superseded`, `duplicate` or `sdist-built`."""
    short_ids: ShortIds | None = None
    """Short forms of the ids, which mean no other entry of the cache, if these were asked for."""

    def select(self, *what: str | Kind, kind: str | Kind | None = None) -> tuple[Entry, ...]:
        """Return the entries that fit one of these, in the words of the command line; all if none is given.

        Raises:
            BadRequestError: One of them cannot be understood, or asks what only the cache can tell.
        """
        selection = Selection(what, kind)
        if selection.needs:
            raise BadRequestError(
                what=repr(next(iter(what))), problem="asks more than the entries tell", next_step="pass it to `scan()`"
            )
        return tuple(filter(selection.is_wanted, self.entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is wrong in a cache."""

    cache: CacheDir
    findings: Sequence[Finding]
    """In order of the ids of their entries; each is made when it is looked at."""
    entries: int
    """Entries looked at."""
    bytes: int
    """Their size."""
    unverifiable: int
    """Entries of pip's of which it could not be told whether they are whole; those that are only young do not count."""
    files: int = 0
    """Files of the entries."""
    counted: tuple[CountedFindings, ...] = ()
    """Findings that were only counted, if that was asked for; they are not among `findings`."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    hints: Mapping[str, str] = field(default_factory=dict)
    """As of `Inventory`."""
    not_judged: Mapping[NotJudged, Count] = field(default_factory=dict)
    """Counts of entries that could not be judged, by the reason; only reasons that occurred."""
    not_entered: Mapping[NotJudged, int] = field(default_factory=dict)
    """Directories that could not be looked into, by the reason; nobody knows how much lies in them."""
    foreign: Sequence[Entry] = ()
    """What no pip wrote: reported, but never opened nor removed."""
    disk_bytes: int = 0
    """Bytes that the files of the entries take on the disk."""
    pages_without_url: int = 0
    """As of `Inventory`: what these pages publish was compared with nothing."""
    survey: Survey = _NO_SURVEY
    """As of `Inventory`; of the whole cache, whatever was selected."""
    pythons: tuple["FoundPython", ...] = ()
    """As of `Inventory`."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return what would make pip fail, or install or run something wrong."""
        heads = getattr(self.findings, "heads", None)
        if heads is None:
            return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)
        errors = (at for at, head in enumerate(heads()) if head.severity is Severity.ERROR)
        return tuple(self.findings[at] for at in errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What is known of some entries."""

    cache: CacheDir
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    evidence: Mapping[str, Mapping[str, Value]]
    """By the id of an entry: `proof`, one of `Proof` or `None`; then digests, lengths and what reading showed; and of
    one that could not be judged `not_judged`, one of `NotJudged`."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Selections that fitted nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Of these, what may have been meant, where something has almost the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why entries are kept, and what would remove them."""

    cache: CacheDir
    entries: tuple[Why, ...]
    """In order of the entries' ids."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Selections that fitted nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Of these, what may have been meant, where something has almost the same name."""
