"""The standard streams where they are not what programs expect: closed from the start, full, or gone meanwhile.

Daemons and cron start programs with closed streams (`>&-`). Python then has `None` in their place, and the next file
that is opened gets their number: what a library writes to stderr would end in it.
"""

import os
import stat
import sys
from contextlib import suppress
from typing import TextIO

__all__ = ["flush", "open_closed", "redirect", "shell_target"]

_STREAMS = ("stdin", "stdout", "stderr")


def open_closed() -> None:
    """Give each standard stream that is closed a descriptor that holds nothing, before other files are opened."""
    for number, name in enumerate(_STREAMS):
        with suppress(OSError):  # a system without such a device does without
            _open_closed(number, name)


def _open_closed(number: int, name: str) -> None:
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
    if getattr(sys, name) is None:
        mode = "r" if name == "stdin" else "w"
        # Its number stays taken until the end: nothing closes it.
        setattr(sys, name, open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False))


def redirect(stream: TextIO) -> None:
    """Lead a stream that cannot be written any more to where all is taken; else Python fails once more at its end."""
    with suppress(OSError, ValueError):  # it has no descriptor, or is closed
        opened = os.open(os.devnull, os.O_WRONLY)
        os.dup2(opened, stream.fileno())
        os.close(opened)


def flush(stream: TextIO) -> OSError | None:
    """Write what a stream holds back; if that fails, the error, and what it held is dropped."""
    try:
        stream.flush()
    except OSError as error:
        redirect(stream)
        return error
    return None


def shell_target(stream: TextIO) -> str | None:
    """Return the name of the file that a shell led a stream to, empty if the system does not say it.

    Returns:
        `None` if the stream leads to no regular file.
    """
    try:
        descriptor = stream.fileno()
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
    except (OSError, ValueError):
        return None
    with suppress(OSError):
        return os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}"))
    return ""
