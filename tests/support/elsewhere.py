"""Run the command line as on another system: `python -m tests.support.elsewhere windows,folds list --cache-dir ...`.

Before the package is imported, `os` is made to lack what the system lacks, and to refuse what it refuses. So the same
code runs as there, in a process of its own, from the arguments to the exit code. Only for Linux; what Python's own
functions do on the other system is assumed.
"""

import builtins
import io
import os
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

__all__ = ["as_on"]

Function = Callable[..., Any]

_LACKING = {
    "windows": (
        *("O_NOATIME", "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_PATH", "O_CLOEXEC", "O_NOCTTY"),
        *("geteuid", "statvfs", "posix_fadvise", "chown", "listxattr", "sched_getaffinity"),
    ),
    "macos": ("O_NOATIME", "O_PATH", "posix_fadvise", "listxattr", "sched_getaffinity"),
}
_BY_PATH = ("open", "stat", "lstat", "unlink", "rmdir", "mkdir", "scandir", "listdir", "utime", "chmod", "access")
_MORE_BY_PATH = ("statvfs", "chown", "chdir")
_BY_TWO_PATHS = ("rename", "replace", "link")
_TAKING_AWAY = ("unlink", "rmdir", "rename", "replace")
_DIRECTORY_DESCRIPTORS = ("dir_fd", "src_dir_fd", "dst_dir_fd")
_SHARING_VIOLATION = 32
_SETS = (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids)


class InUseError(PermissionError):
    """The error of Windows for an object that a process has open."""

    winerror = _SHARING_VIOLATION


def as_on(*traits: str) -> None:
    """Make this process one of another system: `windows`, `macos`; `folds` if names that differ in case are one.

    Both systems have file systems of either kind; those that they make by default fold.
    """
    for trait in traits:
        if trait == "folds":
            _fold_case()
            continue
        for name in _LACKING[trait]:
            if hasattr(os, name):
                delattr(os, name)
        if trait == "windows":
            _wrap((*_BY_PATH, *_BY_TWO_PATHS), _by_path_alone)
            _wrap(_TAKING_AWAY, _unless_open)


def _wrap(names: tuple[str, ...], around: Callable[[Function], Function]) -> None:
    for name in names:
        function = getattr(os, name)
        wrapped = around(function)
        for supporting in _SETS:
            if function in supporting:
                supporting.add(wrapped)
        setattr(os, name, wrapped)


def _by_path_alone(function: Function) -> Function:
    """Return a function that knows no descriptor of a directory, and opens no directory."""

    @wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - those of any function
        if any(named.pop(name, None) is not None for name in _DIRECTORY_DESCRIPTORS):
            raise NotImplementedError(function.__name__)
        if function.__name__ == "scandir" and arguments and isinstance(arguments[0], int):
            raise NotImplementedError(function.__name__)
        if function.__name__ == "open" and os.path.isdir(arguments[0]):
            raise PermissionError(13, "Permission denied", arguments[0])
        return function(*arguments, **named)

    for supporting in _SETS[:2]:
        supporting.discard(function)
    return call


def _unless_open(function: Function) -> Function:
    """Return a function that refuses to take a name away from what is open, in any process."""

    @wraps(function)
    def call(path: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
        if os.fspath(path) in _open_paths():
            raise InUseError(13, "The process cannot access the file because it is being used by another process", path)
        return function(path, *arguments, **named)

    return call


def _open_paths() -> Iterator[str]:
    """Yield the path of each object that a process has open."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            yield os.readlink(link)
        except OSError:  # it was closed meanwhile, perhaps by the end of its process
            continue


def _fold_case() -> None:
    scan, look = os.scandir, os.lstat

    def stored(path: Any) -> Any:  # noqa: ANN401 - as above
        """Return a path as it is stored, if it is absolute; parts that are not there stay."""
        if not isinstance(path, str | os.PathLike) or not os.path.isabs(path):
            return path
        try:
            look(path)
        except OSError:
            folder, name = os.path.split(os.fspath(path))
            if not name:
                return path
            folder = stored(folder)
            try:
                with scan(folder) as entries:
                    name = next((entry.name for entry in entries if entry.name.lower() == name.lower()), name)
            except OSError:
                pass
            return os.path.join(folder, name)
        return path

    def folded(count: int) -> Callable[[Function], Function]:
        def around(function: Function) -> Function:
            @wraps(function)
            def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
                return function(*map(stored, arguments[:count]), *arguments[count:], **named)

            return call

        return around

    _wrap((*_BY_PATH, *(name for name in _MORE_BY_PATH if hasattr(os, name))), folded(1))
    _wrap(_BY_TWO_PATHS, folded(2))
    builtins.open = io.open = folded(1)(io.open)


if __name__ == "__main__":
    as_on(*sys.argv.pop(1).split(","))

    from pipcacheplus.__main__ import main

    sys.exit(main())
