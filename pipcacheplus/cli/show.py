"""`show`: print everything that is known about the entries that match the arguments."""

from argparse import ArgumentParser

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import declare_catalog, declare_selection
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.render.summary import summarize_entries

__all__ = ["COMMAND"]


def _declare(parser: ArgumentParser) -> None:
    declare_selection(parser, needs_one=True)
    declare_catalog(parser)


def _run(request: Request) -> CommandResult:
    """Read the entries to their end: an earlier verification is no evidence."""
    cache = request.open_cache()
    with progress(request.console, "reading", is_bytes=True) as show:
        found = cache.inspect(*request.options.what, remembers=request.options.remembers, progress=show)
    return make_result(
        request,
        cache,
        warnings=found.warnings,
        unmatched=found.unmatched,
        entries=found.entries,
        findings=found.findings,
        summary={**summarize_entries(found.entries), "evidence": found.evidence},
    )


COMMAND = Command(help="Show everything about entries, and what proves them whole", run=_run, declare=_declare)
