"""`verify`: find what is damaged, incomplete, unreadable or dangerous."""

from argparse import SUPPRESS, ArgumentParser
from typing import TYPE_CHECKING

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result, make_view
from pipcacheplus.cli.base.options import (
    declare_deep,
    declare_min_age,
    declare_pythons,
    declare_selection,
    pythons_of,
)
from pipcacheplus.cli.base.owners import summarize_owners
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.render.summary import summarize_findings, summarize_not_judged, summarize_pythons
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.catalog.results import Verification
    from pipcacheplus.model.values import Survey

__all__ = ["COMMAND"]

_WITH_ENTRIES = frozenset({"json", "jsonl"})
"""Formats that list entries with `-v`."""


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=False, has_pythons=True)
    declare_min_age(
        parser,
        "do not judge incomplete downloads, leftovers and builds that are more recent, as a pip may be writing them"
        " (default 1h; 0 judges all)",
    )
    declare_pythons(parser)
    declare_deep(parser)
    # Between the processes of a run over many caches.
    parser.add_argument("--portion-bytes", type=int, help=SUPPRESS)
    parser.add_argument("--portion", help=SUPPRESS)
    parser.add_argument("--result", action="append", default=[], help=SUPPRESS)


def _run(request: Request) -> CommandResult:
    if request.options.portion is None and request.options.portion_bytes is None:
        return _verified(request)
    from pipcacheplus.catalog.portions import PortionsError, read_portion  # noqa: PLC0415 - slow to import

    if request.options.portion is not None:
        cache = request.open_cache()
        return _internal(request, cache, {"result": read_portion(cache.dir.path, request.options.portion)})
    try:
        return _verified(request)
    except PortionsError as error:
        return _internal(request, request.open_cache(), {"portions": list(error.portions)})


def _internal(request: Request, cache: "PipCache", summary: dict[str, Json]) -> CommandResult:
    """Return a document for the process that put these caches together, and for no user."""
    from json import dumps  # noqa: PLC0415 - as above

    document = f'{{\n"cache": {dumps({"dir": cache.dir.path})},\n"summary": {dumps(summary)}\n}}\n'
    return CommandResult(make_view(request, cache.dir, cache.last_use), document=[document])


def _verified(request: Request) -> CommandResult:
    cache, options = request.open_cache(), request.options
    with progress(request.console, "verifying", is_bytes=True) as show:
        found = cache.verify(
            *options.what,
            min_age_s=options.min_age,
            remembers=options.remembers,
            deep=options.deep,
            only_counts_normal=not request.lists_normal and request.verbosity <= 0,
            details=options.format in _WITH_ENTRIES and request.verbosity > 0,
            pythons=pythons_of(options, request.environ),
            portion_bytes=options.portion_bytes,
            results=options.result,
            progress=show,
        )
    return make_result(
        request,
        cache,
        warnings=found.warnings,
        unmatched=found.unmatched,
        hints=found.hints,
        exit_code=exits.FOUND if found.errors else exits.DONE,
        entries=found.listed,
        findings=found.findings,
        counted=found.counted,
        foreign=found.foreign,
        summary=_summary(found, found.survey),
    )


def _summary(found: "Verification", survey: "Survey | None") -> dict[str, Json]:
    return {
        "entries": found.entries,
        "files": found.files,
        "bytes": found.bytes,
        "disk_bytes": found.disk_bytes,
        "unverifiable": found.unverifiable,
        "not_judged": summarize_not_judged(found.not_judged, found.not_entered),
        "pages_without_url": found.pages_without_url,
        "pythons": summarize_pythons(found.pythons),
        **summarize_owners(survey, found.cache.path),
        **summarize_findings(found.findings, found.counted),
    }


def _summary_of_nothing(cache: CacheDir) -> dict[str, Json]:
    from pipcacheplus.catalog.results import Verification  # noqa: PLC0415 - slow to import, and help imports this module

    return _summary(Verification(cache=cache, findings=(), entries=0, bytes=0, unverifiable=0), None)


COMMAND = Command(
    help="Find what is damaged, incomplete, unreadable or dangerous; change nothing",
    run=_run,
    takes_many=True,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("verify", "verify numpy --json"),
    page="docs/reference/checks.md",
)
