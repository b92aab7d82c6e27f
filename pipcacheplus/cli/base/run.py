"""Parse the arguments, run the command, write its view; turn errors into one sentence and an exit code."""

import codecs
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from io import TextIOWrapper

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.absence import result_of_nothing
from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.cli.base.console import Console, open_console
from pipcacheplus.cli.base.family import Family, members
from pipcacheplus.cli.base.job import append, service_of
from pipcacheplus.cli.base.named_caches import are_many
from pipcacheplus.cli.base.parsing import parse_arguments
from pipcacheplus.cli.base.sentences import sentence
from pipcacheplus.cli.base.signals import StoppedError, raising, signal_name
from pipcacheplus.cli.base.streams import flush, open_closed, redirect
from pipcacheplus.errors import BadRequestError, CacheDisabledError, CacheNotFoundError, PipCachePlusError
from pipcacheplus.model.version import __version__
from pipcacheplus.render.view import FailedCommand, Job, OutputFormat, View, Write

__all__ = ["list_modules", "run", "run_on_streams"]

_ERROR_HANDLER = "pipcacheplus"
"""The name under which `_bytes_or_escape` is registered."""
_SIGPIPE: int = getattr(signal, "SIGPIPE", 13)
"""Windows has no such signal, but it has pipes that no process reads."""


def list_modules() -> None:
    """List the commands, formats and checks once: a later user of this process may not be able to read their folders.

    Without this, a user who may not would have no checks, and find nothing.
    """
    from pipcacheplus.checks.base.check import checks  # noqa: PLC0415 - slow to import

    Family("pipcacheplus.cli", "COMMAND", Command)
    members("pipcacheplus.render", "FORMAT", OutputFormat)
    checks()


