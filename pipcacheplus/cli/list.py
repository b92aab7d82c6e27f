"""`list`: list entries by project."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import declare_catalog, declare_pythons, declare_selection, pythons_of
from pipcacheplus.cli.base.owners import summarize_room
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.render.summary import summarize_pythons, summarize_totals
from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=False)
    declare_pythons(parser)
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    """Return the entries that match the arguments; without arguments, all."""
    cache = request.open_cache()
    with progress(request.console, "reading") as show:
        inventory = cache.scan(
            *request.options.what,
            details=request.options.format == "json",
            pythons=pythons_of(request.options, request.environ),
            remembers=request.options.remembers,
            progress=show,
        )
    return make_result(
        request,
        cache,
        warnings=inventory.warnings,
        unmatched=inventory.unmatched,
        entries=inventory.entries,
        summary={
            **summarize_totals(inventory.totals),
            **summarize_room(None if request.options.what else inventory.survey, inventory.totals.values()),
            "pages_without_url": inventory.pages_without_url,
            "pythons": summarize_pythons(inventory.pythons),
        },
    )


def _summary_of_nothing(_cache: CacheDir) -> dict[str, Json]:
    from pipcacheplus.model.values import Survey  # noqa: PLC0415 - slow to import, and help imports this module

    return {**summarize_totals({}), **summarize_room(Survey(), ()), "pages_without_url": 0, "pythons": []}


COMMAND = Command(
    help="List downloads, built wheels and pages, by project",
    run=_run,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
)
