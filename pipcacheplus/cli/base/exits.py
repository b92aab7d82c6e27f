"""Exit codes, with their meaning and their rank if several apply."""

from pipcacheplus.errors import (
    BadRequestError,
    CacheBusyError,
    CacheDisabledError,
    CacheNotFoundError,
    InterpreterError,
    NotACacheError,
    PipCachePlusError,
)

__all__ = [
    "BUSY",
    "DONE",
    "FAILED",
    "FOUND",
    "NO_CACHE",
    "NO_MATCH",
    "PARTLY",
    "USAGE",
    "code_for",
    "stopped_by",
    "worst",
]

DONE = 0
"""Done; also if there was nothing to do, nothing matched, or there is no cache yet."""
FAILED = 1
"""Failed; or stdout could not be written: then the sum of a removal is on stderr."""
USAGE = 2
"""An option or argument is invalid, or the directory is refused."""
FOUND = 3
"""`verify` has a finding of severity `error`; with `list --fail-if-found`, something matches; with `prune --dry-run
--exit-code`, something would be removed; with `info --fail-above`, the cache takes more."""
PARTLY = 4
"""Done in part: something that should have been removed is still there, or could not be read; or one of many caches
could not be read or pruned."""
BUSY = 5
"""Another pipcacheplus works on this cache."""
NO_CACHE = 10
"""There is no directory that `--cache-dir` names; of `dir`: the cache is off; of `undo`: there is no cache."""
NO_MATCH = 23
"""With `--error-on-no-match`: nothing matched. The number is pip's own (`NO_MATCHES_FOUND`)."""
_STOPPED = 128
"""Stopped, after the current entry was finished: 129 by SIGHUP, also of a terminal that is closed; 130 by SIGINT, which
is Ctrl-C; 141 by SIGPIPE, also if the reader of a removal's output has ended; 143 by SIGTERM."""

_ORDER = (FAILED, BUSY, PARTLY, FOUND, NO_MATCH, DONE)
_BY_ERROR: dict[type[PipCachePlusError], int] = {
    BadRequestError: USAGE,
    CacheBusyError: BUSY,
    CacheDisabledError: NO_CACHE,
    CacheNotFoundError: NO_CACHE,
    InterpreterError: USAGE,
    NotACacheError: USAGE,
}


def code_for(error: PipCachePlusError) -> int:
    """Return the exit code of a request that could not be carried out."""
    return next((_BY_ERROR[kind] for kind in type(error).__mro__ if kind in _BY_ERROR), FAILED)


def stopped_by(number: int) -> int:
    """Return the exit code of a run that a signal stopped.

    >>> stopped_by(2), stopped_by(15)
    (130, 143)
    """
    return _STOPPED + number


def worst(*codes: int) -> int:
    """Return the code that outranks the others; `USAGE` and `NO_CACHE` have no rank, since nothing runs then.

    >>> worst(DONE, FOUND, PARTLY), worst(DONE), worst(FAILED, stopped_by(1))
    (4, 0, 129)
    """
    return min(codes, key=_rank, default=DONE)


def _rank(code: int) -> int:
    return -1 if code > _STOPPED else _ORDER.index(code)
