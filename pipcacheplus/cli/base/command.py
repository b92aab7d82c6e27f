"""A command of the command line: its request, its function and its result."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.console import Console
from pipcacheplus.cli.base.sentences import in_options
from pipcacheplus.cli.base.started import program_words, started_here
from pipcacheplus.model.terms import Source
from pipcacheplus.model.version import __version__
from pipcacheplus.render.shell import quoted
from pipcacheplus.render.view import PYTHON_OPTIONS, Json, View

if TYPE_CHECKING:  # slow to import, and `dir` does without them
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.fleet.gathered import Gathered
    from pipcacheplus.model.values import CacheDir, Warned

__all__ = ["Command", "CommandResult", "Request", "make_result", "make_view", "no_match"]


_NO_HINTS: Mapping[str, str] = {}
_HOUR_S = 3600.0
"""The default of `--min-age`."""


class Request(NamedTuple):
    """The command and options of a run, and the surroundings that it may use."""

    command: str
    options: Namespace
    """All options of the command, the common ones among them."""
    console: Console
    environ: Mapping[str, str]
    separator: str
    """The character between the parts of a path on this system."""
    now_s: float
    """The time in seconds since 1970."""
    lists_normal: bool = True
    """Whether the output format writes each finding that is only information; `-v` always does."""

    @property
    def verbosity(self) -> int:
        """Return the verbosity: 0 unless `-v` or `-q` is given, one more for each `-v`, one less for each `-q`."""
        return int(self.options.verbose) - int(self.options.quiet)

    def open_cache(self) -> "PipCache":
        """Find the cache that the options and the environment name.

        Raises:
            PipCachePlusError: As `PipCache.locate`.
        """
        from pipcacheplus.cache.pip_cache import PipCache  # noqa: PLC0415 - slow to import

        options = self.options
        return PipCache.locate(cache_dir=options.cache_dir, index_urls=options.index_url or (), environ=self.environ)


class CommandResult(NamedTuple):
    """The result of a command, to be written, and its exit code."""

    view: View
    exit_code: int = exits.DONE
    late_code: Callable[[], int] | None = None
    """Returns the exit code of what is done while the view is written (`View.live`)."""
    document: Iterable[str] | None = None
    """What goes to stdout in place of the view, in pieces and whatever the format."""


def _declare_nothing(_parser: ArgumentParser) -> None:
    pass


class Command(NamedTuple):
    """A command of the command line; its name is that of its module."""

    help: str
    run: Callable[[Request], CommandResult]
    """Does the work. A `PipCachePlusError` that it raises becomes one sentence and an exit code."""
    declare: Callable[[ArgumentParser], None] = _declare_nothing
    """Adds the command's own options."""
    summary_of_nothing: "Callable[[CacheDir], Mapping[str, Json]] | None" = None
    """The summary if there is no cache: one that does not exist yet, or is switched off (then its path is empty).
    `None`: a missing cache is an error for this command."""
    takes_many: bool = False
    """Whether it can be run over many caches, each in a process of its own."""
    examine_many: Callable[[Request, Sequence[str]], None] | None = None
    """Refuses options that make no sense over many caches, whose paths it gets, before the work, which can take hours;
    a `PipCachePlusError` that it raises is the reason."""
    finish_many: "Callable[[Request, View, Gathered], CommandResult] | None" = None
    """Makes the result of many caches from the view of all and their rows; by default, the view is the result."""
    is_configurable: bool = False
    """Whether keeps and limits of the settings apply."""
    optional_values: Mapping[str, str] = {}
    """Options whose value is optional and follows `=`; each with the argument that replaces it without a value, so
    that the next argument is not read as its value."""
    examples: tuple[str, ...] = ()
    """Two runs worth knowing, without what starts the program; a test runs them in this order."""
    page: str = "docs/reference/cli.md#commands"
    """Where the documentation says more."""


def make_view(
    request: Request,
    cache: "CacheDir",
    last_use: str,
    *,
    warnings: Sequence[str] = (),
    **parts: Any,  # noqa: ANN401 - View's
) -> View:
    """Return the view of a command; warnings about the cache directory itself come before the others."""
    own = () if cache.disabled_by is None else (f"pip itself does not use this cache: {cache.disabled_by}",)
    if cache.moves_access_times:
        own = (*own, "reading changes access times here, so that files seem to have been used just now")
    if cache.ignores_noatime:
        own = (*own, "reading changes access times here in spite of O_NOATIME: last use is judged by times of writing")
    return View(
        command=request.command,
        version=__version__,
        cache=cache,
        last_use=last_use,
        separator=request.separator,
        verbosity=request.verbosity,
        is_dry_run=bool(request.options.dry_run),
        now_s=request.now_s,
        program=_quoted(program_words(started_here(request.environ))),
        repeated=_repeated(request, cache),
        is_selection=bool(getattr(request.options, "what", ())),
        warnings=(*own, *warnings),
        **parts,
    )


