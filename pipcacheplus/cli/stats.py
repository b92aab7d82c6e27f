"""`stats`: the files and bytes that came from the cache, by the records of wrapped pips."""

from argparse import ArgumentParser
from collections.abc import Mapping

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.model.values import CacheDir
from pipcacheplus.render.summary import summarize_uses
from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]

_BY = ("day", "project", "command")


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument("--by", choices=_BY, default="day", help="the meaning of a row (default: day)")
    parser.add_argument("--reset", action="store_true", help="remove the records")


def _run(request: Request) -> CommandResult:
    from pipcacheplus.own.records import forget_uses, recorded_uses  # noqa: PLC0415 - slow to import, and help imports this
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - as above

    options = request.options
    cache = locate(this_machine(request.environ), cache_dir=options.cache_dir)
    found = recorded_uses(cache.path)
    if options.reset and not options.dry_run:
        forget_uses(cache.path)
    summary = {**summarize_uses(found, by=options.by), "reset": bool(options.reset)}
    return CommandResult(view=make_view(request, cache, "atime", summary=summary))


def _summary_of_nothing(_cache: CacheDir) -> Mapping[str, Json]:
    return {**summarize_uses((), by="day"), "reset": False}


COMMAND = Command(
    help="Show the downloads that the cache saved wrapped pips",
    run=_run,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("stats", "stats --by project"),
    page="docs/how-to/wrap-pip.md",
)
