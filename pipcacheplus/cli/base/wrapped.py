"""Words of the command line for pip: `[--python PATH] pip ARGS`, recognised before any import."""

import os
import sys
from collections.abc import Sequence

from pipcacheplus.wrap import PIP_CACHE_VERBS, USES_CACHE

TYPE_CHECKING = False  # for a type checker it is true; `typing` is slow to import
if TYPE_CHECKING:  # a pip that uses no cache needs none of it
    from pipcacheplus.wrap.pip_arguments import PipArguments

__all__ = ["Wrapped", "run_wrapped", "split_wrapped"]

_COMMAND = "pip"
_VALUED = frozenset({"--check", "--python"})
_TAKEN = USES_CACHE | {"cache"}
"""Commands of pip for which the wrapper does more than to run pip."""
_HELP = frozenset({"-h", "--help"})
_USAGE = 2


class Wrapped:
    """A pip to run, and the options of the wrapper."""

    def __init__(self) -> None:
        """Begin with the defaults."""
        self.words: tuple[str, ...] = ()
        """Arguments for pip."""
        self.python: str | None = None
        self.check: str | None = None
        self.heals = True
        self.records = True
        self.is_exclusive = False
        self.wrong: str | None = None
        """The problem of these arguments, if there is one."""

    def take(self, name: str, value: str) -> None:
        """Add an option."""
        if name == "--python":
            self.python = value
        elif name == "--check":
            self.check = value
        elif name == "--no-heal":
            self.heals = False
        elif name == "--exclusive":
            self.is_exclusive = True
        elif name == "--no-record":
            self.records = False
        else:
            self.wrong = f"{name} is not an option of the wrapper; put options of pip after `pip`"


def split_wrapped(arguments: Sequence[str]) -> Wrapped | None:
    """Return the pip to run if `pip` is the first word that is not an option; `None` if it is not.

    >>> split_wrapped(["--python", "python3.12", "pip", "install", "six"]).words
    ('install', 'six')
    """
    found = Wrapped()
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        name, equals, value = arguments[at].partition("=")
        at += 1
        if name in _VALUED and not equals:
            value = arguments[at] if at < len(arguments) else ""
            at += 1
        found.take(name, value)
    if at >= len(arguments) or arguments[at] != _COMMAND or _HELP & set(arguments[:at]):
        return None
    found.words = tuple(arguments[at + 1 :])
    return found


def run_wrapped(wrapped: Wrapped) -> int:
    """Run a pip, or a command of pipcacheplus after `pip cache`, and return the exit code.

    A pip that uses no cache replaces this process, so that it has direct access to its terminal.
    """
    if wrapped.wrong is not None:
        _say(f"ERROR: {wrapped.wrong}")
        return _USAGE
    from pipcacheplus.wrap.in_place import become  # noqa: PLC0415 - only for pips

    if wrapped.python == "":
        _say("ERROR: --python: needs a value; pass the path of an interpreter")
        return _USAGE
    python = _interpreter(wrapped.python)
    if not _TAKEN & set(wrapped.words):
        return become([python, "-m", _COMMAND, *wrapped.words])
    from pipcacheplus.wrap.pip_arguments import read_pip_arguments  # noqa: PLC0415 - most commands do without

    found = read_pip_arguments(wrapped.words)
    if found.command == "cache" and (own := _own_verb(found.names, wrapped.words)):
        return _run_own(own, wrapped.python and python)
    if not found.uses_cache or _HELP & set(wrapped.words):
        return become([python, "-m", _COMMAND, *wrapped.words])
    try:
        return _run_pip(python, wrapped, found)
    except FileNotFoundError:  # the current directory is gone
        return become([python, "-m", _COMMAND, *wrapped.words])


def _run_pip(python: str, wrapped: Wrapped, arguments: "PipArguments") -> int:
    """Run a pip that uses its cache, and report the use; then prune, if that is due.

    Raises:
        FileNotFoundError: The current directory is gone.
    """
    from pipcacheplus.errors import BadRequestError  # noqa: PLC0415 - slow to import
    from pipcacheplus.wrap.pip import Pip  # noqa: PLC0415 - as above

    try:
        done = Pip(python).command(
            *wrapped.words,
            heal=wrapped.heals,
            check=wrapped.check,
            record=wrapped.records,
            exclusive=wrapped.is_exclusive or None,
            say=_say,
        )
    except BadRequestError as error:
        from pipcacheplus.cli.base.sentences import in_options  # noqa: PLC0415 - of use to few

        _say(f"ERROR: {in_options(str(error))}")
        return _USAGE
    is_quiet = arguments.quiet or os.environ.get("PIP_QUIET", "0") != "0"
    if done.use.files and not is_quiet:
        from pipcacheplus.render.text.worth import worth_in_words  # noqa: PLC0415 - slow to import

        _say(worth_in_words(done.use))
    if done.exit_code == 0 and arguments.command == "install" and not arguments.dry_run and done.cache_path is not None:
        from pipcacheplus.cli.base.auto import prune_if_due  # noqa: PLC0415 - slow to import

        line = prune_if_due(arguments, done.cache_path, os.environ)
        if line and not is_quiet:
            _say(line)
    return done.exit_code


def _interpreter(named: str | None) -> str:
    if named is None:
        return sys.executable
    from pipcacheplus.cli.base.started import in_path  # noqa: PLC0415 - of use to few

    return named if os.path.dirname(named) else in_path(named, os.environ) or named


def _own_verb(names: Sequence[str], words: Sequence[str]) -> list[str] | None:
    """Return this program's arguments for the words after `pip cache`; `None` if these are pip's own."""
    from pipcacheplus.cli.base.command import Command  # noqa: PLC0415 - slow to import
    from pipcacheplus.cli.base.family import Family  # noqa: PLC0415 - as above

    verb = names[0] if names else ""
    is_list_of_all = verb == "list" and "--all" in words
    if verb not in Family("pipcacheplus.cli", "COMMAND", Command) or (verb in PIP_CACHE_VERBS and not is_list_of_all):
        return None
    rest = list(words)
    rest.remove("cache")
    rest.remove(verb)
    return [verb, *(word for word in rest if not (is_list_of_all and word == "--all"))]


def _run_own(arguments: list[str], python: str | None) -> int:
    from pipcacheplus.cli.base.run import run_on_streams  # noqa: PLC0415 - slow to import

    if python and not any(word.partition("=")[0] == "--cache-dir" for word in arguments):
        from pipcacheplus.errors import PipCachePlusError  # noqa: PLC0415 - as above
        from pipcacheplus.wrap.pip import Pip  # noqa: PLC0415 - as above

        try:
            arguments = [*arguments, "--cache-dir", Pip(python).cache(command="cache").dir.path]
        except PipCachePlusError as error:
            _say(f"ERROR: {error}")
            return 10
    return run_on_streams(arguments)


def _say(line: str) -> None:
    """Write a line to stderr; names of entries may hold anything."""
    from pipcacheplus.render.text.words import safe  # noqa: PLC0415 - slow to import

    if sys.stderr is not None:
        try:
            sys.stderr.write(f"{safe(line)}\n")
            sys.stderr.flush()
        except OSError:  # no process reads it
            return
