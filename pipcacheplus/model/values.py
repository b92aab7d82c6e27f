"""The values that flow from stage to stage: entries, findings, plans, outcomes, reports.

Nothing here touches a disk, a clock or a format. All are frozen; paths are relative to the cache directory, with `/`
between the parts, and names that are not UTF-8 are held with `surrogateescape` (PEP 383).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.model.terms import (
    FILE_KINDS,
    UNFINISHED,
    UNVERIFIABLE,
    WHEEL_KINDS,
    Area,
    ExportState,
    Group,
    Kind,
    Measure,
    NotJudged,
    OwnKind,
    Proof,
    Remedy,
    Severity,
    Shape,
    Source,
    State,
    Stays,
    Transfer,
    UrlSource,
)

if TYPE_CHECKING:  # slow to import
    from datetime import datetime

    from pipcacheplus.model.pythons import FoundPython

__all__ = [
    "FILE_KINDS",
    "UNFINISHED",
    "UNVERIFIABLE",
    "WHEEL_KINDS",
    "Action",
    "Area",
    "Brief",
    "CacheDir",
    "Checked",
    "Count",
    "CountedFindings",
    "Cut",
    "Entry",
    "ExportReport",
    "ExportState",
    "Exported",
    "File",
    "Finding",
    "Folder",
    "Group",
    "Headline",
    "Kind",
    "Locked",
    "Measure",
    "NotJudged",
    "OriginFacts",
    "Outcome",
    "OwnFiles",
    "OwnKind",
    "OwnState",
    "Owned",
    "Plan",
    "Progress",
    "Proof",
    "Remedy",
    "Report",
    "Severity",
    "Shape",
    "Source",
    "State",
    "Stays",
    "Survey",
    "Transfer",
    "Trashed",
    "UrlSource",
    "Value",
    "Waiting",
    "Warned",
    "Why",
]

Value = str | int | bool | None
"""What `evidence` may hold: flat, so that text and JSON come from the same facts."""


Progress = Callable[[int, int | None], None]
"""Called with what is done and with all there is to do, `None` if that is not known."""


class Waiting(NamedTuple):
    """Why answers that pips may be waiting for are waited for, and for how long still."""

    reason: str
    """A clause: `pip (process 123) is running`."""
    pid: int | None
    """The process of that pip, if one was seen."""
    left_s: float
    """Seconds, at most; 0 when the wait is over."""


class File(NamedTuple):
    """A file and its stamp: enough to tell later whether it is still the same. A tuple: a cache has very many."""

    path: str
    size: int
    """Bytes."""
    disk_size: int
    """Bytes allocated; equals `size` where the system does not tell."""
    mtime_ns: int
    atime_ns: int
    ctime_ns: int
    inode: int
    device: int
    links: int
    """Names that this file has; above 1, removing one name frees nothing."""


class Folder(NamedTuple):
    """A directory and its stamp."""

    path: str
    mtime_ns: int
    inode: int
    device: int


class OriginFacts(NamedTuple):
    """What a built wheel was built from, as the `origin.json` beside it says (PEP 610)."""

    url: str | None
    """`None` if it holds credentials."""
    url_shown: str
    """The same, or what is left of it once credentials are cut out."""
    is_directory: bool
    """Whether it is a local directory."""
    vcs: str | None
    """`git`, `hg`, `svn` or `bzr`."""
    commit: str | None
    requested_revision: str | None
    """The branch, tag or commit that was asked for."""
    subdirectory: str | None
    source_sha256: str | None
    """Of the archive, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Entry:
    """What pip uses, or ignores, as a whole.

    `scan` fills the part up to `folders`; `identify` returns a copy with the rest.
    """

    id: str
    """Path of the main file; of a build directory, its first file."""
    area: Area
    shape: Shape
    kind: Kind
    files: tuple[File, ...]
    """All files, the main one first. Only `origin.json` may be in several entries, those of the wheels beside it."""
    folders: tuple[Folder, ...] = ()
    """Directories that are the entry's own and go with it, deepest first."""
    project: str | None = None
    """Canonical name (PEP 503)."""
    version: str | None = None
    """As written in the artefact."""
    filename: str | None = None
    url: str | None = None
    """Only if it is proven to be the one, and holds no credentials."""
    url_shown: str | None = None
    """The same, or what is left of it once credentials are cut out: `…` stands in place of each."""
    url_source: UrlSource | None = None
    tags: tuple[str, ...] = ()
    """Wheel tags, expanded and sorted."""
    interpreter: str | None = None
    fresh_until_s: int | None = None
    """Seconds since 1970 at which pip stops serving it unasked."""
    sha256: str | None = None
    """Of a downloaded file or built wheel, in hex, if it was read to its end; only where it is asked for."""
    origin: OriginFacts | None = None
    """Of a built wheel; only where it is asked for."""
    status: int | None = None
    """Of a redirect: the HTTP status."""
    location: str | None = None
    """Of a redirect: where it leads to, as the server wrote it, with `…` in place of each credential."""

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def disk_size(self) -> int:
        """Return the bytes allocated for all files."""
        return sum(file.disk_size for file in self.files)

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths of all files, sorted."""
        return tuple(sorted(file.path for file in self.files))

    @property
    def written(self) -> "datetime | None":
        """Return when its main file was written, in UTC; `None` if it has no file, or a time of no calendar."""
        return _moment(self.files[0].mtime_ns) if self.files else None

    @property
    def used(self) -> "datetime | None":
        """Return when a file of it was last read or written, in UTC, as far as the file system keeps that."""
        return _moment(max(max(file.atime_ns, file.mtime_ns) for file in self.files)) if self.files else None

    @property
    def label(self) -> str:
        """Return a short line for people: what it is called, and its kind; what a terminal would obey is escaped."""
        name = " ".join(filter(None, (self.project, self.version))) or self.filename or self.id
        printable = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)
        return f"{printable} ({self.kind.value})"

    def __repr__(self) -> str:
        """Show what it is called, and its id."""
        return f"<Entry {self.label} {self.id!r}>"


class Brief(NamedTuple):
    """What a line says of an entry; a tuple, and without its files: a list has very many."""

    id: str
    shape: Shape
    kind: Kind
    project: str | None
    version: str | None
    filename: str | None
    url: str | None
    url_shown: str | None
    tags: tuple[str, ...]
    interpreter: str | None
    size: int
    """Bytes of all files."""
    disk_size: int
    """Bytes allocated for all files."""
    mtime_ns: int | None
    """When a file of it was last written; `None` if it has none."""
    atime_ns: int | None
    """When a file of it was last read, as far as the file system keeps that."""
    ctime_ns: int | None
    """When a file of it was last changed, its times and its name too."""
    file_count: int
    fresh_until_s: int | None = None
    """As of an entry."""

    @classmethod
    def of(cls, entry: Entry) -> "Brief":
        """Return the brief of an entry."""
        return cls(
            id=entry.id,
            shape=entry.shape,
            kind=entry.kind,
            project=entry.project,
            version=entry.version,
            filename=entry.filename,
            url=entry.url,
            url_shown=entry.url_shown,
            tags=entry.tags,
            interpreter=entry.interpreter,
            size=entry.size,
            disk_size=entry.disk_size,
            mtime_ns=max((file.mtime_ns for file in entry.files), default=None),
            atime_ns=max((file.atime_ns for file in entry.files), default=None),
            ctime_ns=max((file.ctime_ns for file in entry.files), default=None),
            file_count=len(entry.files),
            fresh_until_s=entry.fresh_until_s,
        )


def _moment(time_ns: int) -> "datetime | None":
    from datetime import datetime, timezone  # noqa: PLC0415 - slow to import, and of use to few

    try:
        return datetime.fromtimestamp(time_ns / 1e9, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong with, or worth knowing of, one entry."""

    check: str
    """Slug of the check."""
    entry: Entry
    group: Group
    severity: Severity
    message: str
    """One clause, without path and full stop."""
    evidence: tuple[tuple[str, Value], ...] = ()
    remedy: Remedy
    paths: tuple[str, ...]
    """The files concerned, or the empty directory."""


