"""`why`: explain in a sentence who can use an entry, and what would remove it or keep it."""

from argparse import ArgumentParser
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import (
    LEAVES_YOUNG,
    declare_catalog,
    declare_min_age,
    declare_pythons,
    declare_selection,
    pythons_of,
)
from pipcacheplus.cli.base.progress import progress

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.model.cache_dir import CacheDir
    from pipcacheplus.model.values import Why
    from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=True, has_pythons=True)
    parser.add_argument(
        "--keep", metavar="WHAT", action="append", default=[], help="a selection that `prune` is to keep (repeatable)"
    )
    declare_min_age(parser, LEAVES_YOUNG)
    declare_pythons(parser)
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    options = request.options
    cache = request.open_cache()
    with progress(request.console, "reading", is_bytes=True) as show:
        found = cache.why(
            *options.what,
            keep=options.keep,
            min_age_s=options.min_age,
            pythons=pythons_of(options, request.environ),
            remembers=options.remembers,
            progress=show,
        )
    return make_result(
        request,
        cache,
        warnings=found.warnings,
        unmatched=found.unmatched,
        hints=found.hints,
        entries=tuple(one.entry for one in found.entries),
        summary={"why": {one.entry.id: _explained(one) for one in found.entries}},
    )


def _explained(one: "Why") -> "dict[str, Json]":
    return {
        "sentence": one.sentence,
        "usable_by": one.usable_by,
        "removed_by": one.removed_by,
        "kept_by": one.kept_by,
    }


def _summary_of_nothing(_cache: "CacheDir") -> "dict[str, Json]":
    return {"why": {}}


COMMAND = Command(
    help="Explain who can use entries, and what would remove or keep them",
    run=_run,
    takes_many=True,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("why numpy", "why kind:built-wheel --python current"),
)
