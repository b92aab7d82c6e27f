"""Put a program in the place of this process: it has its streams, its number and its exit code."""

import os
import sys
from collections.abc import Sequence

__all__ = ["become", "flush_streams", "not_started"]

_NOT_FOUND, _NOT_STARTED = 127, 126


def become(command: Sequence[str]) -> int:
    """Put a program in the place of this process; where that cannot be, run it, and return its exit code."""
    flush_streams()
    try:
        if os.name == "nt":  # there, it would be another process, for which nobody waits
            import subprocess  # noqa: PLC0415 - slow to import, and elsewhere not needed

            return subprocess.call(list(command))
        os.execvp(command[0], list(command))  # noqa: S606 - it is what was asked for
    except OSError as error:
        return not_started(command[0], error)


def flush_streams() -> None:
    """Write what this process holds back, before another one writes to the same streams."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except (OSError, ValueError):  # full, or closed: who wrote to it hears of it
                continue


def not_started(program: str, error: OSError) -> int:
    """Say that a program cannot be run, as a shell does, and return its exit code for that."""
    if sys.stderr is not None:
        sys.stderr.write(f"ERROR: {program} cannot be run: {error.strerror or error}\n")
    return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_STARTED
