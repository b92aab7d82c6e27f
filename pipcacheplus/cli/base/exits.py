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
FAILED = 1
USAGE = 2
FOUND = 3
"""`verify` found an error, `prune --dry-run --exit-code` something to remove, `info --fail-above` too large a cache."""
PARTLY = 4
"""Some entries could not be removed, or not be read."""
BUSY = 5
NO_CACHE = 10
NO_MATCH = 23
"""pip's own number (`NO_MATCHES_FOUND`)."""
_STOPPED = 128
"""Plus the number of a signal: the run was stopped by it, as in shells."""

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