class Headline(NamedTuple):
    """What is counted of a finding; a tuple, and without its entry: a cache can have very many."""

    group: Group
    severity: Severity
    entry: int | str
    """The same for all findings of one entry, which come one after the other."""
    goes: bool
    """Whether removing the entry helps, so that `prune` does it for the group."""
    is_directory: bool
    """Whether it is of an empty directory, which is no entry to whoever counts them."""
    check: str
    """Slug of the check."""
    disk_size: int
    """Bytes allocated for all files of the entry."""

    @classmethod
    def of(cls, finding: Finding) -> "Headline":
        """Return the headline of a finding."""
        is_directory = finding.entry.shape is Shape.EMPTY_DIRECTORY
        goes = finding.remedy is not Remedy.NONE
        entry = finding.entry
        return cls(finding.group, finding.severity, entry.id, goes, is_directory, finding.check, entry.disk_size)


class CountedFindings(NamedTuple):
    """Findings of one check that were counted, and of which nothing else is kept."""

    check: str
    """Slug of the check."""
    group: Group
    severity: Severity
    number: int
    """How many there are, each of another entry."""


class Checked(NamedTuple):
    """An entry, and what was found wrong with it."""

    entry: Entry
    findings: tuple[Finding, ...] = ()
    not_judged: NotJudged | None = None
    """What kept a check from telling if it is whole."""
    evidence: tuple[tuple[str, Value], ...] = ()
    """All that speaks for or against its content, if that was asked for; the same as of a finding."""

    @property
    def is_unverifiable(self) -> bool:
        """Return whether nobody can tell if it is whole, however long one waits."""
        return self.not_judged in UNVERIFIABLE


