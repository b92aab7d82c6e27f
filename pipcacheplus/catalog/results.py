"""Results of queries about a cache: inventory, verification, inspection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

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
    from collections.abc import Iterator
    from datetime import date, datetime

    from pipcacheplus.model.pythons import FoundPython

    Cell = str | int | datetime | None
    """What a row of a data frame may hold."""

__all__ = ["CacheFacts", "DayCount", "Explanation", "Inspection", "Inventory", "Verification"]

_NO_SURVEY = Survey()
_NOTHING = Count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The contents of a cache."""

    cache: CacheDir
    entries: Sequence[Entry]
    """In order of their ids; each is made on access."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Selections that matched nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """For these, entries with almost the same name."""
    findings: Sequence[Finding] = ()
    """Findings of an overview, in order of the ids of their entries."""
    totals: Mapping[tuple[Area, Kind], Count] = field(default_factory=dict)
    """Counts by area and kind, if the catalog was used."""
    pages_without_url: int | None = None
    """Number of pages whose relative links cannot be resolved because their own URL is not known, if that was
    requested: with the URL of their index they can be."""
    survey: Survey = _NO_SURVEY
    """Facts besides entries from a walk over all names, if the catalog was used."""
    pythons: tuple["FoundPython", ...] = ()
    """The interpreters considered, and those that were not run; empty if none mattered."""
    redundant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Entries that are not needed because of others, by an overview that reads: ids by the reason, which
    is `superseded`, `duplicate` or `sdist-built`."""
    short_ids: ShortIds | None = None
    """Short forms of the ids, which mean no other entry of the cache, if these were asked for."""

    def select(self, *what: str | Kind, kind: str | Kind | None = None) -> tuple[Entry, ...]:
        """Return the entries that match one of these, in the words of the command line; all if none is given.

        Raises:
            BadRequestError: One of them is invalid, or needs facts that only the cache has.
        """
        selection = Selection(what, kind)
        if selection.needs:
            raise BadRequestError(
                what=repr(next(iter(what))),
                problem="needs facts that the entries do not have",
                next_step="pass it to `scan()`",
            )
        return tuple(filter(selection.is_wanted, self.entries))

    def to_rows(self) -> "Iterator[dict[str, Cell]]":
        """Yield a row for each entry, as data frames take them: `pandas.DataFrame(inventory.to_rows())`.

        Every row has these columns; what is unknown is `None`.

        - `id`, `area`, `kind`: text.
        - `project`, `version`, `filename`, `url`, `host`: text. Credentials in URLs are cut out.
        - `tags`: wheel tags as text, with a space between two; `interpreter`: text, of built wheels.
        - `sha256`: hex, if the inventory has details and a run has made it.
        - `size`, `disk_size`: bytes; `files`: how many.
        - `written`, `used`, `fresh_until`: `datetime` in UTC.
        """
        return map(_row, self.entries)


def _row(entry: Entry) -> "dict[str, Cell]":
    from pipcacheplus.pips.urls import host_of  # noqa: PLC0415 - slow to import, and of use to few

    return {
        "id": entry.id,
        "area": entry.area.value,
        "kind": entry.kind.value,
        "project": entry.project,
        "version": entry.version,
        "filename": entry.filename,
        "url": entry.url_shown,
        "host": host_of(entry.url_shown),
        "tags": " ".join(entry.tags) or None,
        "interpreter": entry.interpreter,
        "sha256": entry.sha256,
        "size": entry.size,
        "disk_size": entry.disk_size,
        "files": len(entry.files),
        "written": entry.written,
        "used": entry.used,
        "fresh_until": entry.fresh_until,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The findings in a cache."""

    cache: CacheDir
    findings: Sequence[Finding]
    """In order of the ids of their entries; each is made on access."""
    entries: int
    """Number of checked entries."""
    bytes: int
    """Their size."""
    unverifiable: int
    """Entries of pip of which it is unknown whether they are whole; those that are only recent do not count."""
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
    """Directories that could not be read, by the reason; the amount of their contents is unknown."""
    foreign: Sequence[Entry] = ()
    """Foreign files: reported, but never opened nor removed."""
    listed: Sequence[Entry] = ()
    """The entries that were checked, if details are requested; each is made on access."""
    disk_bytes: int = 0
    """Bytes that the files of the entries take on the disk."""
    pages_without_url: int = 0
    """As of `Inventory`: the digests of these pages were not used."""
    survey: Survey = _NO_SURVEY
    """As of `Inventory`; of the whole cache, independent of the selection."""
    pythons: tuple["FoundPython", ...] = ()
    """As of `Inventory`."""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that would make pip fail, or install or run something wrong."""
        heads = getattr(self.findings, "heads", None)
        if heads is None:
            return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)
        errors = (at for at, head in enumerate(heads()) if head.severity is Severity.ERROR)
        return tuple(self.findings[at] for at in errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """All facts about some entries."""

    cache: CacheDir
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    evidence: Mapping[str, Mapping[str, Value]]
    """By the id of an entry: `proof`, one of `Proof` or `None`; then digests, lengths and the results of reading; and
    of one that could not be judged `not_judged`, one of `NotJudged`."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Selections that matched nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """For these, entries with almost the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The reasons why entries are kept, and the commands that would remove them."""

    cache: CacheDir
    entries: tuple[Why, ...]
    """In order of the entries' ids."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Selections that matched nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """For these, entries with almost the same name."""


class DayCount(NamedTuple):
    """Count of the entries of one kind in a cache on a day."""

    day: "date"
    """In UTC."""
    kind: Kind
    entries: int
    bytes: int
    disk_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheFacts:
    """The facts of a cache that a report shows."""

    cache: CacheDir
    entries: Sequence[Entry]
    """As of `Inventory`."""
    findings: Sequence[Finding]
    """In order of the ids of their entries; findings about contents are those of earlier runs."""
    not_read_to_end: Count = _NOTHING
    """Count of the entries whose contents could give a finding, and that no run has read since they were written."""
    totals: Mapping[tuple[Area, Kind], Count] = field(default_factory=dict)
    """Counts by area and kind."""
    redundant: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """As of `Inventory`."""
    not_judged: Mapping[NotJudged, Count] = field(default_factory=dict)
    """Counts of entries that could not be judged, by the reason; only reasons that occurred."""
    history: tuple[DayCount, ...] = ()
    """Counts of the days on which a run read the cache, for two years; in order of days."""
    warnings: tuple[Warned, ...] = ()
    pages_without_url: int = 0
    """As of `Inventory`."""
    survey: Survey = _NO_SURVEY
    """As of `Inventory`."""
    pythons: tuple["FoundPython", ...] = ()
    """As of `Inventory`."""