def _repeated(request: Request, cache: "CacheDir") -> Mapping[str, str]:
    """Return the options of this run that another one needs to find the same in the same cache, quoted for a shell."""
    given, options = dict[str, list[str]](), request.options
    # A variable may have been set only for this run.
    if cache.path and cache.source in {Source.ARGUMENT, Source.ENVIRONMENT}:
        given["--cache-dir"] = [cache.path]
    given["--index-url"] = _shown_indexes(options.index_url or ())
    if getattr(options, "min_age", _HOUR_S) != _HOUR_S:
        given["--min-age"] = [f"{options.min_age:.9f}".rstrip("0").rstrip(".")]
    for name in PYTHON_OPTIONS:
        given[name] = getattr(options, name[2:].replace("-", "_"), None) or []
    repeated = {name: _quoted([word for value in values for word in (name, value)]) for name, values in given.items()}
    for name, is_given in (
        ("--no-catalog", not getattr(options, "remembers", True)),
        ("--as-owner", getattr(options, "as_owner", False)),
    ):
        repeated[name] = name if is_given else ""
    return {name: text for name, text in repeated.items() if text}


def _shown_indexes(urls: Sequence[str]) -> list[str]:
    if not urls:
        return []
    from pipcacheplus.pips.credentials import has_credentials  # noqa: PLC0415 - slow to import, and seldom needed
    from pipcacheplus.pips.urls import without_user  # noqa: PLC0415 - as above

    return [plain for url in urls if not has_credentials(plain := without_user(url))]


def _quoted(words: Sequence[str]) -> str:
    return quoted(words, is_windows=os.name == "nt")


def make_result(  # noqa: D417 - the rest is View's
    request: Request,
    cache: "PipCache",
    *,
    warnings: "Iterable[Warned]" = (),
    remarks: Sequence[str] = (),
    unmatched: Sequence[str] = (),
    hints: Mapping[str, str] = _NO_HINTS,
    exit_code: int = exits.DONE,
    **parts: Any,  # noqa: ANN401 - View's
) -> CommandResult:
    """Return the result of a command that read a cache.

    Args:
        warnings: Files that could not be read. If there is any, the command has been done in part.
        remarks: Warnings without effect on the exit code.
        unmatched: Selections that matched no entry.
        hints: For these, similar names.
        exit_code: The code of the command; that of warnings, or of no match, replaces it if it is worse.
    """
    if cache.catalog_trouble is not None and request.verbosity > 0:
        request.console.say(f"The catalog is not used: {cache.catalog_trouble}")
    failures = tuple(f"{warned.path}: {warned.message}" for warned in warnings)
    missing = _missing(unmatched, hints) if unmatched else ()
    settings = (
        () if cache.settings_trouble is None else (f"indexes of pip's settings: {in_options(cache.settings_trouble)}",)
    )
    view = make_view(request, cache.dir, cache.last_use, warnings=(*settings, *failures, *remarks, *missing), **parts)
    partly = exits.PARTLY if failures else exits.DONE
    return CommandResult(view=view, exit_code=exits.worst(exit_code, partly, no_match(request, unmatched)))


def _missing(unmatched: Sequence[str], hints: Mapping[str, str]) -> tuple[str, ...]:
    from pipcacheplus.pips.credentials import shown_text  # noqa: PLC0415 - slow to import, and seldom needed

    return tuple(
        f'No matching entries for "{shown_text(what)}"' + (f"; did you mean {hints[what]}?" if what in hints else "")
        for what in unmatched
    )


def no_match(request: Request, unmatched: Sequence[str]) -> int:
    """Return the exit code of selections that matched nothing: that of an error, if the user requests it."""
    wanted = getattr(request.options, "what", [])
    is_error = getattr(request.options, "error_on_no_match", False) and wanted and set(wanted) <= set(unmatched)
    return exits.NO_MATCH if is_error else exits.DONE
