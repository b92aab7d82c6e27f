"""`remove`: remove the entries that match the arguments."""

import re
from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.cli.base.options import declare_catalog, declare_selection
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.removal import (
    carry_out,
    carry_out_if_confirmed,
    declare_keeps,
    keeps_of,
    open_for_removal,
    summary_of_no_removal,
)
from pipcacheplus.cli.base.streams import shell_target
from pipcacheplus.errors import BadRequestError

__all__ = ["COMMAND"]

_VERSION = re.compile(r"=?\s*v?[0-9][0-9A-Za-z.*+!_-]*")
"""The name of the file that `numpy>2` or `numpy>=2.0` makes."""


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=True)
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask, even if patterns match every file")
    declare_keeps(parser)
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    from pipcacheplus.pips.filenames import canonical  # noqa: PLC0415 - slow to import, and help imports this module

    cache, options = open_for_removal(request), request.options
    last = None if options.yes else _word_before_redirection(request)
    with progress(request.console, "reading") as show:
        plan = cache.plan_removal(
            *options.what,
            **keeps_of(request),
            remembers=options.remembers,
            progress=show,
        )
    if last is not None and not options.dry_run and any(one.entry.project == canonical(last) for one in plan.actions):
        request.console.say(f"Removing all of {last}; stdout is a file. A version range is quoted: '{last}>2'")
    if plan.is_for_all and plan.actions and not options.yes and not options.dry_run:
        if not request.console.can_ask:
            raise BadRequestError(
                what="remove",
                problem="this matches every file and needs a confirmation, which this run cannot ask for",
                next_step="pass --yes",
            )
        return carry_out_if_confirmed(request, cache, plan)
    return carry_out(request, cache, plan)


def _word_before_redirection(request: Request) -> str | None:
    """Return the last word if it may be the beginning of `numpy>2`, which a shell read as a redirection to a file.

    Raises:
        BadRequestError: It has: stdout is a file with the name of a version.
    """
    from pipcacheplus.pips.filenames import PROJECT_NAME  # noqa: PLC0415 - slow to import, and help imports this module

    last: str = request.options.what[-1]
    name = shell_target(request.console.out) if PROJECT_NAME.fullmatch(last) else None
    if name is None:
        return None
    if _VERSION.fullmatch(name):
        raise BadRequestError(
            what="remove",
            problem=f"the shell read '{last}>{name}' as {last} and a redirection to the file {name!r}",
            next_step=f"quote the range, or pass --yes to remove all of {last}",
        )
    return last


COMMAND = Command(
    help="Remove downloads, built wheels and pages that match",
    run=_run,
    declare=_declare,
    summary_of_nothing=summary_of_no_removal,
    is_configurable=True,
    examples=("remove 'numpy<2' --dry-run", "remove kind:index-page"),
    page="docs/reference/selections.md",
)
