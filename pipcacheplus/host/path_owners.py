"""Users who could put another directory in the place of one, by the directories and links on the path to it.

A process of root that works by a path must not depend on what another user can change. Directories that belong to root,
and that no other user can write to, stay as they are; so the first one on the path that belongs to somebody else says
who decides where the rest of the path leads.
"""

import os
import stat

__all__ = ["why_replaceable"]

_ROOT = 0
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MAX_LINKS = 40
"""Most links that Linux follows in one path."""


def why_replaceable(path: str, owner: int) -> str | None:
    """Return the reason why a third user could lead a path to another directory, as a clause; `None` if none could.

    The owner of the directory and root may: a process that works there as the owner does nothing that this user could
    not do. For a process that is not root, only links count, because directories give it no rights of others.

    Args:
        path: Of a directory, absolute.
        owner: Number of the user to whom the directory belongs. Directories on the path that belong to this user may be
            writable by others, which is the user's decision; those of root may not, unless only the owner of a name can
            replace it there, as in `/tmp`.

    Raises:
        OSError: A part cannot be examined.
    """
    counts_directories = hasattr(os, "geteuid") and os.geteuid() == _ROOT
    left = [*reversed(path.split(os.sep))]
    here, links = os.sep, 0
    status = os.lstat(here)
    while left:
        name = left.pop()
        if name in {"", os.curdir}:
            continue
        if name == os.pardir:
            here = os.path.dirname(here)
            status = os.lstat(here)
            continue
        reason = _why_directory(here, status, owner) if counts_directories else None
        if reason is not None:
            return reason
        inner = os.path.join(here, name)
        inner_status = os.lstat(inner)
        if not stat.S_ISLNK(inner_status.st_mode):
            here, status = inner, inner_status
            continue
        links += 1
        if inner_status.st_uid not in {_ROOT, owner}:
            return f"the link {inner} leads there, and belongs to neither its owner nor root"
        if links > _MAX_LINKS:
            return f"the link {inner} is one of too many"
        target = os.readlink(inner)
        if os.path.isabs(target):
            here, status = os.sep, os.lstat(os.sep)
        left.extend(reversed(target.split(os.sep)))
    return None


def _why_directory(path: str, status: os.stat_result, owner: int) -> str | None:
    if status.st_uid not in {_ROOT, owner}:
        return f"{path}, in which it lies, belongs to another user (uid {status.st_uid}), who could replace it"
    is_open = status.st_mode & _OTHERS_WRITE and not status.st_mode & stat.S_ISVTX
    if is_open and (status.st_uid == _ROOT):
        return f"others can write to {path}, in which it lies, and could replace it"
    return None
