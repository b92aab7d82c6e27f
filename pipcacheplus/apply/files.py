"""Removal of one file from the cache: exactly the one that was judged.

It is examined again right before its removal, by the descriptor of its directory and while it is held open, so that
neither a name that now means another file, nor a directory swapped for a link, leads to a file that was not
judged. Its name is unlinked, or moved to the trash.
"""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from pipcacheplus.apply.system import System, is_link
from pipcacheplus.disk.open_cache import OpenCache, is_same
from pipcacheplus.model.values import File, State

__all__ = [
    "Removed",
    "compare",
    "compared",
    "on_disk",
    "open_held",
    "real_path",
    "remove",
    "status_of",
    "why_not_there",
]

_READ_FLAGS: int = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
# O_PATH needs no right to read, and opens nothing that could block.
_HOLD_FLAGS: int = (os.O_PATH if hasattr(os, "O_PATH") else _READ_FLAGS) | getattr(os, "O_NOFOLLOW", 0)
_WRITE_FLAGS: int = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NOATIME: int = getattr(os, "O_NOATIME", 0)
_NOT_A_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})
_TRIES_AFTER_S = (0.3, 0.6)
"""Windows: a file that is being read cannot be removed; most reads are short, so there are three tries in a second."""


@dataclass(slots=True)
class Removed:
    """The files and directories that an action has removed so far."""

    files: list[File] = field(default_factory=list)
    disk_size: int = 0
    """Bytes given back to the file system."""
    is_exact: bool = True
    """Whether the number is exact; otherwise it is a lower bound."""
    is_lower: bool = False
    """Whether some of the files lie in a lower layer of an overlay."""
    folders: int = 0
    """Directories that were removed too."""
    folder_disk_size: int = 0
    """Bytes of these on the disk."""

    def add_folder(self, status: os.stat_result | None) -> None:
        """Count a directory by its status before its removal, if there is one."""
        self.folders += 1
        self.folder_disk_size += getattr(status, "st_blocks", 0) * 512


