"""`show`: print everything that is known about the entries that match the arguments."""

from argparse import ArgumentParser
from collections.abc import Mapping

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import declare_catalog, declare_selection
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.render.summary import summarize_entries
from pipcacheplus.render.times import evidence_value
from pipcacheplus.render.view import Json

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=True)
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    """Read the entries to their end: that they were verified earlier is not evidence."""
    cache = request.open_cache()
    with progress(request.console, "reading", is_bytes=True) as show:
        found = cache.inspect(*request.options.what, remembers=request.options.remembers, progress=show)
    return make_result(
        request,
        cache,
        warnings=found.warnings,
        unmatched=found.unmatched,
        hints=found.hints,
        entries=found.entries,
        findings=found.findings,
        summary={**summarize_entries(found.entries), "evidence": _evidence(found.evidence)},
    )


def _evidence(evidence: Mapping[str, Mapping[str, Json]]) -> dict[str, dict[str, Json]]:
    return {id_: {key: evidence_value(key, value) for key, value in one.items()} for id_, one in evidence.items()}


def _summary_of_nothing(_cache: CacheDir) -> dict[str, Json]:
    return {**summarize_entries(()), "evidence": {}}


COMMAND = Command(
    help="Show everything about entries, and how their content was verified",
    run=_run,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("show numpy", "show 'numpy-*.whl' --json"),
    page="docs/reference/selections.md",
)
