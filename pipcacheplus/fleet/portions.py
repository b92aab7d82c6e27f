"""Units of `verify` over many caches whose contents several workers read, so that one large cache does not end last.

The first unit of a cache brings its catalog up to date. If it then has more to read than a portion, it ends with
portions in place of a result. Each becomes a unit of its own, and a last unit gets their results and verifies the
whole cache: what they lack, it reads itself. So the result is that of a single unit, also if a portion is lost.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor

from pipcacheplus.fleet.run import results_of
from pipcacheplus.fleet.unit import Unit, UnitResult

__all__ = ["PORTION_BYTES", "results_in_portions"]

PORTION_BYTES = 2 << 30
"""Contents of a portion: several seconds of a disk, and many times what the start of a unit takes."""
_MOST = 64
_MOST_CHARACTERS = 12 << 20
"""Of all portions of a cache, or of their results: a request to a server has at most 16 MiB."""
_LEAST_LIMIT_S = 60.0
_END = "--"


def results_in_portions(
    units: Iterable[Unit],
    executor: Executor,
    *,
    ahead: int,
    stop: Callable[[], bool] = lambda: False,
    portion_bytes: int = PORTION_BYTES,
) -> Iterator[UnitResult]:
    """Yield the result of each unit of `verify`, as `results_of`; one for each cache.

    Args:
        units: As `results_of`; no two have the same path.
        executor: As `results_of`.
        ahead: As `results_of`.
        stop: As `results_of`; a cache of which only portions are read has no result then.
        portion_bytes: Contents of a portion.
    """
    caches = _Caches(units, portion_bytes)
    for result in results_of(caches, executor, ahead=ahead, stop=stop):
        if (whole := caches.whole(result)) is not None:
            yield whole


class _Large:
    """A cache of which portions are read."""

    def __init__(self, unit: Unit, first: UnitResult, count: int) -> None:
        self.unit = unit
        self.left = count
        self.results: list[str] = []
        self.seconds = first.seconds


class _Caches(Iterator[Unit]):
    """The units that are due: those of large caches before those of other ones.

    After the last one, there are more as soon as a result has portions.
    """

    def __init__(self, units: Iterable[Unit], portion_bytes: int) -> None:
        self._units = iter(units)
        self._first = ("--portion-bytes", str(portion_bytes))
        self._due: deque[Unit] = deque()
        self._begun: dict[str, Unit] = {}
        self._large: dict[str, _Large] = {}

    def __next__(self) -> Unit:
        if self._due:
            return self._due.popleft()
        unit = next(self._units)
        self._begun[unit.path] = unit
        return _with(unit, *self._first)

    def whole(self, result: UnitResult) -> UnitResult | None:
        """Return the result of a cache; `None` if it is that of a part of the work, after which more is due."""
        large = self._large.get(result.path)
        if large is None:
            unit = self._begun.pop(result.path)
            portions = _texts(result, "portions")
            if len(portions) < 2 or len(portions) > _MOST:  # noqa: PLR2004 - one is no portion
                return result
            self._large[result.path] = _Large(unit, result, len(portions))
            limit_s = max(_LEAST_LIMIT_S, unit.limit_s / len(portions))
            self._due += [_with(unit, "--portion", one)._replace(limit_s=limit_s) for one in portions]
            return None
        large.seconds += result.seconds
        if large.left == 0:
            del self._large[result.path]
            return result._replace(seconds=large.seconds)
        large.left -= 1
        large.results += _texts(result, "result")
        if large.left == 0:
            size = 0
            options: list[str] = []
            for one in large.results:
                size += len(one)
                if size <= _MOST_CHARACTERS:
                    options += ("--result", one)
            large.results.clear()
            self._due.append(_with(large.unit, *options))
        return None


def _with(unit: Unit, *options: str) -> Unit:
    """Return a unit with more options, before a word behind which none stands."""
    words = unit.words
    end = words.index(_END) if _END in words else len(words)
    return unit._replace(words=(*words[:end], *options, *words[end:]))


def _texts(result: UnitResult, key: str) -> list[str]:
    """Return texts in a document, which is that of a process of any user."""
    summary = (result.document or {}).get("summary", {})
    value = summary.get(key)
    texts = value if isinstance(value, list) else [value]
    are_texts = all(isinstance(one, str) and one.isascii() for one in texts)
    return texts if are_texts and sum(map(len, texts)) <= _MOST_CHARACTERS else []
