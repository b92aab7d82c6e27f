"""`list`: list entries by project."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.advisories import nothing_named, selections_in
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import declare_catalog, declare_pythons, declare_selection, pythons_of
from pipcacheplus.cli.base.owners import summarize_room
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.units import argument
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.render.order import ORDERS, SUMS, in_order, sums_of
from pipcacheplus.render.summary import summarize_pythons, summarize_totals
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.model.values import Entry

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=False, has_pythons=True)
    parser.add_argument(
        "--sort",
        choices=ORDERS,
        help="the order: by name, the largest first, the longest unused first, or the oldest first",
    )
    parser.add_argument("--limit", metavar="N", type=argument(_count), help="the first N alone")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--by", choices=tuple(SUMS), help="add them up instead of listing them")
    shown.add_argument("--total", action="store_true", help="print what all of them add up to, and nothing else")
    parser.add_argument(
        "--hashes",
        metavar="FILE",
        help="entries that a file names as well: a SHA-256 a line, a JSON report of pip-audit, or of OSV",
    )
    parser.add_argument("--fail-if-found", action="store_true", help="exit with 3 if anything matches")
    declare_pythons(parser)
    declare_catalog(parser)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not int(text[:9]):
        problem = f"invalid number {text!r}: use 1 or more"
        raise ValueError(problem)
    return int(text[:9])


def _run(request: Request) -> CommandResult:
    """Return the entries that match the arguments; without arguments, all."""
    cache, options = request.open_cache(), request.options
    if options.by and options.sort not in {None, "name", "size"}:
        raise BadRequestError(
            what="--by", problem=f"sums have no order by {options.sort}", next_step="use --sort name or --sort size"
        )
    named = selections_in(options.hashes) if options.hashes else None
    what = (*options.what, *(named or ()))
    remarks = () if named is None or named else (nothing_named(options.hashes),)
    if remarks and not what:  # no selection would mean all entries
        nothing = make_result(request, cache, remarks=remarks, summary=_summary_of_nothing(cache.dir))
        return nothing._replace(view=nothing.view._replace(is_selection=True))
    is_text = options.format in {"human", "ci"} and not (options.by or options.total)
    has_short_ids = is_text and (request.console.width is not None or options.format == "ci")
    with progress(request.console, "reading") as show:
        inventory = cache.scan(
            *what,
            details=options.format == "json",
            short_ids=has_short_ids,
            pythons=pythons_of(request.options, request.environ),
            remembers=request.options.remembers,
            progress=show,
        )
    order = options.sort or ("name" if options.limit else None)
    entries: Sequence[Entry] = inventory.entries
    sums = sums_of(entries, options.by, order=options.sort, limit=options.limit) if options.by else None
    if options.by or options.total:
        entries = ()
    elif order is not None:
        entries = in_order(entries, order, limit=options.limit, last_use=cache.last_use)
    if is_text and not inventory.entries and not what and request.console.width is None:
        request.console.say("Nothing cached.")  # stdout has values alone, and of nothing there are none
    result = make_result(
        request,
        cache,
        warnings=inventory.warnings,
        remarks=remarks,
        unmatched=() if options.hashes else inventory.unmatched,  # most of an advisory is not there
        hints=inventory.hints,
        exit_code=exits.FOUND if options.fail_if_found and inventory.entries else exits.DONE,
        entries=entries,
        short_id=str if inventory.short_ids is None else inventory.short_ids.of,
        summary={
            "sort": order,
            "sums": sums,
            **summarize_totals(inventory.totals),
            **summarize_room(None if what else inventory.survey, inventory.totals.values()),
            "pages_without_url": inventory.pages_without_url,
            "pythons": summarize_pythons(inventory.pythons),
        },
    )
    if options.total:  # as if that were all that there is to say
        return result._replace(view=result.view._replace(verbosity=-1))
    return result


def _summary_of_nothing(_cache: CacheDir) -> dict[str, Json]:
    from pipcacheplus.model.values import Survey  # noqa: PLC0415 - slow to import, and help imports this module

    return {
        **summarize_totals({}),
        **summarize_room(Survey(), ()),
        "pages_without_url": 0,
        "pythons": [],
        "sort": None,
        "sums": None,
    }


COMMAND = Command(
    help="List downloads, built wheels and pages, by project",
    run=_run,
    takes_many=True,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("list numpy", "list --sort size --limit 10"),
)
