"""Which processes run on this machine: whether the owner of a lock lives, and whether a pip is at work."""

import os
import re
from collections.abc import Sequence

__all__ = ["is_pip", "owner_is_alive", "pips_running", "this_host"]

_PIP = re.compile(r"pip(\d+(\.\d+)*)?(\.exe)?", re.IGNORECASE)
_CLOCK_SLACK_S = 2.0


def this_host() -> str:
    """Return the name of this machine, as the locks of pip up to 19.2 have it."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import socket  # noqa: PLC0415 - slow to import

    return socket.gethostname()


def owner_is_alive(pids: Sequence[int], started_before_s: float) -> bool:
    """Return whether a process with one of these numbers runs that had started before that second since 1970.

    A process that started later has only come to have the same number. One that may not be looked at counts.
    """
    import psutil  # noqa: PLC0415 - slow to import

    for pid in pids:
        try:
            if psutil.Process(pid).create_time() <= started_before_s + _CLOCK_SLACK_S:
                return True
        except psutil.NoSuchProcess:
            continue
        except psutil.Error:
            return True
    return False


def pips_running(exclude_pid: int) -> bool:
    """Return whether a pip may run on this machine, this process apart; also if processes cannot be listed at all."""
    import psutil  # noqa: PLC0415 - slow to import

    try:
        running = list(psutil.process_iter(["cmdline"]))
    except (psutil.Error, OSError):
        return True
    return any(process.pid != exclude_pid and is_pip(process.info["cmdline"] or ()) for process in running)


def is_pip(command: Sequence[str]) -> bool:
    """Return whether a command line is that of a pip.

    >>> is_pip(["/usr/bin/python3", "-m", "pip", "install", "six"]), is_pip(["uv", "pip", "install", "six"])
    (True, False)
    """
    if not command:
        return False
    program, *arguments = command
    if _PIP.fullmatch(os.path.basename(program)):
        return True
    if "python" not in os.path.basename(program).lower() and "pypy" not in os.path.basename(program).lower():
        return False
    return _runs_pip(arguments)


def _runs_pip(arguments: Sequence[str]) -> bool:
    """Look for `-m pip`, a script called pip, or pip's own directory or zip, before any other argument."""
    for at, argument in enumerate(arguments):
        if argument == "-m":
            return arguments[at + 1 : at + 2] in (["pip"], ("pip",))
        if argument in {"-W", "-X"}:
            continue
        if not argument.startswith("-"):
            parts = argument.replace("\\", "/").split("/")
            is_before = at > 0 and arguments[at - 1] in {"-W", "-X"}
            if is_before:
                continue
            return bool(_PIP.fullmatch(parts[-1])) or "pip" in parts[-2:] or "__pip-runner__.py" in parts
    return False
