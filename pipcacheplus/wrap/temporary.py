"""Folders for reports of pip, and for downloads beside its cache: removed afterwards, unless a user keeps one.

What a demonstration writes into its folder is written here too.
"""

import os
import tempfile  # noqa: TID251 - outside of the cache
from collections.abc import Iterator
from contextlib import contextmanager

from pipcacheplus.errors import BadRequestError

__all__ = ["kept_folder", "make_private_folder", "temporary_folder", "write_file"]


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Make a folder, and remove it in the end.

    Raises:
        OSError: It cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="pipcacheplus-", ignore_cleanup_errors=True) as folder:
        yield folder


def kept_folder(path: str) -> str:
    """Return the absolute path of a folder that stays, made if it is not there; for this user alone.

    Raises:
        BadRequestError: Something lies there.
        OSError: It cannot be made, or looked at.
    """
    make_private_folder(path)
    if os.listdir(path):
        step = "name a folder that is, or that does not exist"
        raise BadRequestError(what="`keep`", problem=f"{path} is not empty", next_step=step)
    return os.path.realpath(path)


def make_private_folder(path: str) -> str:
    """Make a folder for this user alone, if it is not there, and those above it; return its path.

    Raises:
        OSError: It cannot be made.
    """
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def write_file(path: str, content: bytes) -> None:
    """Write a file, and make the folders above it.

    Raises:
        OSError: It cannot be written.
    """
    make_private_folder(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(content)