def on_disk(status: os.stat_result) -> int:
    """Return the bytes of a file on the disk; where the system does not report them, its size in whole sectors."""
    sectors: int = getattr(status, "st_blocks", -(-status.st_size // 512))
    return sectors * 512


def status_of(cache: OpenCache, path: str, system: System) -> os.stat_result:
    """Return the `lstat` result of an object below the cache, no link on the way followed.

    Raises:
        OSError: It is not there, or a part of the path is a link or no directory.
    """
    folder, _, name = path.rpartition("/")
    if system.has_descriptors:
        return os.stat(name, dir_fd=cache.folder(folder), follow_symlinks=False)
    return os.lstat(real_path(cache, path))


def real_path(cache: OpenCache, path: str) -> str:
    """Return the path of an object below the cache, for systems without descriptors of directories.

    Raises:
        OSError: A directory on the way is a link, or cannot be examined.
    """
    real = cache.path
    *folders, name = path.split("/")
    for folder in folders:
        real = os.path.join(real, folder)
        if is_link(os.lstat(real)):
            raise OSError(errno.ELOOP, "a link is not followed", path)
    return os.path.join(real, name)


def open_held(cache: OpenCache, path: str, system: System, *, writes: bool = True) -> tuple[int, bool]:
    """Open a file below the cache to be written in place, no link followed; or without `writes`, to be read.

    Returns:
        A descriptor, and whether reading by it changes the access time.

    Raises:
        OSError: It cannot be opened.
    """
    flags = _WRITE_FLAGS if writes else _WRITE_FLAGS & ~os.O_RDWR | os.O_RDONLY
    if not system.has_descriptors:
        return os.open(real_path(cache, path), flags), True
    folder, _, name = path.rpartition("/")
    below = cache.folder(folder)
    try:
        return os.open(name, flags | _NOATIME, dir_fd=below), not _NOATIME
    except PermissionError:  # only the owner of a file, or root, may open it without changing its access time
        return os.open(name, flags, dir_fd=below), True


def compare(cache: OpenCache, file: File, system: System) -> State:
    """Compare a file with its judged state: `REMOVED` if it could be removed, otherwise `CHANGED` or `GONE`.

    Raises:
        OSError: It cannot be examined.
    """
    try:
        return compared(cache, file, status_of(cache, file.path, system))
    except OSError as error:
        return why_not_there(error)


def why_not_there(error: OSError) -> State:
    """Return the state of a file that cannot be opened or examined: `GONE`, or `CHANGED` for another object.

    Raises:
        OSError: The same error, if it means neither.
    """
    if error.errno == errno.ENOENT:
        return State.GONE
    if error.errno in _NOT_A_FOLDER:
        return State.CHANGED
    raise error


def compared(cache: OpenCache, file: File, status: os.stat_result) -> State:
    """Compare a file with its present `lstat` result: `REMOVED` if it could be removed, otherwise `CHANGED`."""
    is_it = stat.S_ISREG(status.st_mode) and (is_same(file, status) or cache.is_renumbered(file, status))
    return State.REMOVED if is_it else State.CHANGED


def remove(
    cache: OpenCache,
    file: File,
    system: System,
    removed: Removed,
    *,
    judged: File,
    away: Callable[..., None] | None = None,
) -> State:
    """Remove a file if it is still the same: `REMOVED`, `GONE`, `CHANGED`, or `BUSY` if it is open, on Windows.

    Args:
        cache: The cache.
        file: Its required state now.
        system: The system.
        removed: Receives the file, and the bytes that it gave back, after its removal.
        judged: Its state when it was judged, which is added to `removed`.
        away: Removes the name, in place of `system.unlink`: to the trash, which frees nothing.

    Raises:
        OSError: It cannot be removed.
    """
    if system.has_descriptors:
        return _remove_held(cache, file, system, removed, judged=judged, away=away or system.unlink)
    state = compare(cache, file, system)
    if state is State.REMOVED:
        state = _take(real_path(cache, file.path), system, away or system.unlink)
    if state is State.REMOVED:
        removed.files.append(judged)
        removed.disk_size += file.disk_size if file.links == 1 and away is None else 0
    return state


def _remove_held(
    cache: OpenCache, file: File, system: System, removed: Removed, *, judged: File, away: Callable[..., None]
) -> State:
    folder, _, name = file.path.rpartition("/")
    try:
        below = cache.folder(folder)
        # Inode numbers are reused within milliseconds: only while the file is held open is its number certain.
        handle = os.open(name, _HOLD_FLAGS, dir_fd=below)
    except OSError as error:
        return why_not_there(error)
    try:
        held = os.fstat(handle)
        state = compared(cache, file, held)
        is_lower = state is State.REMOVED and cache.is_lower(file.path)
        if state is State.REMOVED:
            state = _take(name, system, away, dir_fd=below)
        if state is State.REMOVED:
            removed.files.append(judged)  # before anything can fail: the file is removed
            _measure(held, handle, removed, is_lower=is_lower)
        return state
    finally:
        with suppress(OSError):  # after any error it is closed, and the removal is done
            os.close(handle)


def _measure(held: os.stat_result, handle: int, removed: Removed, *, is_lower: bool) -> None:
    """Add the bytes of a file that has lost its name; if the system gives no data, the number is less exact."""
    if is_lower:
        removed.is_lower, removed.is_exact = True, False  # one that was copied up gave back the copy
        return
    try:
        links = os.fstat(handle).st_nlink
    except OSError:
        # FUSE, for instance, may find a file only by its name, and answers ENOENT or ESTALE once that is gone.
        links = held.st_nlink - 1
        removed.is_exact = False
    # A file with another name gives nothing back. NFS keeps an open file under another name until it is closed.
    removed.is_exact &= links < held.st_nlink
    removed.disk_size += held.st_blocks * 512 if links == 0 else 0


def _take(name: str, system: System, away: Callable[..., None], **where: int) -> State:
    """Remove a name: `REMOVED`, `GONE` before that, or `BUSY` while others have the file open, on Windows."""
    for wait_s in (*_TRIES_AFTER_S, None):
        try:
            away(name, **where)
        except FileNotFoundError:
            return State.GONE
        except OSError as error:
            if not system.is_in_use(error):
                raise
            if wait_s is not None:
                system.sleep(wait_s)
        else:
            return State.REMOVED
    return State.BUSY
