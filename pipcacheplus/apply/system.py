"""The clocks, locks, limits and calls of the system for carrying out a plan, and the request to stop."""

import errno
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipcacheplus.disk.open_cache import HAS_DIRECTORY_DESCRIPTORS
from pipcacheplus.host.filesystems import is_device_local

__all__ = ["Latch", "System", "is_link", "this_system"]

_IN_USE = frozenset({5, 32, 33})
"""Windows: access denied, as for a mapped file; sharing violation; lock violation."""
_SPARE_HANDLES = 128
"""Descriptors for everything else that is open, or will be."""
_REFUSED = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF, errno.EINVAL})
"""Errors of a file system without locks, or without locks of directories: EBADF is that of a file system which locks
only what is open for writing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The functions of one machine that removal needs, as a value: so that another one can be tested on this one."""

    has_descriptors: bool
    """Whether files are reached by the descriptor of their directory, and may be unlinked while they are open."""
    max_handles: int
    """Most files that may be kept open during the wait."""
    uid: int | None
    """The user that this process acts as; `None` where files have no owners."""
    lock_folder: str
    """In the user's own state directory; used where the lock of the cache directory does not keep out all others. It
    need not exist."""
    lock: Callable[[int], bool]
    """Takes the lock of a descriptor if it is free, and returns whether it was; raises `OSError` without locks."""
    unlock: Callable[[int], None]
    unlink: Callable[..., None] = os.unlink
    """As `os.unlink`, with `dir_fd` if there are descriptors."""
    rmdir: Callable[..., None] = os.rmdir
    """As `os.rmdir`, with the same arguments."""
    mkdir: Callable[..., None] = os.mkdir
    """As `os.mkdir`, with the same arguments."""
    rename: Callable[..., None] = os.rename
    """As `os.rename`, with `src_dir_fd` and `dst_dir_fd`, which are `None` where there are no descriptors."""
    link: Callable[..., None] = os.link
    """As `os.link`, with the same arguments."""
    is_local: Callable[[str, int], bool] = is_device_local
    """Returns whether a directory, with its `st_dev`, lies on a file system that only this machine mounts."""
    write: Callable[[int, bytes | memoryview], int] = os.write
    utime: Callable[..., None] = os.utime
    sync: Callable[[int], None] = os.fsync
    clock_s: Callable[[], float] = time.monotonic
    now_s: Callable[[], float] = time.time
    """Seconds since 1970."""
    sleep: Callable[[float], None] = time.sleep

    @staticmethod
    def is_refused(error: OSError) -> bool:
        """Return whether a lock was refused because there are none."""
        return error.errno in _REFUSED

    @staticmethod
    def is_in_use(error: OSError) -> bool:
        """Return whether a file cannot be removed because a process has it open, as on Windows."""
        return getattr(error, "winerror", None) in _IN_USE


@dataclass(slots=True)
class Latch:
    """A request to stop that stays true once it was made, even if `stop` returns false afterwards."""

    stop: Callable[[], bool] | None
    """Returns whether to stop; `None` if there can be no request."""
    is_set: bool = False
    """Whether `poll` has returned true."""

    def poll(self) -> bool:
        """Return whether to stop; `stop` is called until it returns true, and not again."""
        self.is_set = self.is_set or (self.stop is not None and self.stop())
        return self.is_set


def is_link(status: os.stat_result) -> bool:
    """Return whether an object is a link, or a reparse point: junctions of Windows count as links."""
    reparse_tag: int = getattr(status, "st_reparse_tag", 0)
    return stat.S_ISLNK(status.st_mode) or bool(reparse_tag)


def this_system(*, has_descriptors: bool = HAS_DIRECTORY_DESCRIPTORS) -> System:
    """Return the machine that this program runs on; without `has_descriptors`, as one without those of directories."""
    from filelock import lock_descriptor, unlock_descriptor  # noqa: PLC0415 - slow to import

    from pipcacheplus.host.state import own_state_folder  # noqa: PLC0415 - as above

    return System(
        has_descriptors=has_descriptors,
        max_handles=_handles() if has_descriptors else 0,  # where open files cannot be replaced, none is kept open
        uid=os.geteuid() if hasattr(os, "geteuid") else None,
        lock_folder=os.path.join(own_state_folder(), "locks"),
        lock=lambda descriptor: lock_descriptor(descriptor, blocking=False),
        unlock=unlock_descriptor,
    )


def _handles() -> int:
    import resource  # noqa: PLC0415 - not there on Windows

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(0, min(limit, 1 << 16) - _SPARE_HANDLES) // 2
