"""`caches`: list the caches of this machine, or of a tree, with owner, size, and last use."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.model.terms import Source
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and help imports this module
    from pipcacheplus.fleet.find import FoundCache, User
    from pipcacheplus.fleet.unit import Unit, UnitResult

__all__ = ["COMMAND"]

_COUNT = ("info", "--no-catalog", "--python", "current")
_STDIN = "-"
_LIMIT_S = 600.0
_ROOT = 0


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "where",
        nargs="*",
        metavar="WHERE",
        help="directories and globs ('/home/*/.cache/pip'); without any: the homes of all users as root, of this user"
        " otherwise, what running processes name, and usual places of CI runners and containers",
    )
    parser.add_argument("--caches-from", metavar="FILE", help="a file with a directory a line; - is stdin")
    parser.add_argument("--no-count", dest="counts", action="store_false", help="only find them: open none of them")
    parser.add_argument(
        "--executor",
        metavar="ENGINE",
        default="threads",
        help="where caches are counted: threads:4 (the default, one for each processor), processes:4,"
        " dask:tcp://HOST:8786 or mpi",
    )


def _run(request: Request) -> CommandResult:
    from pipcacheplus.fleet.engines import engine_of  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.fleet.find import unique  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.run import results_of  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.unit import Unit  # noqa: PLC0415 - as above

    options = request.options
    found = unique(_found(request))
    results: dict[str, UnitResult] = {}
    usable = [one for one in found if one.problem is None] if options.counts else []
    with progress(request.console, "counting") as show, engine_of(options.executor) as engine:
        units = (Unit(one.path, _COUNT, _user_of(one), limit_s=_LIMIT_S) for one in usable)
        for done, result in enumerate(results_of(units, engine.executor, ahead=2 * engine.workers), 1):
            results[result.path] = result
            if show is not None:
                show(done, len(usable))
    rows = [_row(one, results.get(one.path)) for one in found]
    rows.sort(key=lambda row: (-int(row["du_bytes"] or 0), str(row["path"])))
    is_partly = any(row["error"] is not None for row in rows)
    nowhere = CacheDir(path="", source=Source.ARGUMENT, detail="")
    view = make_view(request, nowhere, "atime", summary={"caches": rows, "total": _total(rows)})
    return CommandResult(view, exits.PARTLY if is_partly else exits.DONE)


def _found(request: Request) -> "Iterator[FoundCache]":
    from pipcacheplus.fleet import find, this_site  # noqa: PLC0415 - as above

    options = request.options
    named = [*options.where, *_listed(options.caches_from)]
    if named:
        caches = [*find.named_caches(named)]
        if all(one.problem is not None for one in caches) and not options.caches_from:
            words = ", ".join(named[:3])
            raise BadRequestError(what=words, problem="matches no directory", next_step="name one, or a glob in quotes")
        yield from caches
        return
    from pipcacheplus.host.machine import this_machine  # noqa: PLC0415 - as above

    machine = this_machine(request.environ)
    user = this_site.this_user()
    users: Iterable[User] = [] if user is None else [user]
    if hasattr(os, "geteuid") and os.geteuid() == _ROOT:
        users = this_site.users_of_this_machine()
    yield from find.caches_of_users(users, machine, _named_by_settings)
    yield from find.caches_of_processes(this_site.variables_of_processes())
    yield from find.usual_places()


def _listed(path: str | None) -> list[str]:
    """Return the lines of a file.

    Raises:
        BadRequestError: It cannot be read.
    """
    if path is None:
        return []
    try:
        if path == _STDIN:
            return [line for line in map(str.strip, sys.stdin) if line]
        with open(path, encoding="utf-8", errors="surrogateescape") as lines:
            return [line for line in map(str.strip, lines) if line]
    except OSError as error:
        raise BadRequestError(path, f"cannot be read ({error.strerror})", "name a file with a directory a line") from error


def _named_by_settings(user: "User") -> tuple[str | None, str | None]:
    """Return the cache that the settings of a user name, read by a process of that user, and the problem."""
    from pipcacheplus.fleet.crew import run_unit  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.unit import Unit  # noqa: PLC0415 - as above

    result = run_unit(Unit("", ("dir",), user.uid, limit_s=_LIMIT_S))
    where = (result.document or {}).get("cache", {}).get("dir")
    return (where, None) if isinstance(where, str) and result.code == exits.DONE else (None, result.error)


def _user_of(cache: "FoundCache") -> int | None:
    """Return the user that a process becomes for a cache: its owner, if this is root and it is another user's."""
    own = os.geteuid() if hasattr(os, "geteuid") else None
    return cache.uid if own == _ROOT and cache.uid not in {None, own} else None


def _row(cache: "FoundCache", result: "UnitResult | None") -> dict[str, Any]:
    from pipcacheplus.host.filesystems import kind_of  # noqa: PLC0415 - as above
    from pipcacheplus.host.users import user_name  # noqa: PLC0415 - as above

    summary: Mapping[str, Any] = {} if result is None or result.document is None else result.document["summary"]
    used = summary.get("by_last_use", {})
    problem = cache.problem if cache.problem is not None else None if result is None else result.error
    return {
        "path": cache.path,
        "found_by": cache.source.split("; "),
        "uid": cache.uid,
        "owner": None if cache.uid is None else user_name(cache.uid),
        "file_system": None if cache.uid is None else kind_of(cache.path, cache.device),
        "entries": summary.get("entries"),
        "files": summary.get("files"),
        "du_bytes": summary.get("du_bytes"),
        "last_used": next((span for span, count in used.items() if count["entries"]), None),
        "error": problem,
    }


def _total(rows: Sequence[Mapping[str, Any]]) -> dict[str, Json]:
    counted = [row for row in rows if row["du_bytes"] is not None]
    sums = {key: sum(row[key] for row in counted) for key in ("entries", "files", "du_bytes")}
    return {"caches": len(rows), "counted": len(counted), **sums}


COMMAND = Command(
    help="List the caches of this machine, or of a tree",
    run=_run,
    declare=_declare,
    examples=("caches", "caches '/home/*/.cache/pip' --json"),
    page="docs/how-to/many-users.md",
)
