"""The results of many caches as one view with sums of all, or as a line for each cache."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.cli.base.output_file import new_file, write_rest
from pipcacheplus.cli.base.signals import StopRequest, signal_name, stopping
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.cache_dir import NO_CACHE_DIR
from pipcacheplus.model.terms import Area
from pipcacheplus.render.parts import object_in, objects_in
from pipcacheplus.render.shell import quoted

if TYPE_CHECKING:  # slow to import, and most runs are of one cache
    from pipcacheplus.fleet.find import FoundCache
    from pipcacheplus.fleet.gathered import Gathered
    from pipcacheplus.fleet.rows import Row
    from pipcacheplus.fleet.unit import UnitResult
    from pipcacheplus.host.mounts import Mounts
    from pipcacheplus.render.view import Json

__all__ = ["as_lines", "as_table", "cache_facts", "own_alone"]

_ELSEWHERE = frozenset({"dask", "mpi"})
"""Engines whose workers get no signal of this process."""
_MOST_ENTRIES = 10_000
"""Entries that are listed; `--format jsonl` has all of them."""
_MOST_REMARKS = 10
_NO_MATCH = "No matching entries for "
_AREAS = tuple(f"{area.value}/" for area in Area)
"""Beginnings of remarks about one entry."""
_MOST_CHARACTERS = 500
"""Of a remark, which comes from a process of another user."""
_SUMMED = ("entries", "files", "bytes", "disk_bytes", "du_bytes", "failed", "in_use", "findings")
"""Numbers of summaries that add up over caches."""
_WITH_FINDINGS = frozenset({"report", "verify"})
"""Commands that report findings."""
_WITH_PYTHONS = frozenset({"info", "report"})
"""Commands that compare the wheels of all caches with the interpreters of all owners."""


def as_table(  # noqa: PLR0917 - each is a part of the run
    command: Command,
    request: Request,
    left_out: "Sequence[FoundCache]",
    results: "Iterator[tuple[FoundCache, UnitResult]]",
    usable: int,
    stop: StopRequest,
) -> CommandResult:
    """Return a result with a row for each cache, and sums over all of them."""
    from pipcacheplus.fleet.gathered import gathering  # noqa: PLC0415 - slow to import, and most runs are of one cache
    from pipcacheplus.host.mounts import Mounts  # noqa: PLC0415 - as above

    mounts = Mounts()
    remarks = _Remarks()
    has_findings = request.command in _WITH_FINDINGS
    rows = [_row(one, cache_facts(one, mounts), None, reports_findings=has_findings) for one in left_out]
    output = None if command.finish_many is not None else request.options.output
    with gathering(new_file(output, request.command)) as gathered:
        for one, result in results:
            row = _row(one, cache_facts(one, mounts), result, reports_findings=has_findings)
            rows.append(row)
            remarks.add(one.path, result)
            gathered.add(one, row, row["exit_code"], result)
        write_rest(output, gathered, request.command)
        rows.sort(key=lambda row: str(row["path"]))
        summary: dict[str, Json] = {"caches": rows, "total": _total(rows), **_whole(gathered, request, rows)}
        notes = (*own_alone(request), *remarks.notes())
        view = make_view(request, NO_CACHE_DIR, "atime", summary=summary, warnings=notes, is_of_many=True)
        view = view._replace(repeated=_repeated(request, view.repeated))
        code = exits.worst(exits.DONE, *(row["exit_code"] for row in rows))
        if stop.number is not None:
            remark = _interrupted(request, stop.number, usable + len(left_out) - len(rows), usable)
            view = view._replace(warnings=(*view.warnings, remark))
            code = exits.worst(code, exits.stopped_by(stop.number))
        if command.finish_many is None:
            is_refused = remarks.are_all_refused and not left_out and stop.number is None
            return CommandResult(view, exits.USAGE if is_refused else code)
        done = command.finish_many(request, view, gathered)
        return done._replace(exit_code=exits.worst(code, done.exit_code))


class _Remarks:
    """Count the remarks of the documents of caches, so that each is printed once for all of them."""

    def __init__(self) -> None:
        self._documents = self._refused = self._results = 0
        self._of_caches = Counter[str]()
        self._of_entries = Counter[str]()
        self._of_words = Counter[str]()

    def add(self, path: str, result: "UnitResult") -> None:
        """Count the remarks of a document, which is that of a process of any user."""
        self._results += 1
        self._refused += result.code == exits.USAGE
        if result.document is None:
            return
        self._documents += 1
        listed = result.document.get("warnings")
        for text in listed if isinstance(listed, list) else ():
            if not isinstance(text, str):
                continue
            if text.startswith(_NO_MATCH):
                self._of_words[text[:_MOST_CHARACTERS]] += 1
            elif text.startswith(f"{path}: "):
                self._of_caches[text.removeprefix(f"{path}: ")[:_MOST_CHARACTERS]] += 1
            elif (message := text.partition(": ")[2]) and text.startswith(_AREAS):
                self._of_entries[message[:_MOST_CHARACTERS]] += 1
            else:
                self._of_caches[text[:_MOST_CHARACTERS]] += 1

    @property
    def are_all_refused(self) -> bool:
        """Return whether all processes refused the request: then it is the request that makes no sense."""
        return 0 < self._results == self._refused

    def notes(self) -> Iterator[str]:
        """Yield the remarks, the most frequent first; a word that matched in one cache is not remarked upon."""
        from pipcacheplus.render.text.words import number  # noqa: PLC0415 - as above

        for text, count in self._of_words.most_common(_MOST_REMARKS):
            if count == self._documents:
                yield text
        for text, count in self._of_caches.most_common(_MOST_REMARKS):
            yield f"{number(count, 'cache')}: {text}"
        for text, count in self._of_entries.most_common(_MOST_REMARKS):
            yield f"{number(count, 'entry')}: {text}; --format jsonl names each"


def own_alone(request: Request) -> Sequence[str]:
    """Return a remark if all users were requested, and this user may not read the caches of others."""
    from pipcacheplus.fleet.units import is_root  # noqa: PLC0415 - as above

    is_partly = getattr(request.options, "all_users", False) and not is_root()
    return ["--all-users: without root, only the caches of this user were searched"] if is_partly else []


def _repeated(request: Request, of_one: Mapping[str, str]) -> dict[str, str]:
    """Return the options that another run on the same caches needs, quoted for a shell."""
    options = request.options
    words = ["--all-users"] if options.all_users else []
    words += [word for named in options.cache_dirs for word in ("--cache-dir", named)]
    words += ["--caches-from", options.caches_from] if options.caches_from else []
    return {**of_one, **({"--cache-dir": quoted(words, is_windows=os.name == "nt")} if words else {})}


def _whole(gathered: "Gathered", request: Request, rows: Sequence[Mapping[str, Any]]) -> "dict[str, Json]":
    """Return what only all caches together show."""
    lists_entries = request.command == "why" or (
        request.command == "list" and bool(request.options.what or request.options.hashes)
    )
    return {
        "projects": [
            dict(zip(("name", "caches", "entries", "disk_bytes"), one, strict=True)) for one in gathered.projects()
        ],
        "shared": gathered.shared()._asdict(),
        "damage": [one._asdict() for one in gathered.damage()],
        **_absent(gathered, rows if request.command in _WITH_PYTHONS else ()),
        "entries": list(islice(gathered.entries(), _MOST_ENTRIES)) if lists_entries else [],
    }


def _absent(gathered: "Gathered", rows: Sequence[Mapping[str, Any]]) -> "dict[str, Json]":
    """Return the interpreters that wheels are for and no owner has, and how many interpreters are unknown."""
    from pipcacheplus.fleet.absent import absent_interpreters, pythons_in  # noqa: PLC0415 - as above

    had, unknown = pythons_in(one for row in rows for one in objects_in(object_in(row, "summary"), "pythons"))
    absent = absent_interpreters(gathered.wheels(), had)
    return {"absent_interpreters": [one._asdict() for one in absent], "interpreters_not_run": unknown}


def _interrupted(request: Request, number: int, missing: int, usable: int) -> str:
    """Return a sentence about a run that a signal has ended, and about the caches without a result."""
    if not missing:
        return f"interrupted by {signal_name(number)}: all caches had been begun, and ended after the present entry"
    what = f"interrupted by {signal_name(number)}: {missing:,} of {usable:,} caches were not begun"
    is_elsewhere = (request.options.executor or "").partition(":")[0] in _ELSEWHERE
    return f"{what}, or are finished by workers that do not hear of it" if is_elsewhere else what


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

    from pipcacheplus.host.mounts import Mounts  # noqa: PLC0415 - as above

    if command_output := (None if request.command == "report" else request.options.output):
        problem = "cannot be written together with --format jsonl"
        step = "leave out --format jsonl, or --output"
        raise BadRequestError(what=f"--output {command_output}", problem=problem, next_step=step)
    mounts = Mounts()
    codes = [exits.PARTLY] * bool(left_out)

    def lines() -> Iterator[str]:
        for one in left_out:
            place = cache_facts(one, mounts)
            yield dumps({**place, "exit_code": exits.PARTLY, "error": one.problem}) + "\n"
        missing = usable
        with stopping(has_own_pipes=True) as stop:
            for one, result in run(stop=stop):
                missing -= 1
                codes.append(_code(result))
                more = {**cache_facts(one, mounts), "exit_code": result.code, "error": result.error}
                yield dumps({**(result.document or {}), **more}) + "\n"
        if stop.number is not None:
            codes.append(exits.stopped_by(stop.number))
            request.console.say(f"WARNING: {_interrupted(request, stop.number, missing, usable)}")

    view = make_view(request, NO_CACHE_DIR, "atime")
    return CommandResult(view, late_code=lambda: exits.worst(exits.DONE, *codes), document=lines())


def cache_facts(cache: "FoundCache", mounts: "Mounts") -> dict[str, Any]:
    """Return the path of a cache, its owner, and its file system with the server or device of it."""
    from pipcacheplus.host.users import user_name  # noqa: PLC0415 - as above

    mount = None if cache.uid is None else mounts.of(cache.path, cache.device)
    return {
        "path": cache.path,
        "uid": cache.uid,
        "owner": None if cache.uid is None else user_name(cache.uid),
        "file_system": None if mount is None else mount.kind,
        "mounted_from": None if mount is None else mount.source,
    }


def _code(result: "UnitResult") -> int:
    """Return the exit code that a cache contributes: one that could not be read or pruned is a part that failed."""
    is_done = result.error is None and result.code in {exits.DONE, exits.FOUND, exits.NO_MATCH, exits.PARTLY}
    return result.code if is_done else exits.PARTLY


def _errors(findings: "Sequence[Row]") -> int:
    """Count the entries that have a finding of severity `error`."""
    from pipcacheplus.fleet.rows import FINDING  # noqa: PLC0415 - as above

    id_, severity = ([*FINDING].index(name) for name in ("id", "severity"))
    return len({row[id_] for row in findings if row[severity] == "error"})


def _row(
    cache: "FoundCache", place: Mapping[str, Any], result: "UnitResult | None", *, reports_findings: bool
) -> dict[str, Any]:
    return {
        **place,
        "exit_code": exits.PARTLY if result is None else _code(result),
        "error": cache.problem if result is None else result.error,
        "errors": None if result is None or not reports_findings else _errors(result.findings),
        "summary": {} if result is None or result.document is None else result.document.get("summary", {}),
    }


def _total(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the sums of the numbers that summaries have, `None` if none has it, and how many caches could be read."""
    done = [row["summary"] for row in rows if row["error"] is None]
    total: dict[str, Any] = {"caches": len(rows), "done": len(done)}
    for key in _SUMMED:
        found = [one[key] for one in done if isinstance(one.get(key), int)]
        total[key] = sum(found) if found else None
    explained = [len(object_in(one, "why")) for one in done if "why" in one]
    return {**total, "entries": sum(explained)} if explained else total
