"""Exit codes: what each means, and which one a run ends with if several apply."""

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
    "INTERRUPTED",
    "NO_CACHE",
    "NO_MATCH",
    "PARTLY",
    "USAGE",
    "code_for",
    "worst",
]

DONE = 0
FAILED = 1
USAGE = 2
FOUND = 3
"""`verify` found an error, or `prune --dry-run --exit-code` something to remove."""
PARTLY = 4
"""Some entries could not be removed, or not be read."""
BUSY = 5
NO_CACHE = 10
NO_MATCH = 23
"""pip's own number for it (`NO_MATCHES_FOUND`)."""
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""

_ORDER = (INTERRUPTED, FAILED, BUSY, PARTLY, FOUND, NO_MATCH, DONE)
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


def worst(*codes: int) -> int:
    """Return the code that outranks the others; `USAGE` and `NO_CACHE` have no rank, since nothing runs then.

    >>> worst(DONE, FOUND, PARTLY), worst(DONE)
    (4, 0)
    """
    return min(codes, key=_ORDER.index, default=DONE)
