"""`purge`: remove everything that pip put there, and nothing else."""

from argparse import ArgumentParser

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.removal import carry_out, declare_limits, notes_of, open_for_removal, summary_of_no_removal
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Plan, Report
from pipcacheplus.render.summary import summarize_report, tally
from pipcacheplus.render.text.words import number, safe, size

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    declare_limits(parser)


def _run(request: Request) -> CommandResult:
    options = request.options
    is_agreed = options.yes or options.dry_run
    cache = open_for_removal(request)
    if not is_agreed and not request.console.can_ask:
        raise BadRequestError(what="purge", problem="there is nobody to ask", next_step="pass --yes")
    with progress(request.console, "reading") as show:
        plan = cache.plan_purge(
            keep=options.keep, keep_missing_ok=options.keep_missing_ok, min_age_s=options.min_age, progress=show
        )
    if is_agreed or not plan.actions or request.console.confirm(_question(plan, options.trash)):
        return carry_out(request, cache, plan)
    nothing = summarize_report(Report(plan=plan, outcomes=()))
    return make_result(request, cache, exit_code=exits.FAILED, remarks=notes_of(plan), summary=nothing, kept=plan.kept)


def _question(plan: Plan, to_trash: object) -> str:
    total = tally(action.entry for action in plan.actions)
    what = f"{number(total['entries'], 'entry')} ({size(total['bytes'])}) from {safe(plan.cache.path)}"
    notes = "".join(f"{safe(note)}. " for note in notes_of(plan))
    return f"{notes}Move {what} to the trash?" if to_trash else f"{notes}Remove {what}?"


COMMAND = Command(
    help="Remove everything that pip put there, and nothing else",
    run=_run,
    declare=_declare,
    summary_of_nothing=summary_of_no_removal,
)
