"""`dir`: which directory is the cache."""

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view

__all__ = ["COMMAND"]


def _run(request: Request) -> CommandResult:
    """Find the directory; whether it exists, and is a cache, does not matter, as with pip."""
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - the others do not need it by themselves

    found = locate(this_machine(request.environ), cache_dir=request.options.cache_dir)
    return CommandResult(view=make_view(request, found, "atime"))


COMMAND = Command(help="Print the cache directory", run=_run)
