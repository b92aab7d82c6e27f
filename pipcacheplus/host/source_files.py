"""Present digests of source distributions on this machine, outside of any cache.

A cache names such files, and every program that writes to it may name any: so only a regular file that looks like a
source distribution and belongs to this user or root is opened, and no link is followed to it.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import cache

__all__ = ["MAX_SOURCE_BYTES", "digest_of_source", "source_digests"]

MAX_SOURCE_BYTES = 1 << 30
"""A file of more bytes is not read."""
_BLOCK = 1 << 18
_MAX_PATH = 4096
"""Characters of a path; Linux accepts as many bytes."""
_NOATIME: int = getattr(os, "O_NOATIME", 0)


def source_digests() -> Callable[[str], str | None]:
    """Return `digest_of_source` with a store for one run, so that each file is read once."""
    return cache(digest_of_source)


def digest_of_source(path: str) -> str | None:
    """Return the SHA-256 in hex of the file at a path now.

    Time: that of reading it once, at most `MAX_SOURCE_BYTES`. Memory: one block of 256 KiB. Its access time is
        unchanged
    where the system allows that.

    Args:
        path: Absolute; none of its components may be a link.

    Returns:
        `None` if there is no such file, if it may not be opened, if it changes meanwhile, or on a system that
        cannot open a file without following links (Windows).
    """
    if os.name == "nt" or len(path) > _MAX_PATH:
        return None
    try:
        return _digest(path)
    except (OSError, ValueError):
        return None


def _digest(path: str) -> str | None:
    top, *names = path.split("/")
    if top or not names or any(name in {"", ".", ".."} for name in names):
        return None
    *folders, name = names
    at = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        # Opening a device may have effects, so it is examined before.
        if not _may_be_read(os.stat(name, dir_fd=at, follow_symlinks=False)):
            return None
        file = _opened(name, at)
    finally:
        os.close(at)
    try:
        return _digest_of_opened(file)
    finally:
        os.close(file)


_FOLDER: int = (
    getattr(os, "O_PATH", os.O_RDONLY)  # then a directory that may be passed, but not listed, can be used
    | getattr(os, "O_DIRECTORY", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def _may_be_read(status: os.stat_result) -> bool:
    is_regular = stat.S_ISREG(status.st_mode) and status.st_size <= MAX_SOURCE_BYTES
    return is_regular and status.st_uid in {0, os.geteuid()}


def _opened(name: str, at: int) -> int:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with suppress(PermissionError):  # granted only to the owner
        return os.open(name, flags | _NOATIME, dir_fd=at)
    return os.open(name, flags, dir_fd=at)


def _digest_of_opened(file: int) -> str | None:
    before = os.fstat(file)
    if not _may_be_read(before):
        return None
    made = hashlib.sha256()
    left = before.st_size
    while left and (block := os.read(file, min(left, _BLOCK))):
        left -= len(block)
        made.update(block)
    after = os.fstat(file)
    is_same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return made.hexdigest() if is_same and not left else None
