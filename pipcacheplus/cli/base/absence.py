"""A cache that does not exist yet, or is switched off: no error, but nothing to look at, and nothing to remove."""

import os

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view, no_match
from pipcacheplus.errors import CacheDisabledError, CacheNotFoundError
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.model.terms import Source

__all__ = ["result_of_nothing"]

_VERBS = {"info": "count"}
"""What commands do whose name is no verb."""


def result_of_nothing(
    command: Command, request: Request, error: CacheNotFoundError | CacheDisabledError
) -> CommandResult | None:
    """Return the result of a command that found no cache to work on; `None` if that is an error.

    It is one if something else lies there, or it cannot be told whether anything does; and to a command that has no
    result for it. A directory that was named by an option was probably mistyped: the caller knows.

    Args:
        command: What was to be done.
        request: Of the command.
        error: Why there is no cache.

    Raises:
        BadRequestError: A selection cannot be understood, as if there was a cache.
    """
    from pipcacheplus.plan.select import Selection  # noqa: PLC0415 - slow to import, and seldom needed

    what, keep = (tuple(getattr(request.options, name, ())) for name in ("what", "keep"))
    if command.summary_of_nothing is None:
        return None
    for selections in (what, keep):
        Selection(selections)
    if isinstance(error, CacheNotFoundError):
        from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - slow to import, and seldom needed

        if not _is_absent(error.path):
            return None
        cache = locate(this_machine(request.environ))
        why = f"there is no cache directory at {error.path} yet (from {error.source})"
    else:
        source = Source.CONFIG if " of " in error.setting else Source.ENVIRONMENT
        cache = CacheDir(path="", source=source, detail=error.setting)
        why = f"pip's cache is switched off by {error.setting}"
    sentence = f"{why}: nothing to {_VERBS.get(request.command, request.command)}"
    view = make_view(
        request,
        cache._replace(disabled_by=None),
        "atime",
        warnings=(sentence,),
        summary=command.summary_of_nothing(cache),
    )
    return CommandResult(view=view._replace(is_selection=False), exit_code=no_match(request, what))


def _is_absent(path: str) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # it may be there
    return False
