"""The closed sets of words in the values: kinds, areas, reasons, outcomes."""

from enum import Enum

__all__ = [
    "FILE_KINDS",
    "UNFINISHED",
    "UNVERIFIABLE",
    "WHEEL_KINDS",
    "Area",
    "ExportState",
    "Group",
    "Kind",
    "Measure",
    "NotJudged",
    "OwnKind",
    "Proof",
    "Remedy",
    "Severity",
    "Shape",
    "Source",
    "State",
    "Stays",
    "Transfer",
    "UrlSource",
]


class Measure(str, Enum):
    """The exactness of a number of bytes that were given back to the file system."""

    EXACT = "exact"
    AT_LEAST = "at-least"
    """Some of it could not be measured, because the file system gives no data on a file whose name is gone."""
    UP_TO = "up-to"
    """Some of it may be shared with other files, or held by a snapshot, and is then not free."""


class Source(str, Enum):
    """The setting that decided which directory is the cache."""

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
    """The form of an entry by the names of its files, before any is opened."""

    PAIR = "pair"
    """`http-v2`: a metadata file (head) and its content file (body)."""
    HEAD = "head"
    """`http-v2`: a metadata file without its content file."""
    BODY = "body"
    """`http-v2`: a content file without its metadata file."""
    SINGLE = "single"
    """`http`: metadata and content in one file."""
    BUILT_WHEEL = "built-wheel"
    """`wheels`: a wheel, with `origin.json` if there is one."""
    ORIGIN = "origin"
    """`wheels`: an `origin.json` without any wheel beside it."""
    SELFCHECK = "selfcheck"
    """A file in which pip stores when it last looked for a newer pip."""
    TEMPORARY = "temporary"
    """A file that pip had not yet renamed to its final name."""
    LOCK = "lock"
    """The lock of a pip up to 19.2: a file and its second name, or a directory with a file."""
    BUILD = "build"
    """The directory, below the one of a built wheel, in which pip 25.3 and later build."""
    LOG = "log"
    """The log of pip 6 in the cache directory."""
    EMPTY_DIRECTORY = "empty-directory"
    """An empty directory that pip made; it is judged, but never listed."""
    FOREIGN = "foreign"
    """An object that no pip writes: another name, another place, a link, a pipe, a device."""


class Kind(str, Enum):
    """The type of an entry in the terms of a pip user."""

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

    @property
    def words(self) -> str:
        """Return the kind as a sentence has it: `index page`."""
        return self.value.replace("-", " ")


FILE_KINDS = frozenset({Kind.WHEEL, Kind.SDIST, Kind.METADATA})
"""Downloads that an index publishes once and never changes."""
WHEEL_KINDS = frozenset({Kind.WHEEL, Kind.BUILT_WHEEL})
"""Wheels, downloaded or built here: their tags say which interpreters can use them."""


class NotJudged(str, Enum):
    """The reason why it is unknown whether something is wrong with an entry or with the contents of a directory."""

    LIMIT = "limit"
    """It is beyond a limit of pipcacheplus, or has a form that is not read."""
    UNREADABLE = "unreadable"
    """The system did not permit reading it, or it changed meanwhile."""
    YOUNG = "young"
    """It is a recent leftover or build, or ends early, and a pip may still be writing it."""
    CONTRADICTORY = "contradictory"
    """Pages publish different digests of it, and it is unknown which of them is the newest."""
    FOREIGN = "foreign"
    """No pip wrote it, so it is never opened."""
    DISARMED = "disarmed"
    """An interrupted run of pipcacheplus invalidated it: the dates and the ETag of the server are overwritten."""
    OTHER_DEVICE = "other-device"
    """It lies on another file system than the cache directory, which is not entered."""
    LIBRARIES = "libraries"
    """Whether a built wheel would load here is unknown: its libraries may be supplied later, or are beyond a limit."""


UNFINISHED = frozenset({Shape.TEMPORARY, Shape.LOCK, Shape.BUILD, Shape.HEAD, Shape.BODY, Shape.EMPTY_DIRECTORY})
"""Shapes that no pip uses in this state: a running pip may be making them, or one was interrupted."""
UNVERIFIABLE = frozenset({NotJudged.LIMIT, NotJudged.UNREADABLE, NotJudged.CONTRADICTORY})
"""Reasons why it stays unknown whether an entry is whole, however long one waits."""


