"""Export of an entry's content to a new file of the user: cloned, copied or linked, complete or not at all."""

import hashlib
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from pipcacheplus.disk.open_cache import ChangedError, OpenCache
from pipcacheplus.model.values import Entry, ExportState, Shape, Transfer
from pipcacheplus.readers.entry import opened_payload

__all__ = ["beside", "export_file", "make_folder", "target_state"]

_BLOCK = 1 << 18
_NEW: int = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_LOOK: int = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CLONE = 0x40049409
"""`FICLONE` of Linux, `include/uapi/linux/fs.h`: btrfs, XFS, bcachefs, OCFS2, NFS 4.2, SMB."""


def make_folder(path: str) -> None:
    """Make a directory of the user, and those above it, if it is missing.

    Raises:
        OSError: It cannot be made.
    """
    os.makedirs(path, exist_ok=True)


def export_file(cache: OpenCache, entry: Entry, path: str, *, sha256: str, links: bool) -> tuple[ExportState, Transfer]:
    """Make a file with the content of an entry; a file at its path stays, and no incomplete file is left.

    Args:
        cache: The cache with the entry.
        entry: A download or a built wheel.
        path: Path of the file, absolute.
        sha256: Digest of its content, in hex, as it was verified.
        links: Whether it becomes another name of the cache's own file.

    Returns:
        The result, and the method; if it was not exported the second has no meaning.

    Raises:
        OSError: It cannot be read or written.
    """
    with opened_payload(entry.shape, entry.files, cache) as (payload, is_own), beside(path) as name:
        if links and is_own:
            transfer, digest = _link(cache, entry, payload, name)
        else:
            transfer, digest = _copy(payload, name, may_clone=is_own)
        if digest != sha256:
            return ExportState.CHANGED, transfer
        if _publish(name, path):
            return ExportState.EXPORTED, transfer
    return target_state(path, sha256) or ExportState.OCCUPIED, transfer


def target_state(path: str, sha256: str) -> ExportState | None:
    """Return the state of the path of an export: the same file, or another one; `None` if it is free."""
    try:
        descriptor = os.open(path, _LOOK)
    except FileNotFoundError:
        return None
    except OSError:
        return ExportState.OCCUPIED
    with open(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ExportState.OCCUPIED
        try:
            return ExportState.THERE if _digest(file) == sha256 else ExportState.OCCUPIED
        except OSError:
            return ExportState.OCCUPIED


@contextmanager
def beside(path: str) -> Iterator[str]:
    """Return a temporary name beside a file; a file with that name is removed in the end."""
    folder, own = os.path.split(path)
    name = os.path.join(folder, f".{own[:64]}.{secrets.token_hex(8)}.part")
    try:
        yield name
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _copy(payload: BinaryIO, name: str, *, may_clone: bool) -> tuple[Transfer, str]:
    descriptor = os.open(name, _NEW, 0o666)
    with open(descriptor, "w+b", buffering=0) as file:
        if may_clone and _clone(payload, file):
            return Transfer.CLONED, _digest(file)
        made = hashlib.sha256()
        while block := payload.read(_BLOCK):
            made.update(block)
            view = memoryview(block)
            while view:
                view = view[file.write(view) :]
        return Transfer.COPIED, made.hexdigest()


def _clone(payload: BinaryIO, file: BinaryIO) -> bool:
    """Let a file share the blocks of another one; return whether the file systems can."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl  # noqa: PLC0415 - not there on Windows

    try:
        fcntl.ioctl(file.fileno(), _CLONE, payload.fileno())
    except OSError:
        return False
    return True


def _link(cache: OpenCache, entry: Entry, payload: BinaryIO, name: str) -> tuple[Transfer, str]:
    """Make another name for the file of the cache.

    Raises:
        ChangedError: Another file has replaced it meanwhile.
        OSError: It lies on another file system, or that supports no such names.
    """
    folder, _, own = entry.files[entry.shape is Shape.PAIR].path.rpartition("/")
    if os.link in os.supports_dir_fd:
        os.link(own, name, src_dir_fd=cache.folder(folder), follow_symlinks=False)
    else:
        os.link(os.path.join(cache.path, folder, own), name)
    if not os.path.samestat(os.lstat(name), os.fstat(payload.fileno())):
        raise ChangedError
    return Transfer.LINKED, _digest(payload)


def _digest(file: BinaryIO) -> str:
    made = hashlib.sha256()
    file.seek(0)
    while block := file.read(_BLOCK):
        made.update(block)
    return made.hexdigest()


def _publish(name: str, path: str) -> bool:
    """Give a complete file its final name; return whether that was free."""
    try:
        os.link(name, path)
    except FileExistsError:
        return False
    except OSError:  # without second names, only a file that another process makes at this very moment could be lost
        if os.path.lexists(path):
            return False
        os.rename(name, path)
    return True
