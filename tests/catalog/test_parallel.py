"""Tasks in threads, in executors of others, and here: results in order, wherever it fails."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from threading import get_ident
from typing import Any

import pytest

from pipcacheplus.catalog.parallel import side_by_side
from pipcacheplus.catalog.patience import Patience
from tests.catalog.forking import forks, ran
from tests.support.requests import Inline

COUNT = 40
EXPECTED = [(7, number) for number in range(COUNT)]


def pair(shared: int, task: int) -> tuple[int, int]:
    """Return what a task is given."""
    return shared, task


def where(shared: object, task: int) -> int:
    """Return which thread does it."""
    return get_ident()


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "LOOK_S", 0.001)


@pytest.mark.parametrize(
    "make",
    [
        Inline,
        lambda: ThreadPoolExecutor(1),
        lambda: ThreadPoolExecutor(4),
        lambda: ProcessPoolExecutor(2, get_context("spawn")),
    ],
    ids=["inline", "1", "4", "spawn"],
)
def test_any_executor_gives_the_results_in_order(make: Callable[[], Executor]) -> None:
    with make() as executor:
        assert list(side_by_side(divmod, 99, range(1, COUNT), executor=executor)) == [
            divmod(99, n) for n in range(1, COUNT)
        ]


@pytest.mark.parametrize(("processes", "threads"), [(1, True), (1, False), (None, True), (None, False), (3, True)])
def test_the_results_are_the_same_however_many_do_it(processes: int | None, threads: bool) -> None:  # noqa: FBT001 - a row's value
    assert list(side_by_side(pair, 7, range(COUNT), processes=processes, threads=threads)) == EXPECTED


def test_one_at_a_time_is_here_and_takes_no_task_before_it_is_due() -> None:
    taken: list[int] = []

    def tasks() -> Any:  # noqa: ANN401 - a generator
        for number in range(9):
            taken.append(number)
            yield number

    running = side_by_side(where, None, tasks(), processes=1, threads=True)
    assert [next(running), next(running)] == [get_ident()] * 2
    assert taken == [0, 1]


def test_tasks_go_to_an_executor_a_handful_ahead() -> None:
    taken: list[int] = []

    def tasks() -> Any:  # noqa: ANN401 - a generator
        for number in range(100):
            taken.append(number)
            yield number

    with ThreadPoolExecutor(2) as executor:
        running = side_by_side(pair, 7, tasks(), executor=executor, processes=2)
        ahead = [len(taken) - done for done, _ in enumerate(running)]
    assert max(ahead) <= 8
    assert len(taken) == 100


def test_an_error_of_the_work_comes_as_it_is() -> None:
    with ThreadPoolExecutor(2) as executor, pytest.raises(ZeroDivisionError):
        list(side_by_side(divmod, 1, [1, 1, 0, 1], executor=executor))


class Late(Executor):
    """Begins nothing, or begins and never ends."""

    def __init__(self, *, begins: bool) -> None:
        self.begins = begins
        self.futures: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Return what is not done."""
        future: Future[Any] = Future()
        if self.begins:
            future.set_running_or_notify_cancel()
        self.futures.append(future)
        return future


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("begins", [False, True])
def test_an_executor_that_comes_to_no_end_is_not_waited_for(begins: bool) -> None:  # noqa: FBT001 - a row's value
    executor = Late(begins=begins)
    assert list(side_by_side(pair, 7, range(COUNT), executor=executor, processes=2)) == EXPECTED
    assert len(executor.futures) <= 9  # once it failed, it is given nothing more
    assert [future.cancelled() for future in executor.futures] == [not begins] * len(executor.futures)


class BeginsOne(Late):
    """Does the first task and begins no other."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Return what is done the first time, and what is not afterwards."""
        future = super().submit(fn, *args, **kwargs)
        if len(self.futures) == 1:
            future.set_result(fn(*args, **kwargs))
        return future


