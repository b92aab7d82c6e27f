"""Commands over many caches: the caches that options name, a process for each, and one view of all."""

import glob
import os
import socket
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, TextIO

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.advisories import selections_in
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.cli.base.signals import StopRequest, signal_name, stopping
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.cache_dir import NO_CACHE_DIR

if TYPE_CHECKING:  # slow to import, and most runs are of one cache
    from pipcacheplus.fleet.find import FoundCache, User
    from pipcacheplus.fleet.gathered import Gathered
    from pipcacheplus.fleet.unit import UnitResult
    from pipcacheplus.render.view import Json

__all__ = ["are_many", "found_caches", "result_of_many", "results_for"]

_STDIN = "-"
_ROOT = 0
_LIMIT_S = 6 * 3600.0
"""Seconds after which the process of one cache is killed."""
_SETTINGS_LIMIT_S = 60.0
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
_MOST_LISTED = 100_000
"""Most caches that one file names."""
_LONGEST_LINE = 1 << 16
_MOST_ENTRIES = 10_000
"""Entries that are listed; `--format jsonl` has all of them."""
_MOST_REMARKS = 10
_MOST_CHARACTERS = 500
"""Of a remark, which comes from a process of another user."""
_SUMMED = ("entries", "files", "bytes", "disk_bytes", "du_bytes", "failed", "findings")
"""Numbers of summaries that add up over caches."""
_JSON_LINES = "jsonl"
_SQLITE = (".sqlite", ".sqlite3", ".db")
_PARQUET = ".parquet"
_FORMATS = frozenset({"human", "ci", _JSON_LINES})


def are_many(options: Namespace, command: Command) -> bool:
    """Return whether options name several caches, or may do so, or request what only a run over many has."""
    named = options.cache_dirs
    return (
        len(named) > 1
        or any(glob.has_magic(word) and not os.path.lexists(word) for word in named)
        or getattr(options, "all_users", False)
        or (command.takes_many and options.executor is not None)
        or (command.takes_many and command.finish_many is None and options.output is not None)
        or getattr(options, "caches_from", None) is not None
    )


def found_caches(
    named: Sequence[str], caches_from: str | None, request: Request, *, all_users: bool, more: bool
) -> "Iterator[FoundCache]":
    """Yield the caches that are named; without any, those of this machine.

    Args:
        named: Directories and globs.
        caches_from: A file with more of them, one a line.
        request: Its environment names the cache of this user.
        all_users: Whether those of all users are searched, in addition to named ones.
        more: Whether running processes and usual places are searched too.

    Raises:
        BadRequestError: A glob matches nothing, or the file cannot be read.
    """
    from pipcacheplus.fleet import find, this_site  # noqa: PLC0415 - slow to import, and most runs are of one cache

    listed = _listed(caches_from)
    for word in named:
        if not word:
            raise BadRequestError(what="--cache-dir", problem="is empty", next_step="name a directory, or leave it out")
        caches = [*find.named_caches([word])]
        if glob.has_magic(word) and all(one.problem == find.NOT_THERE for one in caches):
            raise BadRequestError(what=word, problem="matches no directory", next_step="check it, and put it in quotes")
        yield from caches
    yield from find.named_caches(listed)
    if not all_users:
        return
    from pipcacheplus.host.machine import this_machine  # noqa: PLC0415 - as above

    user = this_site.this_user()
    users: Iterable[User] = [] if user is None else [user]
    if hasattr(os, "geteuid") and os.geteuid() == _ROOT:
        users = this_site.users_of_this_machine()
    yield from find.caches_of_users(users, this_machine(request.environ), _named_by_settings)
    if more:
        yield from find.caches_of_processes(this_site.variables_of_processes())
        yield from find.usual_places()


def _listed(path: str | None) -> Iterable[str]:
    """Return the lines of a file, without empty ones.

    Raises:
        BadRequestError: It cannot be read.
    """
    if path is None:
        return ()
    try:
        if path == _STDIN:
            return _lines_of(sys.stdin, "stdin")
        with open(path, encoding="utf-8", errors="surrogateescape") as lines:
            return _lines_of(lines, path)
    except OSError as error:
        step = "name a file with a directory a line"
        raise BadRequestError(path, f"cannot be read ({error.strerror})", step) from error


def _lines_of(lines: TextIO, where: str) -> list[str]:
    whole = takewhile(bool, iter(lambda: lines.readline(_LONGEST_LINE + 1), None))
    found = list(islice((line for line in map(str.strip, _short(whole, where)) if line), _MOST_LISTED + 1))
    if len(found) > _MOST_LISTED:
        raise BadRequestError(where, f"names more than {_MOST_LISTED:,} caches", "split it")
    return found


def _short(lines: Iterable[str], where: str) -> Iterator[str]:
    """Yield lines; one without an end, as in a device, must not fill the memory.

    Raises:
        BadRequestError: One is longer than any path.
    """
    for line in lines:
        if len(line) > _LONGEST_LINE:
            problem = f"has a line of more than {_LONGEST_LINE:,} characters"
            raise BadRequestError(where, problem, "name a file with a directory a line")
        yield line


