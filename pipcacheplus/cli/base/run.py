"""Parse the arguments, run the command, write its view; turn errors into one sentence and an exit code."""

import codecs
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

_ERROR_HANDLER = "pipcacheplus"
"""The name under which `_bytes_or_escape` is registered."""


def run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return the exit code.

    A `PipCachePlusError`, an `OSError` and an interrupt become one sentence on stderr; of a command that raises one,
    nothing is on stdout.

    Raises:
        SystemExit: argparse has printed help or the version, or the arguments are not valid.
    """
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
        return exits.code_for(error)
    except OSError as error:
        # The cache as a whole cannot be read: a disk fails, a right is missing. What concerns one entry is a warning.
        console.say(f"ERROR: {error.filename or 'the cache'}: {error.strerror or error}")
        return exits.FAILED
    except KeyboardInterrupt:
        console.say("ERROR: interrupted")
        return exits.INTERRUPTED
    return result.exit_code


def _write(result: CommandResult, form: OutputFormat, console: Console) -> None:
    """Write the view; if the reader of a pipe ends early, as `head` does, drop the rest without an error."""
    if not form.has_warnings:
        for warning in result.view.warnings:
            console.say(f"WARNING: {warning}")
    if isinstance(console.out, TextIOWrapper):
        codecs.register_error(_ERROR_HANDLER, _bytes_or_escape)
        console.out.reconfigure(errors=_ERROR_HANDLER)
    try:
        form.render(result.view, console.out.write, width=console.width, color=console.color)
        console.out.flush()
    except BrokenPipeError:
        # Else the interpreter would flush once more at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bytes_or_escape(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode a name that is not UTF-8 as the bytes that it has on disk, and escape what the encoding lacks."""
    try:
        return codecs.lookup_error("surrogateescape")(error)  # another program can open the file by these bytes
    except UnicodeError:
        return codecs.backslashreplace_errors(error)
