"""The lock that prevents two pipcacheplus from using one cache. No pip takes it: pips lock no whole cache."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from pipcacheplus.apply.system import System
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.refusal import check_owner
from pipcacheplus.errors import CacheBusyError
from pipcacheplus.host.state import open_own_folder

__all__ = ["locked", "owned_root"]

_NO_LOCK = "nothing can be locked here: let no two runs of pipcacheplus remove files of this cache at once"
_NO_LOCK_ELSEWHERE = (
    "other machines may mount this file system, and no lock excludes their runs of pipcacheplus:"
    " let one machine alone prune this cache"
)
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
) -> Iterator[str | None]:
    """Keep other pipcacheplus out, and yield the reason why one may work there nevertheless; `None` if none can.

    The directory itself is locked, which leaves no file behind. Linux keeps that lock on this machine if the directory
    is one of NFS, as most file systems of a network do with directories. So where other machines may mount it, or the
    lock of a directory is refused, a file in the user's own state directory for this path is locked as well: if that is
    on a file system of a network too, it excludes the other machines. Without a lock, two at once find files gone or
    changed, which each of them reports.

    Args:
        path: The cache directory.
        root: Its descriptor, `None` where directories have none.
        system: The system.
        timeout_s: Seconds to wait for another one to finish.
        stop: Called while waiting; once it returns true, the wait ends without the lock, and nothing may be begun.

    Raises:
        CacheBusyError: Another one held the lock for longer than that.
        OSError: The lock fails for another reason than that there are no locks.

    Source: Linux 6.18, `fs/nfs/dir.c`, `nfs_dir_operations` has no `flock`, and `fs/locks.c`, `flock`, then locks on
    this machine alone; `fs/nfs/file.c` has one for files.
    """
    is_local = system.is_local(path, (os.stat(path) if root is None else os.fstat(root)).st_dev)
    with ExitStack() as stack:
        is_held = root is not None and _hold(stack, path, root, system, timeout_s, stop)
        own = None if (is_held and is_local) or stop() else _open_own(path, system.lock_folder)
        is_own_held = False
        if own is not None:
            stack.callback(os.close, own)
            is_own_held = _hold(stack, path, own, system, timeout_s, stop)
        if is_local:
            yield None if is_held or is_own_held else _NO_LOCK
        else:
            reaches = own is not None and not system.is_local(system.lock_folder, os.fstat(own).st_dev)
            yield None if is_own_held and reaches else _NO_LOCK_ELSEWHERE


def _hold(  # noqa: PLR0917 - as of `_take`
    stack: ExitStack, path: str, descriptor: int, system: System, timeout_s: float, stop: Callable[[], bool]
) -> bool:
    """Take a lock until the end of a stack; return whether this run holds it."""
    if not _take(path, descriptor, system, timeout_s, stop):
        return False
    stack.callback(_release, descriptor, system)
    return True


def _release(descriptor: int, system: System) -> None:
    with suppress(OSError):  # the work that was done must be reported; closing the descriptor releases the lock as well
        system.unlock(descriptor)


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
