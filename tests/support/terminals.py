"""A program on a terminal of its own: what it draws, what is typed, and how it ends."""

import os
import select
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from subprocess import Popen

import pytest

from tests.support.processes import LIMIT_S, Command, started

__all__ = ["Terminal", "on_terminal"]

# The terminal has to be that of the session, so that the kernel tells the program when it is closed.
_TAKE = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
_LOOK_S = 0.1


class Terminal:
    """One of 80 columns and 24 lines, as its user sees it."""

    def __init__(self, ours: int, process: "Popen[str]") -> None:
        """Take our end of it, and the program on it."""
        self.process = process
        self.drawn = b""
        """All that was drawn so far, escape sequences too."""
        self._ours = ours

    def wait_for(self, text: bytes) -> None:
        """Read until this was drawn; the test fails if the program ends before, or takes too long."""
        end_s = time.monotonic() + LIMIT_S
        start = len(self.drawn)
        while text not in self.drawn[start:]:
            if not self._read() or time.monotonic() > end_s:
                pytest.fail(f"{text!r} was not drawn, but {self.drawn[-2000:]!r}")

    def type(self, keys: bytes) -> None:
        """Type something."""
        os.write(self._ours, keys)

    def close(self) -> None:
        """Close the terminal, as a connection that breaks does it."""
        os.close(self._ours)
        self._ours = -1

    def end(self) -> int:
        """Read until the program ends, and return its exit code."""
        while self._ours >= 0 and self._read():
            pass
        return self.process.wait()

    def echoes(self) -> bool:
        """Return whether the terminal shows what is typed, as it does for a shell."""
        import termios  # noqa: PLC0415 - not on Windows

        return bool(termios.tcgetattr(self._ours)[3] & termios.ECHO)

    def _read(self) -> bool:
        """Read what is there; return whether there may be more."""
        if not select.select([self._ours], [], [], _LOOK_S)[0]:
            return self.process.poll() is None
        try:
            part = os.read(self._ours, 1 << 16)
        except OSError:
            return False  # so Linux tells that the other end is closed
        self.drawn += part
        return bool(part)


@contextmanager
def on_terminal(command: Command, *, env: Mapping[str, str]) -> Iterator[Terminal]:
    """Start a program on a new terminal, which it has for its own; wait for its end."""
    import fcntl  # noqa: PLC0415 - not on Windows
    import pty  # noqa: PLC0415 - as above
    import termios  # noqa: PLC0415 - as above

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    words = [sys.executable, "-c", _TAKE, *command]
    with started(words, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True) as process:
        terminal = Terminal(os.dup(ours), process)
        os.close(ours)
        try:
            yield terminal
        finally:
            os.close(theirs)
            if terminal._ours >= 0:
                with suppress(OSError):
                    terminal.close()
