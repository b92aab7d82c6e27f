"""The lock that prevents two pipcacheplus from using one cache. No pip takes it: pips lock no whole cache."""

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
"""Seconds to try in any case: a dry run holds the lock only for a moment."""


def owned_root(cache: OpenCache, system: System) -> int | None:
    """Return the descriptor of the cache directory, `None` where directories have none, if it is this user's.

    The open directory counts, not the earlier meaning of the path.

    Raises:
        NotACacheError: It belongs to another user.
        OSError: It cannot be examined.
    """
    root = cache.folder("") if system.has_descriptors else None
    check_owner(cache.path, os.stat(cache.path) if root is None else os.fstat(root), uid=system.uid)
    return root


@contextmanager
def locked(
    path: str, root: int | None, system: System, *, timeout_s: float, stop: Callable[[], bool]
) -> Iterator[None]:
    """Keep other pipcacheplus out.

    The directory itself is locked, which leaves no file behind. Where that is refused, a file in the state directory
    for this path is locked; and where there are no locks at all, nothing: two at once then find files gone or changed,
    which each of them reports.

    Args:
        path: The cache directory.
        root: Its descriptor, `None` where directories have none.
        system: The system.
        timeout_s: Seconds to wait for another one to finish.
        stop: Called while waiting; once it returns true, the wait ends without the lock, and nothing may be begun.

    Raises:
        CacheBusyError: Another one held the lock for longer than that.
        OSError: The lock fails for another reason than that there are no locks.
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
                with suppress(
                    OSError
                ):  # the work that was done must be reported; closing the descriptor releases the lock as well
                    system.unlock(held)
    finally:
        if own is not None:
            os.close(own)


def _take(path: str, descriptor: int, system: System, timeout_s: float, stop: Callable[[], bool]) -> bool:
    """Take a lock; return whether this run holds it: false if the file system has none, or `stop` ended the wait."""
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
            # Without O_TRUNC: an existing file is left unchanged.
            return own.open_file(name, os.O_RDWR | os.O_CREAT)
    except OSError:
        return None  # a home that cannot be written, or is not this user's, must not prevent pruning