def run(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return the exit code.

    A `PipCachePlusError`, an `OSError` and a signal that ends it become one sentence on stderr. On stdout is nothing
    then, or in a format for programs a document that says the same: not for a request that makes no sense, since there
    the format may be what was misspelt.

    Raises:
        SystemExit: argparse has printed help or the version, or the arguments are not valid.
    """
    commands = Family("pipcacheplus.cli", "COMMAND", Command)
    formats = members("pipcacheplus.render", "FORMAT", OutputFormat)
    words = {name: form.help for name, form in formats.items()}
    aliases = {alias: name for name, form in formats.items() for alias in form.aliases}
    name, chosen = parse_arguments(
        arguments,
        commands,
        words | {alias: f"the same as {name}" for alias, name in aliases.items()},
        version=__version__,
        commands_of={name: form.commands for name, form in formats.items() if form.commands},
        default_format="human" if service_of(os.environ) is None else "ci",
    )
    if name is None:
        return exits.DONE
    console = open_console(
        os.environ,
        color=chosen.color,
        no_input=chosen.no_input,
        no_progress=chosen.no_progress,
        is_quiet=chosen.quiet > chosen.verbose,
    )
    form = formats[aliases.get(chosen.format, chosen.format)]
    if form.commands and name not in form.commands:
        others = ", ".join(word for word, one in formats.items() if not one.commands)
        own = " and ".join(form.commands)
        console.say(f"ERROR: --format {chosen.format} is for {own} alone; for {name} use one of {others}")
        return exits.USAGE
    request = Request(
        command=name,
        options=chosen,
        console=console,
        environ=os.environ,
        separator=os.sep,
        now_s=time.time(),
        lists_normal=form.lists_normal,
    )
    try:
        with raising():
            try:
                return _deliver(_result(commands[name], request, arguments), form, request)
            except PipCachePlusError as error:
                path = getattr(error, "path", None)
                return _fail(request, form, sentence(error), exits.code_for(error), path)
            except OSError as error:
                # The cache as a whole cannot be read: a disk fails, a right is missing. What concerns one entry is a
                # warning.
                problem = f"{error.filename or 'the cache'}: {error.strerror or error}"
                return _fail(request, form, problem, exits.FAILED)
    except KeyboardInterrupt as error:
        number = _number_of(error)
        return _fail(request, form, f"interrupted by {signal_name(number)}", exits.stopped_by(number))


def run_on_streams(arguments: Sequence[str]) -> int:
    """Run the command as `run` does, on standard streams that may be closed or full: `FAILED` if stdout was full.

    Raises:
        SystemExit: As `run`.
    """
    open_closed()
    try:
        code = run(arguments)
    except SystemExit as end:
        # Help and version were written by argparse, and may still be held back.
        if not end.code and _could_not_flush():
            raise SystemExit(exits.FAILED) from None
        raise
    return exits.FAILED if _could_not_flush() and code == exits.DONE else code


def _could_not_flush() -> bool:
    """Return whether stdout cannot take what it holds back; Python's own attempt would end with 120 then."""
    error = flush(sys.stdout)
    flush(sys.stderr)
    return error is not None and not isinstance(error, BrokenPipeError)


def _result(command: Command, request: Request, arguments: Sequence[str]) -> CommandResult:
    """Run a command; that there is no cache is a result, unless it is one that was named."""
    if are_many(request.options, command):
        if not command.takes_many:
            step = "name one with --cache-dir"
            raise BadRequestError(what=request.command, problem="works on one cache at a time", next_step=step)
        from pipcacheplus.cli.base.many import result_of_many  # noqa: PLC0415 - most runs are of one cache

        return result_of_many(command, request, arguments)
    is_named = request.options.cache_dir is not None
    try:
        return command.run(request)
    except (CacheNotFoundError, CacheDisabledError) as error:
        nothing = None if is_named else result_of_nothing(command, request, error)
        if nothing is None:
            raise
        return nothing


def _job(request: Request) -> Job | None:
    service = request.console.service
    return None if service is None else Job(service, int(request.now_s), int(time.time()))


def _deliver(result: CommandResult, form: OutputFormat, request: Request) -> int:
    """Write the view, and return the exit code."""
    console = request.console
    result = result._replace(view=result.view._replace(job=_job(request)))
    if not form.has_warnings(result.view):
        for warning in result.view.warnings:
            console.say(f"WARNING: {warning}")
    live = result.view.live
    try:
        with nullcontext() if live is None else closing(live):
            _render(lambda write: _write(result, form, write, console), console, at_once=live is not None)
    except OSError as error:
        redirect(console.out)
        return exits.worst(result.exit_code, _not_delivered(result, console, error))
    except KeyboardInterrupt as error:
        number = _number_of(error)
        _say_sum(result, console, f"interrupted by {signal_name(number)}")
        return exits.worst(result.exit_code, exits.stopped_by(number))
    _attach(result.view, form, request)
    return result.exit_code if result.late_code is None else exits.worst(result.exit_code, result.late_code())


def _write(result: CommandResult, form: OutputFormat, write: Write, console: Console) -> None:
    if result.document is None:
        form.render(result.view, write, width=console.width, color=console.color)
        return
    for piece in result.document:
        write(piece)


def _attach(view: View, form: OutputFormat, request: Request) -> None:
    """Append to files of the CI service; that one cannot be written changes nothing about what was done."""
    attached = None if form.attach is None else form.attach(view)
    problems = [] if attached is None else append(attached, request.environ)
    if problems:
        request.console.say(f"WARNING: not written: {', '.join(problems)}")


def _number_of(interrupt: KeyboardInterrupt) -> int:
    return interrupt.number if isinstance(interrupt, StoppedError) else signal.SIGINT


def _render(render: Callable[[Write], None], console: Console, *, at_once: bool = False) -> None:
    """Have text written to stdout; each piece goes out `at_once` where there is work between them."""

    def write_at_once(text: str) -> None:
        console.out.write(text)
        console.out.flush()

    if isinstance(console.out, TextIOWrapper):
        codecs.register_error(_ERROR_HANDLER, _bytes_or_escape)
        console.out.reconfigure(errors=_ERROR_HANDLER)
    render(write_at_once if at_once else console.out.write)
    console.out.flush()


def _not_delivered(result: CommandResult, console: Console, error: OSError) -> int:
    """Print the result of a change of the cache to stderr, as stdout cannot take it; return the exit code of that.

    If nothing was changed and the reader of a pipe ends early, as `head` does, the rest is dropped without a word.
    """
    is_unread = isinstance(error, BrokenPipeError)
    if is_unread and not _is_change(result):
        return exits.DONE
    _say_sum(result, console, f"stdout: {error.strerror or error}")
    return exits.stopped_by(_SIGPIPE) if is_unread else exits.FAILED


def _is_change(result: CommandResult) -> bool:
    return bool(result.view.outcomes) and not result.view.is_dry_run


def _say_sum(result: CommandResult, console: Console, problem: str) -> None:
    """Say why stdout has not all of it, and of a cache that was changed on stderr what stayed, failed, and the sum."""
    console.say(f"ERROR: {problem}")
    if _is_change(result):
        from pipcacheplus.render.human import FORMAT  # noqa: PLC0415 - nearly no run needs it

        FORMAT.render(result.view._replace(verbosity=-1), console.write_err, width=None, color=False)


def _fail(request: Request, form: OutputFormat, problem: str, code: int, path: str | None = None) -> int:
    """Say why nothing came of a command, and return its exit code."""
    console = request.console
    console.say(f"ERROR: {problem}")
    if form.render_failure is not None and code != exits.USAGE:
        failure = FailedCommand(request.command, __version__, problem, path, _job(request))
        write_failure = form.render_failure
        try:
            _render(lambda write: write_failure(failure, write), console)
        except OSError:
            redirect(console.out)
    return code


def _bytes_or_escape(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode a name that is not UTF-8 as the bytes that it has on disk, and escape what the encoding lacks."""
    try:
        return codecs.lookup_error("surrogateescape")(error)  # another program can open the file by these bytes
    except UnicodeError:
        return codecs.backslashreplace_errors(error)
