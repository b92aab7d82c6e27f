"""A pool of processes for `--executor processes:N`, which outlives one of them, and stops units in order.

A signal that ends the run may reach each process (Ctrl-C, a terminal that closes, a service manager) or the first one
alone; the first one passes it on. The units that run end after the present entry, and their results arrive.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import resource_tracker
from typing import Any

from pipcacheplus.fleet.crew import stop_units
from pipcacheplus.fleet.unit import Unit, UnitResult

__all__ = ["ProcessPool"]

_SIGNALS = tuple(
    number for name in ("SIGINT", "SIGHUP", "SIGTERM") if (number := getattr(signal, name, None)) is not None
)
_END_S = 20
"""Seconds after SIGTERM in which results are still sent: a unit is killed 15 s after it was stopped."""
_is_stopped = False
"""Whether this process, one of the pool, begins no unit any more."""


class ProcessPool(Executor):
    """An executor for units. If one of its processes dies, their units are lost, and others begin in new processes."""

    def __init__(self, count: int) -> None:
        _start_tracker()
        self._count = count
        self._lock = threading.Lock()
        self._is_broken = False
        self._pool = self._new()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **more: Any) -> Future[Any]:  # noqa: ANN401 - as of the class
        """Run a function of a unit in a process; in new ones, if a process has died."""
        with self._lock:
            try:
                future = self._pool.submit(_run, function, *arguments, **more)
            except BrokenProcessPool:
                self._end_broken()
                self._pool = self._new()
                future = self._pool.submit(_run, function, *arguments, **more)
        future.add_done_callback(self._note)
        return future

    def stop_units(self) -> None:
        """Begin no unit any more, and end those that run after the present entry; their results arrive."""
        for process in multiprocessing.active_children():
            if process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGINT)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as of the class
        """End the processes."""
        with self._lock:
            if self._is_broken:
                self._end_broken()
            self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _new(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._count, mp_context=context, initializer=_end_units_by_signals)

    def _note(self, future: Future[Any]) -> None:
        if not future.cancelled() and isinstance(future.exception(), BrokenProcessPool):
            self._is_broken = True

    def _end_broken(self) -> None:
        """End the processes of a pool of which one has died: the results of the others arrive nowhere."""
        for process in multiprocessing.active_children():
            process.kill()  # what they run ends after the present entry, since its connection is closed
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._is_broken = False


def _start_tracker() -> None:
    """Start the process of `multiprocessing` that removes semaphores, so that a terminal that closes does not end it.

    It ignores other signals by itself. Source: CPython 3.11 `multiprocessing/resource_tracker.py`.
    """
    hangup = getattr(signal, "SIGHUP", None)
    with suppress(ValueError):  # not in the main thread, which alone can do that
        before = None if hangup is None else signal.signal(hangup, signal.SIG_IGN)
        resource_tracker.ensure_running()
        if hangup is not None:
            signal.signal(hangup, before)


def _run(function: Callable[[Unit], UnitResult], unit: Unit) -> UnitResult:
    if _is_stopped:
        return UnitResult(unit.path, unit.uid, -1, None, "the run was interrupted before", is_begun=False)
    return function(unit)


def _end_units_by_signals() -> None:
    """Prepare a process of the pool: a signal ends its units, and SIGTERM the process too, some time later."""

    def stop(number: int, _frame: object) -> None:
        global _is_stopped  # noqa: PLW0603 - the process has one pool
        _is_stopped = True
        stop_units()
        if number == signal.SIGTERM:
            signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
            signal.alarm(_END_S)

    for number in _SIGNALS:
        signal.signal(number, stop)
