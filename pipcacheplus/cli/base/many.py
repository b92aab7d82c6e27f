"""Commands over many caches: a process for each, on the engine that is named."""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.advisories import nothing_named, selections_in
from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.cli.base.files_for_units import with_whole_paths
from pipcacheplus.cli.base.many_views import as_lines, as_table, own_alone
from pipcacheplus.cli.base.named_caches import found_caches
from pipcacheplus.cli.base.signals import stopping
from pipcacheplus.errors import BadRequestError

if TYPE_CHECKING:  # slow to import, and most runs are of one cache
    from pipcacheplus.fleet.find import FoundCache
    from pipcacheplus.fleet.unit import UnitResult

__all__ = ["result_of_many", "results_for"]

_ROOT = 0
_WITH_VALUE = frozenset(
    {"--cache-dir", "--caches-from", "--executor", "--limit-per-cache", "--format", "--color", "--hashes", "--output"}
)
_FLAGS = frozenset(
    {
        "--all-users",
        "--json",
        "--no-color",
        "--no-progress",
        "--no-input",
        "-v",
        "-vv",
        "--verbose",
        "-q",
        "-qq",
        "--quiet",
    }
)
"""Options of the whole run, which the processes of the caches do not get."""
_ENGINE = "threads"
_WAITING_PER_PROCESSOR = 4
"""Processes that remove, where pips may be running: each waits up to 20 s for answers on their way to a pip."""
_MOST_WAITING = 32
_SIZES = ("bytes", "disk_bytes")
"""Keys of summaries: the bytes of the entries that a process read or removed."""
_JSON_LINES = "jsonl"
_FORMATS = frozenset({"human", "ci", "json", _JSON_LINES})


def results_for(
    caches: "Sequence[FoundCache]",
    words: Sequence[str],
    request: Request,
    *,
    what: str,
    gathers: bool,
    stop: Callable[[], bool] = lambda: False,
) -> "Iterator[tuple[FoundCache, UnitResult]]":
    """Run a command on each cache, and yield the results in the order in which they end, with progress.

    Args:
        caches: Those to run it on.
        words: The command and its options.
        request: Names the executor.
        what: The work, in one word.
        gathers: As of a unit.
        stop: As of `results_of`.
    """
    from pipcacheplus.cli.base.progress import progress_of_caches  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.engines import engine_of  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.portions import results_in_portions  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.run import results_of  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.units import unit_for  # noqa: PLC0415 - as above

    if not (hasattr(os, "fork") and hasattr(socket, "send_fds")):
        problem = "needs a system with processes that can be copied, such as Linux or macOS"
        raise BadRequestError(what="many caches", problem=problem, next_step="name one cache with --cache-dir")
    by_path = {one.path: one for one in caches}
    with progress_of_caches(request.console, what) as show, engine_of(engine_for(request)) as engine:
        units = (unit_for(one, words, limit_s=request.options.limit_per_cache, gathers=gathers) for one in caches)
        size = 0
        run = results_in_portions if request.command == "verify" else results_of
        for done, result in enumerate(run(units, engine.executor, ahead=2 * engine.workers, stop=stop), 1):
            size += _bytes_of(result)
            if show is not None:
                show(done, len(caches), size)
            yield by_path[result.path], result


def engine_for(request: Request) -> str:
    """Return the word of the executor: by default threads, more of them if the processes may wait for pips."""
    options = request.options
    if options.executor is not None:
        return str(options.executor)
    if request.command != "prune" or options.dry_run or options.exclusive:
        return _ENGINE
    return f"{_ENGINE}:{min(_MOST_WAITING, _WAITING_PER_PROCESSOR * (os.cpu_count() or 1))}"


def _bytes_of(result: "UnitResult") -> int:
    """Return the bytes of the entries that a process reports; it may be one of any user."""
    summary = (result.document or {}).get("summary", {})
    sizes = (summary.get(key) for key in _SIZES)
    return next((size for size in sizes if type(size) is int and 0 <= size < 1 << 63), 0)


def result_of_many(command: Command, request: Request, arguments: Sequence[str]) -> CommandResult:
    """Run the command of a request on all caches that its options name.

    Args:
        command: The command.
        request: The request.
        arguments: Of this run: the processes get them without the options that name caches.

    Raises:
        BadRequestError: No cache is named, or the format is not one for many.
    """
    from pipcacheplus.fleet.units import refuse_open_scheduler, user_for  # noqa: PLC0415 - as above

    options = request.options
    if options.format not in _FORMATS:
        problem = f"cannot be written as {options.format}"
        step = "use --format json, or jsonl with a line for each cache"
        raise BadRequestError(what="many caches", problem=problem, next_step=step)
    caches = _caches_of(request)
    if command.examine_many is not None:
        command.examine_many(request, [one.path for one in caches])
    engine, _, address = (options.executor or _ENGINE).partition(":")
    if request.command == "prune" and not options.dry_run and engine == "dask":
        refuse_open_scheduler(f"--executor {options.executor}", address)
    is_lines = options.format == _JSON_LINES
    has_other_owners = any(user_for(one) is not None for one in caches)
    words = with_whole_paths(words_for_each(arguments), has_other_owners=has_other_owners)
    if not is_lines and (options.output is not None if request.command == "verify" else request.command == "info"):
        words = [*words, "-v"]  # with entries, for what only the whole shows, and for the file
    remarks: tuple[str, ...] = ()
    if getattr(options, "hashes", None):  # a file of this user, which the owners of the caches may not read
        named = selections_in(options.hashes)
        words, remarks = [*words, *named], () if named else (nothing_named(options.hashes),)
        caches = caches if named or options.what else []  # no selection would mean all entries
    usable = [one for one in caches if one.problem is None]
    left_out = [one for one in caches if one.problem is not None]
    run = partial(results_for, usable, words, request, what=request.command, gathers=not is_lines)
    if is_lines:
        for remark in (*remarks, *own_alone(request)):
            request.console.say(f"WARNING: {remark}")
        return as_lines(request, left_out, run, len(usable))
    with stopping(has_own_pipes=True) as stop:
        done = as_table(command, request, left_out, run(stop=stop), len(usable), stop)
        return done._replace(view=done.view._replace(warnings=(*remarks, *done.view.warnings)))


def _caches_of(request: Request) -> "list[FoundCache]":
    """Return the caches that options name, each once; without any, that of this user.

    Raises:
        BadRequestError: There is none.
    """
    from pipcacheplus.fleet.find import named_caches, unique_caches  # noqa: PLC0415 - as above

    options = request.options
    listed, is_of_all = getattr(options, "caches_from", None), getattr(options, "all_users", False)
    caches = unique_caches(found_caches(options.cache_dirs, listed, request, all_users=is_of_all, more=False))
    if not (caches or options.cache_dirs or is_of_all or listed):
        caches = [*named_caches([request.open_cache().dir.path])]
    if not caches:
        problem = f"none was found{' for this user, and those of others take root' if own_alone(request) else ''}"
        raise BadRequestError(what="many caches", problem=problem, next_step="name one with --cache-dir")
    return caches


def words_for_each(arguments: Sequence[str]) -> list[str]:
    """Return arguments without the options that name caches, and those of the whole run.

    >>> words_for_each(["--cache-dir", "a", "list", "--caches-from=b", "six", "--", "--json"])
    ['list', 'six', '--', '--json']
    """
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            return [*kept, word, *words]
        name, _, value = word.partition("=")
        if name in _WITH_VALUE:
            if not value and "=" not in word:
                next(words, None)
        elif name not in _FLAGS:
            kept.append(word)
    return kept
