"""How a file of the cache is opened for reading: beneath the cache, no link followed, no trace left.

Where the system has them, every part of the path is opened by the descriptor of the one above (`O_NOFOLLOW`), so that
nobody can lead us out of the cache by swapping a directory for a link; the access time is left alone (`O_NOATIME`),
because "last used" is read from it; and nothing blocks (`O_NONBLOCK`), because a pipe may lie there.
"""

import os
import stat
from types import TracebackType
from typing import BinaryIO

from pipcacheplus.model import File

__all__ = ["HAS_DIRECTORY_DESCRIPTORS", "OpenCache", "file_of"]

HAS_DIRECTORY_DESCRIPTORS = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_FILE_FLAGS: int = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_FOLDER_FLAGS: int = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_DIRECTORY", 0)
_NOATIME: int = getattr(os, "O_NOATIME", 0)


def file_of(path: str, status: os.stat_result) -> File:
    """Return the stamp of a file from its `lstat` result."""
    blocks = getattr(status, "st_blocks", None)
    return File(
        path=path,
        size=status.st_size,
        disk_size=status.st_size if blocks is None else blocks * 512,
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_atime_ns,
        ctime_ns=status.st_ctime_ns,
        inode=status.st_ino,
        device=status.st_dev,
        links=status.st_nlink,
    )


class OpenCache:
    """The cache directory, open; a context manager.

    Not safe for use by several threads at once: each opens its own.
    """

    def __init__(self, path: str) -> None:
        """Open the directory itself; it may be reached by links, what lies below may not.

        Raises:
            OSError: It cannot be opened.
        """
        self.path = path
        self.moves_access_times = False
        """Whether a file was opened whose access time the system would not leave alone."""
        self._root = -1
        self._last: tuple[str, int] = ("", -1)
        if HAS_DIRECTORY_DESCRIPTORS:
            self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def __enter__(self) -> "OpenCache":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all descriptors."""
        self.close()

    def close(self) -> None:
        """Close all descriptors; a second call does nothing."""
        self._forget()
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def folder(self, path: str) -> int:
        """Return a descriptor of a directory below the cache; it stays ours, and open until the next call.

        Raises:
            OSError: A part of the path is missing, is a link, or is no directory; or the system has no descriptors
                for directories (`HAS_DIRECTORY_DESCRIPTORS`).
        """
        if not path:
            return self._root
        if self._last[0] != path:
            self._forget()
            self._last = (path, self._descend(path))
        return self._last[1]

    def open(self, path: str) -> BinaryIO:
        """Open a file below the cache for reading, unbuffered.

        Raises:
            OSError: It cannot be opened; a part of the path is a link; or it is no regular file.
        """
        folder, _, name = path.rpartition("/")
        if self._root >= 0:
            descriptor = self._without_trace(name, _FILE_FLAGS, self.folder(folder))
        else:
            descriptor = os.open(self._checked(path), _FILE_FLAGS)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(0, "not a regular file", path)
        return open(descriptor, "rb", buffering=0)

    def _descend(self, path: str) -> int:
        here = self._root
        for part in path.split("/"):
            try:
                below = self._without_trace(part, _FOLDER_FLAGS, here)
            finally:
                if here != self._root:
                    os.close(here)
            here = below
        return here

    def _without_trace(self, name: str, flags: int, folder: int) -> int:
        if _NOATIME and not self.moves_access_times:
            try:
                return os.open(name, flags | _NOATIME, dir_fd=folder)
            except PermissionError:
                # Only the owner of a file, or root, may leave its access time alone.
                descriptor = os.open(name, flags, dir_fd=folder)
                self.moves_access_times = True
                return descriptor
        return os.open(name, flags, dir_fd=folder)

    def _checked(self, path: str) -> str:
        real = self.path
        for part in path.split("/"):
            real = os.path.join(real, part)
            if os.path.islink(real):
                raise OSError(0, "a link is not followed", path)
        return real

    def _forget(self) -> None:
        if self._last[1] >= 0:
            os.close(self._last[1])
        self._last = ("", -1)
