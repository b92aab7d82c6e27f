"""`mark`: store the present time, to find later the entries that were not used since."""

import time
from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.model.values import CacheDir
from pipcacheplus.render.times import rfc3339
from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]

_NAME = "mark"


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        default=_NAME,
        metavar="NAME",
        help="its name (default: mark): a letter, then letters, digits, _ and -; a mark of this name is replaced",
    )


def _run(request: Request) -> CommandResult:
    """Mark the directory that pip would use, whether there is a cache in it yet or not."""
    from pipcacheplus.own.marks import check_mark_name, set_mark  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - as above

    options = request.options
    found = locate(this_machine(request.environ), cache_dir=options.cache_dir)
    check_mark_name(options.name)
    at_s = time.time() if options.dry_run else set_mark(found.path, options.name)
    summary = {"mark": options.name, "at": rfc3339(int(at_s))}
    return CommandResult(view=make_view(request, found, "atime", summary=summary))


def _summary_of_nothing(_cache: CacheDir) -> dict[str, Json]:
    return {"mark": None, "at": None}


COMMAND = Command(
    help="Store the present time, for prune --unused-since",
    run=_run,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("mark before-tests", "prune --unused-since before-tests --dry-run"),
    page="docs/reference/cli.md#last-use",
)
