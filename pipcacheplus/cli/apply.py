"""`apply`: carry out a plan that `--plan-out` saved."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.removal import carry_out, declare_deed, open_for_removal, summary_of_no_removal
from pipcacheplus.render.text.words import number

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("plan", metavar="FILE", help="the plan that `prune`, `remove` or `purge` wrote for --plan-out")
    declare_deed(parser)


def _run(request: Request) -> CommandResult:
    cache = open_for_removal(request)
    with progress(request.console, "reading") as show:
        plan = cache.load_plan(request.options.plan, progress=show)
    if plan.gone and not request.console.is_quiet:
        request.console.say(f"No longer in the cache: {number(plan.gone, 'entry')} of the plan")
    return carry_out(request, cache, plan)


COMMAND = Command(
    help="Carry out a plan that --plan-out saved, for entries that have not changed since",
    run=_run,
    declare=_declare,
    summary_of_nothing=summary_of_no_removal,
    examples=("prune --corrupt --plan-out plan.json", "apply plan.json"),
    page="docs/reference/cli.md#plans",
)
