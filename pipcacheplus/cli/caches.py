"""`caches`: list the caches of this machine, or of a tree, with owner, size, and last use."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.cli.base.many import results_for
from pipcacheplus.cli.base.many_views import cache_facts
from pipcacheplus.cli.base.named_caches import found_caches
from pipcacheplus.cli.base.options import declare_executor
from pipcacheplus.model.cache_dir import NO_CACHE_DIR
from pipcacheplus.render.parts import number_in, object_in
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and help imports this module
    from pipcacheplus.fleet.find import FoundCache
    from pipcacheplus.fleet.unit import UnitResult

__all__ = ["COMMAND"]

_COUNT = ("info", "--no-catalog", "--python", "current")
_SUMMED = ("entries", "files", "du_bytes")


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "where",
        nargs="*",
        metavar="WHERE",
        help="directories and globs ('/home/*/.cache/pip'); without any: the homes of all users as root, of this user"
        " otherwise, what running processes name, and usual places of CI runners and containers",
    )
    parser.add_argument(
        "--caches-from", dest="listed", metavar="FILE", help="a file with a directory a line; - is stdin"
    )
    parser.add_argument("--no-count", dest="counts", action="store_false", help="only find them: open none of them")
    declare_executor(parser)


def _run(request: Request) -> CommandResult:
    from pipcacheplus.fleet.find import unique_caches  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.host.mounts import Mounts  # noqa: PLC0415 - as above

    options = request.options
    is_named = bool(options.where or options.listed)
    found = unique_caches(found_caches(options.where, options.listed, request, all_users=not is_named, more=True))
    usable = [one for one in found if one.problem is None] if options.counts else []
    counted = results_for(usable, _COUNT, request, what="counting", gathers=True)
    results = {result.path: result for _, result in counted}
    mounts = Mounts()
    rows = [_row(one, cache_facts(one, mounts), results.get(one.path)) for one in found]
    rows.sort(key=lambda row: (-int(row["du_bytes"] or 0), str(row["path"])))
    is_partly = any(row["error"] is not None for row in rows)
    view = make_view(request, NO_CACHE_DIR, "atime", summary={"caches": rows, "total": _total(rows)})
    return CommandResult(view, exits.PARTLY if is_partly else exits.DONE)


def _row(cache: "FoundCache", place: Mapping[str, Any], result: "UnitResult | None") -> dict[str, Any]:
    summary: Mapping[str, Any] = {} if result is None or result.document is None else result.document["summary"]
    used = object_in(summary, "by_last_use")
    problem = cache.problem if cache.problem is not None else None if result is None else result.error
    return {
        **place,
        "found_by": cache.source.split("; "),
        **{key: _number(summary.get(key)) for key in _SUMMED},
        "last_used": next((span for span in used if number_in(object_in(used, span), "entries")), None),
        "error": problem,
    }


def _number(value: object) -> int | None:
    """Return a number of a summary, which comes from a process of another user."""
    return value if isinstance(value, int) else None


def _total(rows: Sequence[Mapping[str, Any]]) -> dict[str, Json]:
    counted = [row for row in rows if row["du_bytes"] is not None]
    sums = {key: sum(row[key] or 0 for row in counted) for key in _SUMMED}
    return {"caches": len(rows), "counted": len(counted), **sums}


COMMAND = Command(
    help="List the caches of this machine, or of a tree",
    run=_run,
    declare=_declare,
    examples=("caches", "caches --no-count --json"),
    page="docs/how-to/many-caches.md",
)
