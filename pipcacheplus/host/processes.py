"""Processes of this machine: the owner of a lock, and running pips.

Listing them takes no lock and proves nothing about the next moment; if in doubt, a process counts as running.
"""

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["SeenPip", "arguments_of_parent", "find_pip", "is_pip", "owner_is_alive", "this_host"]

_CLOCK_SLACK_S = 2.0
"""Linux computes the start of a process from the time of boot, which it stores in whole seconds."""

_PIP = re.compile(r"pip(\d+(\.\d+)*)?")
_PIP_FILES = frozenset({"__pip-runner__.py", "get-pip.py", "pip.pyz"})
_PIP_MODULES = re.compile(r"pip(\._?\w+)*")
_PIP_IN_CODE = re.compile(r"\bpip\b")
_PYTHON = re.compile(r"py|(python|pypy|graalpy)w?[\d.]*[a-z]*")
# Options of Python, which may be combined: `-Im pip`, `-bW error`, `-Xfrozen_modules=off`.
_FLAGS = "-[bBdEhiIOPqRsStuvVx3]*"
_WITH_VALUE = re.compile(_FLAGS + "[WX]|--check-hash-based-pycs")
_WHAT_TO_RUN = re.compile(_FLAGS + "([cm])(.*)", re.DOTALL)


def this_host() -> str:
    """Return the name of this machine as pip up to 19.2 puts it into the names of locks."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    # Slow to import.
    import socket  # noqa: PLC0415 - see above

    return socket.gethostname()


def arguments_of_parent() -> tuple[str, ...]:
    """Return the arguments of the process that started this one, its name among them; none if they are unknown."""
    # Slow to import, and seldom needed.
    import psutil  # noqa: PLC0415 - see above

    try:
        parent = psutil.Process().parent()
        return () if parent is None else tuple(parent.cmdline())
    except psutil.Error:
        return ()


def owner_is_alive(pids: Sequence[int], started_before_s: float) -> bool:
    """Return whether a process runs that can be the owner of a lock.

    Args:
        pids: Every number that the owner may have had.
        started_before_s: When the lock was written, in seconds since 1970. A process that started later merely got
            the number of one that is gone. Two seconds are allowed for the grain of the clocks.

    Returns:
        Whether a process with one of these numbers had started by then. One that cannot be examined counts; one that
        has ended and was not yet waited for (a zombie) does not.
    """
    return any(_is_alive(pid, started_before_s) for pid in pids if pid > 0)


def _is_alive(pid: int, started_before_s: float) -> bool:
    # Slow to import, and only needed where there is a lock, or something to remove.
    import psutil  # noqa: PLC0415 - see above

    try:
        process = psutil.Process(pid)
        is_zombie = process.status() == psutil.STATUS_ZOMBIE
        return not is_zombie and process.create_time() <= started_before_s + _CLOCK_SLACK_S
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


class SeenPip(NamedTuple):
    """A pip that may be running."""

    pid: int | None
    """`None` if processes cannot be listed, so that there may be one."""


def find_pip(exclude_pid: int) -> SeenPip | None:
    """Return a process that is a pip, by its command line, `None` if there is none.

    A process whose command line is hidden does not count.

    Args:
        exclude_pid: A process that does not count: this one.
    """
    # Slow to import, see `_is_alive`.
    import psutil  # noqa: PLC0415 - see above

    try:
        lines = [(process.pid, process.info["cmdline"]) for process in psutil.process_iter(["cmdline"])]
    except (psutil.Error, OSError):
        return SeenPip(None)
    return next((SeenPip(pid) for pid, line in lines if pid != exclude_pid and line and is_pip(line)), None)


def is_pip(command: Sequence[str]) -> bool:
    """Return whether a command line is one of pip, however it was started.

    >>> is_pip(["/usr/bin/python3", "-m", "pip", "install", "six"]), is_pip(["uv", "pip", "install", "six"])
    (True, False)
    """
    program = _name(command[0]) if command else ""
    if _PIP.fullmatch(program):
        return True
    return _PYTHON.fullmatch(program) is not None and _runs_pip(command[1:])


def _runs_pip(arguments: Sequence[str]) -> bool:
    """Return whether a Python with these arguments runs pip: by its module, by its script, or by a line of code."""
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-") or argument == "-":
            return _is_pip_file(argument)
        if _WITH_VALUE.fullmatch(argument):
            next(rest, None)
            continue
        if found := _WHAT_TO_RUN.fullmatch(argument):
            what = found[2] or next(rest, "")
            # Code that only mentions pip costs a wait; a pip that was not seen costs a failed install.
            return bool(_PIP_IN_CODE.search(what) if found[1] == "c" else _PIP_MODULES.fullmatch(what))
    return False


def _is_pip_file(path: str) -> bool:
    name = _name(path)
    if name == "__main__.py":
        name = _name(os.path.dirname(path))
    return _PIP.fullmatch(name) is not None or name in _PIP_FILES


def _name(path: str) -> str:
    # Both kinds of separators: a program on one system can come from another (WSL).
    name = re.split(r"[\\/]", path.rstrip("\\/"))[-1].lower()
    return name.removesuffix(".exe")
