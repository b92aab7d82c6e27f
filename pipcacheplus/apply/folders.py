"""How directories leave: empty ones only, one by one, never a tree."""

import errno

from pipcacheplus.apply.leaving import real_path, status_of
from pipcacheplus.apply.system import System
from pipcacheplus.layout import HTTP_AREAS
from pipcacheplus.model import Action, Area, Folder
from pipcacheplus.opening import OpenCache

__all__ = ["is_fresh", "tidy"]

_NOT_EMPTY = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT})
_SETTLED_S = 3600
"""A pip makes its directory below `wheels` a moment before it uses it; seen to be over within a minute."""


def is_fresh(action: Action, now_s: float) -> bool:
    """Return whether it is an empty directory that a build may be about to use, pips being at work."""
    entry = action.entry
    newest_ns = max((folder.mtime_ns for folder in entry.folders), default=0)
    return entry.area is Area.WHEELS and not entry.files and newest_ns / 1e9 > now_s - _SETTLED_S


def tidy(cache: OpenCache, action: Action, system: System, *, is_exclusive: bool) -> int:
    """Remove the entry's own directories, and those above that are empty now, but for the areas' own.

    Below `wheels`, what became empty just now stays while pips may be at work; a later run finds it settled.

    Returns:
        How many went.

    Raises:
        OSError: One of the entry's own directories is empty, and cannot be removed.
    """
    entry, count = action.entry, 0
    for folder in entry.folders:
        # Without files, it was the directory that was judged: one that has changed since may be in use.
        if action.files or _is_unchanged(cache, folder, system):
            count += _remove_folder(cache, folder.path, system, must=True)
    if entry.area not in HTTP_AREAS and not is_exclusive:
        return count
    # The directories of an entry go deepest first; the last is the one that lies in pip's own.
    outermost = entry.folders[-1].path if entry.folders else entry.id
    above = outermost.rpartition("/")[0]
    while "/" in above and _remove_folder(cache, above, system, must=False):
        count += 1
        above = above.rpartition("/")[0]
    return count


def _is_unchanged(cache: OpenCache, folder: Folder, system: System) -> bool:
    try:
        status = status_of(cache, folder.path, system)
    except FileNotFoundError:
        return False
    seen = (folder.device, folder.inode, folder.mtime_ns)
    return seen == (status.st_dev, status.st_ino, status.st_mtime_ns)


def _remove_folder(cache: OpenCache, path: str, system: System, *, must: bool) -> bool:
    """Remove a directory if it is empty; return whether it is gone by our doing.

    Raises:
        OSError: It is empty and cannot be removed, and it `must`.
    """
    above, _, name = path.rpartition("/")
    try:
        if system.has_descriptors:
            system.rmdir(name, dir_fd=cache.folder(above))
        else:
            system.rmdir(real_path(cache, path))
    except OSError as error:
        if must and error.errno not in _NOT_EMPTY:
            raise
        return False
    return True
