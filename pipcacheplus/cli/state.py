"""`state`: show the files that pipcacheplus stores outside of caches, or remove them."""

from argparse import ArgumentParser

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view
from pipcacheplus.errors import BadRequestError, CacheDisabledError
from pipcacheplus.model.values import OwnState
from pipcacheplus.render.summary import summarize_state
from pipcacheplus.render.text.words import number, size

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "kinds", nargs="*", metavar="KIND", help="catalogs, trash, interpreters, marks, records (default: all of them)"
    )
    parser.add_argument("--clear", action="store_true", help="remove them; files in the trash cannot be restored then")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def _run(request: Request) -> CommandResult:
    from pipcacheplus.own.files import clear_state, state  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.pips.absence import disabled  # noqa: PLC0415 - as above
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - as above

    options = request.options
    try:
        cache = locate(this_machine(request.environ), cache_dir=options.cache_dir)
    except CacheDisabledError as error:  # these files exist nevertheless
        cache = disabled(error)
    clears = options.clear and not options.dry_run
    is_agreed = options.yes or not clears
    if not is_agreed and not request.console.can_ask:
        raise BadRequestError(
            what="state --clear", problem="needs a confirmation, which this run cannot ask for", next_step="pass --yes"
        )
    found = state(*options.kinds, cache_dir=cache.path or None)
    code = exits.PARTLY if found.warnings else exits.DONE
    if clears and found.files:
        if is_agreed or request.console.confirm(_question(found)):
            found = clear_state(*options.kinds, cache_dir=cache.path or None)
            code = exits.PARTLY if found.warnings else exits.DONE
        else:
            found, code = OwnState(files=(), warnings=found.warnings), exits.FAILED
    warnings = tuple(f"{warned.path}: {warned.message}" for warned in found.warnings)
    summary = summarize_state(found, clears=options.clear)
    return CommandResult(view=make_view(request, cache, "atime", warnings=warnings, summary=summary), exit_code=code)


def _question(found: OwnState) -> str:
    files = number(sum(one.files for one in found.files), "file")
    total = size(sum(one.disk_size for one in found.files))
    return f"Remove {files} ({total}) that pipcacheplus stores outside of caches?"


COMMAND = Command(
    help="Show the files that pipcacheplus stores outside of caches, or remove them with --clear",
    run=_run,
    declare=_declare,
    examples=("state", "state catalogs --clear --yes"),
    page="docs/reference/cli.md#state-directory",
)
