"""What `prune`, `remove` and `purge` share: the options of a removal, and carrying its plan out."""

from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.ages import AGE_HELP, age_s
from pipcacheplus.cli.base.answers import answer
from pipcacheplus.cli.base.command import Answer, Request
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.model import Plan
from pipcacheplus.render.summary import of_outcomes

if TYPE_CHECKING:  # slow to import, and named only
    from pipcacheplus.cache import PipCache

__all__ = ["carry_out", "declare_limits"]


def declare_limits(parser: ArgumentParser) -> None:
    """Declare what keeps entries from being removed, and how long to wait for others."""
    parser.add_argument("--keep", metavar="WHAT", action="append", default=[], help="what never goes (repeatable)")
    parser.add_argument(
        "--min-age",
        metavar="AGE",
        type=age_s,
        default=3600.0,
        help=f"leave halves and leftovers alone that are younger (default 1h); {AGE_HELP}",
    )
    parser.add_argument(
        "--lock-timeout",
        metavar="AGE",
        type=age_s,
        default=0.0,
        help="how long to wait for another pipcacheplus to finish (default 0)",
    )


def carry_out(request: Request, cache: "PipCache", plan: Plan) -> Answer:
    """Carry a plan out, or say what would go; the exit code tells if something could not.

    Raises:
        CacheBusyError: Another pipcacheplus works on this cache.
        NotACacheError: Nothing may be removed here.
    """
    with progress(request.console, "removing") as show:
        report = cache.apply(
            plan,
            dry_run=request.options.dry_run,
            lock_timeout_s=request.options.lock_timeout,
            progress=show,
        )
    return answer(
        request,
        cache,
        warnings=report.warnings,
        unmatched=plan.unmatched,
        exit_code=exits.PARTLY if report.failed else exits.DONE,
        outcomes=report.outcomes,
        kept=plan.kept,
        summary=of_outcomes(report.outcomes, plan.kept),
    )
