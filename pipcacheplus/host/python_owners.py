"""The test by owners whether a program may be run: only this user and root may have written it, or can change it."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

__all__ = ["why_not_run", "why_untrusted"]

_ROOT = 0
_MAX_LINKS = 40
"""Most links that Linux follows in one path."""
_GROUPS_OF_ROOT = frozenset({0, 80}) if sys.platform == "darwin" else frozenset[int]()
"""macOS: `wheel` and `admin`, whose members may become root there, and can write Homebrew's directories."""


def why_untrusted(path: str, uid: int | None) -> str | None:
    """Return the reason why another user could replace a file, as a clause; `None` if only this user and root can.

    The way from the root of the file system is walked name by name, links as the system follows them. Each directory
    on it, each link and the file at its end must belong to this user or to root, and no other user may write to them.
    Where a directory has the sticky bit, as `/tmp` has, others may write to it nevertheless: they can neither rename
    nor replace files there that belong to this user or root. For an ordinary user, the group with the user's own name
    and no other member does not count as another user.

    Args:
        path: Path of a file or a directory, absolute.
        uid: The user; `None` where files have no owners, and every file is accepted.
    """
    if uid is None:
        return None
    try:
        return _walked(path, uid, _private_group)
    except OSError as error:
        return f"{error.filename or path} cannot be examined ({error.strerror or error})"


def why_not_run(path: str, uid: int | None, *, also: Iterable[str] = ()) -> str | None:
    """Return the reason why an interpreter is not run, as a clause; `None` if only this user and root control it.

    Besides the file, the two directories above it count, whose `pyvenv.cfg` and `lib` an interpreter looks for: there
    the sticky bit does not help, since another user can create missing files.

    Args:
        path: Path of the interpreter, absolute.
        uid: As of `why_untrusted`.
        also: Further paths from which it loads code; missing ones are accepted.
    """
    if uid is None:
        return None
    real = os.path.realpath(path)
    reasons = (why_untrusted(one, uid) for one in (path, *filter(os.path.lexists, also)))
    folders = [folder for one in (path, real) for folder in _two_above(one)]
    shared = (_reason(folder, os.stat(folder), uid, _private_group, is_sticky_enough=False) for folder in folders)
    return next(filter(None, (*reasons, *_tried(shared))), None)


def _two_above(path: str) -> tuple[str, str]:
    return os.path.dirname(path), os.path.dirname(os.path.dirname(path))


def _tried(reasons: Iterator[str | None]) -> Iterator[str | None]:
    try:
        yield from reasons
    except OSError as error:
        yield f"{error.filename} cannot be examined ({error.strerror or error})"


def _walked(path: str, uid: int, private_group: Callable[[int], int | None]) -> str | None:
    here, links = "/", 0
    names = _names(path)
    reason = _reason(here, os.lstat(here), uid, private_group)
    while names and reason is None:
        name = names.pop()
        if name == "..":
            here = os.path.dirname(here)
            continue
        step = os.path.join(here, name)
        status = os.lstat(step)
        reason = _reason(step, status, uid, private_group)
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MAX_LINKS:
                return f"{step} is one of too many links"
            target = os.readlink(step)
            here = "/" if os.path.isabs(target) else here
            names += _names(target)
        else:
            here = step
    return reason


def _names(path: str) -> list[str]:
    """Return the names in a path, the last one first."""
    return [name for name in path.split("/") if name not in {"", "."}][::-1]


def _reason(
    path: str,
    status: os.stat_result,
    uid: int,
    private_group: Callable[[int], int | None],
    *,
    is_sticky_enough: bool = True,
) -> str | None:
    if status.st_uid not in {uid, _ROOT}:
        return f"{path} belongs to another user (uid {status.st_uid})"
    is_sticky = is_sticky_enough and stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    if stat.S_ISLNK(status.st_mode) or is_sticky:
        return None
    by_group = status.st_mode & stat.S_IWGRP and status.st_gid not in _GROUPS_OF_ROOT
    if status.st_mode & stat.S_IWOTH or (by_group and (uid == _ROOT or status.st_gid != private_group(uid))):
        return f"{path} can be written by others"
    return None


@lru_cache(maxsize=8)
def _private_group(uid: int) -> int | None:
    """Return the private group of a user, as most distributions make one; `None` if there is none."""
    # Slow to import, not there on Windows, and used only where a group may write.
    import grp  # noqa: PLC0415 - see above
    import pwd  # noqa: PLC0415 - see above

    try:
        user = pwd.getpwuid(uid)
        group = grp.getgrgid(user.pw_gid)
        others = {one.pw_name for one in pwd.getpwall() if one.pw_gid == user.pw_gid} | set(group.gr_mem)
    except KeyError:
        return None
    return user.pw_gid if group.gr_name == user.pw_name and others <= {user.pw_name} else None
