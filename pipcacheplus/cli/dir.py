"""`dir`: print the path of the cache directory."""

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view

__all__ = ["COMMAND"]


def _run(request: Request) -> CommandResult:
    """Find the directory; whether it exists, and is a cache, does not matter, as with pip."""
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - slow to import, and help imports this module

    found = locate(this_machine(request.environ), cache_dir=request.options.cache_dir)
    return CommandResult(view=make_view(request, found, "atime"))


COMMAND = Command(
    help="Print the cache directory",
    run=_run,
    examples=("dir", "dir --cache-dir /srv/pip"),
)
