"""The results of many caches as one view with sums of all, or as a line for each cache."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.cli.base.output_file import new_file, write_rest
from pipcacheplus.cli.base.signals import StopRequest, signal_name, stopping
from pipcacheplus.model.cache_dir import NO_CACHE_DIR

if TYPE_CHECKING:  # slow to import, and most runs are of one cache
    from pipcacheplus.fleet.find import FoundCache
    from pipcacheplus.fleet.gathered import Gathered
    from pipcacheplus.fleet.unit import UnitResult
    from pipcacheplus.render.view import Json

__all__ = ["as_lines", "as_table"]

_ELSEWHERE = frozenset({"dask", "mpi"})
"""Engines whose workers get no signal of this process."""
_MOST_ENTRIES = 10_000
"""Entries that are listed; `--format jsonl` has all of them."""
_SUMMED = ("entries", "files", "bytes", "disk_bytes", "du_bytes", "failed", "in_use", "findings")
"""Numbers of summaries that add up over caches."""


def as_table(  # noqa: PLR0917 - each is a part of the run
    command: Command,
    request: Request,
    left_out: "Sequence[FoundCache]",
    results: "Iterator[tuple[FoundCache, UnitResult]]",
    usable: int,
    stop: StopRequest,
) -> CommandResult:
    """Return a result with a row for each cache, and sums over all of them."""
    from pipcacheplus.fleet.gathered import gathering  # noqa: PLC0415 - as above

    rows = [_row(one, None) for one in left_out]
    output = None if command.finish_many is not None else request.options.output
    with gathering(new_file(output)) as gathered:
        for one, result in results:
            row = _row(one, result)
            rows.append(row)
            gathered.add(one, row["owner"], row["file_system"], row["exit_code"], result)
        write_rest(output, gathered)
        rows.sort(key=lambda row: str(row["path"]))
        summary: dict[str, Json] = {"caches": rows, "total": _total(rows), **_whole(gathered, request)}
        view = make_view(request, NO_CACHE_DIR, "atime", summary=summary, is_of_many=True)
        code = exits.worst(exits.DONE, *(row["exit_code"] for row in rows))
        if stop.number is not None:
            remark = _interrupted(request, stop.number, usable + len(left_out) - len(rows), usable)
            view = view._replace(warnings=(*view.warnings, remark))
            code = exits.worst(code, exits.stopped_by(stop.number))
        if command.finish_many is None:
            return CommandResult(view, code)
        done = command.finish_many(request, view, gathered)
        return done._replace(exit_code=exits.worst(code, done.exit_code))


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


def _interrupted(request: Request, number: int, missing: int, usable: int) -> str:
    """Return a sentence about a run that a signal has ended, and about the caches without a result."""
    what = f"interrupted by {signal_name(number)}: {missing:,} of {usable:,} caches were not begun"
    is_elsewhere = (request.options.executor or "").partition(":")[0] in _ELSEWHERE
    return f"{what}, or are finished by workers that do not hear of it" if is_elsewhere and missing else what


def as_lines(
    request: Request,
    left_out: "Sequence[FoundCache]",
    run: "Callable[..., Iterator[tuple[FoundCache, UnitResult]]]",
    usable: int,
) -> CommandResult:
    """Return a result whose document has a line for each cache, written as it comes.

    Args:
        request: The request.
        left_out: Caches that cannot be used.
        run: Returns the results of the others; called with `stop` as of `results_of`.
        usable: Number of the others.
    """
    from json import dumps  # noqa: PLC0415 - as above

    codes = [exits.PARTLY] * bool(left_out)

    def lines() -> Iterator[str]:
        for one in left_out:
            yield dumps({**_head(one), "exit_code": exits.PARTLY, "error": one.problem}) + "\n"
        missing = usable
        with stopping(has_own_pipes=True) as stop:
            for one, result in run(stop=stop):
                missing -= 1
                codes.append(_code(result))
                document = {**(result.document or {}), **_head(one), "exit_code": result.code, "error": result.error}
                yield dumps(document) + "\n"
        if stop.number is not None:
            codes.append(exits.stopped_by(stop.number))
            request.console.say(f"WARNING: {_interrupted(request, stop.number, missing, usable)}")

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
