"""Many caches, from Python: a command on each, on any executor."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

from pipcacheplus.errors import BadRequestError
from pipcacheplus.fleet.find import FoundCache, named_caches, unique_caches
from pipcacheplus.fleet.portions import results_in_portions
from pipcacheplus.fleet.run import results_of
from pipcacheplus.fleet.unit import UnitResult
from pipcacheplus.fleet.units import refuse_open_scheduler, unit_for

__all__ = ["Fleet"]


class Fleet:
    """Many caches. A command runs in a process of its own for each, which as root becomes the owner first."""

    def __init__(self, paths: Iterable[str | os.PathLike[str]]) -> None:
        """Name the caches.

        Args:
            paths: Their directories, absolute, or globs. A cache with several names counts once.

        Raises:
            BadRequestError: One string stands where several belong, or a path is relative.
        """
        if isinstance(paths, (str, bytes, os.PathLike)):
            raise TypeError("`paths` is one path; pass a list of them")  # noqa: EM101, TRY003 - of Python
        named = [os.fspath(path) for path in paths]
        for path in named:
            if not os.path.isabs(path):
                raise BadRequestError(what=f"{path!r}", problem="is a relative path", next_step="pass an absolute one")
        self.caches: tuple[FoundCache, ...] = tuple(unique_caches(named_caches(named)))
        """What was found: each cache once, with the reason if it cannot be used."""

    def info(self, *words: str, executor: Executor | None = None, limit_s: float = 3600.0) -> Iterator[UnitResult]:
        """Yield the result of `info` on each cache; as `run`."""
        return self.run("info", *words, executor=executor, limit_s=limit_s)

    def list(self, *words: str, executor: Executor | None = None, limit_s: float = 3600.0) -> Iterator[UnitResult]:
        """Yield the result of `list` on each cache; as `run`."""
        return self.run("list", *words, executor=executor, limit_s=limit_s)

    def verify(self, *words: str, executor: Executor | None = None, limit_s: float = 3600.0) -> Iterator[UnitResult]:
        """Yield the result of `verify` on each cache; as `run`."""
        return self.run("verify", *words, executor=executor, limit_s=limit_s)

    def prune(self, *words: str, executor: Executor | None = None, limit_s: float = 3600.0) -> Iterator[UnitResult]:
        """Yield the result of `prune` on each cache; as `run`."""
        return self.run("prune", *words, executor=executor, limit_s=limit_s)

    def run(
        self, command: str, *words: str, executor: Executor | None = None, limit_s: float = 3600.0
    ) -> Iterator[UnitResult]:
        """Run a command on each cache, and yield the results in the order in which they end.

        Args:
            command: A command of the command line.
            words: Its options and selections, as on the command line.
            executor: Anything with `submit`; its workers need this package and the file system. By default, threads
                of this process, one for each processor.
            limit_s: Seconds after which the process of a cache is killed.

        Raises:
            BadRequestError: This process is root, the command can remove something, and the executor is one of a Dask
                scheduler without TLS.
        """
        if command not in _READS and "--dry-run" not in words:
            _refuse_open_dask(executor)
        for one in self.caches:
            if one.problem is not None:
                yield UnitResult(one.path, one.uid, -1, None, one.problem)
        units = [unit_for(one, (command, *words), limit_s=limit_s) for one in self.caches if one.problem is None]
        results = results_in_portions if command == "verify" else results_of
        if executor is not None:
            yield from results(units, executor, ahead=_AHEAD)
            return
        count = os.cpu_count() or 1
        with ThreadPoolExecutor(count) as own:
            yield from results(units, own, ahead=2 * count)


_AHEAD = 256
"""Units that are submitted to an executor of the caller at a time."""
_READS = frozenset({"dir", "info", "list", "report", "show", "verify", "why"})
"""Commands that change no cache."""


def _refuse_open_dask(executor: Executor | None) -> None:
    if type(executor).__module__.partition(".")[0] != "distributed":
        return
    scheduler = getattr(getattr(executor, "_client", None), "scheduler", None)
    refuse_open_scheduler("executor", str(getattr(scheduler, "address", "")))
