"""Which directories are refused: what is no pip cache is neither read nor changed."""

import os

from pipcacheplus.errors import NotACacheError
from pipcacheplus.layout import Place, Role, area_of, place_of, role_of
from pipcacheplus.model import Area

__all__ = ["check_readable", "check_writable"]


def check_readable(path: str, *, home: str) -> None:
    """Refuse a directory that is no pip cache.

    That is: a root of a file system's tree, the home directory or one above it, or one in which nothing has pip's
    names but other things lie. An empty directory is fine: so a cache begins.

    Raises:
        NotACacheError: It is refused.
        OSError: It cannot be listed.
    """
    real = os.path.realpath(path)
    if os.path.dirname(real) == real:
        raise NotACacheError(path, "it is the root of the file system")
    if _is_at_or_above(real, home):
        raise NotACacheError(path, "it is the home directory, or above it")
    names = os.listdir(real)
    if names and not any(_is_pips(name) for name in names):
        raise NotACacheError(path, "it has none of pip's directories, but other things")


def check_writable(path: str, *, cwd: str, uid: int | None) -> None:
    """Refuse to remove anything from a directory that is readable as a cache, but not ours to change.

    Args:
        path: The cache directory.
        cwd: The current directory: what holds it is no cache.
        uid: The user that this process acts as; `None` where the system has none.

    Raises:
        NotACacheError: It is refused.
        OSError: It cannot be looked at.
    """
    real = os.path.realpath(path)
    if _is_at_or_above(real, cwd):
        raise NotACacheError(path, "the current directory lies in it")
    owner = os.stat(real).st_uid
    if uid is not None and owner != uid:
        raise NotACacheError(path, f"it belongs to another user (uid {owner}, not {uid}), who has to run this")


def _is_at_or_above(real: str, inner: str) -> bool:
    inner_real = os.path.realpath(inner)
    try:
        return os.path.commonpath([real, inner_real]) == real
    except ValueError:  # on Windows: another drive
        return False


def _is_pips(name: str) -> bool:
    is_area = area_of(name) is not Area.OTHER and place_of(name) is not Place.FOREIGN
    return is_area or role_of("", name) is not Role.FOREIGN
