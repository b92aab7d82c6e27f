"""Run units on any executor, and yield their results as they come; a unit that is lost is tried once more."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress

from pipcacheplus.fleet.crew import run_unit
from pipcacheplus.fleet.unit import Unit, UnitResult

__all__ = ["results_of"]


def results_of(
    units: Iterable[Unit], executor: Executor, *, ahead: int, retries: Callable[[Unit], bool] = lambda _: True
) -> Iterator[UnitResult]:
    """Yield the result of each unit, in the order in which they end.

    Args:
        units: Consumed when there is room for one.
        executor: Anything with `submit`. Its workers need this package, and the file system of the caches.
        ahead: Most units that are submitted and have not ended.
        retries: Whether a unit that was lost is run once more. One that removes must not be repeated blindly: its
            files are compared with the plan again, and what is gone stays gone, so that a new run is a new plan.
    """
    left = iter(units)
    running: dict[Future[UnitResult], tuple[Unit, bool]] = {}
    try:
        while True:
            while len(running) < ahead and (unit := next(left, None)) is not None:
                running[executor.submit(run_unit, unit)] = (unit, True)
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                unit, is_first = running.pop(future)
                result = _result(future, unit)
                if result.is_lost and is_first and retries(unit):
                    running[executor.submit(run_unit, unit)] = (unit, False)
                else:
                    yield result
    finally:
        for future in running:
            with suppress(Exception):
                future.cancel()


def _result(future: "Future[UnitResult]", unit: Unit) -> UnitResult:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - of the executor: a worker was killed, a connection broke
        text = f"the executor lost it ({type(error).__name__}: {error})"
        return UnitResult(unit.path, unit.uid, -1, None, text, is_lost=True)