def _named_by_settings(user: "User") -> tuple[str | None, str | None]:
    """Return the cache that the settings of a user name, read by a process of that user, and the problem."""
    from pipcacheplus.fleet.crew import run_unit  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.unit import Unit  # noqa: PLC0415 - as above

    result = run_unit(Unit("", ("dir",), user.uid, limit_s=_SETTINGS_LIMIT_S))
    where = (result.document or {}).get("cache", {}).get("dir")
    return (where, None) if isinstance(where, str) and result.code == exits.DONE else (None, result.error)


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
    from pipcacheplus.cli.base.progress import progress  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.engines import engine_of  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.run import results_of  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.units import unit_for  # noqa: PLC0415 - as above

    if not (hasattr(os, "fork") and hasattr(socket, "send_fds")):
        problem = "needs a system with processes that can be copied, such as Linux or macOS"
        raise BadRequestError(what="many caches", problem=problem, next_step="name one cache with --cache-dir")
    by_path = {one.path: one for one in caches}
    with (
        progress(request.console, what) as show,
        engine_of(_ENGINE if request.options.executor is None else request.options.executor) as engine,
    ):
        units = (unit_for(one, words, limit_s=_LIMIT_S, gathers=gathers) for one in caches)
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
    from pipcacheplus.fleet.find import named_caches, unique_caches  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.units import refuse_open_scheduler  # noqa: PLC0415 - as above

    options = request.options
    if options.format not in _FORMATS:
        problem = f"cannot be written as {options.format}"
        raise BadRequestError(what="many caches", problem=problem, next_step="use --format jsonl, a line a cache")
    found = found_caches(
        options.cache_dirs,
        getattr(options, "caches_from", None),
        request,
        all_users=getattr(options, "all_users", False),
        more=False,
    )
    caches = unique_caches(found)
    if not (caches or options.cache_dirs or options.all_users or options.caches_from):
        caches = [*named_caches([request.open_cache().dir.path])]
    if not caches:
        problem = f"none was found{' for this user, and those of others take root' if _own_alone(request) else ''}"
        raise BadRequestError(what="many caches", problem=problem, next_step="name one with --cache-dir")
    usable = [one for one in caches if one.problem is None]
    left_out = [one for one in caches if one.problem is not None]
    is_lines = options.format == _JSON_LINES
    engine, _, address = (options.executor or _ENGINE).partition(":")
    if request.command == "prune" and not options.dry_run and engine == "dask":
        refuse_open_scheduler(f"--executor {options.executor}", address)
    words = words_for_each(arguments)
    if request.command == "info" and not is_lines:
        words = [*words, "-v"]  # with entries, for what only the whole shows
    if getattr(options, "hashes", None):  # a file of this user, which the owners of the caches may not read
        words = [*words, *selections_in(options.hashes)]
    if is_lines:
        for remark in _own_alone(request):
            request.console.say(f"WARNING: {remark}")
        return _as_lines(request, left_out, results_for(usable, words, request, what=request.command, gathers=False))
    with stopping() as stop:
        results = results_for(usable, words, request, what=request.command, gathers=True, stop=stop)
        return _as_table(command, request, left_out, results, len(usable), stop)


def _as_table(  # noqa: PLR0917 - each is a part of the run
    command: Command,
    request: Request,
    left_out: "Sequence[FoundCache]",
    results: "Iterator[tuple[FoundCache, UnitResult]]",
    usable: int,
    stop: StopRequest,
) -> CommandResult:
    """Return a result with a row for each cache, and sums over all of them."""
    from pipcacheplus.fleet.gathered import gathering  # noqa: PLC0415 - as above
    from pipcacheplus.render.text.words import number  # noqa: PLC0415 - as above

    rows = [_row(one, None) for one in left_out]
    remarks = Counter[str]()
    output = None if command.finish_many is not None else request.options.output
    with gathering(_new_file(output)) as gathered:
        for one, result in results:
            row = _row(one, result)
            rows.append(row)
            remarks.update(_remarks(one.path, result))
            gathered.add(one, row["owner"], row["file_system"], row["exit_code"], result)
        if output is not None and output.endswith(_PARQUET):
            from pipcacheplus.fleet.parquet import write_parquet  # noqa: PLC0415 - needs an extra

            write_parquet(output, gathered.entries())
        rows.sort(key=lambda row: str(row["path"]))
        summary: dict[str, Json] = {"caches": rows, "total": _total(rows), **_whole(gathered, request)}
        notes = (
            *_own_alone(request),
            *(f"{number(count, 'cache')}: {text}" for text, count in remarks.most_common(_MOST_REMARKS)),
        )
        view = make_view(request, NO_CACHE_DIR, "atime", summary=summary, warnings=notes, is_of_many=True)
        code = exits.worst(exits.DONE, *(row["exit_code"] for row in rows))
        if stop.number is not None:
            missing = usable + len(left_out) - len(rows)
            remark = f"interrupted by {signal_name(stop.number)}: {missing:,} of {usable:,} caches were not begun"
            view = view._replace(warnings=(*view.warnings, remark))
            code = exits.worst(code, exits.stopped_by(stop.number))
        if command.finish_many is None:
            return CommandResult(view, code)
        done = command.finish_many(request, view, gathered)
        return done._replace(exit_code=exits.worst(code, done.exit_code))


