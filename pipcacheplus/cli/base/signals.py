"""Signals that end a run, handled between two entries instead of in the middle of one.

SIGINT (Ctrl-C) and SIGTERM are meant for the run. SIGHUP comes when the terminal is closed, SIGPIPE when no process
reads the output; both may come several times, from the kernel and from the shell.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

__all__ = ["StopRequest", "StoppedError", "raising", "signal_name", "stopping"]

_Handler = Callable[[int, FrameType | None], object] | int | None

_ASKING = (signal.SIGINT, signal.SIGTERM)
"""Signals of which a second one takes effect at once."""
_HANGUP: "signal.Signals | None" = getattr(signal, "SIGHUP", None)
_PIPE: "signal.Signals | None" = getattr(signal, "SIGPIPE", None)
_ALL = tuple(number for number in (*_ASKING, _HANGUP, _PIPE) if number is not None)


class StoppedError(KeyboardInterrupt):
    """SIGTERM or SIGHUP has arrived where a run can be interrupted: it ends the present work, as Ctrl-C does.

    It never leaves the command line.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


class StopRequest:
    """Whether a signal has arrived, and which one; called, it returns whether."""

    def __init__(self) -> None:
        self.number: int | None = None
        """The first that arrived."""

    def __call__(self) -> bool:
        """Return whether one has."""
        return self.number is not None


def signal_name(number: int) -> str:
    """Return the name of a signal.

    >>> signal_name(15)
    'SIGTERM'
    """
    return signal.Signals(number).name


@contextmanager
def raising() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `StoppedError` in this block, as SIGINT raises its base class.

    In a thread that is not the main one, or where a signal is ignored or has a handler already, nothing is changed.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        raise StoppedError(number)

    before = {} if _is_elsewhere() else _set(stop, {signal.SIGTERM, _HANGUP}, {signal.SIG_DFL})
    try:
        yield
    finally:
        _restore(before)


@contextmanager
def stopping(*, has_own_pipes: bool = False) -> Iterator[StopRequest]:
    """Yield an object that returns whether a signal has arrived.

    A second SIGINT or SIGTERM takes effect at once, as the first would outside of this block. A second SIGHUP does not:
    where a terminal is closed, the shell sends one and the kernel another; nor does SIGPIPE. After a SIGHUP, those that
    follow are ignored, so that the work that was done can still be reported. In a thread that is not the main one, no
    signal is handled.

    Args:
        has_own_pipes: Whether the block writes to other processes: SIGPIPE then only says that one of them has ended.
    """
    request = StopRequest()
    if _is_elsewhere():
        yield request
        return
    # A signal that is ignored, as SIGINT is by a job in the background and SIGHUP by `nohup`, stays ignored. Python
    # itself ignores SIGPIPE.
    heard = {number for number in _ALL if number is _PIPE or signal.getsignal(number) is not signal.SIG_IGN}
    if has_own_pipes:
        heard.discard(_PIPE)
    hung_up = False

    def note(number: int, _frame: FrameType | None) -> None:
        nonlocal hung_up
        hung_up = hung_up or number == _HANGUP
        if request.number is None:
            request.number = number
        if number in _ASKING:
            _restore({one: before[one] for one in _ASKING if one in before})

    before = _set(note, heard, None)
    try:
        yield request
    finally:
        _restore(before)
        if hung_up and _HANGUP is not None:
            signal.signal(_HANGUP, signal.SIG_IGN)


def _is_elsewhere() -> bool:
    """Return whether this is a thread that cannot set handlers."""
    return threading.current_thread() is not threading.main_thread()


def _set(
    handler: Callable[[int, FrameType | None], None],
    numbers: "set[signal.Signals | None] | set[signal.Signals]",
    only_over: set[object] | None,
) -> "dict[signal.Signals, _Handler]":
    """Set a handler for signals, except for those that have another than these; return the former ones."""
    had = {number: signal.getsignal(number) for number in numbers if number is not None}
    before = {number: was for number, was in had.items() if only_over is None or was in only_over}
    for number in before:
        signal.signal(number, handler)
    return before


def _restore(before: "Mapping[signal.Signals, _Handler]") -> None:
    for number, handler in before.items():
        # None: it was set by other means than Python's, and cannot be restored.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
