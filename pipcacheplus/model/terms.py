"""The closed sets of words that the values are made of: kinds, areas, reasons, outcomes."""

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
    """How a number of bytes given back to the file system is to be read."""

    EXACT = "exact"
    AT_LEAST = "at-least"
    """Some of it could not be measured, as where nothing can be learned of a file once its name is gone."""
    UP_TO = "up-to"
    """Some of it may be shared with other files, or held by a snapshot, and is not free then."""


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
WHEEL_KINDS = frozenset({Kind.WHEEL, Kind.BUILT_WHEEL})
"""Wheels, downloaded or built here: what tags say who can use."""


class NotJudged(str, Enum):
    """Why it cannot be told of an entry, or of all that lies in a directory, whether something is wrong with it."""

    LIMIT = "limit"
    """It is beyond a limit of ours, or has a form that is not read."""
    UNREADABLE = "unreadable"
    """The system did not let us read it, or it changed meanwhile."""
    YOUNG = "young"
    """It is a half, a leftover or a build, or ends early, and a pip may still be writing it."""
    CONTRADICTORY = "contradictory"
    """Pages publish different digests of it, and it cannot be told which of them is the newest."""
    FOREIGN = "foreign"
    """No pip wrote it, so it is never opened."""
    DISARMED = "disarmed"
    """A run of ours that was broken off wrote over what the server said of it."""
    OTHER_DEVICE = "other-device"
    """It lies on another file system than the cache directory, which is not entered."""
    LIBRARIES = "libraries"
    """Whether a built wheel would load here: what it needs may be supplied later, or is beyond a limit of ours."""


UNFINISHED = frozenset({Shape.TEMPORARY, Shape.LOCK, Shape.BUILD, Shape.HEAD, Shape.BODY, Shape.EMPTY_DIRECTORY})
"""Shapes that no pip uses as they are: one that is at work may be making them, or one was interrupted."""
UNVERIFIABLE = frozenset({NotJudged.LIMIT, NotJudged.UNREADABLE, NotJudged.CONTRADICTORY})
"""Reasons why nobody can tell of an entry of pip's if it is whole, however long one waits."""


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
    """The reason a finding gives for removing an entry; `prune --<option>` asks for it."""

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
        """Return the word of the option of `prune` that asks for it."""
        return "outdated-builds" if self is Group.OUTDATED_BUILD else self.value


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


class ExportState(str, Enum):
    """What became of an entry that was to be exported."""

    PLANNED = "planned"
    EXPORTED = "exported"
    THERE = "there"
    """A file of this name with the same content was there already."""
    OCCUPIED = "occupied"
    """Something else of this name was there already, and stays."""
    DAMAGED = "damaged"
    UNVERIFIED = "unverified"
    """It is not known to be whole."""
    UNNAMED = "unnamed"
    """Nothing in the cache names the file as the index published it."""
    CHANGED = "changed"
    """Its content is not what was verified a moment ago."""
    FAILED = "failed"


class Transfer(str, Enum):
    """How the bytes of a file came to lie in another place."""

    CLONED = "cloned"
    """Both share blocks until one is written to."""
    COPIED = "copied"
    LINKED = "linked"
    """It is the same file under another name: who writes to one writes to the other."""


class Stays(str, Enum):
    """Why an entry stays whatever the limits of a cache say."""

    KEPT = "kept"
    """It is to be kept."""
    FOREIGN = "foreign"
    """No pip wrote it."""
    YOUNG = "young"
    """A pip may still be writing it."""


class OwnKind(str, Enum):
    """What we keep outside of a cache."""

    CATALOGS = "catalogs"
    """What entries were found to be, a file for each cache."""
    TRASH = "trash"
    """What was moved away and can be brought back, beside its cache."""
    INTERPRETERS = "interpreters"
    """What interpreters and their pips answered."""
    MARKS = "marks"
    """Moments since which it can be asked what was not used, a file for each cache and name."""
    RECORDS = "records"
    """What wrapped pips used of a cache, and what that was worth, a file for each cache."""
