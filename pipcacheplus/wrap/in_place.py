"""Replacement of this process by a program: it has the same streams, process number and exit code."""

import os
import sys
from collections.abc import Sequence

__all__ = ["become", "flush_streams", "not_started"]

_NOT_FOUND, _NOT_STARTED = 127, 126


def become(command: Sequence[str]) -> int:
    """Replace this process by a program; where that is impossible, run it, and return its exit code."""
    flush_streams()
    try:
        if os.name == "nt":  # there, it would be another process, for which no process waits
            import subprocess  # noqa: PLC0415 - slow to import, and elsewhere not needed

            return subprocess.call(list(command))
        os.execvp(command[0], list(command))  # noqa: S606 - the user's command
    except OSError as error:
        return not_started(command[0], error)


def flush_streams() -> None:
    """Flush the buffers of this process, before another one writes to the same streams."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except (OSError, ValueError):  # full, or closed: the writer gets the error
                continue


def not_started(program: str, error: OSError) -> int:
    """Report that a program cannot be run, as a shell does, and return the shell's exit code for that."""
    if sys.stderr is not None:
        sys.stderr.write(f"ERROR: {program} cannot be run: {error.strerror or error}\n")
    return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_STARTED
