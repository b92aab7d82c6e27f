"""Common options of `prune`, `remove`, `purge` and `undo`, and carrying out a plan by them."""

import os
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import CommandResult, Request, make_result
from pipcacheplus.cli.base.options import LEAVES_YOUNG, declare_min_age
from pipcacheplus.cli.base.owners import own_all
from pipcacheplus.cli.base.progress import countdown, progress
from pipcacheplus.cli.base.sentences import in_options
from pipcacheplus.cli.base.signals import StopRequest, signal_name, stopping
from pipcacheplus.cli.base.units import argument
from pipcacheplus.errors import CacheNotFoundError
from pipcacheplus.model.units import SIZE_HELP, age_s, size_bytes
from pipcacheplus.model.values import CacheDir, Cut, Outcome, Plan, Report, Stays
from pipcacheplus.render.shell import quoted
from pipcacheplus.render.summary import (
    summarize_cuts,
    summarize_not_judged,
    summarize_pythons,
    summarize_report,
    tally,
)
from pipcacheplus.render.text.words import number, safe, size
from pipcacheplus.render.view import PYTHON_OPTIONS, Json

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.cache.pip_cache import PipCache

__all__ = [
    "carry_out",
    "carry_out_if_confirmed",
    "declare_deed",
    "declare_keeps",
    "declare_lock",
    "keeps_of",
    "open_for_removal",
    "result_of",
    "summary_of_no_removal",
]

_NOT_OF_APPLY = ("--min-age", "--no-catalog", *PYTHON_OPTIONS)
"""Options that make no difference to `apply`."""
_STAYS = {
    Stays.KEPT: "kept",
    Stays.FOREIGN: "not written by pip",
    Stays.YOUNG: "too recent (--min-age)",
}
_UNREAD = "http-unread"
"""The check for entries that no pip considered reads."""


def declare_keeps(parser: ArgumentParser) -> None:
    """Declare the options for keeps, and those of the removal."""
    keeps = parser.add_argument_group(
        "keeps", "Entries that are never removed, whatever other options say; each is repeatable."
    )
    keeps.add_argument("--keep", metavar="WHAT", action="append", default=[], help="entries that match this")
    keeps.add_argument(
        "--keep-lock",
        metavar="FILE",
        action="append",
        default=[],
        help="entries that a lock names: pylock.toml, uv.lock, poetry.lock, requirements, a report of pip",
    )
    keeps.add_argument(
        "--keep-env",
        metavar="PYTHON",
        action="append",
        default=[],
        help="packages that are installed in the environment of this interpreter, and their sources",
    )
    keeps.add_argument(
        "--keep-missing-ok",
        action="store_true",
        help="go on if a --keep or not: matches nothing, even if it must be a mistake, or if a lock names no package",
    )
    declare_min_age(parser, LEAVES_YOUNG)
    parser.add_argument("--no-settings", action="store_true", help="ignore all settings (`config` shows them)")
    parser.add_argument(
        "--plan-out", metavar="FILE", help="remove nothing, and save the plan to a new file, for `apply`"
    )
    declare_deed(parser)


def keeps_of(request: Request) -> dict[str, Any]:
    """Return the keeps, as arguments of `PipCache.plan` and similar methods."""
    from pipcacheplus.cli.base.started import in_path  # noqa: PLC0415 - of use to few

    options = request.options
    environments = [path if os.path.dirname(path) else in_path(path, request.environ) for path in options.keep_env]
    return {
        "keep": options.keep,
        "keep_lock": options.keep_lock,
        "keep_env": [found or path for found, path in zip(environments, options.keep_env, strict=True)],
        "keep_missing_ok": options.keep_missing_ok,
        "min_age_s": options.min_age,
    }


def declare_deed(parser: ArgumentParser) -> None:
    """Declare the options of the removal: other processes, the wait for them, and the trash."""
    others = parser.add_argument_group("other processes")
    _declare_others(others.add_mutually_exclusive_group())
    declare_lock(others)
    trash = parser.add_argument_group("trash")
    trash.add_argument(
        "--trash",
        action="store_true",
        help="move files to a directory beside the cache; for a week, `undo` restores them; they free no space until"
        " then",
    )
    trash.add_argument(
        "--trash-size",
        metavar="SIZE",
        type=argument(size_bytes),
        help=f"limit of the trash, the oldest runs are removed first (default: any size for a week); {SIZE_HELP}",
    )


