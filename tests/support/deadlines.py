"""Things to do after a time, unless they are no longer needed: one thread for all of them.

A thread for each would do it too; but a thread that starts sets the trace function of the coverage measurement, and
CPython 3.11 refuses that, now and then, while another thread does the same ("Cannot install a trace function while
another trace function is being installed", `Python/ceval.c`). A test that has nothing to do with it then fails.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread

__all__ = ["unless_done_in"]

_changed = Condition()
_numbers = itertools.count()
_pending: dict[int, tuple[float, Callable[[], None]]] = {}
_threads: list[Thread] = []


@contextmanager
def unless_done_in(limit_s: float, act: Callable[[], None]) -> Iterator[None]:
    """Call a function in another thread if the block takes longer than it may.

    Args:
        limit_s: How many seconds the block may take.
        act: Called once, after so many seconds; what it raises is shown by Python's hook for threads.
    """
    number = next(_numbers)
    with _changed:
        _pending[number] = (time.monotonic() + limit_s, act)
        if not _threads or not _threads[0].is_alive():  # not there in a fork of a process that had it
            _threads[:] = [Thread(target=_watch, daemon=True)]
            _threads[0].start()
        _changed.notify()
    try:
        yield
    finally:
        with _changed:
            _pending.pop(number, None)


def _watch() -> None:
    while True:
        with _changed:
            now = time.monotonic()
            late = [number for number, (when, _) in _pending.items() if when <= now]
            acts = [_pending.pop(number)[1] for number in late]
            if not acts:
                first = min((when for when, _ in _pending.values()), default=None)
                _changed.wait(None if first is None else first - now)
        for act in acts:
            act()
