"""The result of a command as values, and the interface of the formats that it is written in."""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:  # slow to import, and `dir` does without them
    from pipcacheplus.model.values import CacheDir, CountedFindings, Entry, Finding, Outcome

__all__ = [
    "PYTHON_OPTIONS",
    "Attachments",
    "FailedCommand",
    "Job",
    "Json",
    "OutputFormat",
    "Render",
    "Service",
    "View",
    "Write",
]

Json = str | int | bool | None | Mapping[str, "Json"] | Sequence["Json"]
"""The type of a value in a summary."""

PYTHON_OPTIONS = ("--python", "--platform", "--python-version", "--implementation", "--abi")
"""Options that choose the interpreters that count; a command has all of them or none."""

Write = Callable[[str], object]
"""Takes the next piece of text."""


class Service(str, Enum):
    """A CI service that executes markers in the log of a job."""

    GITHUB = "github"
    GITLAB = "gitlab"


class Job(NamedTuple):
    """The CI job that a command is part of."""

    service: Service
    started_s: int
    """When the command began, in seconds since 1970."""
    ended_s: int
    """When its result was ready."""


class View(NamedTuple):
    """The result of one command."""

    command: str
    version: str
    """The version of pipcacheplus."""
    cache: "CacheDir"
    last_use: str
    """`atime`, or `mtime` where access times are not kept."""
    separator: str = "/"
    """The character between the parts of a path on this system."""
    summary: Mapping[str, Json] = {}
    entries: "Sequence[Entry]" = ()
    findings: "Sequence[Finding]" = ()
    counted: "tuple[CountedFindings, ...]" = ()
    """Findings that were only counted; they are not among `findings`."""
    outcomes: "tuple[Outcome, ...]" = ()
    kept: "tuple[Entry, ...]" = ()
    """Entries that stay although there is a reason: `--keep` selects them, or they are younger than `--min-age`."""
    foreign: "Sequence[Entry]" = ()
    """Foreign files, for a command that reports them."""
    redundant: Mapping[str, frozenset[str]] = {}
    """Ids of entries that are not needed because of others, by the reason, for a command that reports them."""
    warnings: tuple[str, ...] = ()
    verbosity: int = 0
    """Above 0 if the user requests more output, below 0 for less."""
    is_dry_run: bool = False
    is_of_many: bool = False
    """Whether it is of many caches: then `summary` has `caches`, with the summary of each."""
    now_s: float | None = None
    """The present, in seconds since 1970; `None`: times are shown as they are."""
    short_id: Callable[[str], str] = str
    """Returns the short form of the id of an entry, which means that entry alone; by default, the id."""
    program: str = "python -m pipcacheplus"
    """The command that starts this program in the same way, quoted for a shell."""
    repeated: Mapping[str, str] = {}
    """Options of this run that another one needs for the same: by their names, each with its value, quoted in the same
    way."""
    is_selection: bool = False
    """Whether there was a selection: then an empty result does not mean that the cache is empty."""
    job: Job | None = None
    """The CI job, if the command is part of one."""
    live: "Generator[Mapping[str, Json], None, None] | None" = None
    """Parts of the result that come while it is written: each line is then printed at once. The caller that writes the
    view closes it."""

    def command_line(self, words: str, *, but: Collection[str] = ()) -> str:
        """Return a command to print: the program, these words of it, and the options that matter.

        Args:
            words: The command and its own arguments, quoted for a shell.
            but: Options that this command does not have.
        """
        return " ".join((self.program, words, *(text for name, text in self.repeated.items() if name not in but)))

    def absolute(self, path: str) -> str:
        """Return the absolute path of a path inside the cache."""
        root = self.cache.path.rstrip(self.separator)
        return self.separator.join((root, *path.split("/")))


class FailedCommand(NamedTuple):
    """The reason why a command failed."""

    command: str
    version: str
    """The version of pipcacheplus."""
    problem: str
    """A sentence for people."""
    cache_path: str | None
    """The cache directory, if it is known."""
    job: Job | None = None
    """The CI job, if the command is part of one."""


class Attachments(NamedTuple):
    """Text for files of a CI service, in addition to stdout."""

    summary: str
    """Markdown for the page of the job; may be empty."""
    outputs: Mapping[str, str]
    """Values for later steps of the job, by name."""


class Render(Protocol):
    """Write a view.

    `width` is that of the terminal in columns; nothing is shortened if it is `None`, as in a pipe. The text may hold
    names with `surrogateescape`, and is passed on in pieces, so that it need not fit into memory.
    """

    def __call__(self, view: View, write: Write, *, width: int | None, color: bool) -> None:
        """Write all of it."""


def _never(_view: View) -> bool:
    return False


class OutputFormat(NamedTuple):
    """A way to write a view; the name of its module is the value of `--format`."""

    help: str
    render: Render
    aliases: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    """The commands whose views it writes; all if there is none."""
    has_warnings: Callable[[View], bool] = _never
    """Whether it writes the warnings of a view too; otherwise they go to stderr."""
    render_failure: Callable[[FailedCommand, Write], None] | None = None
    """Writes the failure of a command; `None` if that goes only to stderr."""
    lists_normal: bool = True
    """Whether it writes each finding that is only information, also where the user did not ask for more with `-v`."""
    attach: Callable[[View], Attachments | None] | None = None
    """Returns the text for files of the CI service, if there is any."""
