"""Tasks in processes forked from this one, with their results in order.

A child inherits the shared value. Through one pipe it receives a task, through another it returns the result: each
is a pickle behind its length. The task stays in this process until the result is here: if a child cannot start or
ends, for any reason, its task is done here, and no child is started in its place.

`multiprocessing` is not used: it starts threads, needs shared memory, takes 25 ms to import, and a pool of
`concurrent.futures` waits without end for a child that is stopped.
"""

import gc
import os
import pickle
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Generic, NoReturn, TypeVar

from pipcacheplus.catalog.patience import Patience

__all__ = ["may_fork", "run_in_forks"]

_LENGTH_BYTES = 8
_CHUNK = 1 << 18
_END_MS = 10_000
"""Seconds that a killed child may take to end; after them the system holds it, and there is no more waiting."""

_Shared = TypeVar("_Shared")
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def may_fork() -> bool:
    """Return whether a copy of this process works, and can end without harm to this one.

    A copy has one thread only: a lock that another one held is never released there. Where SIGPIPE has its default,
    writing to a child that is gone would end this process.
    """
    return (
        sys.platform == "linux"
        and threading.active_count() == 1
        and _native_threads() == 1
        and signal.getsignal(signal.SIGPIPE) is not signal.SIG_DFL
    )


def _native_threads() -> int:
    """Count the threads that the system reports, those of libraries too; 1 if it does not report them."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


def run_in_forks(
    work: Callable[[_Shared, _Task], _Result], shared: _Shared, tasks: Iterable[_Task], *, count: int, ahead: int
) -> Iterator[_Result]:
    """Yield the results of the tasks, in their order; an error of `work` is raised at the turn of its task.

    Args:
        work: Run in a child; once more in this process if it raises there, so that the error has its own traceback, or
            does not occur at all.
        shared: The first argument of each call; never pickled.
        tasks: Consumed when they are due. Each is pickled for a child; if that fails, it is done here. So is one whose
            result cannot be pickled.
        count: Most children at once; one is started only if no other is free.
        ahead: Most tasks that are taken and not yielded yet.
    """
    crew = _Crew(work, shared, count)
    try:
        # A loop of its own: if `try` began with it, 3.11 would let an interrupt at the start of an iteration bypass
        # `finally` (seen with 3.11.7; the jump counts as the instruction before its target, which is outside).
        yield from _results(crew, tasks, ahead)
    finally:
        try:
            with _signals_held_back():
                crew.end()
        finally:
            crew.end()  # children that are left after an interrupt that came before signals were held back


def _results(crew: "_Crew[_Shared, _Task, _Result]", tasks: Iterable[_Task], ahead: int) -> Iterator[_Result]:
    slots = map(_Slot[_Task], tasks)
    due: deque[_Slot[_Task]] = deque()
    while True:
        while len(due) < (ahead if crew.count else 1) and crew.has_room():
            if (slot := next(slots, None)) is None:
                break
            due.append(slot)
            crew.hand_over(slot)
        if not due:
            return
        if due[0].child is not None:
            crew.wait_for(due[0].child)
        else:
            yield crew.result_of(due.popleft())


class _Slot(Generic[_Task]):
    """A task, until its result is yielded."""

    __slots__ = ("child", "result", "task")

    def __init__(self, task: _Task) -> None:
        self.task = task
        self.child: _Child[_Task] | None = None
        """The child that works on it; `None` if it is done, or has to be done here."""
        self.result: memoryview | None = None
        """A pickle; `None` or empty if it has to be done here."""


class _Crew(Generic[_Shared, _Task, _Result]):
    """The children of one run."""

    def __init__(self, work: Callable[[_Shared, _Task], _Result], shared: _Shared, count: int) -> None:
        self.count = count
        """The largest number of children; at the end, the number that is left."""
        self._work = work
        self._shared = shared
        self._children: list[_Child[_Task]] = []

    def has_room(self) -> bool:
        """Return whether a task would be begun at once; also if there is no child for it."""
        return len(self._children) < self.count or not self.count or any(one.slot is None for one in self._children)

    def hand_over(self, slot: _Slot[_Task]) -> None:
        """Send a task to a child that is free, a new one if necessary; without one, the slot is unchanged."""
        try:
            frame = pickle.dumps(slot.task, pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - a class can raise anything when it is pickled
            return
        child = self._free_child()
        if child is not None and not child.take(slot, frame):
            self._lose(child)

    def _free_child(self) -> "_Child[_Task] | None":
        free = next((one for one in self._children if one.slot is None), None)
        if free is None and len(self._children) < self.count:
            try:
                free = self._start()
            except (OSError, RuntimeError):  # RuntimeError: an interpreter at its end, or one of several in a process
                free = None
            if free is None:
                self.count = len(self._children)
        return free

    def _start(self) -> "_Child[_Task] | None":
        if not may_fork():
            return None  # the consumer of the results has started a thread meanwhile
        with _signals_held_back(), ExitStack() as theirs, ExitStack() as ours:
            tasks_there, tasks_here = _pipe(theirs, ours)
            results_here, results_there = _pipe(ours, theirs)
            for end in (tasks_here, results_here):
                os.set_blocking(end, False)
            not_theirs = [tasks_here, results_here, *(end for one in self._children for end in one.ends)]
            collects = gc.isenabled()
            gc.disable()
            try:
                pid = os.fork()
                if not pid:
                    _run_child(self._work, self._shared, tasks_there, results_there, not_theirs)
            finally:
                if collects:
                    gc.enable()
            child = _Child[_Task](pid, tasks_here, results_here, ours.pop_all())
            self._children.append(child)
        return child

    def wait_for(self, child: "_Child[_Task]") -> None:
        """Receive what children send, or wait for it; a child that sends nothing for too long loses its task."""
        if not self._take_what_comes() and child.is_given_up():
            self._lose(child)

    def _take_what_comes(self) -> bool:
        poll = select.poll()  # needs no descriptor of its own
        ends = {}
        for child in self._children:
            for end, events in child.awaited():
                poll.register(end, events)
                ends[end] = child
        arrived = poll.poll(Patience.LOOK_S * 1000)
        for child in dict.fromkeys(ends[end] for end, _ in arrived):
            if not (child.send() and child.receive()):
                self._lose(child)
        return bool(arrived)

    def result_of(self, slot: _Slot[_Task]) -> _Result:
        """Return the result that a child has sent; without one, do the task here."""
        if slot.result:
            with suppress(Exception):  # a class can raise anything when it is unpickled
                found: _Result = pickle.loads(slot.result)  # noqa: S301 - our own child's
                return found
        return self._work(self._shared, slot.task)

    def _lose(self, child: "_Child[_Task]") -> None:
        with _signals_held_back():
            self._children.remove(child)
            self.count = len(self._children)
            child.kill()
            child.bury()

    def end(self) -> None:
        """End all children; their results are not needed any more."""
        for child in self._children:
            child.kill()
        while self._children:
            self._children.pop().bury()


def _pipe(readers: ExitStack, writers: ExitStack) -> tuple[int, int]:
    """Make a pipe whose ends are closed with their owner."""
    reading, writing = os.pipe()
    readers.callback(os.close, reading)
    writers.callback(os.close, writing)
    return reading, writing


class _Child(Generic[_Task]):
    """A process, seen from its parent."""

    def __init__(self, pid: int, tasks_end: int, results_end: int, open_ends: ExitStack) -> None:
        self.slot: _Slot[_Task] | None = None
        self.ends = (tasks_end, results_end)
        self._pid = pid
        self._parent = os.getpid()
        self._open_ends = open_ends
        self._unsent = memoryview(b"")
        self._received = bytearray()
        self._patience = Patience()
        self._used_s = 0.0

    def take(self, slot: _Slot[_Task], frame: bytes) -> bool:
        """Begin to send a task; return whether the child is still there."""
        self.slot, slot.child = slot, self
        self._unsent = memoryview(_framed(frame))
        self._received = bytearray()
        self._patience = Patience()
        return self.send()

    def awaited(self) -> Iterator[tuple[int, int]]:
        """Yield the descriptors to wait for, with the events."""
        tasks_end, results_end = self.ends
        yield results_end, select.POLLIN
        if self._unsent:
            yield tasks_end, select.POLLOUT

    def send(self) -> bool:
        """Send as much as the pipe accepts; return whether the child is still there."""
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self.ends[0], self._unsent) :]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def receive(self) -> bool:
        """Receive available data; return whether the child is still there."""
        try:
            data = os.read(self.ends[1], _CHUNK)
        except BlockingIOError:
            return True
        self._received += data
        self._patience = Patience()
        content = _content_of(self._received)
        if content is not None:
            self._let_go(content)
        return bool(data)

    def _let_go(self, result: memoryview | None) -> None:
        if self.slot is not None:
            self.slot.result, self.slot.child = result, None
        self.slot = None

    def is_given_up(self) -> bool:
        """Return whether nothing has arrived for too long; to be called once per poll."""
        used_s, self._used_s = self._used_s, _processor_time_s(self._pid)
        return self._patience.is_over(runs=self._used_s > used_s)

    def kill(self) -> None:
        """Kill the process, which is safe because it only reads. It no longer has a task."""
        self._let_go(None)
        # While it holds its end of the pipe it is alive, and its number is its own, also where this process inherited
        # an ignored SIGCHLD. A copy of this process made by other code does not change that.
        if os.getpid() == self._parent and not self._has_ended(0):
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def bury(self) -> None:
        """Wait for the end of the process, and close the pipes."""
        if os.getpid() == self._parent:
            how = 0 if self._has_ended(_END_MS) else os.WNOHANG
            with suppress(ChildProcessError):  # other code has waited for it
                os.waitpid(self._pid, how)
        self._open_ends.close()

    def _has_ended(self, limit_ms: int) -> bool:
        poll = select.poll()
        poll.register(self.ends[1], 0)  # so that only the end of it is reported
        return bool(poll.poll(limit_ms))


def _processor_time_s(pid: int) -> float:
    """Return the processor time that a child has used, 0 if the system does not report it.

    Source: Linux, `include/linux/posix-timers_types.h`: the clock of a process is `~pid << 3 | CPUCLOCK_SCHED` (2).
    """
    try:
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return 0.0


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Let no handler, and so no `KeyboardInterrupt`, come between a child and its place among the children."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run_child(
    work: Callable[[_Shared, _Task], _Result], shared: _Shared, tasks_end: int, results_end: int, others: Iterable[int]
) -> NoReturn:
    """Run as a child, in a process that was just forked, with signals held back.

    No inherited object is ended, flushed or collected: a database connection would roll back the parent's
    transaction.
    """
    try:
        gc.freeze()
        gc.enable()
        for end in others:  # otherwise the siblings would not see that the parent is gone
            os.close(end)
        _leave_signals_to_the_parent()
        _serve(work, shared, tasks_end, results_end)
    finally:
        os._exit(0)


def _leave_signals_to_the_parent() -> None:
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent ends its children
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _serve(work: Callable[[_Shared, _Task], _Result], shared: _Shared, tasks_end: int, results_end: int) -> None:
    """Do the tasks that arrive at one end, and send each result to the other, until there are no more.

    Raises:
        OSError: No process reads the results.
    """
    while True:
        content = None
        received = bytearray()
        while content is None:
            if not (data := os.read(tasks_end, _CHUNK)):
                return
            received += data
            content = _content_of(received)
        try:
            result = pickle.dumps(work(shared, pickle.loads(content)), pickle.HIGHEST_PROTOCOL)  # noqa: S301 - our parent's
        except Exception:  # noqa: BLE001 - whatever it is, the parent does the task again, and meets it there
            result = b""
        unsent = memoryview(_framed(result))
        while unsent:
            unsent = unsent[os.write(results_end, unsent) :]


def _framed(content: bytes) -> bytes:
    return len(content).to_bytes(_LENGTH_BYTES, "little") + content


def _content_of(received: bytearray) -> memoryview | None:
    """Return the bytes behind the length, `None` if they are incomplete."""
    if len(received) < _LENGTH_BYTES:
        return None
    length = int.from_bytes(received[:_LENGTH_BYTES], "little")
    return memoryview(received)[_LENGTH_BYTES:] if len(received) >= _LENGTH_BYTES + length else None
