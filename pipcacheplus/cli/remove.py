"""`remove`: remove the entries that match the arguments."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.cli.base.options import declare_catalog, declare_selection
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.removal import (
    carry_out,
    carry_out_if_confirmed,
    declare_limits,
    open_for_removal,
    summary_of_no_removal,
)
from pipcacheplus.errors import BadRequestError

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=True)
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask, even if patterns fit every file")
    declare_limits(parser)
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    cache, options = open_for_removal(request), request.options
    with progress(request.console, "reading") as show:
        plan = cache.plan_removal(
            *options.what,
            keep=options.keep,
            keep_missing_ok=options.keep_missing_ok,
            min_age_s=options.min_age,
            remembers=options.remembers,
            progress=show,
        )
    if plan.is_for_all and plan.actions and not options.yes and not options.dry_run:
        if not request.console.can_ask:
            raise BadRequestError(
                what="remove", problem="this fits every file, and there is nobody to ask", next_step="pass --yes"
            )
        return carry_out_if_confirmed(request, cache, plan)
    return carry_out(request, cache, plan)


COMMAND = Command(
    help="Remove downloads, built wheels and pages that fit",
    run=_run,
    declare=_declare,
    summary_of_nothing=summary_of_no_removal,
)
