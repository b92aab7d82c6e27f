"""`config`: show every setting, its place, and whether it counts."""

from collections.abc import Mapping

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.model.values import CacheDir
from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]


def _run(request: Request) -> CommandResult:
    from pipcacheplus.cli.base.configuration import configured  # noqa: PLC0415 - slow to import, and help does without
    from pipcacheplus.errors import CacheDisabledError  # noqa: PLC0415 - as above
    from pipcacheplus.pips.absence import disabled  # noqa: PLC0415 - as above
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - as above

    machine = this_machine(request.environ)
    try:
        cache = locate(machine, cache_dir=request.options.cache_dir)
    except CacheDisabledError as error:
        cache = disabled(error)
    found = configured(machine)
    summary = {
        "settings": [
            {
                "name": one.name,
                "values": one.values,
                "origin": one.origin,
                "used": one.unused is None,
                "why": one.unused,
            }
            for one in found
        ]
    }
    return CommandResult(view=make_view(request, cache, "atime", summary=summary))


def _summary_of_nothing(_cache: CacheDir) -> Mapping[str, Json]:
    return {"settings": []}


COMMAND = Command(
    help="Show every setting, and its place",
    run=_run,
    summary_of_nothing=_summary_of_nothing,
    examples=("config", "config --json"),
    page="docs/reference/cli.md#settings",
)
