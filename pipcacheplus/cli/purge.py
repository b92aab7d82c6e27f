"""`purge`: remove everything that pip wrote, and nothing else."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.removal import (
    carry_out,
    carry_out_if_confirmed,
    declare_keeps,
    keeps_of,
    open_for_removal,
    summary_of_no_removal,
)
from pipcacheplus.errors import BadRequestError

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    declare_keeps(parser)


def _run(request: Request) -> CommandResult:
    options = request.options
    is_agreed = options.yes or options.dry_run
    cache = open_for_removal(request)
    if not is_agreed and not request.console.can_ask:
        raise BadRequestError(
            what="purge", problem="needs a confirmation, which this run cannot ask for", next_step="pass --yes"
        )
    with progress(request.console, "reading") as show:
        plan = cache.plan_purge(**keeps_of(request), progress=show)
    if is_agreed or not plan.actions:
        return carry_out(request, cache, plan)
    return carry_out_if_confirmed(request, cache, plan)


COMMAND = Command(
    help="Remove everything that pip wrote, and nothing else",
    run=_run,
    declare=_declare,
    summary_of_nothing=summary_of_no_removal,
    is_configurable=True,
    examples=("purge --dry-run", "purge --yes --trash"),
    page="docs/reference/cli.md#trash",
)
