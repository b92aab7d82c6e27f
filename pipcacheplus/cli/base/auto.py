"""Pruning after a successful install, if a setting requests it: once a period, for a limited time, and in one line."""

import time
from collections.abc import Mapping
from contextlib import suppress

from pipcacheplus.cli.base.configuration import AUTO, PERIODS_S, configured
from pipcacheplus.cli.base.started import program_words, started_here
from pipcacheplus.errors import PipCachePlusError
from pipcacheplus.host.machine import this_machine
from pipcacheplus.own.marks import moment_of_mark, set_mark
from pipcacheplus.pips.settings import find_for, is_on, read_settings
from pipcacheplus.wrap.child import run_quietly
from pipcacheplus.wrap.pip_arguments import PipArguments

__all__ = ["prune_if_due"]

_MARK = "_auto"
"""The mark with the time of the last pruning."""
_LIMIT_S = 60
_NOTHING = "Entries removed: 0,"
"""The line of `prune -q` if nothing was removed."""


def prune_if_due(arguments: PipArguments, cache_path: str, environ: Mapping[str, str]) -> str | None:
    """Prune a cache by the settings, and return the line with the result; `None` if it is not due.

    Args:
        arguments: Arguments of the successful pip: one that uses no index is offline, and needs the cache.
        cache_path: Path of the cache that it used.
        environ: The variables of this process.
    """
    try:
        period = _period(environ)
        is_offline = arguments.no_index or (period is not None and _is_offline(environ))
    except PipCachePlusError as error:  # `prune` itself would stop at it too
        return f"auto: {error}"
    if period is None or is_offline:
        return None
    now_s = time.time()
    try:
        last_s = moment_of_mark(cache_path, _MARK)
        if last_s is not None and 0 <= now_s - last_s < PERIODS_S[period]:
            return None
        set_mark(cache_path, _MARK)  # before pruning: if it takes too long, the next install does not begin it again
    except PipCachePlusError as error:
        return f"auto: {error}"
    words = (*program_words(started_here(environ)), "prune", "-q", "--no-input", "--cache-dir", cache_path)
    done = run_quietly(words, environ, limit_s=_LIMIT_S)
    return f"auto: {done}" if done and not done.startswith(_NOTHING) else None


def _is_offline(environ: Mapping[str, str]) -> bool:
    """Return whether pip's settings have an install ask no index."""
    return is_on(find_for(read_settings(this_machine(environ)), "no-index", "install"))


def _period(environ: Mapping[str, str]) -> str | None:
    with suppress(OSError):  # the current directory is gone
        for one in configured(this_machine(environ)):
            if one.name == AUTO and one.unused is None:
                return one.values[0]
    return None
