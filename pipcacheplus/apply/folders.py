"""Removal of directories: one by one, and only empty ones."""

import errno
from collections.abc import Callable
from contextlib import suppress

from pipcacheplus.apply.files import Removed, real_path, status_of, why_not_there
from pipcacheplus.apply.recent_use import is_used
from pipcacheplus.apply.system import System
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.values import Action, Area, Folder, State
from pipcacheplus.pips.layout import HTTP_AREAS

__all__ = ["folder_above", "is_in_use", "is_unchanged", "takes_folders_above", "tidy"]

_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST})


def is_in_use(cache: OpenCache, action: Action, system: System, *, has_access_times: bool) -> bool:
    """Return whether it is an empty directory into which a running build may put its wheel.

    The time at which it was made is not a sign: pip (21.3.1 to 24.0, `wheel_builder.py`) uses an existing one of any
    age, and puts the wheel into it when the build is over. But it lists it before, which changes its access time. If
    this program's own reading changes it too, the directory only stays longer.

    Raises:
        OSError: It cannot be examined.
    """
    if action.entry.area is not Area.WHEELS or action.entry.files:
        return False
    for folder in action.entry.folders:
        try:
            status = status_of(cache, folder.path, system)
        except OSError as error:
            why_not_there(error)
            continue  # it is gone or changed, which removing it reports
        if is_used(status, status.st_atime_ns, now_s=system.now_s(), has_access_times=has_access_times):
            return True
    return False


def tidy(
    cache: OpenCache,
    action: Action,
    system: System,
    removed: Removed,
    *,
    is_exclusive: bool,
    following: str,
    note: Callable[[OpenCache, str], None] | None = None,
) -> None:
    """Remove the entry's own directories, and those above that are empty now, except the areas' own.

    Below `wheels`, a directory that became empty just now stays while pips may be running; a later run removes it.

    Args:
        cache: The cache.
        action: The action that was carried out.
        system: The system.
        removed: Receives the removed directories.
        is_exclusive: Whether no pip uses this cache.
        following: The id of the entry that is removed next, `""` if there is none. Common directories are left to that
            one: they are not empty yet, and trying them nevertheless would cost a failing call and another opening.
        note: Called with the path of each directory before its removal.

    Raises:
        OSError: One of the entry's own directories is empty, and cannot be removed.
    """
    entry = action.entry
    for folder in entry.folders:
        # Without files, the directory itself was judged: one that has changed since may be in use.
        if action.files or is_unchanged(cache, folder, system):
            _remove_folder(cache, folder.path, system, removed, must=True, note=note)
    if not takes_folders_above(action, is_exclusive=is_exclusive):
        return
    above = folder_above(action)
    while "/" in above and not following.startswith(above + "/"):
        if _remove_folder(cache, above, system, removed, must=False, note=note) is State.BUSY:
            break
        above = above.rpartition("/")[0]


def takes_folders_above(action: Action, *, is_exclusive: bool) -> bool:
    """Return whether directories above the entry's own are removed when it leaves them empty."""
    return action.entry.area in HTTP_AREAS or is_exclusive


def folder_above(action: Action) -> str:
    """Return the path of the first directory above an entry's own."""
    # The directories of an entry are removed deepest first; the last is the one that lies in pip's own.
    entry = action.entry
    return (entry.folders[-1].path if entry.folders else entry.id).rpartition("/")[0]


def is_unchanged(cache: OpenCache, folder: Folder, system: System) -> bool:
    """Return whether a directory is still the one that was judged, with unchanged contents."""
    try:
        status = status_of(cache, folder.path, system)
    except FileNotFoundError:
        return False
    is_same = (folder.device, folder.mtime_ns) == (status.st_dev, status.st_mtime_ns)
    return is_same and (folder.inode == status.st_ino or cache.renumbers)


def _remove_folder(
    cache: OpenCache,
    path: str,
    system: System,
    removed: Removed,
    *,
    must: bool,
    note: Callable[[OpenCache, str], None] | None,
) -> State:
    """Remove a directory if it is empty: `REMOVED`, `GONE`, or `BUSY` if it stays.

    Raises:
        OSError: It is empty and cannot be removed, and it `must`.
    """
    above, _, name = path.rpartition("/")
    status = None
    with suppress(OSError):  # it only adds to a number
        status = status_of(cache, path, system)
    try:
        if note is not None:
            note(cache, path)
        if system.has_descriptors:
            system.rmdir(name, dir_fd=cache.folder(above))
        else:
            system.rmdir(real_path(cache, path))
    except FileNotFoundError:
        return State.GONE
    except OSError as error:
        if must and error.errno not in _NOT_EMPTY:
            raise
        return State.BUSY
    removed.add_folder(status)
    return State.REMOVED
