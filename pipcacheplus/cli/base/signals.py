"""Ctrl-C and the system's request to end, heard between two entries instead of in the middle of one."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["stopping"]

_HEARD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether somebody asked to stop.

    Asking twice takes effect at once, as it would without this.
    """
    is_asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield is_asked.is_set  # signals are a matter of the main thread
        return
    # Who ignores a signal, as a job in the background does, goes on doing so.
    handlers = ((number, signal.getsignal(number)) for number in _HEARD)
    before = {number: handler for number, handler in handlers if handler is not signal.SIG_IGN}

    def hear(_number: int, _frame: FrameType | None) -> None:
        is_asked.set()
        _restore(before)

    for number in before:
        signal.signal(number, hear)
    try:
        yield is_asked.is_set
    finally:
        _restore(before)


def _restore(before: "dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None]") -> None:
    for number, handler in before.items():
        # None: it was set by other means than Python's, and cannot be put back.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
