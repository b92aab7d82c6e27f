"""Executors by their names on the command line."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, cast

from pipcacheplus.errors import BadRequestError

__all__ = ["Engine", "engine_of"]

_WORDS = "processes:4, threads:4, dask:tcp://HOST:8786 or mpi"
_CONNECT_S = 10
_SLACK_S = 2
"""Seconds after which the library should have given up by itself."""
_MOST_WORKERS = 1024


class Engine(NamedTuple):
    """An executor, and the number of its workers."""

    executor: Executor
    workers: int


def _threads(value: str, stack: ExitStack) -> Engine:
    count = _count(value)
    return _pool(ThreadPoolExecutor(count), count, stack)


def _processes(value: str, stack: ExitStack) -> Engine:
    from pipcacheplus.fleet.process_pool import ProcessPool  # noqa: PLC0415 - slow to import, and of use to few

    count = _count(value)
    return _pool(ProcessPool(count), count, stack)


def _pool(executor: Executor, workers: int, stack: ExitStack) -> Engine:
    """Return the engine of a pool that is ended without what has not begun; other executors have no such end."""
    stack.callback(executor.shutdown, wait=True, cancel_futures=True)
    return Engine(executor, workers)


def _dask(value: str, stack: ExitStack) -> Engine:
    if not value:
        raise BadRequestError(
            what="--executor dask", problem="names no scheduler", next_step="use dask:tcp://HOST:8786"
        )
    try:
        from distributed import Client  # noqa: PLC0415 - needs the extra, and is slow to import
    except ImportError:
        step = "run: python -m pip install 'pipcacheplus[dask]'"
        raise BadRequestError(what="--executor dask", problem="needs the package distributed", next_step=step) from None
    what = f"--executor dask:{value}"
    try:
        client: Any = stack.enter_context(_in_time(lambda: cast("Any", Client)(value, timeout=_CONNECT_S)))
    except Exception as error:  # noqa: BLE001 - a TypeError without certificates, any error if another program answers
        step = "check that the scheduler runs there, and, with tls://, the certificates"
        problem = f"does not answer ({_first_line(error)})"
        raise BadRequestError(what=what, problem=problem, next_step=step) from None
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
    except Exception:  # noqa: BLE001 - as above; its own time limit is one of several classes
        raise BadRequestError(what=what, problem="has no worker", next_step="start one") from None
    return Engine(client.get_executor(), sum(client.nthreads().values()))


def _in_time(connect: Callable[[], Any]) -> Any:  # noqa: ANN401 - of an extra
    """Return a client; the library waits without end for a program that accepts the connection and says nothing.

    Raises:
        TimeoutError: There is none after a while.
        Exception: As of the library.
    """
    answers: SimpleQueue[tuple[Any, Exception | None]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((connect(), None))
        except Exception as error:  # noqa: BLE001 - raised by the other thread
            answers.put((None, error))

    Thread(target=run, daemon=True).start()
    try:
        client, error = answers.get(timeout=_CONNECT_S + _SLACK_S)
    except Empty:
        raise TimeoutError(f"no answer in {_CONNECT_S + _SLACK_S} s") from None  # noqa: EM102, TRY003 - part of a sentence
    if error is not None:
        raise error
    return client


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _mpi(value: str, stack: ExitStack) -> Engine:
    if value:
        problem, step = f"takes no number ({value!r})", "start it with: mpiexec -n 3 python -m mpi4py.futures …"
        raise BadRequestError(what="--executor mpi", problem=problem, next_step=step)
    try:
        from mpi4py import MPI  # noqa: PLC0415 - of use to few
        from mpi4py.futures import MPIPoolExecutor  # noqa: PLC0415 - as above
    except ImportError as error:
        step = "install mpi4py, and start with: mpiexec -n 3 python -m mpi4py.futures -m pipcacheplus"
        raise BadRequestError(what="--executor mpi", problem=f"cannot be used ({error})", next_step=step) from None
    return Engine(stack.enter_context(MPIPoolExecutor()), max(1, MPI.COMM_WORLD.Get_size() - 1))


_ENGINES: dict[str, Callable[[str, ExitStack], Engine]] = {
    "threads": _threads,
    "processes": _processes,
    "dask": _dask,
    "mpi": _mpi,
}


def _count(value: str) -> int:
    if not value:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not value.isdecimal() or not 0 < int(value) <= _MOST_WORKERS:
        step = f"use 1 to {_MOST_WORKERS:,}"
        raise BadRequestError(what="--executor", problem=f"{value!r} is no number of workers", next_step=step)
    return int(value)


@contextmanager
def engine_of(word: str) -> Iterator[Engine]:
    """Yield the executor that a word names, and end it afterwards.

    Raises:
        BadRequestError: There is no such executor, or it cannot be reached.
    """
    name, _, value = word.partition(":")
    if name not in _ENGINES:
        raise BadRequestError(what="--executor", problem=f"there is no {word!r}", next_step=f"use {_WORDS}")
    with ExitStack() as stack:
        yield _ENGINES[name](value, stack)
