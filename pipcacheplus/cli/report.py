"""`report`: write one HTML file with pictures of the contents of the cache, and of the reclaimable entries."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import declare_catalog, declare_pythons, pythons_of
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.render.parts import object_in, objects_in
from pipcacheplus.render.report.facts import summarize_facts
from pipcacheplus.render.view import Json, View

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.fleet.gathered import Gathered

__all__ = ["COMMAND"]

_MOST_SUMS = 20_000
_MOST_DAMAGED = 500
_STDOUT = "-"
_NAME_ONE = "name one: --output report.html"


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="file to write: a new one, or a former report, which is replaced; - is stdout",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE even if it is no report")
    parser.add_argument("--open", dest="opens", action="store_true", help="open the report in a browser")
    declare_pythons(parser)
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    cache, options = request.open_cache(), request.options
    target = _target(request, cache)
    with progress(request.console, "reading") as show:
        found = cache.report(pythons=pythons_of(options, request.environ), remembers=options.remembers, progress=show)
    summary = summarize_facts(found, cache.last_use, now_s=request.now_s)
    done = make_result(
        request,
        cache,
        warnings=found.warnings,
        entries=found.entries,
        findings=found.findings,
        redundant=found.redundant,
        summary=summary,
    )
    from pipcacheplus.cache.report import save_report  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.render.report.document import document  # noqa: PLC0415 - as above

    if options.output == _STDOUT:
        return done._replace(document=document(done.view))
    size = save_report(document(done.view), target, force=options.force) if target and not options.dry_run else None
    remarks = _opened(target) if size is not None and options.opens and target else ()
    view = done.view._replace(
        summary={**summary, "output": target, "output_bytes": size}, warnings=(*done.view.warnings, *remarks)
    )
    return done._replace(view=view)


def _finish_many(request: Request, view: View, gathered: "Gathered") -> CommandResult:
    """Write the report of many caches."""
    from pipcacheplus.cache.report import save_report  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.render.report.many import document_of_many, merged_summaries  # noqa: PLC0415 - as above
    from pipcacheplus.render.times import rfc3339  # noqa: PLC0415 - as above

    options = request.options
    caches = objects_in(view.summary, "caches")
    target = _target_of_many(options, [str(one["path"]) for one in caches])
    merged = merged_summaries(object_in(one, "summary") for one in caches)
    summary = {**view.summary, **merged, "made": rfc3339(int(request.now_s)), "output": target, "output_bytes": None}
    whole = view._replace(summary=summary)
    pieces = document_of_many(whole, gathered.sums(_MOST_SUMS), caches, gathered.damaged(_MOST_DAMAGED))
    if options.output == _STDOUT:
        return CommandResult(whole, document=[*pieces])
    if target is not None and not options.dry_run:
        size = save_report(pieces, target, force=options.force)
        whole = whole._replace(summary={**summary, "output_bytes": size})
    remarks = _opened(target) if target is not None and options.opens and not options.dry_run else ()
    return CommandResult(whole._replace(is_of_many=False, warnings=(*whole.warnings, *remarks)))


def _examine_many(request: Request, paths: Sequence[str]) -> None:
    """Examine the name of the file before the work.

    Raises:
        BadRequestError: As `_target`.
    """
    _examine(request.options)
    _target_of_many(request.options, paths)


def _target_of_many(options: Namespace, paths: Sequence[str]) -> str | None:
    """Return the absolute path of the file, `None` without one; it must lie in none of the caches.

    Raises:
        BadRequestError: It cannot be written.
    """
    if options.output in {None, _STDOUT}:
        return None
    from pipcacheplus.cache.report import check_target  # noqa: PLC0415 - as above

    target = os.path.expanduser(options.output)
    return [check_target(target, path, force=options.force) for path in paths][-1]


def _target(request: Request, cache: "PipCache") -> str | None:
    """Return the absolute path of the file, `None` without one; it is checked before the cache is read.

    Raises:
        BadRequestError: It cannot be written, or options contradict each other.
    """
    options = request.options
    _examine(options)
    if options.output in {None, _STDOUT}:
        return None
    from pipcacheplus.cache.report import check_target  # noqa: PLC0415 - as above

    return check_target(os.path.expanduser(options.output), cache.dir.path, force=options.force)


def _examine(options: Namespace) -> None:
    """Refuse options that contradict each other.

    Raises:
        BadRequestError: They do.
    """
    is_json = options.format in {"json", "jsonl"}
    if options.output is None and not is_json:
        raise BadRequestError(what="--output", problem="names no file", next_step=_NAME_ONE)
    if options.output == _STDOUT and is_json:
        step = "leave out --output - or --format json"
        raise BadRequestError(what="--output -", problem="stdout cannot take both", next_step=step)
    if options.opens and options.output in {None, _STDOUT}:
        raise BadRequestError(what="--open", problem="there is no file to open", next_step=_NAME_ONE)


def _opened(target: str) -> tuple[str, ...]:
    """Open a file in a browser; return a warning if there is none."""
    import webbrowser  # noqa: PLC0415 - slow to import, and of use to few
    from pathlib import Path  # noqa: PLC0415 - as above

    try:
        is_open = webbrowser.open(Path(target).as_uri())
    except (webbrowser.Error, OSError):
        is_open = False
    return () if is_open else (f"no browser could be started; open {target} yourself",)


def _summary_of_nothing(cache: CacheDir) -> Mapping[str, Json]:
    from pipcacheplus.catalog.results import CacheFacts  # noqa: PLC0415 - slow to import, and help imports this module

    nothing = summarize_facts(CacheFacts(cache=cache, entries=(), findings=()), "mtime", now_s=0)
    return {**nothing, "made": None, "output": None, "output_bytes": None}


COMMAND = Command(
    help="Write one HTML file with pictures of what is in the cache, and what can be removed",
    run=_run,
    takes_many=True,
    examine_many=_examine_many,
    finish_many=_finish_many,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("report --output cache.html", "report --json"),
    page="docs/how-to/report.md",
)
