"""Standard streams in unusual states: closed from the start, full, or closed meanwhile.

Daemons and cron start programs with closed streams (`>&-`). Python then has `None` in their place, and the next file
that is opened gets their number: output of a library to stderr would be written to it.
"""

import os
import stat
import sys
from contextlib import suppress
from typing import TextIO

__all__ = ["flush", "open_closed", "redirect", "shell_target"]

_STREAMS = ("stdin", "stdout", "stderr")


def open_closed() -> None:
    """Open the null device for each closed standard stream, before other files are opened."""
    for number, name in enumerate(_STREAMS):
        with suppress(OSError):  # a system without such a device works without it
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
    """Redirect a stream that cannot be written any more to the null device; otherwise Python fails again at its end."""
    with suppress(OSError, ValueError):  # it has no descriptor, or is closed
        opened = os.open(os.devnull, os.O_WRONLY)
        os.dup2(opened, stream.fileno())
        os.close(opened)


def flush(stream: TextIO) -> OSError | None:
    """Flush a stream; if that fails, return the error, and drop the buffered output."""
    try:
        stream.flush()
    except OSError as error:
        redirect(stream)
        return error
    return None


def shell_target(stream: TextIO) -> str | None:
    """Return the name of the file to which a shell redirected a stream, empty if the system does not report it.

    Returns:
        `None` if the stream is not a regular file.
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