def declare_lock(others: Any) -> None:  # noqa: ANN401 - argparse has no public name for a group
    """Declare the wait for another pipcacheplus, and the user to work as."""
    others.add_argument(
        "--lock-timeout",
        metavar="AGE",
        type=argument(age_s),
        default=0.0,
        help="time to wait for another pipcacheplus to finish (default 0)",
    )
    others.add_argument(
        "--as-owner",
        action="store_true",
        help="as root: become the owner of the cache before anything in it is opened",
    )


def _declare_others(parser: Any) -> None:  # noqa: ANN401 - argparse has no public name for such a group
    parser.add_argument(
        "--exclusive",
        dest="exclusive",
        action="store_const",
        const=True,
        help="no pip uses this cache meanwhile: do not wait, and also remove built wheels that were used today",
    )
    parser.add_argument(
        "--shared",
        dest="exclusive",
        action="store_const",
        const=False,
        help="pips may use it, also some that cannot be seen from here (default: decide by the pips on this machine)",
    )


def open_for_removal(request: Request) -> "PipCache":
    """Open the cache that the options name; with `--as-owner`, become its owner before.

    Raises:
        PipCachePlusError: As `PipCache.locate`; or the process cannot become the owner.
        OSError: The cache directory cannot be examined.
    """
    if not request.options.as_owner:
        return request.open_cache()
    from pipcacheplus.cache.planning import import_reasons  # noqa: PLC0415 - slow to import, and of use to root only
    from pipcacheplus.checks.base.check import checks  # noqa: PLC0415 - as above
    from pipcacheplus.host.machine import this_machine  # noqa: PLC0415 - as above
    from pipcacheplus.host.ownership import become_owner  # noqa: PLC0415 - as above
    from pipcacheplus.pips.locate import locate  # noqa: PLC0415 - as above
    from pipcacheplus.readers.elf import import_structures  # noqa: PLC0415 - as above

    checks()  # the modules of this program and its libraries may lie where only root can list them
    import_structures()
    import_reasons()
    # The same directory afterwards, independent of the owner's settings.
    found = locate(this_machine(request.environ), cache_dir=request.options.cache_dir)
    if not os.path.isdir(found.path):
        raise CacheNotFoundError(found.path, found.detail)
    request.options.cache_dir = found.path
    become_owner(request.options.cache_dir)
    return request.open_cache()


def carry_out(request: Request, cache: "PipCache", plan: Plan) -> CommandResult:
    """Carry a plan out, or with `--dry-run` report it; the exit code shows entries that could not be removed.

    Raises:
        BadRequestError: There can be no trash.
        CacheBusyError: Another pipcacheplus is using this cache.
        NotACacheError: Nothing may be removed here.
    """
    with stopping() as stop, progress(request.console, "removing") as show, countdown(request.console) as count:
        report = cache.apply(
            plan,
            dry_run=request.options.dry_run,
            exclusive=request.options.exclusive,
            lock_timeout_s=request.options.lock_timeout,
            stop=stop,
            progress=show,
            trash=request.options.trash,
            trash_size=request.options.trash_size,
            waiting=count,
        )
    done = result_of(request, cache, report, stop)
    if plan_out := getattr(request.options, "plan_out", None):
        cache.save_plan(plan, plan_out)
        if not request.console.is_quiet:
            words = quoted(["apply", plan_out], is_windows=os.name == "nt")
            request.console.say(f"Plan saved. To carry it out: {done.view.command_line(words, but=_NOT_OF_APPLY)}")
    return done


def result_of(request: Request, cache: "PipCache", report: Report, stop: StopRequest) -> CommandResult:
    """Return the result of a command that changed a cache, or would, and that a signal may have stopped."""
    done = make_result(
        request,
        cache,
        warnings=report.warnings,
        remarks=(
            *_foreign(report.plan, request.verbosity),
            *notes_of(report.plan),
            *([] if report.unlocked is None else [f"{report.plan.cache.path}: {report.unlocked}"]),
        ),
        unmatched=report.plan.unmatched,
        hints=report.plan.hints,
        exit_code=exits.PARTLY if report.failed or report.plan.foreign else exits.DONE,
        outcomes=tuple(map(_in_options, report.outcomes)),
        kept=report.plan.kept,
        summary=_summary(report),
    )
    # A signal after the last entry stopped nothing, but its sender waits for the code of a stopped run.
    return done if stop.number is None else _with_interruption(done, report, stop.number)


