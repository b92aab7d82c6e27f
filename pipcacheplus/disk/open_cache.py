"""Directories and files of a cache, opened for reading: no link is followed, no access time changes, nothing blocks.

Where the system has them, every part of the path is opened by the descriptor of the directory above (`O_NOFOLLOW`), so
that a directory which is swapped for a link cannot lead out of the cache; the access time is left unchanged
(`O_NOATIME`), because it says when an entry was last used; and opening never waits (`O_NONBLOCK`), because a pipe may
lie there.
"""

import errno
import os
import stat
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from types import TracebackType
from typing import BinaryIO, Final

from pipcacheplus.disk.layers import LowerTest, lower_test
from pipcacheplus.host.filesystems import OVERLAY, kind_of, renumbers_files, shares_blocks
from pipcacheplus.model.values import File

__all__ = [
    "ATIME_NS",
    "CTIME_NS",
    "DEVICE",
    "DISK_SIZE",
    "HAS_DIRECTORY_DESCRIPTORS",
    "INODE",
    "MAX_NAMES",
    "MTIME_NS",
    "PATH",
    "SIZE",
    "ChangedError",
    "FileStamp",
    "OpenCache",
    "file_from",
    "file_of",
    "file_stamp",
    "is_same",
    "moves_access_times",
]

FileStamp = tuple[str, int, int, int, int, int, int, int, int]
"""The fields of a `File`, in their order: of the many files of a walk, few become objects."""
PATH: Final = 0
SIZE: Final = 1
DISK_SIZE: Final = 2
MTIME_NS: Final = 3
ATIME_NS: Final = 4
CTIME_NS: Final = 5
INODE: Final = 6
DEVICE: Final = 7
"""Positions of the fields that are used one by one."""

MAX_NAMES = 100_000
"""Names in one directory; one with more is not listed. pips spread what they write over a million directories."""
HAS_DIRECTORY_DESCRIPTORS = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
_NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
_FILE_FLAGS: int = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_FOLDER_FLAGS: int = os.O_RDONLY | _NOFOLLOW | getattr(os, "O_DIRECTORY", 0)
_NOATIME: int = getattr(os, "O_NOATIME", 0)
_HAS_BLOCKS = hasattr(os.stat_result, "st_blocks")
_MAX_DEPTH = 60


def file_stamp(path: str, status: os.stat_result) -> FileStamp:
    """Return the stamp of a file from its `lstat` result."""
    return (
        path,
        status.st_size,
        status.st_blocks * 512 if _HAS_BLOCKS else status.st_size,
        status.st_mtime_ns,
        status.st_atime_ns,
        status.st_ctime_ns,
        status.st_ino,
        status.st_dev,
        status.st_nlink,
    )


def file_from(stamp: FileStamp) -> File:
    """Return the file of a stamp."""
    return File(*stamp)


def file_of(path: str, status: os.stat_result) -> File:
    """Return a file from its `lstat` result."""
    return file_from(file_stamp(path, status))


