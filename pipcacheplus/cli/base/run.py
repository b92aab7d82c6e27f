"""From arguments to an exit code: read them, run the command, write its view; errors become one sentence."""

import codecs
import gc
import os
import sys
import time
from collections.abc import Sequence
from io import TextIOWrapper

from pipcacheplus.cli.base import exits, options
from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.cli.base.console import Console, open_console
from pipcacheplus.cli.base.family import Family, members
from pipcacheplus.errors import PipCachePlusError
from pipcacheplus.render.view import OutputFormat
from pipcacheplus.version import __version__

__all__ = ["run"]

_ALLOCATIONS = 100_000
"""How many more values there are before the interpreter looks for cycles again. Entries make none, and to look at all
of a large cache's again and again takes a twentieth of the time of `purge`."""
_TAKE_ANYTHING = "pipcacheplus"


def run(arguments: Sequence[str]) -> int:
    """Carry out what the arguments say, and return the exit code.

    Nothing that is raised on purpose leaves this function. If the command fails as a whole, nothing is on stdout.

    Raises:
        SystemExit: As argparse does it, after help, the version, or arguments that cannot be understood.
    """
    gc.set_threshold(_ALLOCATIONS)
    commands = Family("pipcacheplus.cli", "COMMAND", Command)
    formats = members("pipcacheplus.render", "FORMAT", OutputFormat)
    words = {name: form.help for name, form in formats.items()}
    aliases = {alias: name for name, form in formats.items() for alias in form.aliases}
    name, chosen = options.parse_arguments(arguments, commands, words | dict.fromkeys(aliases, ""), version=__version__)
    if name is None:
        return exits.DONE
    console = open_console(
        os.environ, no_color=chosen.no_color, no_input=chosen.no_input, is_quiet=chosen.quiet > chosen.verbose
    )
    form = formats[aliases.get(chosen.format, chosen.format)]
    request = Request(
        command=name, options=chosen, console=console, environ=os.environ, separator=os.sep, now_s=time.time()
    )
    try:
        result = commands[name].run(request)
        _write(result, form, console)
    except PipCachePlusError as error:
        console.say(f"ERROR: {error}")
        return exits.of_error(error)
    except OSError as error:
        # A disk that fails, or a right that is missing, for the cache as a whole; entries are reported by themselves.
        console.say(f"ERROR: {error.filename or 'the cache'}: {error.strerror or error}")
        return exits.FAILED
    except KeyboardInterrupt:
        console.say("ERROR: interrupted")
        return exits.INTERRUPTED
    return result.exit_code


def _write(result: CommandResult, form: OutputFormat, console: Console) -> None:
    """Write the view; if the reader has gone away, as `head` does, the rest is dropped without a word."""
    if not form.has_warnings:
        for warning in result.view.warnings:
            console.say(f"WARNING: {warning}")
    if isinstance(console.out, TextIOWrapper):
        codecs.register_error(_TAKE_ANYTHING, _take_anything)
        console.out.reconfigure(errors=_TAKE_ANYTHING)
    try:
        form.render(result.view, console.out.write, width=console.width, color=console.color)
        console.out.flush()
    except BrokenPipeError:
        # Else the interpreter would flush once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _take_anything(error: UnicodeError) -> tuple[str | bytes, int]:
    """Let names that are not UTF-8 go out as the bytes that they are; escape what the encoding lacks."""
    try:
        return codecs.lookup_error("surrogateescape")(error)  # another program can open it by these bytes
    except UnicodeError:
        return codecs.backslashreplace_errors(error)
