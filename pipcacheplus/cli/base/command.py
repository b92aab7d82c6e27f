"""What a command is, what it is given, and what it answers."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.console import Console
from pipcacheplus.render.view import View

if TYPE_CHECKING:  # `dir` has no need of what lies behind it, which is slow to import
    from pipcacheplus.cache import PipCache

__all__ = ["PROGRAM", "Answer", "Command", "Request"]

PROGRAM = "python -m pipcacheplus"
"""The form in which commands are documented: surely the same Python, and so the same pip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asks for, and where from."""

    command: str
    options: Namespace
    """All options of the command; the common ones too (`options.declare_common`)."""
    console: Console
    environ: Mapping[str, str]
    separator: str
    """What stands between the parts of a path."""
    now_s: float

    @property
    def verbosity(self) -> int:
        """Return how much to say: 0 is what matters."""
        return int(self.options.verbose) - int(self.options.quiet)

    def open_cache(self) -> "PipCache":
        """Find the cache that the options and the environment mean.

        Raises:
            PipCachePlusError: As `PipCache.locate`.
        """
        from pipcacheplus.cache import PipCache  # noqa: PLC0415 - slow to import

        options = self.options
        return PipCache.locate(cache_dir=options.cache_dir, index_urls=options.index_url or (), environ=self.environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command found or did."""

    view: View
    exit_code: int = 0


def _nothing(_parser: ArgumentParser) -> None:
    """Declare no option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A verb of the command line; its name is that of its module."""

    help: str
    run: Callable[[Request], Answer]
    """Does it. Whatever it raises of `PipCachePlusError` becomes one sentence and an exit code."""
    declare: Callable[[ArgumentParser], None] = _nothing
    """Adds the options that are the command's own."""
    optional_values: Mapping[str, str] = field(default_factory=dict)
    """Options that take a value only behind `=`, with the value that stands for none."""
