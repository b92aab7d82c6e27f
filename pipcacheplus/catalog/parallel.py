"""Run tasks on any executor and yield their results in order; choose an executor if the caller names none."""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import parts

if TYPE_CHECKING:  # slow to import
    from concurrent.futures import Executor

__all__ = ["side_by_side", "workers"]

_AHEAD = 8
"""Tasks that are under way at once."""

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
_MANY_PARTS = 128
"""A cache of 200 responses has about as many; below, processes take longer to start than they save."""


def side_by_side(
    executor: Executor | None,
    work: Callable[[_Task], _Result],
    tasks: Iterable[_Task],
    keep: Callable[[_Result], object] | None = None,
) -> Iterator[_Result]:
    """Yield the results of the tasks, in their order; few are held at a time.

    Args:
        executor: Where they are carried out; one after the other, and here, without one.
        work: What is done with a task.
        tasks: Taken as they are due.
        keep: Takes the results of tasks that are done, if nobody waits for them any more.
    """
    if executor is None:
        yield from map(work, tasks)
        return
    under_way: deque[tuple[_Task, Future[_Result]]] = deque()
    try:
        for task in tasks:
            under_way.append((task, _submitted(executor, work, task)))
            if len(under_way) >= _AHEAD:
                yield _result(work, *under_way.popleft())
        while under_way:
            yield _result(work, *under_way.popleft())
    finally:
        for _, future in under_way:
            if not future.cancel() and keep is not None and future.done() and future.exception() is None:
                keep(future.result())


def _submitted(executor: Executor, work: Callable[[_Task], _Result], task: _Task) -> Future[_Result]:
    try:
        return executor.submit(work, task)
    except BrokenExecutor as error:  # as it stays once a worker was killed
        broken: Future[_Result] = Future()
        broken.set_exception(error)
        return broken


def _result(work: Callable[[_Task], _Result], task: _Task, future: Future[_Result]) -> _Result:
    try:
        return future.result()
    except BrokenExecutor:
        return work(task)  # somebody killed a worker: what it had in hand is done here


@contextmanager
def workers(path: str, *, is_whole: bool) -> Iterator["Executor | None"]:
    """Give an executor that fits a cache, `None` if one after the other is as fast.

    Args:
        path: The cache directory.
        is_whole: Whether archives are read to their end: making digests and unpacking let other threads run.

    Raises:
        OSError: The cache directory cannot be opened.
    """
    count, has_many_parts = _cores(), _has_many_parts(path)
    if count > 1 and has_many_parts and _may_fork():
        with _processes(count) as executor:
            yield executor
    elif count > 1 and is_whole:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import

        with ThreadPoolExecutor(max_workers=count) as executor:
            yield executor
    else:
        yield None


def _has_many_parts(path: str) -> bool:
    with OpenCache(path) as cache:
        return len(parts(cache)) >= _MANY_PARTS


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _may_fork() -> bool:
    """Return whether a copy of this process works: where system libraries have threads of their own, it may hang."""
    return sys.platform == "linux" and threading.active_count() == 1


@contextmanager
def _processes(count: int) -> Iterator["Executor | None"]:
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - slow to import
    from multiprocessing import get_context  # noqa: PLC0415 - as above

    try:
        executor = ProcessPoolExecutor(count, get_context("fork"), initializer=_leave_interrupts_to_the_parent)
    except (OSError, ImportError, NotImplementedError):
        yield None  # without shared memory, as in some containers, there are no locks between processes
        return
    with executor:
        yield executor


def _leave_interrupts_to_the_parent() -> None:
    import signal  # noqa: PLC0415 - slow to import

    signal.signal(signal.SIGINT, signal.SIG_IGN)