class Count(NamedTuple):
    """Entries, files and bytes that were counted."""

    entries: int = 0
    files: int = 0
    bytes: int = 0
    disk_bytes: int = 0

    def plus(self, other: "Count") -> "Count":
        """Return the sum of both."""
        return Count(*(one + another for one, another in zip(self, other, strict=True)))


class Owned(NamedTuple):
    """What of a cache belongs to another user than the cache directory."""

    uid: int
    """The number of that user."""
    owner: str | None
    """The name of that user; `None` if the number has none."""
    files: int
    directories: int
    disk_bytes: int
    """Bytes on the disk of all of these."""


class Survey(NamedTuple):
    """What a look at all names of a cache shows besides its entries."""

    directories: int = 0
    """The cache directory and all below it."""
    directory_bytes: int = 0
    """Bytes on the disk that the directories themselves take; 0 where the system does not tell."""
    bytes_of_other_names: int = 0
    """Bytes on the disk of files that have several names here, once for each name but the first."""
    uid: int = 0
    """The number of the user to whom the cache directory belongs; 0 where files have no owners."""
    owner: str | None = None
    """The name of that user; `None` if there is none."""
    others: tuple[Owned, ...] = ()
    """What belongs to other users, by their numbers."""
    restored_s: int | None = None
    """When the cache was copied or restored as a whole, in seconds since 1970: all files were changed within minutes of
    then, but written at other times. `None` if nothing speaks for that. It says nothing of the age of anything."""
    are_reads_of_restoring: bool = False
    """Whether no file has an access time from before that: then nothing is known of what was used before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What can be said for an entry and against it."""

    entry: Entry
    sentence: str
    """All of it, for people: a sentence without its full stop."""
    usable_by: tuple[str, ...] = ()
    """Of a wheel: names of the interpreters considered that can use it, as `cp311`; the oldest first."""
    removed_by: tuple[str, ...] = ()
    """Commands that would remove it for what was found: `prune --stale`; `remove` and `purge` take anything."""
    kept_by: tuple[str, ...] = ()
    """Options that keep it from that: `--keep demo`, `--min-age 3600s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The intention to remove an entry."""

    entry: Entry
    reasons: tuple[str, ...]
    """Slugs of the checks or rules that chose it; sorted, none twice."""
    files: tuple[File, ...]
    """In the order in which they go. A file that an entry which stays shares is not among them."""
    why: str = ""
    """The same as `Why.sentence`, if findings chose it."""
    because: tuple[str, ...] = ()
    """Ids of entries without which it would have to stay: a newer version, the same bytes, a wheel built from it."""


