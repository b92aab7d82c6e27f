"""Restoring of one file to the cache, if its name is free; missing directories are made.

A file gets its name by `link`, which fails if the name is taken, where `rename` would replace the other file.
"""

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from pipcacheplus.apply.files import real_path, status_of
from pipcacheplus.apply.system import System
from pipcacheplus.apply.trash.folder_rights import FolderRights, give, plain_rights_of
from pipcacheplus.apply.trash.private_directory import PrivateDirectory
from pipcacheplus.disk.open_cache import OpenCache

__all__ = ["TakenError", "TrashedFile", "ensure", "place", "take_again"]

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})
"""Errors of a file system on which a file has one name at most: EPERM is that of Linux for FAT."""


class TakenError(Exception):
    """Another file has its name by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashedFile:
    """A file in the trash, and its path in the cache."""

    run: PrivateDirectory
    number: int
    status: os.stat_result
    """Its status at the first examination."""
    path: str
    """Its path in the cache."""
    folders: Mapping[str, FolderRights]
    """Rights of directories that were removed with it, by path."""
    is_numbered: bool = True
    """Whether files keep their inode numbers; otherwise size and time of writing are compared."""

    @property
    def name(self) -> str:
        """Return its name in the trash, for functions with a descriptor argument."""
        return self.run.at(str(self.number))

    def is_at(self, status: os.stat_result) -> bool:
        """Return whether this is the status of the same file."""
        if self.status.st_dev != status.st_dev:
            return False
        if self.is_numbered or self.status.st_ino == status.st_ino:
            return self.status.st_ino == status.st_ino
        return (self.status.st_size, self.status.st_mtime_ns) == (status.st_size, status.st_mtime_ns)


def place(cache: OpenCache, trashed: TrashedFile, system: System) -> None:
    """Move a file of the trash to its path in the cache, if that is free.

    Raises:
        OSError: It cannot be moved.
        TakenError: Another file lies there.
    """
    name, folder = _at(cache, trashed, system)
    try:
        system.link(trashed.name, name, src_dir_fd=trashed.run.descriptor, dst_dir_fd=folder)
    except (FileExistsError, FileNotFoundError) as error:
        # A run was interrupted between the two steps; or another one is a step ahead, where there are no locks.
        if not trashed.is_at(status_of(cache, trashed.path, system)):
            raise TakenError from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename(cache, trashed, system)
        return
    with suppress(FileNotFoundError):  # as above
        system.unlink(trashed.name, **trashed.run.where)


def take_again(cache: OpenCache, trashed: TrashedFile, system: System) -> None:
    """Remove the name that a file got in the cache; the caller has checked that it is this file.

    Raises:
        OSError: It cannot be moved.
    """
    name, folder = _at(cache, trashed, system)
    if trashed.run.status_of(str(trashed.number)) is None:
        system.rename(name, trashed.name, src_dir_fd=folder, dst_dir_fd=trashed.run.descriptor)
    else:
        system.unlink(name, **({} if folder is None else {"dir_fd": folder}))


def ensure(cache: OpenCache, path: str, system: System, folders: Mapping[str, FolderRights]) -> None:
    """Make a directory of the cache, and those above it, with the rights that they had.

    Args:
        cache: The cache.
        path: Path of the directory.
        system: The system.
        folders: Rights of removed ones; others get the rights of the directory above.

    Raises:
        OSError: It cannot be made; a part of the path is a link, or not a directory.
    """
    try:
        cache.status(path)
    except FileNotFoundError:
        above, _, name = path.rpartition("/")
        ensure(cache, above, system, folders)
        made: int | str
        try:
            if system.has_descriptors:
                rights = folders.get(path) or plain_rights_of(cache.folder(above))
                system.mkdir(name, rights.mode, dir_fd=cache.folder(above))
                made = cache.folder(path)
            else:
                made = real_path(cache, path)
                rights = folders.get(path) or plain_rights_of(os.path.dirname(made))
                system.mkdir(made, rights.mode)
        except FileExistsError:
            return
        give(made, rights)


def _rename(cache: OpenCache, trashed: TrashedFile, system: System) -> None:
    """Without links, a test must do: a pip that writes between test and rename loses its file."""
    try:
        status_of(cache, trashed.path, system)
    except FileNotFoundError:
        name, folder = _at(cache, trashed, system)
        system.rename(trashed.name, name, src_dir_fd=trashed.run.descriptor, dst_dir_fd=folder)
    else:
        raise TakenError


def _at(cache: OpenCache, trashed: TrashedFile, system: System) -> tuple[str, int | None]:
    """Return the name of a file of the cache, and the descriptor of its directory, `None` where there are none."""
    folder, _, name = trashed.path.rpartition("/")
    ensure(cache, folder, system, trashed.folders)
    return (name, cache.folder(folder)) if system.has_descriptors else (real_path(cache, trashed.path), None)
