"""Run units on any executor, and yield their results as they come; a unit that is lost is tried once more."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from itertools import islice

from pipcacheplus.fleet.crew import run_unit, stop_units
from pipcacheplus.fleet.unit import Unit, UnitResult

__all__ = ["results_of"]

_LOOK_S = 0.2
_REMOVALS = frozenset({"prune", "purge", "remove"})
_LOCK_TIMEOUT = "--lock-timeout"
_LOCK_S = 30
"""A process whose connection is closed ends after the present entry, and is killed 15 s later."""
_END = "--"


def results_of(
    units: Iterable[Unit], executor: Executor, *, ahead: int, stop: Callable[[], bool] = lambda: False
) -> Iterator[UnitResult]:
    """Yield the result of each unit, in the order in which they end.

    A unit that is lost is run once more, elsewhere if the executor has more workers. If it removes, that is a new plan:
    files that are gone stay gone, and others are compared again.

    Args:
        units: Consumed when there is room for one.
        executor: Anything with `submit`. Its workers need this package, and the file system of the caches.
        ahead: Most units that are submitted and have not ended.
        stop: Called several times a second; once it returns true, no unit is begun, and those that this process runs
            end after the present entry. A unit whose process had not begun to do anything then has no result.
    """
    running = _Running(executor)
    left = iter(units)
    is_stopping = False
    try:
        while True:
            if not is_stopping and stop():
                is_stopping, left = True, iter(())
                running.stop()
            for unit in islice(left, ahead - len(running.units)):
                running.begin(unit, is_first=True)
            if not running.units:
                return
            for unit, is_first, result in running.ended():
                if (result.is_lost or not result.is_begun) and is_first and not is_stopping:
                    running.begin(_once_more(unit), is_first=False)
                elif result.is_begun or not is_stopping:  # a signal may reach a worker alone
                    yield result
    finally:
        running.stop()


class _Running:
    """Units that were submitted and have not ended."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.units: dict[Future[UnitResult], tuple[Unit, bool]] = {}

    def begin(self, unit: Unit, *, is_first: bool) -> None:
        """Submit a unit, for the first time or once more; an executor that takes none any more has lost it."""
        try:
            future = self._executor.submit(run_unit, unit)
        except Exception as error:  # noqa: BLE001 - of the executor: a pool is broken, a scheduler is gone
            future = Future()
            future.set_exception(error)
        self.units[future] = (unit, is_first)

    def ended(self) -> Iterator[tuple[Unit, bool, UnitResult]]:
        """Yield what has ended, after a short wait, with the result."""
        done, _ = wait(self.units, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
        for future in done:
            unit, is_first = self.units.pop(future)
            yield unit, is_first, _result(future, unit)

    def stop(self) -> None:
        """Leave out what has not begun, and end what this process runs after the present entry."""
        for future in [future for future in self.units if future.cancel()]:
            del self.units[future]
        if self.units:
            stop_units()
            stop_elsewhere = getattr(self._executor, "stop_units", None)
            if stop_elsewhere is not None:
                stop_elsewhere()


def _once_more(unit: Unit) -> Unit:
    """Return a unit to be run again: a removal waits for the lock, until the process that was lost has ended."""
    is_removal = not _REMOVALS.isdisjoint(unit.words) and _END not in unit.words
    if not is_removal or any(word.partition("=")[0] == _LOCK_TIMEOUT for word in unit.words):
        return unit
    return unit._replace(words=(*unit.words, f"{_LOCK_TIMEOUT}={_LOCK_S}s"))


def _result(future: "Future[UnitResult]", unit: Unit) -> UnitResult:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - of the executor: a worker was killed, a connection broke
        text = f"the executor lost it ({type(error).__name__}: {error})"
        return UnitResult(unit.path, unit.uid, -1, None, text, is_lost=True)