def _remarks(path: str, result: "UnitResult") -> Iterator[str]:
    """Yield what a document remarks about a cache as a whole."""
    listed = (result.document or {}).get("warnings")
    for text in listed if isinstance(listed, list) else ():
        if isinstance(text, str) and text.startswith(f"{path}: "):
            yield text.removeprefix(f"{path}: ")[:_MOST_CHARACTERS]


def _own_alone(request: Request) -> Sequence[str]:
    """Return a remark if all users were requested, and this user may not read the caches of others."""
    from pipcacheplus.fleet.units import is_root  # noqa: PLC0415 - as above

    is_partly = getattr(request.options, "all_users", False) and not is_root()
    return ["--all-users: without root, only the caches of this user were searched"] if is_partly else []


def _whole(gathered: "Gathered", request: Request) -> "dict[str, Json]":
    """Return what only all caches together show."""
    lists_entries = request.command == "list" and bool(request.options.what or request.options.hashes)
    return {
        "projects": [
            dict(zip(("name", "caches", "entries", "disk_bytes"), one, strict=True)) for one in gathered.projects()
        ],
        "shared": gathered.shared()._asdict(),
        "damage": [dict(zip(("file_system", "caches", "entries"), one, strict=True)) for one in gathered.damage()],
        "entries": list(islice(gathered.entries(), _MOST_ENTRIES)) if lists_entries else [],
    }


def _new_file(output: str | None) -> str:
    """Return the path of the database; empty: one without a name.

    Raises:
        BadRequestError: The name has another ending, or the file exists, or cannot be written. It is refused before the
            work, which can take hours.
    """
    if output is None:
        return ""
    if not output.endswith((*_SQLITE, _PARQUET)):
        raise BadRequestError(output, "ends with neither .sqlite nor .parquet", "name such a file")
    if os.path.lexists(output):
        raise BadRequestError(output, "exists", "name a new file")
    folder = os.path.dirname(output) or os.curdir
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise BadRequestError(output, "cannot be written", "name a file in a directory that you can write to")
    if output.endswith(_SQLITE):
        return output
    from pipcacheplus.fleet.parquet import require_pyarrow  # noqa: PLC0415 - as above

    require_pyarrow(output)
    return ""


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


def _as_lines(
    request: Request, left_out: "Sequence[FoundCache]", results: "Iterator[tuple[FoundCache, UnitResult]]"
) -> CommandResult:
    """Return a result whose document has a line for each cache, written as it comes."""
    from json import dumps  # noqa: PLC0415 - as above

    codes = [exits.PARTLY] * bool(left_out)

    def lines() -> Iterator[str]:
        for one in left_out:
            yield dumps({**_head(one), "exit_code": exits.PARTLY, "error": one.problem}) + "\n"
        for one, result in results:
            codes.append(_code(result))
            document = {**(result.document or {}), **_head(one), "exit_code": result.code, "error": result.error}
            yield dumps(document) + "\n"

    view = make_view(request, NO_CACHE_DIR, "atime")
    return CommandResult(view, late_code=lambda: exits.worst(exits.DONE, *codes), document=lines())


def _head(cache: "FoundCache") -> dict[str, Any]:
    from pipcacheplus.host.filesystems import kind_of  # noqa: PLC0415 - as above
    from pipcacheplus.host.users import user_name  # noqa: PLC0415 - as above

    return {
        "path": cache.path,
        "uid": cache.uid,
        "owner": None if cache.uid is None else user_name(cache.uid),
        "file_system": None if cache.uid is None else kind_of(cache.path, cache.device),
    }


def _code(result: "UnitResult") -> int:
    """Return the exit code that a cache contributes: one that could not be read or pruned is a part that failed."""
    is_done = result.error is None and result.code in {exits.DONE, exits.FOUND, exits.NO_MATCH, exits.PARTLY}
    return result.code if is_done else exits.PARTLY


def _row(cache: "FoundCache", result: "UnitResult | None") -> dict[str, Any]:
    summary = {} if result is None or result.document is None else result.document.get("summary", {})
    return {
        **_head(cache),
        "exit_code": exits.PARTLY if result is None else _code(result),
        "error": cache.problem if result is None else result.error,
        "summary": summary,
    }


def _total(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums of the numbers that all summaries have, and how many caches could be read."""
    done = [row["summary"] for row in rows if row["error"] is None]
    sums = {
        key: sum(one[key] for one in done if isinstance(one.get(key), int))
        for key in _SUMMED
        if any(isinstance(one.get(key), int) for one in done)
    }
    return {"caches": len(rows), "done": len(done), **sums}
