"""A child program with the streams of this process, run as if it had been started in its place.

Only this module, `in_place`, the one that runs interpreters, `crew`, and `report --open` start other programs. Signals
that a terminal sends reach parent and child; the child decides how to react, and this process only waits. Signals that
are sent to this process alone are passed on.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Timer
from types import FrameType
from typing import Any, NamedTuple

from pipcacheplus.wrap.in_place import flush_streams, not_started

__all__ = ["Ended", "Printed", "run_child", "run_for_output", "run_quietly"]

_SIGNALLED = 128
_LATE_S = 1.0
"""Seconds that a child has to end after a signal that may have reached it already."""
_FROM_TERMINAL = tuple(getattr(signal, name) for name in ("SIGINT", "SIGQUIT", "SIGBREAK") if hasattr(signal, name))
"""Signals that a terminal sends to its whole foreground process group."""
_PASSED_ON = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)
)


class Ended(NamedTuple):
    """The end of a child."""

    code: int
    """As in a shell: 128 and the signal, if it was one."""
    is_interrupted: bool
    """Whether a signal came meanwhile, or ended it."""


class Printed(NamedTuple):
    """What a child printed, and its exit code."""

    code: int
    """As a shell has it: 128 and the signal, if it was one."""
    text: str
    """Of both streams."""


def run_child(
    command: Sequence[str],
    environ: Mapping[str, str] | None = None,
    *,
    meanwhile: Callable[[], object] = lambda: None,
) -> Ended:
    """Run a program, and wait for its end, also if signals arrive.

    Args:
        command: Its words; the first is looked up in `PATH`.
        environ: Its variables; those of this process by default.
        meanwhile: Called once it has started: to import modules that will be needed, at no extra time.
    """
    signalled = list[int]()
    child: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: FrameType | None) -> None:
        signalled.append(number)
        for one in child:
            one.send_signal(number)

    def pass_on_late(number: int, frame: FrameType | None) -> None:
        """Pass on a signal that no terminal has sent to both, unless the child ends by itself."""
        signalled.append(number)
        if not _is_in_front():
            timer = Timer(_LATE_S, pass_on, (number, frame))
            timer.daemon = True
            timer.start()

    flush_streams()
    with _handling(pass_on_late, _FROM_TERMINAL), _handling(pass_on, _PASSED_ON):
        try:
            # With the descriptors that the shell has opened for it: `-r <(...)`.
            child.append(subprocess.Popen(command, env=environ, close_fds=False))
        except OSError as error:
            return Ended(not_started(command[0], error), is_interrupted=False)
        for number in signalled:  # one that arrived before the child was started
            child[0].send_signal(number)
        meanwhile()
        code = child[0].wait()
    if code < 0:
        return Ended(_SIGNALLED - code, is_interrupted=True)
    return Ended(code, is_interrupted=bool(signalled))


def _is_in_front() -> bool:
    """Return whether a terminal sends its signals to this process, and so to the child as well."""
    for descriptor in range(3):
        with suppress(OSError, AttributeError):  # no terminal; or Windows
            if os.tcgetpgrp(descriptor) == os.getpgrp():
                return True
    return False


def run_quietly(command: Sequence[str], environ: Mapping[str, str], *, limit_s: float) -> str | None:
    """Run a program without input, for a limited time, and return the last line that it printed.

    Args:
        command: Its words.
        environ: Its variables.
        limit_s: After so many seconds it gets a signal to end, and is waited for.
    """
    pipe = subprocess.PIPE
    try:
        child = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT)
    except OSError as error:
        return f"{command[0]} cannot be run: {error.strerror or error}"
    with child:
        try:
            out, _ = child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            child.terminate()
            out, _ = child.communicate()
    lines = out.decode(errors="replace").splitlines()
    return lines[-1] if lines else None


def run_for_output(command: Sequence[str], environ: Mapping[str, str], *, cwd: str, limit_s: float) -> Printed:
    """Run a program that reads nothing, and return what it printed; whatever ends this process ends it too.

    Args:
        command: Its words.
        environ: Its variables.
        cwd: Its working directory.
        limit_s: After so many seconds it is ended.
    """
    pipe = subprocess.PIPE
    try:
        child = subprocess.Popen(
            command, env=environ, cwd=cwd, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT
        )
    except OSError as error:
        return Printed(_SIGNALLED - 1, f"{command[0]} cannot be run: {error.strerror or error}")
    with child:
        try:
            out, _ = child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            child.kill()
            out, _ = child.communicate()
            return Printed(_SIGNALLED + signal.SIGTERM, f"{_text(out)}\nERROR: it did not end within {limit_s:g} s")
        except BaseException:
            child.kill()  # this program no longer waits for it, and removes what it wrote
            raise
    code = child.returncode
    return Printed(_SIGNALLED - code if code < 0 else code, _text(out))


def _text(out: bytes) -> str:
    return out.decode("utf-8", "backslashreplace")


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None], numbers: Sequence[int]) -> Iterator[None]:
    """Handle signals, except ignored ones, which the child ignores too; only the main thread can."""
    before = dict[int, Any]()
    try:
        for number in numbers:
            if signal.getsignal(number) not in {signal.SIG_IGN, None}:
                before[number] = signal.signal(number, handler)
    except ValueError:  # not the main thread
        pass
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