class UrlSource(str, Enum):
    """The method by which a URL was recovered."""

    LINKS = "links"
    FILE_HOST = "file-host"
    INDEX_GUESS = "index-guess"
    ORIGIN = "origin"


class Proof(str, Enum):
    """Proofs that an entry's content is what was published, strongest first."""

    INDEX_PAGE = "index-page"
    """A page in the cache publishes its digest."""
    FILE_HOST = "file-host"
    """The path in its URL is computed from its digest."""
    ETAG = "etag"
    """The host that sent it computes its ETags from the content."""
    WHEEL = "wheel"
    """The metadata equals that in the wheel beside it."""


class Group(str, Enum):
    """The sort of a finding: the option of `prune` that concerns entries with such findings.

    A group alone removes nothing. What happens depends on the `Remedy` of the finding: with `REMOVE`, a bare `prune`
    removes the entry as well; with `REMOVE_IF_ASKED`, only the option does; with `NONE`, the entry stays.
    """

    CORRUPT = "corrupt"
    PARTIAL = "partial"
    STALE = "stale"
    INCOMPATIBLE = "incompatible"
    OUTDATED_BUILD = "outdated-build"
    BUILT_BEFORE = "built-before"
    UNSAFE = "unsafe"
    UNUSED = "unused"
    ORPHANED = "orphaned"

    @property
    def option(self) -> str:
        """Return the name of the option of `prune` that requests it."""
        return "outdated-builds" if self is Group.OUTDATED_BUILD else self.value


class Severity(str, Enum):
    """The severity of a finding."""

    ERROR = "error"
    """pip would fail, or would install or run something wrong."""
    WARNING = "warning"
    """Waste, or a risk."""
    INFO = "info"
    """Worth knowing; nothing to do."""


class Remedy(str, Enum):
    """The action that repairs the state which a finding reports."""

    REMOVE = "remove"
    """No pip can ever use it: a bare `prune` removes it."""
    REMOVE_IF_ASKED = "remove-if-asked"
    """Removed when its group is requested."""
    NONE = "none"
    """No action; the entry stays."""


class State(str, Enum):
    """The result of an action."""

    PLANNED = "planned"
    REMOVED = "removed"
    TRASHED = "trashed"
    RESTORED = "restored"
    CHANGED = "changed"
    """It changed after it was judged, so it was kept."""
    GONE = "gone"
    BUSY = "busy"
    FAILED = "failed"


class ExportState(str, Enum):
    """The result of exporting an entry."""

    PLANNED = "planned"
    EXPORTED = "exported"
    THERE = "there"
    """A file of this name with the same content was there already."""
    OCCUPIED = "occupied"
    """A different file of this name was there already, and stays."""
    DAMAGED = "damaged"
    UNVERIFIED = "unverified"
    """Nothing proves that it is whole."""
    UNNAMED = "unnamed"
    """Nothing in the cache names the file as the index published it."""
    CHANGED = "changed"
    """Its content changed after it was verified."""
    FAILED = "failed"


class Transfer(str, Enum):
    """The method by which a file was exported."""

    CLONED = "cloned"
    """Both files share blocks until one of them is written to."""
    COPIED = "copied"
    LINKED = "linked"
    """It is the same file under another name: a change of one changes the other."""


class Stays(str, Enum):
    """The reason why an entry stays, whatever the limits say."""

    KEPT = "kept"
    """A keep selects it."""
    FOREIGN = "foreign"
    """No pip wrote it."""
    YOUNG = "young"
    """A pip may still be writing it."""


class OwnKind(str, Enum):
    """The kinds of files that pipcacheplus stores outside of a cache."""

    CATALOGS = "catalogs"
    """Facts about entries, a file for each cache."""
    TRASH = "trash"
    """Removed files that can be restored, beside their cache."""
    INTERPRETERS = "interpreters"
    """Stored answers of interpreters and their pips."""
    MARKS = "marks"
    """Times since which unused entries can be found, a file for each cache and name."""
    RECORDS = "records"
    """Records of wrapped pips: the entries they used, and the downloads this saved; a file for each cache."""