def is_same(file: File, status: os.stat_result) -> bool:
    """Return whether a file is still the one that was seen, and unchanged: device, inode, size, modification time."""
    seen = (file.device, file.inode, file.size, file.mtime_ns)
    return seen == (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _numbers_differ(descriptor: int | None) -> bool:
    """Return whether an open file may change its inode number from one moment to the next."""
    return descriptor is not None and os.fstat(descriptor).st_ino != os.fstat(descriptor).st_ino


def moves_access_times(path: str) -> bool:
    """Return whether reading below a directory changes access times, by trying it with the directory itself."""
    if not _NOATIME:
        return True
    try:
        os.close(os.open(path, os.O_RDONLY | _NOATIME))
    except OSError:
        return True
    return False


def _some(names: "Iterator[os.DirEntry[str]]", path: str) -> list["os.DirEntry[str]"]:
    """Return the contents of a directory.

    Raises:
        OSError: They are more than the limit (`EFBIG`).
    """
    found = list(islice(names, MAX_NAMES + 1))
    if len(found) > MAX_NAMES:
        raise OSError(errno.EFBIG, f"more than {MAX_NAMES:,} names in one directory", path)
    return found


class ChangedError(OSError):
    """A file is not the one that was seen before. Never leaves the package."""


class OpenCache:
    """The cache directory, open; a context manager.

    Not safe for use by several threads at once: each opens its own.
    """

    def __init__(self, path: str) -> None:
        """Open the directory itself; it may be reached by links, its contents may not.

        Raises:
            OSError: It cannot be opened.
        """
        self.path = path
        self.moves_access_times = False
        """Whether a file was opened whose access time the system changes."""
        status = os.stat(path)
        self.device = status.st_dev
        self.owner = status.st_uid
        """The number of the user to whom the cache directory belongs; 0 where there are none."""
        self.entered: os.stat_result | None = None
        """The `stat` result of the directory that was opened last; `None` where directories have no descriptors."""
        self._renumbers: bool | None = None
        self._layers: tuple[LowerTest | None] | None = None
        self._folder_flags = _FOLDER_FLAGS | _NOATIME
        self._chain: list[tuple[str, int]] = []
        """The directories that are open, each below the one before it, with a slash behind their paths; the first is
        the cache directory, whose path is empty."""
        if HAS_DIRECTORY_DESCRIPTORS:
            self._chain.append(("", self._without_trace(path, os.O_RDONLY | os.O_DIRECTORY, None)))

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
        while self._chain:
            os.close(self._chain.pop()[1])

    def is_renumbered(self, file: File, status: os.stat_result) -> bool:
        """Return whether a file is the one that was seen, with another number because the file system does not keep it.

        There the time of its last change, which no program can set, replaces the number: a file that was put
        there since then has another, unless that happened within the resolution of the file system's times.

        Args:
            file: As it was seen.
            status: Status of the file that has its name now, or that is held open.
        """
        seen = (file.device, file.size, file.mtime_ns, file.ctime_ns)
        now = (status.st_dev, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        return seen == now and file.inode != status.st_ino and self.renumbers

    @property
    def renumbers(self) -> bool:
        """Whether the number of a file may change while it stays the same; determined on first use."""
        if self._renumbers is None:
            is_so = renumbers_files(self.kind)
            self._renumbers = is_so or _numbers_differ(self._chain[0][1] if self._chain else None)
        return self._renumbers

    @cached_property
    def kind(self) -> str | None:
        """The kind of the file system; `None` if it is unknown. Determined on first use."""
        return kind_of(self.path, self.device)

    @property
    def shares_blocks(self) -> bool:
        """Whether the bytes of a file may not be free once it is removed."""
        return shares_blocks(self.kind) or (self.kind == OVERLAY and self._lower_test is None)

    def is_lower(self, path: str) -> bool:
        """Return whether a file lies in a lower layer of an overlay, or was copied up from one, if the system shows it.

        One that is gone, or cannot be reached, lies in none.
        """
        if self.kind != OVERLAY or self._lower_test is None:
            return False
        folder, _, name = path.rpartition("/")
        try:
            return self._lower_test(self.folder(folder), name)
        except OSError:
            return False  # the code that uses or removes it reports that

    @property
    def _lower_test(self) -> LowerTest | None:
        if self._layers is None:
            self._layers = (lower_test(self._chain[0][1]) if self._chain else None,)
        return self._layers[0]

    def folder(self, path: str) -> int:
        """Return a descriptor of a directory below the cache, which stays open until the next call; do not close it.

        Directories that stay on the way are not opened again, so walking in order is cheap.

        Raises:
            OSError: A part of the path is missing, is a link, or is no directory, or lies on another file system
                (`EXDEV`); it lies more than 60 directories deep; or the system has no descriptors for directories
                (`HAS_DIRECTORY_DESCRIPTORS`).
        """
        below = path + "/" if path else ""
        prefix, descriptor = self._chain[-1]
        while not below.startswith(prefix):
            os.close(self._chain.pop()[1])
            prefix, descriptor = self._chain[-1]
        if below == prefix:
            return descriptor
        for part in below[len(prefix) : -1].split("/"):
            prefix = f"{prefix}{part}/"
            descriptor = self._enter(prefix, part, descriptor)
        return descriptor

    def _enter(self, prefix: str, name: str, above: int) -> int:
        """Open a directory in the last one of the chain."""
        if len(self._chain) > _MAX_DEPTH:
            raise OSError(errno.ENAMETOOLONG, "too many directories below each other", prefix[:-1])
        try:
            descriptor = os.open(name, self._folder_flags, dir_fd=above)
        except PermissionError:
            descriptor = self._without_trace(name, _FOLDER_FLAGS, above)
            self._folder_flags = _FOLDER_FLAGS
        self._chain.append((prefix, descriptor))
        self.entered = os.fstat(descriptor)
        if self.entered.st_dev != self.device:
            os.close(self._chain.pop()[1])
            raise OSError(errno.EXDEV, "lies on another file system", prefix[:-1])
        return descriptor

    def status(self, folder: str) -> os.stat_result:
        """Return the `stat` result of a directory below the cache.

        Raises:
            OSError: It cannot be opened, or a part of the path is a link.
        """
        return os.fstat(self.folder(folder)) if self._chain else os.lstat(self._checked(folder))

    def names(self, folder: str) -> tuple[list[str], list[str]]:
        """List a directory below the cache: its directories, and all else; both in no order.

        Raises:
            OSError: The directory cannot be listed, has more than `MAX_NAMES` names, or a part of the path is a link.
        """
        folders: list[str] = []
        others: list[str] = []
        for one in self.found(folder):
            (folders if one.is_dir(follow_symlinks=False) else others).append(one.name)
        return folders, others

    def found(self, folder: str) -> list["os.DirEntry[str]"]:
        """List a directory below the cache, in no order.

        The results are not examined yet: the caller must do so (by `is_dir` and `status_of`) before the next call of
        any other method here; they may be gone by then.

        Raises:
            OSError: As `names`.
        """
        with os.scandir(self.folder(folder) if self._chain else self._checked(folder)) as names:
            return _some(names, folder)

    def found_in(self, prefix: str, name: str) -> list["os.DirEntry[str]"]:
        """List a directory as `found` does, at the least cost if many lie in the same directory.

        Args:
            prefix: Path of the directory that it lies in, with a slash behind it; empty for the cache directory.
            name: Its name; if it is empty, the cache directory itself is listed.

        Raises:
            OSError: As `names`.
        """
        chain = self._chain
        if not chain or not name:
            return self.found(prefix + name)
        if chain[-1][0] != prefix:
            if len(chain) > 1:
                os.close(chain.pop()[1])  # the one that was listed before it
            if chain[-1][0] != prefix:
                self.folder(prefix[:-1])
        with os.scandir(self._enter(f"{prefix}{name}/", name, chain[-1][1])) as names:
            return _some(names, prefix + name)

    def status_of(self, found: "os.DirEntry[str]") -> os.stat_result:
        """Return the `lstat` result of one of `found`.

        Raises:
            OSError: It is gone, or cannot be examined.
        """
        # On Windows the directory entry's own result lacks inode and device.
        return found.stat(follow_symlinks=False) if self._chain else os.lstat(found.path)

    def open(self, path: str) -> BinaryIO:
        """Open a file below the cache for reading, unbuffered.

        Raises:
            OSError: It cannot be opened; a part of the path is a link; or it is not a regular file.
        """
        descriptor = self._opened(path)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file", path)
        return open(descriptor, "rb", buffering=0)

    def open_same(self, file: File) -> BinaryIO:
        """Open a file that was seen before, if it is still the same.

        Raises:
            ChangedError: It is another file by now, or was written to.
            OSError: As `open`.
        """
        opened = self.open(file.path)
        status = os.fstat(opened.fileno())
        if not (is_same(file, status) or self.is_renumbered(file, status)):
            opened.close()
            raise ChangedError(errno.ESTALE, "changed since it was first seen", file.path)
        return opened

    def read_same(self, file: File, limit: int) -> bytes:
        """Return the first `limit` bytes of a file that was seen before, if it is still the same; fewer at its end.

        Making a file object would take as long as all the rest.

        Raises:
            ChangedError: As `open_same`.
            OSError: As `open`; or it cannot be read.
        """
        descriptor = self._opened(file.path)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", file.path)
            if not (is_same(file, status) or self.is_renumbered(file, status)):
                raise ChangedError(errno.ESTALE, "changed since it was first seen", file.path)
            wanted = min(limit, file.size)  # `os.read` allocates the requested size
            data = os.read(descriptor, wanted)
            while len(data) < wanted and (more := os.read(descriptor, wanted - len(data))):
                data += more  # some file systems return less at a time
            return data
        finally:
            os.close(descriptor)

    def _opened(self, path: str) -> int:
        """Return a descriptor of any object that lies there."""
        if not self._chain:
            return os.open(self._checked(path), _FILE_FLAGS)
        folder, _, name = path.rpartition("/")
        return self._without_trace(name, _FILE_FLAGS, self.folder(folder))

    def _without_trace(self, name: str, flags: int, folder: int | None) -> int:
        if _NOATIME and not self.moves_access_times:
            try:
                return os.open(name, flags | _NOATIME, dir_fd=folder)
            except PermissionError:
                # Only the owner of a file, or root, may open it without changing its access time.
                descriptor = os.open(name, flags, dir_fd=folder)
                self.moves_access_times = True
                return descriptor
        return os.open(name, flags, dir_fd=folder)

    def _checked(self, path: str) -> str:
        real = self.path
        for part in path.split("/") if path else ():
            real = os.path.join(real, part)
            if os.path.islink(real):
                raise OSError(errno.ELOOP, "a link is not followed", path)
        if os.lstat(real).st_dev != self.device:
            raise OSError(errno.EXDEV, "lies on another file system", path)
        return real
