"""The values that flow from stage to stage: entries, findings, plans, outcomes, reports.

Nothing here touches a disk, a clock or a format. All are frozen; paths are relative to the cache directory, with `/`
between the parts, and names that are not UTF-8 are held with `surrogateescape` (PEP 383).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
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
"""The type of a value in `evidence`: flat, so that text and JSON come from the same facts."""


Progress = Callable[[int, int | None], None]
"""Called with the amount done and the total, `None` if the total is unknown."""


class Waiting(NamedTuple):
    """The wait in shared mode: the reason for it, and the time left."""

    reason: str
    """A clause: `pip (process 123) is running`."""
    pid: int | None
    """The process of that pip, if one was seen."""
    left_s: float
    """Seconds, at most; 0 when the wait is over."""

    @property
    def sentence(self) -> str:
        """Return the reason, what happens meanwhile, and the option that skips it, for people."""
        return (
            f"{self.reason}: entries to remove are invalidated, and removed after up to {ceil(self.left_s)} s, when no"
            " pip relies on them any more; --exclusive skips this"
        )


class File(NamedTuple):
    """A file and its stamp, by which a later run sees whether it is still the same. A tuple: a cache has very many."""

    path: str
    size: int
    """Bytes."""
    disk_size: int
    """Bytes allocated; equals `size` where the system does not report them."""
    mtime_ns: int
    atime_ns: int
    ctime_ns: int
    inode: int
    device: int
    links: int
    """Number of names of this file; above 1, removing one name frees nothing."""


class Folder(NamedTuple):
    """A directory and its stamp."""

    path: str
    mtime_ns: int
    inode: int
    device: int


class OriginFacts(NamedTuple):
    """The source of a built wheel by the `origin.json` beside it (PEP 610)."""

    url: str | None
    """`None` if it holds credentials."""
    url_shown: str
    """The same without its credentials."""
    is_directory: bool
    """Whether it is a local directory."""
    vcs: str | None
    """`git`, `hg`, `svn` or `bzr`."""
    commit: str | None
    requested_revision: str | None
    """The branch, tag or commit that was requested."""
    subdirectory: str | None
    source_sha256: str | None
    """SHA-256 of the archive, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Entry:
    """A unit that pip uses, or ignores, as a whole.

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
    """Directories that belong to the entry and are removed with it, deepest first."""
    project: str | None = None
    """Canonical name (PEP 503)."""
    version: str | None = None
    """As written in the artefact."""
    filename: str | None = None
    url: str | None = None
    """Only if it is proven, and holds no credentials."""
    url_shown: str | None = None
    """The same, with `…` in place of each credential."""
    url_source: UrlSource | None = None
    tags: tuple[str, ...] = ()
    """Wheel tags, expanded and sorted."""
    interpreter: str | None = None
    fresh_until_s: int | None = None
    """Seconds since 1970 at which its freshness lifetime ends."""
    sha256: str | None = None
    """Of a downloaded file or built wheel, in hex, if it was read to its end; only if it is requested."""
    origin: OriginFacts | None = None
    """Of a built wheel; only if it is requested."""
    status: int | None = None
    """Of a redirect: the HTTP status."""
    location: str | None = None
    """Of a redirect: its target, as the server wrote it, with `…` in place of each credential."""

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
        """Return when its main file was written, in UTC; `None` without a file or with a time outside the calendar."""
        return _moment(self.files[0].mtime_ns) if self.files else None

    @property
    def used(self) -> "datetime | None":
        """Return when a file of it was last read or written, in UTC, by the times that the file system keeps."""
        return _moment(max(max(file.atime_ns, file.mtime_ns) for file in self.files)) if self.files else None

    @property
    def fresh_until(self) -> "datetime | None":
        """Return until when it is fresh, in UTC; `None` if there is no end, or none that is a date."""
        return None if self.fresh_until_s is None else _moment(self.fresh_until_s * 10**9)

    @property
    def label(self) -> str:
        """Return a short line for people: its name and its kind; control characters are escaped."""
        name = " ".join(filter(None, (self.project, self.version))) or self.filename or self.id
        printable = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)
        return f"{printable} ({self.kind.value})"

    def __repr__(self) -> str:
        """Return its name and its id."""
        return f"<Entry {self.label} {self.id!r}>"


class Brief(NamedTuple):
    """The fields of an entry that a list shows; a tuple, and without its files: a list has very many."""

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
    """When a file of it was last read, if the file system keeps that."""
    ctime_ns: int | None
    """When a file of it was last changed, including its times and its name."""
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
    """One problem of one entry, or one piece of information about it."""

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
    """The fields of a finding that are counted; a tuple, and without its entry: a cache can have very many."""

    group: Group
    severity: Severity
    entry: int | str
    """The same for all findings of one entry, which come one after the other."""
    goes: bool
    """Whether the remedy is removal, so that `prune` removes the entry for the group."""
    is_directory: bool
    """Whether it is of an empty directory, which is not counted as an entry."""
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
    """An entry with its findings."""

    entry: Entry
    findings: tuple[Finding, ...] = ()
    not_judged: NotJudged | None = None
    """The reason why a check could not judge whether it is whole."""
    evidence: tuple[tuple[str, Value], ...] = ()
    """All evidence for or against its content, if that was requested; the same as of a finding."""

    @property
    def is_unverifiable(self) -> bool:
        """Return whether it stays unknown if it is whole, however long one waits."""
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
    """The files and directories that belong to another user than the cache directory."""

    uid: int
    """The number of that user."""
    owner: str | None
    """The name of that user; `None` if the number has none."""
    files: int
    directories: int
    disk_bytes: int
    """Bytes on the disk of all of these."""


class Survey(NamedTuple):
    """Facts about a cache besides its entries, from a walk over all names."""

    directories: int = 0
    """The cache directory and all below it."""
    directory_bytes: int = 0
    """Bytes on the disk of the directories themselves; 0 where the system does not report them."""
    bytes_of_other_names: int = 0
    """Bytes on the disk of files that have several names here, once for each name but the first."""
    uid: int = 0
    """The number of the user to whom the cache directory belongs; 0 where files have no owners."""
    owner: str | None = None
    """The name of that user; `None` if there is none."""
    others: tuple[Owned, ...] = ()
    """Files and directories of other users, by the users' numbers."""
    restored_s: int | None = None
    """When the cache was copied or restored as a whole, in seconds since 1970: all files were changed within minutes of
    then, but written at other times. `None` if there is no sign of it. It is not the age of any file."""
    are_reads_of_restoring: bool = False
    """Whether no file has an access time from before that: then earlier use is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The reasons to keep and to remove an entry."""

    entry: Entry
    sentence: str
    """All of it, for people: a sentence without its full stop."""
    usable_by: tuple[str, ...] = ()
    """Of a wheel: names of the interpreters considered that can use it, as `cp311`; the oldest first."""
    removed_by: tuple[str, ...] = ()
    """Commands that would remove it for its findings: `prune --stale`; `remove` and `purge` can remove any entry."""
    kept_by: tuple[str, ...] = ()
    """Options that prevent that: `--keep demo`, `--min-age 3600s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The intention to remove an entry."""

    entry: Entry
    reasons: tuple[str, ...]
    """Slugs of the checks or rules that chose it; sorted, none twice."""
    files: tuple[File, ...]
    """In the order of their removal. A file that is shared with an entry that stays is not among them."""
    why: str = ""
    """The same as `Why.sentence`, if findings chose it."""
    because: tuple[str, ...] = ()
    """Ids of entries on which the removal depends: a newer version, the same bytes, a wheel built from it."""


