"""Tasks in the fastest place, with their results in order; in this process if that place fails."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Generic, TypeVar

from pipcacheplus.catalog.forks import may_fork, run_in_forks
from pipcacheplus.catalog.patience import Patience

if TYPE_CHECKING:  # slow to import
    from concurrent.futures import Executor, Future

__all__ = ["processes_for", "side_by_side"]

_AHEAD = 6
"""Most results that may wait for one before them."""

_FEW_PARTS = 128
"""A cache of 200 responses has about as many; below, processes take longer to start than they save."""

_Shared = TypeVar("_Shared")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def processes_for(parts: int) -> int | None:
    """Return the number of processes for a cache of so many parts, for `side_by_side`."""
    return 1 if parts < _FEW_PARTS else None


def side_by_side(
    work: Callable[[_Shared, _Task], _Result],
    shared: _Shared,
    tasks: Iterable[_Task],
    *,
    executor: "Executor | None" = None,
    processes: int | None = None,
    threads: bool = False,
) -> Iterator[_Result]:
    """Yield the results of the tasks, in their order; few are held at a time.

    The result does not depend on workers: if one cannot be started, ends or returns nothing for long (`patience`), its
    task is done in this process.

    Args:
        work: A function of a module; it may be called twice for a task.
        shared: A value for all tasks. A process forked here inherits it; an executor receives it with each task.
        tasks: Consumed one by one, in this process, when they are due. A single one is done here.
        executor: Does the tasks instead; it is left open.
        processes: Most tasks at once; 1: here, one after the other; `None`: as many as this process may use cores.
        threads: Whether threads help where processes cannot be forked: on other systems, or beside other threads.

    Raises:
        Exception: Any exception of `work` or `tasks`, at the turn of its task.
    """
    if executor is None and processes == 1:
        return _here(work, shared, tasks)
    return _elsewhere(work, shared, iter(tasks), executor, processes or _cores(), threads=threads)


def _here(work: Callable[[_Shared, _Task], _Result], shared: _Shared, tasks: Iterable[_Task]) -> Iterator[_Result]:
    for task in tasks:
        yield work(shared, task)


def _elsewhere(
    work: Callable[[_Shared, _Task], _Result],
    shared: _Shared,
    tasks: Iterator[_Task],
    executor: "Executor | None",
    count: int,
    *,
    threads: bool,
) -> Iterator[_Result]:
    if executor is not None:
        yield from _submitted(work, shared, tasks, executor, count + _AHEAD)
        return
    first = tuple(islice(tasks, 2)) if count > 1 else ()
    tasks = chain(first, tasks)
    if len(first) > 1 and may_fork():
        yield from run_in_forks(work, shared, tasks, count=count, ahead=count + _AHEAD)
    elif len(first) > 1 and threads:
        with _threads(count) as pool:
            yield from _submitted(work, shared, tasks, pool, count + _AHEAD)
    else:
        yield from _here(work, shared, tasks)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _threads(count: int) -> Iterator["Executor"]:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import

    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _submitted(
    work: Callable[[_Shared, _Task], _Result],
    shared: _Shared,
    tasks: Iterable[_Task],
    executor: "Executor",
    ahead: int,
) -> Iterator[_Result]:
    pool = _Pool(executor, work, shared)
    under_way: deque[tuple[_Task, Future[_Result] | None]] = deque()
    try:
        for task in tasks:
            under_way.append((task, pool.submit(task)))
            if len(under_way) >= ahead or not pool.is_usable:
                yield pool.result(*under_way.popleft())
        while under_way:
            yield pool.result(*under_way.popleft())
    finally:
        for _, future in under_way:
            if future is not None:
                future.cancel()


class _Pool(Generic[_Shared, _Task, _Result]):
    """An executor that may fail."""

    def __init__(self, executor: "Executor", work: Callable[[_Shared, _Task], _Result], shared: _Shared) -> None:
        self.is_usable = True
        """Whether it never failed; it receives no more tasks after a failure."""
        self._executor = executor
        self._work = work
        self._shared = shared
        self._is_waited_for = True

    def submit(self, task: _Task) -> "Future[_Result] | None":
        """Submit a task; `None` if that fails."""
        if not self.is_usable:
            return None
        try:
            return self._executor.submit(self._work, self._shared, task)
        except Exception:  # noqa: BLE001 - threads raise RuntimeError, processes OSError, other executors anything
            self.is_usable = False
            return None

    def result(self, task: _Task, future: "Future[_Result] | None") -> _Result:
        """Return the result of a task, from the executor or from this process."""
        from concurrent.futures import BrokenExecutor, CancelledError  # noqa: PLC0415 - slow to import

        if future is not None:
            try:
                if self._is_done(future):
                    return future.result()
            except (BrokenExecutor, CancelledError):  # a worker was killed, or the executor shut down
                pass
            self.is_usable = False
        return self._work(self._shared, task)

    def _is_done(self, future: "Future[_Result]") -> bool:
        """Wait for a task; it is taken back from an executor that does not begin or finish it."""
        from concurrent.futures import wait  # noqa: PLC0415 - slow to import

        patience = Patience()
        while not future.done():
            if not self.is_usable and (future.cancel() or not self._is_waited_for):
                return False
            if not wait((future,), Patience.LOOK_S).done and patience.is_over(runs=future.running()):
                self.is_usable = self._is_waited_for = False
        return True
