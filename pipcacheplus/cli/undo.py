"""`undo`: restore the files that a run moved to the trash, or list the runs that can be restored."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.removal import declare_lock, open_for_removal, result_of
from pipcacheplus.cli.base.signals import stopping
from pipcacheplus.render.summary import summarize_runs

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "run",
        nargs="?",
        metavar="RUN",
        help="the run, as --list names it (default: the last of which anything is left)",
    )
    parser.add_argument("--list", dest="lists", action="store_true", help="list the runs that can be restored")
    declare_lock(parser.add_argument_group("other processes"))


def _run(request: Request) -> CommandResult:
    options = request.options
    cache = open_for_removal(request)
    if options.lists:
        runs = tuple(one for one in cache.trashed() if options.run in {None, one.run})
        return make_result(request, cache, summary=summarize_runs(runs))
    with stopping() as stop, progress(request.console, "restoring") as show:
        report = cache.undo(
            options.run, dry_run=options.dry_run, lock_timeout_s=options.lock_timeout, stop=stop, progress=show
        )
    if options.run is None and not report.outcomes and not request.console.is_quiet and not cache.trashed():
        request.console.say("The trash is empty: only removals with --trash can be undone.")
    return result_of(request, cache, report, stop)


COMMAND = Command(
    help="Restore the files that the last run with --trash removed",
    run=_run,
    declare=_declare,
    examples=("undo --list", "undo --dry-run"),
    page="docs/reference/cli.md#trash",
)
