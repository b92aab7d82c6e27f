"""The changes of a dry run: what a run would do to files and directories, and what would prevent it.

A dry run uses the same code as a run, up to the call that removes a name. In its place are the tests that are possible
without it: whether the file is the one that was judged, and whether its directory may be written. Other failures of
that call are not foreseen: an immutable file, a directory with the sticky bit and another owner, a disk that fails, a
pip that changes the file in between.
"""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from pipcacheplus.apply.files import Removed, compared, on_disk, real_path, status_of, why_not_there
from pipcacheplus.apply.folders import folder_above, is_unchanged, takes_folders_above
from pipcacheplus.apply.system import System
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.model.values import Action, Area, File, State

__all__ = ["Rehearsal", "check_writable_in"]

_EFFECTIVE: dict[str, bool] = {"effective_ids": True} if os.access in os.supports_effective_ids else {}
_READ_ONLY: int = getattr(os, "ST_RDONLY", 0)
_MAY_CHANGE_NAMES: int = os.W_OK | os.X_OK


def check_writable_in(name: str, *, mode: int = _MAY_CHANGE_NAMES, dir_fd: int | None = None) -> None:
    """Return if a file or directory may be written, by the tests that are possible without writing.

    Raises:
        OSError: It may not: `EROFS` if the file system is mounted read-only, otherwise `EACCES`.
    """
    if os.access(name, mode, dir_fd=dir_fd, **_EFFECTIVE):
        return
    os.stat(name, dir_fd=dir_fd)  # raises if it is missing
    is_read_only = hasattr(os, "statvfs") and os.statvfs(name if dir_fd is None else dir_fd).f_flag & _READ_ONLY
    number = errno.EROFS if is_read_only else errno.EACCES
    raise OSError(number, os.strerror(number), name)


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """The files and directories that a dry run treats as removed; a run would have removed them at the same point."""

    cache: OpenCache
    system: System
    frees: bool
    """Whether removal gives blocks back: not a move to the trash."""
    gone: set[str] = field(default_factory=set)
    """Paths of those files and directories that decide whether others are removed."""
    _left: dict[str, int] = field(default_factory=dict)
    """Number of names left in directories that lose some names, but not all."""
    _names: dict[tuple[int, int], int] = field(default_factory=dict)
    """Number of removed names of a file that has several, by device and inode."""
    _writable: str | None = None
    """The last directory that was found to be writable: the files of an entry lie in the same one."""

    def take_files(self, action: Action, files: Sequence[File], removed: Removed) -> State:
        """Treat the files of an entry as removed: `REMOVED`, or `CHANGED` if one of them differs from its judged state.

        Args:
            action: The action.
            files: The required state of its files now.
            removed: Receives the files to remove, as they were judged, and the bytes that would be given back.

        Raises:
            OSError: One of them cannot be examined or removed.
        """
        found = [(file, judged, self._look(file)) for file, judged in zip(files, action.files, strict=True)]
        if any(status is State.CHANGED for _, _, status in found):
            return State.CHANGED
        for file, judged, status in found:
            if isinstance(status, os.stat_result):
                self._check_folder(file.path.rpartition("/")[0])
                removed.files.append(judged)
                if self.cache.is_lower(file.path):
                    removed.is_lower, removed.is_exact = True, False  # as in a run
                elif self.frees and self._is_last_name(status):
                    removed.disk_size += on_disk(status)
        if action.entry.area is Area.WHEELS or action.entry.folders:
            self.gone.update(file.path for file in files)
        return State.REMOVED

    def take_folders(self, action: Action, removed: Removed, *, is_exclusive: bool) -> None:
        """Treat the directories of an entry as removed: its own, and those above that it leaves empty.

        Args:
            action: The action.
            removed: Receives the directories; its files are those to remove.
            is_exclusive: Whether no pip uses this cache.

        Raises:
            OSError: One of the entry's own directories is empty, and could not be removed.
        """
        for folder in action.entry.folders:
            if (action.files or is_unchanged(self.cache, folder, self.system)) and self._is_empty(folder.path):
                self._check_folder(folder.path.rpartition("/")[0])
                self.gone.add(folder.path)
                self._count(folder.path, removed)
        if takes_folders_above(action, is_exclusive=is_exclusive):
            above = folder_above(action)
            own = action.entry.folders
            self._leave(above, own[-1].path in self.gone if own else len(removed.files), removed)

    def _leave(self, path: str, names: int, removed: Removed) -> None:
        """Treat names in a directory as removed, and the directory too if none is left, and so on above."""
        while "/" in path:
            above = path.rpartition("/")[0]
            try:
                left = self._left.pop(path, None)
                left = (len([*chain(*self.cache.names(path))]) if left is None else left) - names
                if left:
                    if names:
                        self._left[path] = left
                    return
                self._check_folder(above)
                self._count(path, removed)
                names = 1
            except FileNotFoundError:
                names = 0  # it was removed before
            except OSError:
                return  # it would stay
            path = above

    def _count(self, path: str, removed: Removed) -> None:
        removed.add_folder(status_of(self.cache, path, self.system))

    def _look(self, file: File) -> os.stat_result | State:
        """Return the present state of a removable file, otherwise `CHANGED` or `GONE`."""
        try:
            status = status_of(self.cache, file.path, self.system)
        except OSError as error:
            return why_not_there(error)
        state = compared(self.cache, file, status)
        return status if state is State.REMOVED else state

    def _is_last_name(self, status: os.stat_result) -> bool:
        if status.st_nlink == 1:
            return True
        number = (status.st_dev, status.st_ino)
        self._names[number] = self._names.get(number, 0) + 1
        return self._names[number] == status.st_nlink

    def _is_empty(self, path: str) -> bool:
        try:
            folders, files = self.cache.names(path)
        except FileNotFoundError:
            return False
        return all(f"{path}/{name}" in self.gone for name in (*folders, *files))

    def _check_folder(self, path: str) -> None:
        if path == self._writable:
            return
        if self.system.has_descriptors:
            check_writable_in(".", dir_fd=self.cache.folder(path))
        else:
            check_writable_in(real_path(self.cache, path))
        self._writable = path