class Locked(NamedTuple):
    """How much of what locks name is in the cache."""

    packages: int
    """Versions of projects, and single files, that locks name."""
    missing: int
    """Those of which the cache has nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What one limit takes of a cache, after all reasons, and whether that is enough."""

    limit: str
    """As people read it: the argument in backticks, and its value."""
    entries: int
    """How many go for it."""
    disk_bytes: int
    """Bytes on the disk of their files, and of the directories that they leave empty."""
    used_before_s: int | None
    """When the last of them was last used, in seconds since 1970: nothing that is left and may go was used before."""
    over: int = 0
    """By how much it is exceeded nevertheless, in bytes or in files; 0 if it is kept."""
    is_in_bytes: bool = True
    """Whether that is in bytes."""
    is_unknown: bool = False
    """Whether nobody can say if it is kept, as the file system does not tell what is free."""
    staying: Mapping[Stays, int] = field(default_factory=dict)
    """If it is exceeded: how much of what is there stays whatever limits say, by why, in bytes or in files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be removed: reviewable, and complete before anything is touched."""

    cache: CacheDir
    actions: tuple[Action, ...]
    kept: tuple[Entry, ...] = ()
    """What a reason chose and a keep, or its youth, held back."""
    unmatched: tuple[str, ...] = ()
    """Selections that fitted nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Of these, what may have been meant, where something has almost the same name."""
    warnings: tuple["Warned", ...] = ()
    foreign: tuple[Entry, ...] = ()
    """What was asked for and never goes, as no pip wrote it."""
    unmatched_keeps: tuple[str, ...] = ()
    """What was to be kept and fitted nothing in the cache, unless that was said to be well."""
    is_for_all: bool = False
    """Whether patterns (`'*'`) chose every entry that has a file name: the command line asks, as before a purge."""
    not_judged: Mapping[NotJudged, Count] = field(default_factory=dict)
    """Counts of entries that could not be judged by the checks for these reasons, by why; only what occurred."""
    pythons: "tuple[FoundPython, ...]" = ()
    """The interpreters that counted, and those that were not asked; empty if none mattered."""
    gone: int = 0
    """Of a plan that was saved: how many of its entries are not there any more."""
    cuts: tuple[Cut, ...] = ()
    """What each limit takes."""
    notes: tuple[str, ...] = ()
    """What could not be decided, and why, in sentences without full stops."""
    locked: "Locked | None" = None
    """What locks name; `None` without any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an action."""

    action: Action
    state: State
    removed: tuple[File, ...] = ()
    """Files that are really gone; for a planned outcome, those that would go."""
    disk_size: int = 0
    """Bytes really given back to the file system."""
    measure: Measure = Measure.EXACT
    """How `disk_size` is to be read."""
    is_lower: bool = False
    """Whether files of it lie in a lower layer of an overlay, which keeps them: removing them only hides them."""
    error: str | None = None
    moved: tuple[File, ...] = ()
    """Files that were moved to the trash, or back from it."""
    folders: int = 0
    """Directories that went too: the entry's own, and those above that it left empty."""
    folder_disk_size: int = 0
    """Bytes on the disk that these took."""
    owner: int | None = None
    """The number of the user to whom it belongs, if it failed because that is another one."""

    @property
    def is_failure(self) -> bool:
        """Return whether an entry is still there that should have gone.

        None is an empty directory that a build may be about to use: nobody counts it, and a later run takes it.
        """
        is_waited_for = self.state is State.BUSY and self.action.entry.shape is not Shape.EMPTY_DIRECTORY
        return self.state is State.FAILED or is_waited_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What became of an entry that was to be exported."""

    entry: Entry
    state: ExportState
    path: str | None = None
    """Of the file, absolute; `None` if its name is not known."""
    transfer: Transfer | None = None
    """How it came there; `None` if it did not, or not yet."""
    why: str | None = None
    """Why it did not: a clause."""

    @property
    def is_failure(self) -> bool:
        """Return whether there is no such file now as was asked for."""
        return self.state not in {ExportState.PLANNED, ExportState.EXPORTED, ExportState.THERE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was exported, and what was not."""

    cache: CacheDir
    folder: str
    """Where to; absolute."""
    outcomes: tuple[Exported, ...]
    unmatched: tuple[str, ...] = ()
    """Selections that fitted nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Of these, what may have been meant, where something has almost the same name."""
    warnings: tuple["Warned", ...] = ()
    locked: Locked | None = None
    """What locks name; `None` without any."""
    missing: tuple[str, ...] = ()
    """What locks name and the cache has nothing of: `demo 1.0`."""
    is_interrupted: bool = False
    """Whether it was told to stop: entries without an outcome were not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trashed:
    """What one run moved to the trash, and can be brought back."""

    run: str
    """What `undo` calls it: the time at which it began."""
    started_s: int
    """Seconds since 1970."""
    kept_until_s: int
    """From then on, the next run that changes this cache removes it."""
    files: int
    size: int
    """Bytes."""
    disk_size: int
    """Bytes that emptying would give back."""
    path: str
    """Of the directory in which it lies, in the trash; absolute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that could not be looked at; the rest was."""

    path: str
    message: str
    not_entered: NotJudged | None = None
    """Of a directory: why nothing that lies in it was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFiles:
    """Files of ours that lie outside of a cache, for one cache or one purpose."""

    kind: OwnKind
    path: str
    """Of the file, or of the directory that holds them; absolute."""
    cache: str | None
    """The path of the cache they are of; `None` if they are of none, or if they do not say."""
    files: int
    size: int
    """Bytes."""
    disk_size: int
    """Bytes that their removal gives back."""
    used_s: int
    """Seconds since 1970: when a run last opened the catalog, or last wrote the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnState:
    """What we keep outside of caches, or what of it was removed."""

    files: tuple[OwnFiles, ...]
    warnings: tuple[Warned, ...] = ()
    """What could not be looked at or removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was freed, never what was hoped."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    warnings: tuple[Warned, ...] = field(default=())
    is_interrupted: bool = False
    """Whether it was told to stop: actions without an outcome were not begun."""
    run: str | None = None
    """What `undo` calls it, if anything was moved to the trash; or the run that was brought back."""
    emptied_bytes: int = 0
    """Bytes that emptying the trash of earlier runs gave back to the file system."""
    emptied_measure: Measure = Measure.EXACT
    """How that is to be read."""

    @property
    def freed_bytes(self) -> int:
        """Return the bytes of all files that went; what lies in the trash is not freed."""
        return sum(file.size for outcome in self.outcomes for file in outcome.removed)

    @property
    def measure(self) -> Measure:
        """Return how the bytes that were given back are to be read, all together."""
        found = {outcome.measure for outcome in self.outcomes}
        return next((one for one in (Measure.UP_TO, Measure.AT_LEAST) if one in found), Measure.EXACT)

    @property
    def removed(self) -> tuple[Outcome, ...]:
        """Return the outcomes of entries that went."""
        return tuple(o for o in self.outcomes if o.state in {State.REMOVED, State.TRASHED})

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Return the outcomes of entries that could not go; see `Outcome.is_failure`."""
        return tuple(outcome for outcome in self.outcomes if outcome.is_failure)
