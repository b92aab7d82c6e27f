"""Commands over many caches: a process for each, on the engine that is named."""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.advisories import nothing_named, selections_in
from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.cli.base.many_views import as_lines, as_table
from pipcacheplus.cli.base.named_caches import found_caches
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.signals import stopping
from pipcacheplus.errors import BadRequestError

if TYPE_CHECKING:  # slow to import, and most runs are of one cache
    from pipcacheplus.fleet.find import FoundCache
    from pipcacheplus.fleet.unit import UnitResult

__all__ = ["result_of_many", "results_for"]

_ROOT = 0
_LIMIT_S = 6 * 3600.0
"""Seconds after which the process of one cache is killed."""
_WITH_VALUE = frozenset({"--cache-dir", "--caches-from", "--executor", "--format", "--color", "--hashes", "--output"})
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
_SITE_STATE = "/var/lib/pipcacheplus"
"""Root's directory with a state directory for each user: catalogs there take nothing of the quota of a home."""
_JSON_LINES = "jsonl"
_FORMATS = frozenset({"human", "ci", "json", _JSON_LINES})


def _unit_user(cache: "FoundCache") -> int | None:
    """Return the user that a process becomes for a cache: its owner, if this is root and it is another user's."""
    own = os.geteuid() if hasattr(os, "geteuid") else None
    return cache.uid if own == _ROOT and cache.uid not in {None, own} else None


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
    from pipcacheplus.fleet.engines import engine_of  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.run import results_of  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.unit import Unit  # noqa: PLC0415 - as above

    if not (hasattr(os, "fork") and hasattr(socket, "send_fds")):
        problem = "needs a system with processes that can be copied, such as Linux or macOS"
        raise BadRequestError(what="many caches", problem=problem, next_step="name one cache with --cache-dir")
    by_path = {one.path: one for one in caches}
    root = _SITE_STATE if hasattr(os, "geteuid") and os.geteuid() == _ROOT else None
    with progress(request.console, what) as show, engine_of(request.options.executor or _ENGINE) as engine:
        units: Iterator[Unit] = (
            Unit(one.path, tuple(words), _unit_user(one), state_root=root, limit_s=_LIMIT_S, gathers=gathers)
            for one in caches
        )
        for done, result in enumerate(results_of(units, engine.executor, ahead=2 * engine.workers, stop=stop), 1):
            if show is not None:
                show(done, len(caches))
            yield by_path[result.path], result


def result_of_many(command: Command, request: Request, arguments: Sequence[str]) -> CommandResult:
    """Run the command of a request on all caches that its options name.

    Args:
        command: The command.
        request: The request.
        arguments: Of this run: the processes get them without the options that name caches.

    Raises:
        BadRequestError: No cache is named, or the format is not one for many.
    """
    options = request.options
    if options.format not in _FORMATS:
        problem = f"cannot be written as {options.format}"
        step = "use --format json, or jsonl with a line for each cache"
        raise BadRequestError(what="many caches", problem=problem, next_step=step)
    caches = _caches_of(request)
    if command.examine_many is not None:
        command.examine_many(request, [one.path for one in caches])
    if request.command == "prune" and not options.dry_run:
        _refuse_open_scheduler(options.executor)
    is_lines = options.format == _JSON_LINES
    words, remarks = words_for_each(arguments), tuple[str, ...]()
    needs_entries = options.output is not None if request.command == "verify" else request.command == "info"
    if needs_entries and not is_lines:
        words = [*words, "-v"]  # with entries, for what only the whole shows, and for the file
    if getattr(options, "hashes", None):  # a file of this user, which the owners of the caches may not read
        named = selections_in(options.hashes)
        words, remarks = [*words, *named], () if named else (nothing_named(options.hashes),)
        caches = caches if named or options.what else []  # no selection would mean all entries
    usable = [one for one in caches if one.problem is None]
    left_out = [one for one in caches if one.problem is not None]
    if is_lines:
        for remark in remarks:
            request.console.say(f"WARNING: {remark}")
        return as_lines(request, left_out, results_for(usable, words, request, what=request.command, gathers=False))
    with stopping() as stop:
        results = results_for(usable, words, request, what=request.command, gathers=True, stop=stop)
        done = as_table(command, request, left_out, results, len(usable), stop)
        return done._replace(view=done.view._replace(warnings=(*remarks, *done.view.warnings)))


def _caches_of(request: Request) -> "list[FoundCache]":
    """Return the caches that options name; without any, that of this user.

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
        raise BadRequestError(what="many caches", problem="none was found", next_step="name one with --cache-dir")
    return caches


def _refuse_open_scheduler(executor: str | None) -> None:
    """Refuse to remove as root over a scheduler to which anybody could send work that runs as root.

    Raises:
        BadRequestError: It is one.
    """
    is_root = hasattr(os, "geteuid") and os.geteuid() == _ROOT
    if is_root and executor is not None and executor.startswith("dask:") and not executor.startswith("dask:tls://"):
        problem = "is not authenticated, and its workers would remove files as root"
        raise BadRequestError(
            what=f"--executor {executor}", problem=problem, next_step="use one with TLS: dask:tls://HOST"
        )


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
