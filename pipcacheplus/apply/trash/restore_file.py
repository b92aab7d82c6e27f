"""Bring one file back to the cache, if its name is free; directories that are missing are made.

A file gets its name by `link`, which fails if the name is taken, where `rename` would replace what bears it.
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
    """Something else lies there by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashedFile:
    """A file in the trash, and its path in the cache."""

    run: PrivateDirectory
    number: int
    status: os.stat_result
    """When it was first looked at."""
    path: str
    """In the cache."""
    folders: Mapping[str, FolderRights]
    """Rights of directories that went with it, by path."""
    is_numbered: bool = True
    """Whether files keep their numbers; else size and time of writing have to do."""

    @property
    def name(self) -> str:
        """Return its name in the trash, for functions that get the descriptor too."""
        return self.run.at(str(self.number))

    def is_at(self, status: os.stat_result) -> bool:
        """Return whether this is the status of that very file."""
        if self.status.st_dev != status.st_dev:
            return False
        if self.is_numbered or self.status.st_ino == status.st_ino:
            return self.status.st_ino == status.st_ino
        return (self.status.st_size, self.status.st_mtime_ns) == (status.st_size, status.st_mtime_ns)


def place(cache: OpenCache, trashed: TrashedFile, system: System) -> None:
    """Move a file of the trash to its path in the cache, if nothing lies there.

    Raises:
        OSError: It cannot be moved.
        TakenError: Something else lies there.
    """
    name, folder = _at(cache, trashed, system)
    try:
        system.link(trashed.name, name, src_dir_fd=trashed.run.descriptor, dst_dir_fd=folder)
    except (FileExistsError, FileNotFoundError) as error:
        # A run was broken off between the two steps; or another one is a step ahead, where nothing can be locked.
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
    """Take away the name that a file got in the cache; what lies there is this file.

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
        path: Of the directory.
        system: Where this runs.
        folders: Rights of those that went; of others, the rights of the one that they are made in count.

    Raises:
        OSError: It cannot be made; a part of the path is a link, or no directory.
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
    """Where there are no links, a look has to do: a pip that writes in the moment between loses what it wrote."""
    try:
        status_of(cache, trashed.path, system)
    except FileNotFoundError:
        name, folder = _at(cache, trashed, system)
        system.rename(trashed.name, name, src_dir_fd=trashed.run.descriptor, dst_dir_fd=folder)
    else:
        raise TakenError


def _at(cache: OpenCache, trashed: TrashedFile, system: System) -> tuple[str, int | None]:
    """Return what a file of the cache is called, and the descriptor of its directory, `None` where there are none."""
    folder, _, name = trashed.path.rpartition("/")
    ensure(cache, folder, system, trashed.folders)
    return (name, cache.folder(folder)) if system.has_descriptors else (real_path(cache, trashed.path), None)
