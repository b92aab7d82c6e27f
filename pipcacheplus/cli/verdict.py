"""`verdict`: report whether the restored cache of a CI job was worth its transfer."""

from argparse import ArgumentParser
from collections.abc import Mapping

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.cli.base.sentences import in_options
from pipcacheplus.model.values import CacheDir
from pipcacheplus.render.times import rfc3339
from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]

_NAME = "mark"


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", default=_NAME, metavar="NAME", help="the mark that was set when the cache was restored"
    )


def _run(request: Request) -> CommandResult:
    from pipcacheplus.cache.verdict import verdict_of  # noqa: PLC0415 - slow to import, and help imports this module

    cache = request.open_cache()
    found = verdict_of(cache, request.options.name)
    summary: dict[str, Json] = {"mark": request.options.name, "marked": None if found is None else "", **_NOTHING}
    warnings: tuple[str, ...] = ()
    if found is not None:
        summary["marked"] = rfc3339(int(found.since.timestamp()))
        summary |= {name: getattr(found, name)._asdict() for name in _NOTHING}
        warnings = tuple(map(in_options, found.notes))
    return CommandResult(view=make_view(request, cache.dir, cache.last_use, warnings=warnings, summary=summary))


_NOTHING: Mapping[str, Json] = {
    part: {"entries": 0, "files": 0, "bytes": 0, "disk_bytes": 0} for part in ("restored", "used", "unused", "added")
}


def _summary_of_nothing(_cache: CacheDir) -> Mapping[str, Json]:
    return {"mark": None, "marked": None, **_NOTHING}


COMMAND = Command(
    help="Report whether a restored cache was worth its transfer, by its use since it was marked",
    run=_run,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("mark restored", "verdict restored"),
    page="docs/how-to/ci.md",
)
