"""`prune`: remove entries for the reasons that the options name."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request
from pipcacheplus.cli.base.options import declare_deep, declare_pythons, pythons_of
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.removal import (
    carry_out,
    declare_keeps,
    keeps_of,
    open_for_removal,
    summary_of_no_removal,
)
from pipcacheplus.cli.base.units import argument
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.units import AGE_HELP, DATE_HELP, SIZE_HELP, age_s, date_or_age

if TYPE_CHECKING:  # slow to import
    from collections.abc import Mapping
    from datetime import datetime

    from pipcacheplus.model.values import CacheDir
    from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]

_REASONS = {
    "corrupt": "entries that fail verification; files are read to their end, once",
    "partial": "leftovers of interrupted downloads, writes and builds",
    "incompatible": "wheels that none of the interpreters considered can use, or looks for",
    "unsafe": "pickled responses, which pip up to 23.2.1 would execute",
    "orphaned": "self-check files of environments that are gone",
    "duplicates": "downloads whose bytes are stored under another URL too, except the last used; files are read to"
    " their end, once",
    "built_sdists": "sdists whose wheel is built for every interpreter considered",
}
_LIMITS = {
    "max_size": ("SIZE", f"largest size of entries and their directories on the disk: {SIZE_HELP}"),
    "max_age": ("AGE", f"largest age of an entry since it was written: {AGE_HELP}"),
    "max_files": ("N", "largest number of files"),
    "min_free": ("SIZE", "smallest free space on the file system"),
    "min_free_inodes": ("N", "smallest number of files and directories that can still be made"),
}


def _declare(parser: ArgumentParser) -> None:
    reasons = parser.add_argument_group(
        "reasons",
        "An entry is removed for any of them; without any, only entries that no pip can ever use are removed.",
    )
    for word, text in _REASONS.items():
        reasons.add_argument(f"--{word.replace('_', '-')}", action="store_true", help=text)
    reasons.add_argument(
        "--stale",
        metavar="=AGE",
        nargs="?",
        default=False,
        type=argument(_stale),
        help="pages past their freshness lifetime, files that were replaced, wheels built from these or a local"
        f" directory; with an age, pages older than that, fresh or not: {AGE_HELP}",
    )
    reasons.add_argument(
        "--outdated-builds",
        metavar="=strict",
        nargs="?",
        default=False,
        type=_outdated,
        help="built wheels that this machine cannot load any more: libraries that are missing or older than those that"
        " they were built with, another NumPy, Python or machine; built wheels are read to their end, once. With"
        " `=strict`, also those that need libraries of drivers or environment modules, or were built with tools that"
        " are gone",
    )
    reasons.add_argument(
        "--built-before",
        metavar="DATE|AGE",
        type=argument(date_or_age),
        help=f"compiled wheels that were built before: {DATE_HELP}",
    )
    reasons.add_argument(
        "--useless",
        action="store_true",
        help="entries that no pip can ever use, in addition to other reasons; the default without any reason or limit",
    )
    reasons.add_argument(
        "--superseded",
        metavar="=N",
        nargs="?",
        default=False,
        type=_superseded,
        help="all except the newest version of a project for each set of tags; with `=2`, all except the two newest",
    )
    reasons.add_argument(
        "--unused-since",
        "--unused",
        metavar="MARK|DATE|AGE",
        type=argument(_mark_or_moment),
        help="entries that were not used since then: the name of a mark, " + DATE_HELP,
    )
    reasons.add_argument(
        "--report",
        metavar="FILE",
        action="append",
        default=[],
        help="a file of pip install --report FILE: the packages in it count as used then (repeatable)",
    )
    reasons.add_argument(
        "--ci",
        action="store_true",
        help="entries that a CI job need not save: those that no pip can ever use, corrupt ones, sdists whose wheels"
        " are built, and, if the cache was marked before, those that were not used since",
    )
    limits = parser.add_argument_group(
        "limits",
        "After all reasons, the least recently used entries are removed until the limits are met. `wheels=500MB` is a"
        " limit for a kind; each is repeatable.",
    )
    for name, (metavar, text) in _LIMITS.items():
        limits.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, action="append", help=text)
    declare_keeps(parser)
    declare_pythons(parser)
    declare_deep(parser)
    parser.add_argument(
        "--exit-code", action="store_true", help="with --dry-run: exit with 3 if anything would be removed"
    )


def _stale(text: str) -> bool | float:
    return age_s(text) if text else True


def _superseded(text: str) -> int | bool:
    if text and not (text.isdecimal() and int(text)):
        problem = f"{text!r} is not a number of versions; use --superseded or --superseded=2"
        raise ArgumentTypeError(problem)
    return int(text) if text else True


def _mark_or_moment(text: str) -> "str | float | datetime":
    """Return the name of a mark, which begins with a letter, or a time."""
    return text if text[:1].isalpha() or text[:1] == "_" else date_or_age(text)


def _outdated(text: str) -> bool | str:
    if text not in {"", "strict"}:
        problem = f"{text!r} is invalid; use --outdated-builds or --outdated-builds=strict"
        raise ArgumentTypeError(problem)
    return text or True


def _run(request: Request) -> CommandResult:
    options = request.options
    if options.exit_code and not options.dry_run:
        raise BadRequestError(what="--exit-code", problem="is only for a dry run", next_step="add --dry-run")
    cache = open_for_removal(request)
    with progress(request.console, "reading", is_bytes=_reads_all(options)) as show:
        plan = cache.plan(
            **{word: getattr(options, word) for word in _REASONS},
            stale=options.stale,
            outdated_builds=options.outdated_builds,
            built_before=options.built_before,
            useless=options.useless,
            superseded=options.superseded,
            unused_since=options.unused_since,
            reports=options.report,
            ci=options.ci,
            **{name: getattr(options, name) for name in _LIMITS},
            **keeps_of(request),
            remembers=options.remembers,
            deep=options.deep,
            pythons=pythons_of(options, request.environ),
            progress=show,
        )
    done = carry_out(request, cache, plan)
    more = {"corrupt": _corrupt(request, done), "in_use": _in_use(done)}
    done = done._replace(view=done.view._replace(summary={**done.view.summary, **more}))
    would_go = exits.FOUND if options.exit_code and _would_any_go(done) else exits.DONE
    return CommandResult(view=done.view, exit_code=exits.worst(done.exit_code, would_go))


def _reads_all(options: Namespace) -> bool:
    return bool(options.corrupt or options.ci or options.duplicates or options.outdated_builds is not False)


def _corrupt(request: Request, done: CommandResult) -> int | None:
    """Return the number of corrupt entries in the plan, removed or not; `None` if not all of them were searched."""
    if not (request.options.corrupt or request.options.ci):
        return None
    from pipcacheplus.checks.base.check import checks  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.model.terms import Group  # noqa: PLC0415 - as above

    slugs = {check.slug for check in checks() if check.group is Group.CORRUPT}
    return sum(not slugs.isdisjoint(outcome.action.reasons) for outcome in done.view.outcomes)


def _in_use(done: CommandResult) -> int:
    """Return the number of entries that stay because a pip may be using them."""
    from pipcacheplus.model.values import State  # noqa: PLC0415 - as above

    return sum(outcome.is_failure and outcome.state is State.BUSY for outcome in done.view.outcomes)


def _summary_of_nothing(cache: "CacheDir") -> "Mapping[str, Json]":
    return {**summary_of_no_removal(cache), "corrupt": 0, "in_use": 0}


def _would_any_go(done: CommandResult) -> bool:
    from pipcacheplus.model.values import State  # noqa: PLC0415 - slow to import, and only this option needs it

    return any(outcome.state is State.PLANNED for outcome in done.view.outcomes)


COMMAND = Command(
    help="Remove entries by reason",
    run=_run,
    takes_many=True,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    is_configurable=True,
    optional_values={f"--{word}": f"--{word}=" for word in ("stale", "outdated-builds", "superseded")},
    examples=("prune --corrupt --stale --dry-run", "prune --max-size 2GB --keep numpy"),
    page="docs/reference/cli.md#reasons-of-prune",
)
