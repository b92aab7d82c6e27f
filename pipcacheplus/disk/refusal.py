"""Refusal of directories that do not look like a pip cache, before anything in them is read or changed."""

import os

from pipcacheplus.errors import NotACacheError, OtherOwnerError
from pipcacheplus.model.values import Area
from pipcacheplus.pips.layout import Place, Role, area_of, place_of, role_of

__all__ = ["check_named", "check_owner", "check_readable", "check_writable"]


def check_named(path: str) -> None:
    """Refuse a path that depends on the current directory.

    Raises:
        NotACacheError: It is empty or relative.
    """
    if not os.path.isabs(path):
        raise NotACacheError(path or "''", "the path is relative or empty, and must be absolute")


def check_readable(path: str, *, home: str) -> None:
    """Refuse a directory that does not look like a pip cache.

    That is: the root of a file system, the home directory or one above it, or a directory that has other contents but
    none with pip's names. An empty directory is accepted, because a new cache is empty.

    Raises:
        NotACacheError: It is refused.
        OSError: It cannot be listed.
    """
    check_named(path)
    real = os.path.realpath(path)
    if os.path.dirname(real) == real:
        raise NotACacheError(path, "it is the root of the file system")
    if _is_at_or_above(real, home):
        raise NotACacheError(path, "it is the home directory, or above it")
    names = os.listdir(real)
    if names and not any(_is_pips(name) for name in names):
        raise NotACacheError(path, "it has other contents, but none of pip's directories")


def check_writable(path: str, *, home: str, cwd: str, uid: int | None) -> None:
    """Refuse to remove anything from a directory that does not look like a cache, or belongs to another user.

    Args:
        path: The cache directory.
        home: The home directory, as for `check_readable`.
        cwd: The current directory: a directory that contains it is not a cache.
        uid: The user that this process acts as; `None` where the system has none.

    Raises:
        NotACacheError: It is refused.
        OSError: It cannot be examined.
    """
    check_readable(path, home=home)
    real = os.path.realpath(path)
    if _is_at_or_above(real, cwd):
        raise NotACacheError(path, "the current directory lies in it")
    check_owner(path, os.stat(real), uid=uid)


def check_owner(path: str, status: os.stat_result, *, uid: int | None) -> None:
    """Refuse a directory of another user, also to root.

    The owner of the directory could mislead root: by links that appear meanwhile, and names that change their meaning.

    Args:
        path: The cache directory, for the error.
        status: Status of that directory, from the descriptor by which everything is opened.
        uid: As for `check_writable`.

    Raises:
        OtherOwnerError: It belongs to another user.
    """
    owner = status.st_uid
    if uid is not None and owner != uid:
        raise OtherOwnerError(path, owner, uid)


def _is_at_or_above(real: str, inner: str) -> bool:
    inner_real = os.path.realpath(inner)
    try:
        return os.path.commonpath([real, inner_real]) == real
    except ValueError:  # on Windows: another drive
        return False


def _is_pips(name: str) -> bool:
    is_area = area_of(name) is not Area.OTHER and place_of(name) is not Place.FOREIGN
    return is_area or role_of("", name) is not Role.FOREIGN