def _in_options(outcome: Outcome) -> Outcome:
    if "`" in outcome.action.why:
        outcome = replace(outcome, action=replace(outcome.action, why=in_options(outcome.action.why)))
    return replace(outcome, error=in_options(outcome.error)) if outcome.error and "`" in outcome.error else outcome


def _chown(report: Report, path: str) -> str | None:
    """Return the command after which entries of another user can be removed; `None` if none failed for that."""
    return own_all(path) if any(outcome.owner is not None for outcome in report.outcomes) else None


def _foreign(plan: Plan, verbosity: int) -> tuple[str, ...]:
    """Return a sentence about selected foreign files, which stay; with `-v`, or if it is only one, with names."""
    entries = plan.foreign
    if not entries:
        return ()
    counted = number(len(entries), "file"), size(sum(entry.disk_size for entry in entries))
    names = [entry.id for entry in entries] if verbosity > 0 or len(entries) == 1 else ["(-v names them)"]
    return (f"{counted[0]} ({counted[1]}) not removed, as no pip writes such names: {', '.join(names)}",)


def summary_of_no_removal(cache: CacheDir) -> Mapping[str, Json]:
    """Return the summary of a removal from a cache that does not exist."""
    return _summary(Report(plan=Plan(cache=cache, actions=()), outcomes=()))


def _summary(report: Report) -> Mapping[str, Json]:
    return {
        **summarize_report(report),
        "not_judged": summarize_not_judged(report.plan.not_judged),
        "pythons": summarize_pythons(report.plan.pythons),
        "limits": summarize_cuts(report.plan.cuts),
        "locked": None if report.plan.locked is None else report.plan.locked._asdict(),
        "chown": _chown(report, report.plan.cache.path),
    }


def carry_out_if_confirmed(request: Request, cache: "PipCache", plan: Plan) -> CommandResult:
    """Ask whether a plan is to be carried out; do so if the answer is yes, otherwise fail with nothing removed.

    Raises:
        PipCachePlusError: As `carry_out`.
    """
    total = tally(action.entry for action in plan.actions)
    what = f"{number(total['entries'], 'entry')} ({size(total['disk_bytes'])}) from {safe(plan.cache.path)}"
    notes = "".join(f"{safe(note)}. " for note in notes_of(plan))
    question = f"Move {what} to the trash?" if request.options.trash else f"Remove {what}?"
    if request.console.confirm(notes + question):
        return carry_out(request, cache, plan)
    nothing = _summary(Report(plan=plan, outcomes=()))
    return make_result(request, cache, exit_code=exits.FAILED, remarks=notes_of(plan), summary=nothing, kept=plan.kept)


def notes_of(plan: Plan) -> tuple[str, ...]:
    """Return a sentence for each keep that matches nothing and may be misspelt; and one if all of `http` is removed."""
    from pipcacheplus.pips.credentials import shown_text  # noqa: PLC0415 - slow to import, and seldom needed

    notes = [f'--keep "{shown_text(what)}" matches nothing in this cache' for what in plan.unmatched_keeps]
    if any(_UNREAD in action.reasons for action in plan.actions):
        notes.append("http is removed as well: every pip considered is 23.3 or later, and never reads it")
    notes += map(in_options, plan.notes)
    notes += [_exceeded(cut) for cut in plan.cuts if cut.over or cut.is_unknown]
    return tuple(notes)


def _exceeded(cut: Cut) -> str:
    """Return a sentence about a limit that is not met."""
    limit = in_options(cut.limit)
    if cut.is_unknown:
        return f"{limit}: this file system does not report its free space, so that nothing is removed for it"

    def amount(count: int) -> str:
        return size(count) if cut.is_in_bytes else number(count, "file")

    stays = ", ".join(f"{amount(count)} {_STAYS[why]}" for why, count in cut.staying.items())
    return f"{limit} cannot be met: it is missed by {amount(cut.over)}" + (
        f"; entries that stay: {stays}" if stays else ""
    )


def _with_interruption(done: CommandResult, report: Report, number: int) -> CommandResult:
    total = len(report.plan.actions)
    warning = f"interrupted by {signal_name(number)}: {total - len(report.outcomes)} of {total} not begun"
    view = done.view._replace(warnings=(*done.view.warnings, warning))
    return CommandResult(view=view, exit_code=exits.worst(done.exit_code, exits.stopped_by(number)))