class Locked(NamedTuple):
    """The number of versions and files that locks name, and the number of them in the cache."""

    packages: int
    """Versions of projects, and single files, that locks name."""
    missing: int
    """Those of which nothing is in the cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The entries that one limit removes after all reasons, and whether that is enough."""

    limit: str
    """For people: the argument in backticks, and its value."""
    entries: int
    """Number of entries that it removes."""
    disk_bytes: int
    """Bytes on the disk of their files, and of the directories that they leave empty."""
    used_before_s: int | None
    """When the last of them was last used, in seconds since 1970: no removable entry that stays was used earlier."""
    over: int = 0
    """The excess that remains, in bytes or in files; 0 if the limit is met."""
    is_in_bytes: bool = True
    """Whether that is in bytes."""
    is_unknown: bool = False
    """Whether it is unknown if the limit is met, because the file system does not report its free space."""
    staying: Mapping[Stays, int] = field(default_factory=dict)
    """If it is exceeded: the bytes or files that stay whatever limits say, by reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The actions to carry out: reviewable, and complete before anything is changed."""

    cache: CacheDir
    actions: tuple[Action, ...]
    kept: tuple[Entry, ...] = ()
    """Entries that a reason chose and that stay, because of a keep or because they are recent."""
    unmatched: tuple[str, ...] = ()
    """Selections that matched nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """For these, entries with almost the same name."""
    warnings: tuple["Warned", ...] = ()
    foreign: tuple[Entry, ...] = ()
    """Foreign files that were selected and are never removed."""
    unmatched_keeps: tuple[str, ...] = ()
    """Keeps that matched nothing in the cache, unless `keep_missing_ok` permits that."""
    is_for_all: bool = False
    """Whether patterns (`'*'`) chose every entry that has a file name: the command line asks first, as before a
    purge."""
    not_judged: Mapping[NotJudged, Count] = field(default_factory=dict)
    """Counts of entries that the checks could not judge, by reason; only reasons that occurred."""
    pythons: "tuple[FoundPython, ...]" = ()
    """The interpreters considered, and those that were not run; empty if none mattered."""
    gone: int = 0
    """Of a saved plan: the number of its entries that no longer exist."""
    cuts: tuple[Cut, ...] = ()
    """The result of each limit."""
    notes: tuple[str, ...] = ()
    """Decisions that could not be made, with the reason, in sentences without full stops."""
    locked: "Locked | None" = None
    """Counts of what locks name; `None` without any lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of an action."""

    action: Action
    state: State
    removed: tuple[File, ...] = ()
    """Files that were really removed; for a planned outcome, those that would be removed."""
    disk_size: int = 0
    """Bytes really given back to the file system."""
    measure: Measure = Measure.EXACT
    """The exactness of `disk_size`."""
    is_lower: bool = False
    """Whether files of it lie in a lower layer of an overlay, which keeps them: removing them only hides them."""
    error: str | None = None
    moved: tuple[File, ...] = ()
    """Files that were moved to the trash, or restored from it."""
    folders: int = 0
    """Directories that were removed too: the entry's own, and those above that became empty."""
    folder_disk_size: int = 0
    """Bytes on the disk that these took."""
    owner: int | None = None
    """The number of the owner, if the action failed because that is another user."""

    @property
    def is_failure(self) -> bool:
        """Return whether an entry still exists that should have been removed.

        An empty directory that a build may be about to use does not count: a later run removes it.
        """
        is_waited_for = self.state is State.BUSY and self.action.entry.shape is not Shape.EMPTY_DIRECTORY
        return self.state is State.FAILED or is_waited_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The result of exporting an entry."""

    entry: Entry
    state: ExportState
    path: str | None = None
    """Path of the file, absolute; `None` if its name is not known."""
    transfer: Transfer | None = None
    """The method of the export; `None` if it failed, or is only planned."""
    why: str | None = None
    """The reason of a failure, as a clause."""

    @property
    def is_failure(self) -> bool:
        """Return whether the requested file does not exist now."""
        return self.state not in {ExportState.PLANNED, ExportState.EXPORTED, ExportState.THERE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """The exported entries, and those that were not exported."""

    cache: CacheDir
    folder: str
    """The target directory; absolute."""
    outcomes: tuple[Exported, ...]
    unmatched: tuple[str, ...] = ()
    """Selections that matched nothing."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """For these, entries with almost the same name."""
    warnings: tuple["Warned", ...] = ()
    locked: Locked | None = None
    """Counts of what locks name; `None` without any lock."""
    missing: tuple[str, ...] = ()
    """Names in locks of which nothing is in the cache: `demo 1.0`."""
    is_interrupted: bool = False
    """Whether it was stopped: entries without an outcome were not begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trashed:
    """Entries that one run moved to the trash, and that can be restored."""

    run: str
    """The name of the run for `undo`: the time at which it began."""
    started_s: int
    """Seconds since 1970."""
    kept_until_s: int
    """The time from which the next run that changes this cache removes it."""
    files: int
    size: int
    """Bytes."""
    disk_size: int
    """Bytes that emptying it would give back."""
    path: str
    """Path of its directory in the trash; absolute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A file or directory that could not be read; the rest was read."""

    path: str
    message: str
    not_entered: NotJudged | None = None
    """Of a directory: the reason why its contents were not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFiles:
    """Files that pipcacheplus stores outside of a cache, for one cache or one purpose."""

    kind: OwnKind
    path: str
    """Path of the file, or of the directory that holds them; absolute."""
    cache: str | None
    """The path of their cache; `None` if they belong to none, or do not name one."""
    files: int
    size: int
    """Bytes."""
    disk_size: int
    """Bytes that their removal gives back."""
    used_s: int
    """Seconds since 1970: when a run last opened the catalog, or last wrote the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnState:
    """Files that pipcacheplus stores outside of caches, or those of them that were removed."""

    files: tuple[OwnFiles, ...]
    warnings: tuple[Warned, ...] = ()
    """Files that could not be read or removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results of a removal, as measured."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    warnings: tuple[Warned, ...] = field(default=())
    is_interrupted: bool = False
    """Whether it was stopped: actions without an outcome were not begun."""
    run: str | None = None
    """The name of the run for `undo`, if anything was moved to the trash; or the run that was restored."""
    emptied_bytes: int = 0
    """Bytes that emptying the trash of earlier runs gave back to the file system."""
    emptied_measure: Measure = Measure.EXACT
    """The exactness of that number."""
    unlocked: str | None = None
    """The reason why another pipcacheplus may have worked on this cache meanwhile; `None` if a lock excluded that, or
    nothing was changed."""

    @property
    def freed_bytes(self) -> int:
        """Return the bytes in all removed files, not what they took on the disk; files in the trash are not freed."""
        return sum(file.size for outcome in self.outcomes for file in outcome.removed)

    @property
    def freed_disk_bytes(self) -> int:
        """Return the bytes on the disk that removed files and directories gave back, as `du` counts them."""
        return sum(outcome.disk_size + outcome.folder_disk_size for outcome in self.outcomes)

    @property
    def measure(self) -> Measure:
        """Return the exactness of the sum of bytes that were given back."""
        found = {outcome.measure for outcome in self.outcomes}
        return next((one for one in (Measure.UP_TO, Measure.AT_LEAST) if one in found), Measure.EXACT)

    @property
    def removed(self) -> tuple[Outcome, ...]:
        """Return the outcomes of entries that were removed."""
        return tuple(o for o in self.outcomes if o.state in {State.REMOVED, State.TRASHED})

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Return the outcomes of entries that could not be removed; see `Outcome.is_failure`."""
        return tuple(outcome for outcome in self.outcomes if outcome.is_failure)
