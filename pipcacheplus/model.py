"""The values that flow from stage to stage: what is in a cache, what is wrong with it, what is to be done, what was.

Nothing here touches a disk, a clock or a format. All are frozen; paths are relative to the cache directory, with `/`
between the parts, and names that are not UTF-8 are held with `surrogateescape` (PEP 383).
"""

from dataclasses import dataclass, field
from enum import Enum

__all__ = [
    "FILE_KINDS",
    "Action",
    "Area",
    "CacheDir",
    "Entry",
    "File",
    "Finding",
    "Folder",
    "Group",
    "Kind",
    "Outcome",
    "Plan",
    "Proof",
    "Remedy",
    "Report",
    "Severity",
    "Shape",
    "Source",
    "State",
    "Trashed",
    "UrlSource",
    "Value",
    "Warned",
]

Value = str | int | bool | None
"""What `evidence` may hold: flat, so that text and JSON come from the same facts."""


class Source(str, Enum):
    """What decided which directory is the cache."""

    ARGUMENT = "argument"
    ENVIRONMENT = "environment"
    CONFIG = "config"
    DEFAULT = "default"


class Area(str, Enum):
    """A part of the cache directory."""

    HTTP = "http"
    HTTP_V2 = "http-v2"
    WHEELS = "wheels"
    SELFCHECK = "selfcheck"
    OTHER = "other"


class Shape(str, Enum):
    """What the names of an entry's files say, before any is opened."""

    PAIR = "pair"
    """`http-v2`: a head and its body."""
    HEAD = "head"
    """`http-v2`: a head without a body."""
    BODY = "body"
    """`http-v2`: a body without a head."""
    SINGLE = "single"
    """`http`: head and body in one file."""
    BUILT_WHEEL = "built-wheel"
    """`wheels`: a wheel, with `origin.json` if there is one."""
    ORIGIN = "origin"
    """`wheels`: an `origin.json` without any wheel beside it."""
    SELFCHECK = "selfcheck"
    """What pip remembers of its last look for a newer pip."""
    TEMPORARY = "temporary"
    """A file that pip had not yet renamed to its final name."""
    LOCK = "lock"
    """The lock of a pip up to 19.2: a file and its second name, or a directory with a file."""
    BUILD = "build"
    """The directory below a leaf of `wheels` in which pip 25.3 and later builds."""
    LOG = "log"
    """The log of pip 6 in the cache directory."""
    EMPTY_DIRECTORY = "empty-directory"
    """A directory of pip's with nothing in it; it is judged, but never listed."""
    FOREIGN = "foreign"
    """What no pip writes: another name, another place, a link, a pipe, a device."""


class Kind(str, Enum):
    """What an entry is to somebody who uses pip."""

    WHEEL = "wheel"
    SDIST = "sdist"
    METADATA = "metadata"
    INDEX_PAGE = "index-page"
    LINKS_PAGE = "links-page"
    REDIRECT = "redirect"
    RESPONSE = "response"
    UNREADABLE = "unreadable"
    BUILT_WHEEL = "built-wheel"
    SELFCHECK = "selfcheck"
    LEFTOVER = "leftover"
    FOREIGN = "foreign"


FILE_KINDS = frozenset({Kind.WHEEL, Kind.SDIST, Kind.METADATA})
"""Downloads that an index publishes once and never changes."""


class UrlSource(str, Enum):
    """How a URL was recovered."""

    LINKS = "links"
    FILE_HOST = "file-host"
    INDEX_GUESS = "index-guess"
    ORIGIN = "origin"


class Proof(str, Enum):
    """What proves that an entry's content is what was published, strongest first."""

    INDEX_PAGE = "index-page"
    """A page in the cache publishes its digest."""
    FILE_HOST = "file-host"
    """The path that it came from is made of its digest."""
    ETAG = "etag"
    """The host that sent it makes its ETags of the content."""
    WHEEL = "wheel"
    """Metadata that is just what the wheel beside it holds."""


class Group(str, Enum):
    """The reason a finding gives for removing an entry; `prune --<group>` asks for it."""

    CORRUPT = "corrupt"
    PARTIAL = "partial"
    STALE = "stale"
    INCOMPATIBLE = "incompatible"
    OUTDATED_BUILD = "outdated-build"
    UNSAFE = "unsafe"
    UNUSED = "unused"
    ORPHANED = "orphaned"


class Severity(str, Enum):
    """How bad a finding is."""

    ERROR = "error"
    """pip would fail, or would install or run something wrong."""
    WARNING = "warning"
    """Waste, or a risk."""
    INFO = "info"
    """Worth knowing; nothing to do."""


class Remedy(str, Enum):
    """What helps against a finding."""

    REMOVE = "remove"
    """No pip can ever use it: a bare `prune` removes it."""
    REMOVE_IF_ASKED = "remove-if-asked"
    """Removed when its group is asked for."""
    NONE = "none"
    """Nothing; it stays."""


class State(str, Enum):
    """What became of an action."""

    PLANNED = "planned"
    REMOVED = "removed"
    TRASHED = "trashed"
    RESTORED = "restored"
    CHANGED = "changed"
    """Not what was judged any more, so it was kept."""
    GONE = "gone"
    BUSY = "busy"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheDir:
    """Which directory is the cache, and why that one."""

    path: str
    """Absolute."""
    source: Source
    detail: str = ""
    """The setting that decided, for people: `PIP_CACHE_DIR`, `cache-dir in /etc/pip.conf [global]`."""
    moves_access_times: bool = False
    """Whether reading moves "last used": only the owner of files, and root, may leave it alone."""
    disabled_by: str | None = None
    """Why pip itself would use no cache here: an owner that pip does not accept. A setting raises instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file and its stamp: enough to tell later whether it is still the same."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A directory and its stamp."""

    path: str
    mtime_ns: int
    inode: int
    device: int


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """Only if it is proven to be the one."""
    url_source: UrlSource | None = None
    tags: tuple[str, ...] = ()
    """Wheel tags, expanded and sorted."""
    interpreter: str | None = None
    fresh_until_s: int | None = None
    """Seconds since 1970 at which pip stops serving it unasked."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The intention to remove an entry."""

    entry: Entry
    reasons: tuple[str, ...]
    """Slugs of the checks or rules that chose it; sorted, none twice."""
    files: tuple[File, ...]
    """In the order in which they go. A file that an entry which stays shares is not among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be removed: reviewable, and complete before anything is touched."""

    cache: CacheDir
    actions: tuple[Action, ...]
    kept: tuple[Entry, ...] = ()
    """What a reason chose and a keep, or its youth, held back."""
    unmatched: tuple[str, ...] = ()
    """Selections that fitted nothing."""
    warnings: tuple["Warned", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an action."""

    action: Action
    state: State
    removed: tuple[File, ...] = ()
    """Files that are really gone; for a planned outcome, those that would go."""
    disk_size: int = 0
    """Bytes really given back to the file system."""
    error: str | None = None
    moved: tuple[File, ...] = ()
    """Files that were moved to the trash, or back from it."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that could not be looked at; the rest was."""

    path: str
    message: str


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

    @property
    def freed_bytes(self) -> int:
        """Return the bytes of all files that went; what lies in the trash is not freed."""
        return sum(file.size for outcome in self.outcomes for file in outcome.removed)

    @property
    def removed(self) -> tuple[Outcome, ...]:
        """Return the outcomes of entries that went."""
        return tuple(o for o in self.outcomes if o.state in {State.REMOVED, State.TRASHED})

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Return the outcomes of entries that could not go."""
        return tuple(o for o in self.outcomes if o.state in {State.FAILED, State.BUSY})
