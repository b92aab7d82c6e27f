"""Tasks are carried out side by side by any executor, and their results come back in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import TypeVar

__all__ = ["side_by_side"]

_AHEAD = 8
"""Tasks that are under way at once."""

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


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
