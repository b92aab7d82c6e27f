"""A cache that does not exist yet, or is switched off: not an error, but there is nothing to read or remove."""

from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_view, no_match
from pipcacheplus.errors import CacheDisabledError, CacheNotFoundError

__all__ = ["result_of_nothing"]

_VERBS = {"info": "count"}
"""The verbs of commands whose name is not a verb."""


def result_of_nothing(
    command: Command, request: Request, error: CacheNotFoundError | CacheDisabledError
) -> CommandResult | None:
    """Return the result of a command that found no cache to work on; `None` if that is an error.

    It is an error if another object lies there, or if the path cannot be examined; and for a command without a
    result for it. A directory that was named by an option was probably mistyped: the caller handles that.

    Args:
        command: The command.
        request: Its request.
        error: The reason why there is no cache.

    Raises:
        BadRequestError: A selection is invalid, as if there was a cache.
    """
    from pipcacheplus.plan.select import Selection  # noqa: PLC0415 - slow to import, and seldom needed

    what, keep = (tuple(getattr(request.options, name, ())) for name in ("what", "keep"))
    if command.summary_of_nothing is None:
        return None
    from pipcacheplus.host.machine import this_machine  # noqa: PLC0415 - slow to import, and seldom needed
    from pipcacheplus.pips.absence import absence_of  # noqa: PLC0415 - as above

    absence = absence_of(error, this_machine(request.environ))
    if absence is None:
        return None
    for selections in (what, keep):
        Selection(selections, cache_dir=absence.cache.path)
    summary = command.summary_of_nothing(absence.cache)
    if "fail_above" in summary:  # it is a part of the request, and holds without a cache
        summary = {**summary, "fail_above": request.options.fail_above}
    sentence = f"{absence.why}: nothing to {_VERBS.get(request.command, request.command)}"
    view = make_view(
        request,
        absence.cache,
        "atime",
        warnings=(sentence,),
        summary=summary,
    )
    return CommandResult(view=view._replace(is_selection=False), exit_code=no_match(request, what))
