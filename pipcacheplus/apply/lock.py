"""The lock that keeps two pipcacheplus from working on one cache. No pip takes it: pips lock no whole cache."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from pipcacheplus.apply.system import System
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.refusal import check_owner
from pipcacheplus.errors import CacheBusyError
from pipcacheplus.host.state import open_own_folder

__all__ = ["locked", "owned_root"]

_POLL_S = 0.05
_LEAST_S = 0.1
"""How long to try in any case: a dry run takes the lock for a moment, and lets go of it."""


def owned_root(cache: OpenCache, system: System) -> int | None:
    """Return the descriptor of the cache directory, `None` where directories have none, if it is ours.

    What counts is what is open now, not what the path meant when it was looked at.

    Raises:
        NotACacheError: It belongs to another user.
        OSError: It cannot be looked at.
    """
    root = cache.folder("") if system.has_descriptors else None
    check_owner(cache.path, os.stat(cache.path) if root is None else os.fstat(root), uid=system.uid)
    return root


@contextmanager
def locked(
    path: str, root: int | None, system: System, *, timeout_s: float, stop: Callable[[], bool]
) -> Iterator[None]:
    """Keep other pipcacheplus out.

    The directory itself is locked, which leaves no file behind. Where that is refused, a file of our own that stands
    for this path; and where there are no locks at all, nothing: two at once then find things gone or changed, which
    each of them reports.

    Args:
        path: The cache directory.
        root: Its descriptor, `None` where directories have none.
        system: Where this runs.
        timeout_s: How long to wait, in seconds, for another one to finish.
        stop: Called while waiting; once it returns true, the wait ends without the lock, and nothing may be begun.

    Raises:
        CacheBusyError: Another one held the lock for longer than that.
        OSError: The lock fails for another reason than that there is none.
    """
    own = None
    held = root
    try:
        if root is None or not _take(path, root, system, timeout_s, stop):
            held = own = _open_own(path, system.lock_folder)
            if own is not None and not _take(path, own, system, timeout_s, stop):
                held = None
        try:
            yield
        finally:
            if held is not None:
                with suppress(OSError):  # what was done has to be reported; closing the descriptor lets go as well
                    system.unlock(held)
    finally:
        if own is not None:
            os.close(own)


def _take(path: str, descriptor: int, system: System, timeout_s: float, stop: Callable[[], bool]) -> bool:
    """Take a lock; return whether it is ours: not if the file system has none, or if `stop` ended the wait."""
    end = system.clock_s() + max(timeout_s, _LEAST_S)
    try:
        while not system.lock(descriptor):
            if stop():
                return False
            if system.clock_s() >= end:
                raise CacheBusyError(path, timeout_s)
            system.sleep(_POLL_S)
    except OSError as error:
        if system.is_refused(error):
            return False
        raise
    return True


def _open_own(path: str, folder: str) -> int | None:
    name = hashlib.sha224(os.fsencode(os.path.realpath(path))).hexdigest() + ".lock"
    try:
        with open_own_folder(*os.path.split(folder), is_made=True) as own:
            # Without O_TRUNC: whatever lies there already is left as it is.
            return own.open_file(name, os.O_RDWR | os.O_CREAT)
    except OSError:
        return None  # a home that cannot be written, or is not ours, must not keep anybody from pruning
