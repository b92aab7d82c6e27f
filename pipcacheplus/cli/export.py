"""`export`: write downloads and built wheels to a directory, verified, under the names that the index published."""

from argparse import ArgumentParser
from collections.abc import Mapping

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import declare_catalog, declare_selection
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.signals import signal_name, stopping
from pipcacheplus.model.values import CacheDir, ExportReport
from pipcacheplus.render.summary import summarize_export
from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=False)
    parser.add_argument("--to", metavar="DIR", required=True, help="the target directory; it is made if it is missing")
    parser.add_argument(
        "--lock",
        metavar="FILE",
        action="append",
        default=[],
        help="packages that this names: pylock.toml, uv.lock, poetry.lock, requirements, a report of pip (repeatable)",
    )
    parser.add_argument(
        "--link",
        action="store_true",
        help="make second names of the files in the cache: writing to one damages the cache (default: clone, or copy"
        " where the file system cannot)",
    )
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    cache, options = request.open_cache(), request.options
    with (
        stopping() as stop,
        progress(request.console, "reading", is_bytes=True) as read,
        progress(request.console, "exporting") as show,
    ):
        report = cache.export(
            *options.what,
            to=options.to,
            locks=options.lock,
            link=options.link,
            dry_run=options.dry_run,
            stop=stop,
            progress=show,
            reading=read,
        )
    done = make_result(
        request,
        cache,
        warnings=report.warnings,
        remarks=_remarks(report, stop.number),
        unmatched=report.unmatched,
        hints=report.hints,
        exit_code=exits.PARTLY if any(one.is_failure for one in report.outcomes) else exits.DONE,
        summary=summarize_export(report),
    )
    if not report.is_interrupted or stop.number is None:
        return done
    return CommandResult(view=done.view, exit_code=exits.worst(done.exit_code, exits.stopped_by(stop.number)))


def _remarks(report: ExportReport, number: int | None) -> tuple[str, ...]:
    if not report.is_interrupted or number is None:
        return ()
    return (f"interrupted by {signal_name(number)}: the rest was not begun",)


def _summary_of_nothing(cache: CacheDir) -> Mapping[str, Json]:
    return summarize_export(ExportReport(cache=cache, folder="", outcomes=()))


COMMAND = Command(
    help="Export downloads and built wheels to a directory, for pip install --find-links",
    run=_run,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("export numpy --to wheels", "export kind:built-wheel --to wheels --dry-run"),
    page="docs/reference/cli.md#export",
)
