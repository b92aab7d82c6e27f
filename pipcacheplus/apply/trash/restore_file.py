"""Bring one file back to the cache, if its name is free; directories that are missing are made.

A file gets its name by `link`, which fails if the name is taken, where `rename` would replace what bears it.
"""

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass

from pipcacheplus.apply.files import real_path, status_of
from pipcacheplus.apply.system import System
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

    @property
    def name(self) -> str:
        """Return its name in the trash, for functions that get the descriptor too."""
        return self.run.at(str(self.number))

    def is_at(self, status: os.stat_result) -> bool:
        """Return whether this is the status of that very file."""
        return (self.status.st_dev, self.status.st_ino) == (status.st_dev, status.st_ino)


def place(cache: OpenCache, trashed: TrashedFile, system: System) -> None:
    """Move a file of the trash to its path in the cache, if nothing lies there.

    Raises:
        OSError: It cannot be moved.
        TakenError: Something else lies there.
    """
    name, folder = _at(cache, trashed.path, system)
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
    name, folder = _at(cache, trashed.path, system)
    if trashed.run.status_of(str(trashed.number)) is None:
        system.rename(name, trashed.name, src_dir_fd=folder, dst_dir_fd=trashed.run.descriptor)
    else:
        system.unlink(name, **({} if folder is None else {"dir_fd": folder}))


def ensure(cache: OpenCache, path: str, system: System) -> None:
    """Make a directory of the cache, and those above it, with the rights of the one they are made in.

    Raises:
        OSError: It cannot be made; a part of the path is a link, or no directory.
    """
    try:
        cache.status(path)
    except FileNotFoundError:
        above, _, name = path.rpartition("/")
        ensure(cache, above, system)
        mode = stat.S_IMODE(cache.status(above).st_mode)
        try:
            if system.has_descriptors:
                system.mkdir(name, mode, dir_fd=cache.folder(above))
                os.fchmod(cache.folder(path), mode)  # whatever the umask has taken away
            else:
                system.mkdir(real_path(cache, path), mode)
        except FileExistsError:
            return


def _rename(cache: OpenCache, trashed: TrashedFile, system: System) -> None:
    """Where there are no links, a look has to do: a pip that writes in the moment between loses what it wrote."""
    try:
        status_of(cache, trashed.path, system)
    except FileNotFoundError:
        name, folder = _at(cache, trashed.path, system)
        system.rename(trashed.name, name, src_dir_fd=trashed.run.descriptor, dst_dir_fd=folder)
    else:
        raise TakenError


def _at(cache: OpenCache, path: str, system: System) -> tuple[str, int | None]:
    """Return what a file of the cache is called, and the descriptor of its directory, `None` where there are none."""
    folder, _, name = path.rpartition("/")
    ensure(cache, folder, system)
    return (name, cache.folder(folder)) if system.has_descriptors else (real_path(cache, path), None)