def test_who_stops_in_the_middle_takes_back_what_is_queued() -> None:
    executor = BeginsOne(begins=False)
    running = side_by_side(pair, 7, range(COUNT), executor=executor, processes=2)
    assert next(running) == (7, 0)
    running.close()  # type: ignore[attr-defined] # it is a generator
    assert len(executor.futures) > 1
    assert all(future.cancelled() for future in executor.futures[1:])


class Failing(Inline):
    """Fails to take the task of one number, or loses it."""

    def __init__(self, number: int, error: Exception, *, at_once: bool) -> None:
        self._number = number
        self._error = error
        self._at_once = at_once

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Return what is done, or what this class is there for."""
        if args[-1] != self._number:
            return super().submit(fn, *args, **kwargs)
        if self._at_once:
            raise self._error
        future: Future[Any] = Future()
        future.set_exception(self._error)
        return future


@pytest.mark.parametrize("number", [0, 1, 8, COUNT - 1])
@pytest.mark.parametrize(
    ("error", "at_once"),
    [
        (RuntimeError("can't start new thread"), True),
        (BlockingIOError(11, "fork"), True),
        (BrokenExecutor(), True),
        (ValueError("whatever"), True),
        (BrokenExecutor(), False),
        (CancelledError(), False),
    ],
)
def test_an_executor_that_fails_decides_nothing(number: int, error: Exception, at_once: bool) -> None:  # noqa: FBT001 - a row's value
    with Failing(number, error, at_once=at_once) as executor:
        assert list(side_by_side(pair, 7, range(COUNT), executor=executor)) == EXPECTED


def test_an_executor_that_is_shut_down_decides_nothing() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    assert list(side_by_side(pair, 7, range(COUNT), executor=executor)) == EXPECTED


def test_an_error_that_an_executor_alone_meets_is_not_hidden() -> None:
    with Failing(3, MemoryError(), at_once=False) as executor, pytest.raises(MemoryError):
        list(side_by_side(pair, 7, range(COUNT), executor=executor))


@forks
@pytest.mark.parametrize("when", ["at once", "once"])
def test_a_process_of_an_executor_that_is_killed_decides_nothing(when: str) -> None:
    script = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
def dying(shared, task):
    if is_child() and (shared == "at once" or task == 9):
        os.kill(os.getpid(), signal.SIGKILL)
    return task
with ProcessPoolExecutor(2, get_context("fork")) as executor:
    say(list(side_by_side(dying, sys.argv[1], range(40), executor=executor)))
"""
    assert ran(script, when) == list(range(40))


THREADS = """
wanted, number, on = int(sys.argv[1]), 0, sys.argv[2] == "on"
threading.Thread(target=threading.Event().wait, daemon=True).start()
original = threading.Thread.start
def failing(self):
    global number
    number += 1
    if number == wanted or (number > wanted and on):
        raise RuntimeError("can't start new thread")
    original(self)
threading.Thread.start = failing
found = list(side_by_side(lambda shared, task: task, None, range(40), processes=3, threads=True))
say([found, threading.active_count(), number >= wanted])
"""


@forks
@pytest.mark.parametrize("how", ["once", "on"])
def test_whichever_thread_cannot_be_started_all_results_come(how: str) -> None:
    wanted, is_reached = 0, True
    while is_reached:
        wanted += 1
        tasks, threads, is_reached = ran(THREADS, wanted, how)
        assert (tasks, threads) == (list(range(40)), 2)
    assert wanted > 1


@forks
def test_threads_that_have_no_room_for_their_stacks_decide_nothing() -> None:
    script = """
threading.Thread(target=threading.Event().wait, daemon=True).start()
with open("/proc/self/statm", encoding="ascii") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (4 << 20),) * 2)
say(list(side_by_side(lambda shared, task: task, None, range(40), processes=3, threads=True)))
"""
    assert ran(script) == list(range(40))


def test_patience_ends_for_one_that_stands_still_and_later_for_one_that_runs() -> None:
    still, running, both = Patience(), Patience(), Patience()
    assert [still.is_over(runs=False) for _ in range(12)] == [False] * 11 + [True]
    assert [running.is_over(runs=True) for _ in range(120)] == [False] * 119 + [True]
    assert not any(both.is_over(runs=number % 12 == 0) for number in range(119))
