"""`dir`: which directory is the cache."""

from pipcacheplus.cli.base.answers import make_view
from pipcacheplus.cli.base.command import Answer, Command, Request

__all__ = ["COMMAND"]


def _run(request: Request) -> Answer:
    """Find the directory; whether it exists, and is a cache, does not matter, as with pip."""
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - the others do not need it by themselves

    found = locate(this_machine(request.environ), cache_dir=request.options.cache_dir)
    return Answer(view=make_view(request, found, "atime"))


COMMAND = Command(help="Print the cache directory", run=_run)
