"""Invalidation of a stored response in place, so that it can be removed after a wait.

In place and not by a new file: a pip that is asking about it still finds it and replaces it by its own rename, a full
disk does not prevent it, and it costs a twentieth. The file is written only if no other name leads to it.
"""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO

from pipcacheplus.apply.disarm_bytes import Use, study
from pipcacheplus.apply.files import open_held, real_path
from pipcacheplus.apply.rehearsal import check_writable_in
from pipcacheplus.apply.system import System
from pipcacheplus.apply.trash.manifest import Disarming
from pipcacheplus.disk.open_cache import ChangedError, OpenCache, file_of, is_same
from pipcacheplus.model.values import File

__all__ = ["Disarmed", "disarm", "use_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarmed:
    """The state of a response that is to be removed."""

    use: Use
    file: File
    """The head, or the one file, with the stamp that it has now."""
    handle: int | None = None
    """Open, if requested and a wait is needed: the caller closes it."""
    is_moved: bool = False
    """Whether this function's own reading changed its access time."""


def disarm(
    cache: OpenCache,
    file: File,
    system: System,
    *,
    is_single: bool,
    keeps_open: bool,
    is_planned: bool = False,
    note: Callable[[str, Disarming], None] | None = None,
) -> Disarmed:
    """Invalidate a response, if a pip could use it.

    Args:
        cache: The cache.
        file: The head of a pair, or the one file, as it was judged.
        system: The system.
        is_single: Whether it is of the layout with one file.
        keeps_open: Whether the file is to stay open, so that no other file gets its number.
        is_planned: Whether nothing is written: it is opened for reading only, since on an overlay opening a file of a
            lower layer for writing already copies it.
        note: Called with its path and the bytes to be overwritten, before that happens.

    Raises:
        ChangedError: It is not the file that was judged.
        OSError: It cannot be opened, recorded or written; then it is unchanged.
    """
    descriptor, is_moved = open_held(cache, file.path, system, writes=not is_planned)
    with FileIO(descriptor, "r" if is_planned else "r+") as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode) or not (is_same(file, status) or cache.is_renumbered(file, status)):
            raise ChangedError(errno.ESTALE, "changed since it was judged", file.path)
        use, write = study(opened, status.st_size, is_single=is_single)
        if use is not Use.DISARMABLE:
            return Disarmed(use=use, file=file, is_moved=is_moved)
        if status.st_nlink != 1:  # the other name may be that of a file outside the cache
            return Disarmed(use=Use.UNKNOWN, file=file, is_moved=is_moved)
        if is_planned:
            _check_writable(cache, file.path, system)
            return Disarmed(use=use, file=file_of(file.path, status), is_moved=is_moved)
        if write is not None:
            if note is not None:
                opened.seek(write.offset)
                before = opened.read(len(write.content)) or b""
                note(file.path, Disarming(offset=write.offset, before=before, after=write.content))
            opened.seek(write.offset)
            _write_all(opened, write.content)
        handle = os.dup(opened.fileno())
    # Only after it was closed once: NFS writes to its server by then at the latest, and that sets the times.
    left = file_of(file.path, os.fstat(handle))
    if keeps_open:
        return Disarmed(use=use, file=left, handle=handle)
    os.close(handle)
    return Disarmed(use=use, file=left)


def use_of(cache: OpenCache, file: File, *, is_single: bool) -> Use:
    """Return the use that a pip may make of a response, without opening it for writing; arguments as of `disarm`.

    Raises:
        ChangedError: It is not the file that was judged.
        OSError: It cannot be opened or read.
    """
    with cache.open_same(file) as opened:
        return study(opened, file.size, is_single=is_single)[0]


def _check_writable(cache: OpenCache, path: str, system: System) -> None:
    folder, _, name = path.rpartition("/")
    if system.has_descriptors:
        check_writable_in(name, mode=os.W_OK, dir_fd=cache.folder(folder))
    else:
        check_writable_in(real_path(cache, path), mode=os.W_OK)


def _write_all(opened: FileIO, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[opened.write(view) :]
