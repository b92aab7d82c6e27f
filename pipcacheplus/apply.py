"""Carry a plan out. The only module that changes the disk.

Every file is looked at again right before it goes, by the descriptor of its directory and with the file itself held
open, so that neither a name that means another file by now, nor a directory swapped for a link, can lead to the
removal of anything that was not judged. A file of an entry goes after those that would make it dangerous alone.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipcacheplus.errors import CacheBusyError
from pipcacheplus.layout import HTTP_AREAS
from pipcacheplus.model import Action, File, Folder, Outcome, Plan, Report, State
from pipcacheplus.opening import HAS_DIRECTORY_DESCRIPTORS, OpenCache, is_same

__all__ = ["apply"]

_HOLD_FLAGS: int = getattr(os, "O_PATH", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)) | getattr(os, "O_NOFOLLOW", 0)
_POLL_S = 0.05
_NOT_A_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})
_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT})


def apply(
    plan: Plan, *, is_alone: bool, lock_timeout_s: float = 0, progress: Callable[[int, int | None], None] | None = None
) -> Report:
    """Remove what a plan names, and report what really went.

    One failure does not stop the rest. Directories that are left empty go too, but for the areas' own.

    Args:
        plan: Its files' stamps decide whether each is still what was judged.
        is_alone: Whether no pip is at work on this cache. If one may be, directories below `wheels` that only now
            became empty stay: a build may be about to use them.
        lock_timeout_s: How long to wait, in seconds, for another pipcacheplus to finish.
        progress: Called with the number of actions done, and of all.

    Raises:
        CacheBusyError: Another pipcacheplus held the cache for longer than that.
        OSError: The cache directory cannot be opened.
    """
    outcomes = []
    with OpenCache(plan.cache.path) as cache, _locked(cache, lock_timeout_s):
        for done, action in enumerate(plan.actions):
            if progress is not None:
                progress(done, len(plan.actions))
            outcomes.append(_carry_out(cache, action, is_alone=is_alone))
        if progress is not None:
            progress(len(plan.actions), len(plan.actions))
    return Report(plan=plan, outcomes=tuple(outcomes), warnings=plan.warnings)


@contextmanager
def _locked(cache: OpenCache, timeout_s: float) -> Iterator[None]:
    """Keep other pipcacheplus out. It is the directory itself that is locked: no file is left behind."""
    import time  # noqa: PLC0415 - with filelock, which is slow to import

    from filelock import lock_descriptor, unlock_descriptor  # noqa: PLC0415

    if not HAS_DIRECTORY_DESCRIPTORS:
        yield  # Windows cannot lock a directory; removing a file twice is harmless there
        return
    root = cache.folder("")
    end = time.monotonic() + timeout_s
    while not _lock(lock_descriptor, root):
        if time.monotonic() >= end:
            raise CacheBusyError(cache.path, timeout_s)
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        unlock_descriptor(root)


def _lock(lock_descriptor: Callable[..., bool], root: int) -> bool:
    try:
        return lock_descriptor(root, blocking=False)
    except OSError as error:
        if error.errno in {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF}:
            return True  # a network file system without locks: two pruners at once only find things gone
        raise


@dataclass(slots=True)
class _Tally:
    """What an action has done so far."""

    removed: list[File] = field(default_factory=list)
    disk_size: int = 0
    folders: int = 0


def _carry_out(cache: OpenCache, action: Action, *, is_alone: bool) -> Outcome:
    tally = _Tally()
    state, error = State.REMOVED, None
    try:
        # All of an entry first: if a pip renews its head just now, its body must not go either.
        if any(_look(cache, file) is State.CHANGED for file in action.files):
            state = State.CHANGED
        for file in action.files if state is State.REMOVED else ():
            state = _remove(cache, file, tally)
            if state is State.CHANGED:
                break
        if state is not State.CHANGED:
            _tidy(cache, action, tally, is_alone=is_alone)
            state = State.REMOVED if tally.removed or tally.folders else State.GONE
    except OSError as caught:
        state, error = State.FAILED, caught.strerror or str(caught)
    return Outcome(action=action, state=state, removed=tuple(tally.removed), disk_size=tally.disk_size, error=error)


def _look(cache: OpenCache, file: File) -> State:
    """Return what would become of a file: `REMOVED`, or why it would not."""
    try:
        status = _status(cache, file.path)
    except FileNotFoundError:
        return State.GONE
    except OSError as error:
        if error.errno in _NOT_A_FOLDER:
            return State.CHANGED
        raise
    return State.REMOVED if stat.S_ISREG(status.st_mode) and is_same(file, status) else State.CHANGED


def _status(cache: OpenCache, path: str) -> os.stat_result:
    folder, _, name = path.rpartition("/")
    if HAS_DIRECTORY_DESCRIPTORS:
        return os.stat(name, dir_fd=cache.folder(folder), follow_symlinks=False)
    return os.lstat(os.path.join(cache.path, *path.split("/")))


def _remove(cache: OpenCache, file: File, tally: _Tally) -> State:
    state = _look(cache, file)
    if state is not State.REMOVED:
        return state
    folder, _, name = file.path.rpartition("/")
    if not HAS_DIRECTORY_DESCRIPTORS:
        os.unlink(os.path.join(cache.path, *file.path.split("/")))
        tally.removed.append(file)
        tally.disk_size += file.disk_size if file.links == 1 else 0
        return State.REMOVED
    below = cache.folder(folder)
    # Inode numbers come back within milliseconds: only while the file is held open does its number mean it.
    handle = os.open(name, _HOLD_FLAGS, dir_fd=below)
    try:
        held = os.fstat(handle)
        now = os.stat(name, dir_fd=below, follow_symlinks=False)
        if not is_same(file, held) or (held.st_dev, held.st_ino) != (now.st_dev, now.st_ino):
            return State.CHANGED
        os.unlink(name, dir_fd=below)
        tally.removed.append(file)
        # What another name still holds is not given back.
        tally.disk_size += held.st_blocks * 512 if os.fstat(handle).st_nlink == 0 else 0
    finally:
        os.close(handle)
    return State.REMOVED


def _tidy(cache: OpenCache, action: Action, tally: _Tally, *, is_alone: bool) -> None:
    """Remove the entry's own directories, and those above that are empty now, but for the areas' own."""
    entry = action.entry
    for folder in entry.folders:
        # Without files, it was the directory that was judged: one that has changed since may be in use.
        if action.files or _is_unchanged(cache, folder):
            tally.folders += _remove_folder(cache, folder.path, must=not action.files)
    if entry.area not in HTTP_AREAS and not is_alone:
        return  # a build makes its directory a moment before it uses it
    # The directories of an entry go deepest first; the last is the one that lies in pip's own.
    outermost = entry.folders[-1].path if entry.folders else entry.id
    above = outermost.rpartition("/")[0]
    while "/" in above and _remove_folder(cache, above, must=False):
        tally.folders += 1
        above = above.rpartition("/")[0]


def _is_unchanged(cache: OpenCache, folder: Folder) -> bool:
    try:
        status = _status(cache, folder.path)
    except FileNotFoundError:
        return False
    seen = (folder.device, folder.inode, folder.mtime_ns)
    return seen == (status.st_dev, status.st_ino, status.st_mtime_ns)


def _remove_folder(cache: OpenCache, path: str, *, must: bool) -> bool:
    """Remove a directory if it is empty; return whether it is gone by our doing.

    Raises:
        OSError: It is empty and cannot be removed, and it `must`.
    """
    above, _, name = path.rpartition("/")
    try:
        if HAS_DIRECTORY_DESCRIPTORS:
            os.rmdir(name, dir_fd=cache.folder(above))
        else:
            os.rmdir(os.path.join(cache.path, *path.split("/")))
    except OSError as error:
        if must and error.errno not in _NOT_EMPTY:
            raise
        return False
    return True
