"""A test whether reading a file changes its access time in spite of `O_NOATIME`."""

import os
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.pips.layout import Place, Role, place_of, roles_in

__all__ = ["is_marked_as_read"]

_MOST_FILES = 16
_MOST_FOLDERS = 64


def is_marked_as_read(cache: OpenCache) -> bool | None:
    """Return whether reading changes an access time in spite of `O_NOATIME`, by reading one byte of one file.

    Some file systems accept `O_NOATIME` and ignore it: FUSE passes it on to its server, NFS has no such flag. The file
    is one whose access time changes even with `relatime`: it was not read since it was
    last written.

    Returns:
        Whether it changed; `None` if none of the first few files can show it.
    """
    for path in islice(_some_files(cache), _MOST_FILES):
        try:
            with cache.open(path) as file:
                before = os.fstat(file.fileno())
                is_due = before.st_atime_ns <= max(before.st_mtime_ns, before.st_ctime_ns)
                if is_due and _is_read(file):
                    return os.fstat(file.fileno()).st_atime_ns != before.st_atime_ns
        except OSError:
            continue  # the reader of its content reports that
    return None


def _is_read(file: BinaryIO) -> bool:
    """Read a byte from the medium of the file; return whether there was one."""
    if hasattr(os, "posix_fadvise"):
        # A page in the system's cache is not requested from a server, which then stores no time (seen with exfat-fuse).
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return bool(file.read(1))


def _some_files(cache: OpenCache) -> Iterator[str]:
    """Yield paths of files with names that pip gives, depth first, from so many directories at most."""
    waiting = [""]
    for _ in range(_MOST_FOLDERS):
        if not waiting:
            return
        folder = waiting.pop()
        try:
            folders, others = cache.names(folder)
        except OSError:
            continue
        prefix = f"{folder}/" if folder else ""
        role_of = roles_in(folder, place_of(folder))
        waiting += (path for name in folders if place_of(path := prefix + name) is not Place.FOREIGN)
        yield from (prefix + name for name in others if role_of(name) is not Role.FOREIGN)
