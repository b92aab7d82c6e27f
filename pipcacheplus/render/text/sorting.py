"""Sort rows, however many they are: memory holds a few thousand."""

import marshal
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from typing import IO, Any, Generic, TypeVar

__all__ = ["SortedRows"]

_T = TypeVar("_T", str, tuple[Any, ...])
_IN_MEMORY = 8192
"""Rows that are sorted at once."""
_IN_BLOCK = 64
"""Rows that are written, and read again, at once."""


class SortedRows(Generic[_T]):
    """Takes rows in any order, and yields them in their own: text, or tuples of plain values that can be compared.

    Rows that do not fit go to temporary files without names, sorted; these are merged.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._rows: list[_T] = []
        self._runs: list[Iterator[list[_T]]] = []
        self._spilled = 0
        self._may_spill = True

    def __len__(self) -> int:
        """Return how many there are."""
        return self._spilled + len(self._rows)

    def extend(self, rows: list[_T]) -> None:
        """Add rows: some thousand at most."""
        self._rows += rows
        if len(self._rows) >= _IN_MEMORY and self._may_spill:
            try:
                self._spill()
            except OSError:
                self._may_spill = False  # without room for a file, all of it stays in memory

    def _spill(self) -> None:
        from tempfile import TemporaryFile  # noqa: PLC0415, TID251 - slow to import; without a name, never in a cache

        self._rows.sort()
        file = TemporaryFile(prefix="pipcacheplus-")
        sizes = []
        for at in range(0, len(self._rows), _IN_BLOCK):
            block = marshal.dumps(self._rows[at : at + _IN_BLOCK])
            sizes.append(file.write(block))
        file.flush()
        file.seek(0)
        self._runs.append(_read(file, sizes))
        self._spilled += len(self._rows)
        self._rows.clear()

    def __iter__(self) -> Iterator[_T]:
        """Yield all rows; once."""
        self._rows.sort()
        self._runs.append(iter([self._rows]))
        return chain.from_iterable(_merged(self._runs))


def _read(file: IO[bytes], sizes: list[int]) -> Iterator[list[_T]]:
    with file:
        for size in sizes:
            yield marshal.loads(file.read(size))  # noqa: S302 - we wrote it, and no other process can


def _merged(runs: list[Iterator[list[_T]]]) -> Iterator[list[_T]]:
    """Yield rows of sorted runs in order, block by block: to sort many again takes less time than to merge each."""
    heads = [(block, run) for run in runs if (block := next(run, []))]
    while heads:
        # No run has anything left that comes before the last row of its block.
        least = min(block[-1] for block, _ in heads)
        ready: list[_T] = []
        left = []
        for block, run in heads:
            at = bisect_right(block, least)
            ready += block[:at]
            rest = block[at:] or next(run, [])
            if rest:
                left.append((rest, run))
        ready.sort()
        yield ready
        heads = left
