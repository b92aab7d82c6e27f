"""What a command hands to a renderer: all that can be said, before anybody decides how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipcacheplus.model.values import CacheDir, Entry, Finding, Outcome

__all__ = ["Json", "OutputFormat", "Render", "View", "Write"]

Json = str | int | bool | None | Mapping[str, "Json"] | Sequence["Json"]
"""What a summary may hold."""

Write = Callable[[str], object]
"""Takes the next piece of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The result of one command."""

    command: str
    version: str
    """pipcacheplus's own."""
    cache: CacheDir
    last_use: str
    """`atime`, or `mtime` where access times are not kept."""
    separator: str = "/"
    """What stands between the parts of a path on this system."""
    summary: Mapping[str, Json] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    findings: tuple[Finding, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    kept: tuple[Entry, ...] = ()
    """What a keep, or its youth, held back."""
    warnings: tuple[str, ...] = ()
    verbosity: int = 0
    """Below zero: only what sums up. 0: what matters. Above: everything."""
    is_dry_run: bool = False

    def absolute(self, path: str) -> str:
        """Return the absolute path of something below the cache."""
        root = self.cache.path.rstrip(self.separator)
        return self.separator.join((root, *path.split("/")))


class Render(Protocol):
    """Write a view.

    `width` is that of the terminal in columns, `None` if nobody is known to look: nothing is cut then. The text may
    hold names with `surrogateescape`, and is handed on in pieces, so that it need not fit into memory.
    """

    def __call__(self, view: View, write: Write, *, width: int | None, color: bool) -> None:
        """Write all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    """A way to write a view; the name of its module is the word for `--format`."""

    help: str
    render: Render
    aliases: tuple[str, ...] = ()
    has_warnings: bool = False
    """Whether the warnings are part of what is written; else they are told beside it."""
