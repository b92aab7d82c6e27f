"""SIGINT (Ctrl-C) and SIGTERM, obeyed between two entries instead of in the middle of one."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["stopping"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Give a function that returns whether a signal has arrived.

    A second signal takes effect at once, as the first would outside of this block. In a thread that is not the main
    one, no signal is taken.
    """
    has_arrived = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield has_arrived.is_set  # only the main thread can set handlers
        return
    # A signal that is ignored, as SIGINT is by a job in the background, stays ignored.
    handlers = ((number, signal.getsignal(number)) for number in _SIGNALS)
    before = {number: handler for number, handler in handlers if handler is not signal.SIG_IGN}

    def note(_number: int, _frame: FrameType | None) -> None:
        has_arrived.set()
        _restore(before)

    for number in before:
        signal.signal(number, note)
    try:
        yield has_arrived.is_set
    finally:
        _restore(before)


def _restore(before: "dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None]") -> None:
    for number, handler in before.items():
        # None: it was set by other means than Python's, and cannot be put back.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
