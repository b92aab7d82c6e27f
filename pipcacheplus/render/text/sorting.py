"""Rows of a table in order and aligned, however many they are: memory holds a few thousand."""

import marshal
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from typing import IO, Any

from pipcacheplus.render.text.table import Row

__all__ = ["SortedRows"]

_Keyed = tuple[Any, Row]
_IN_MEMORY = 8192
"""Rows that are sorted at once."""
_IN_BLOCK = 64
"""Rows that are written, and read again, at once."""


class SortedRows:
    """Takes rows in any order, yields them in that of their keys, and knows how wide each column is.

    Rows that do not fit go to temporary files without names, sorted; these are merged.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self._rows: list[_Keyed] = []
        self._runs: list[Iterator[list[_Keyed]]] = []
        self._widths: list[int] = []
        self._measured = 0
        """How many of the rows in memory count in the widths."""
        self._spilled = 0
        self._may_spill = True

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._spilled + len(self._rows)

    def add(self, key: object, row: Row) -> None:
        """Add a row; keys are tuples, lists, text and numbers, and can be compared with each other."""
        self._rows.append((key, row))
        if len(self._rows) >= _IN_MEMORY and self._may_spill:
            try:
                self._spill()
            except OSError:
                self._may_spill = False  # without room for a file, all of it stays in memory

    @property
    def widths(self) -> list[int]:
        """Return how many characters the longest cell of each column has."""
        if self._measured < len(self._rows):
            columns = zip(*(row for _, row in self._rows[self._measured :]), strict=True)
            widths = [max(map(len, column)) for column in columns]
            self._widths = [*map(max, self._widths, widths)] if self._widths else widths
            self._measured = len(self._rows)
        return self._widths

    def _spill(self) -> None:
        from tempfile import TemporaryFile  # noqa: PLC0415, TID251 - slow to import; without a name, never in a cache

        self.widths  # noqa: B018 - measures what is about to go
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
        self._measured = 0

    def __iter__(self) -> Iterator[Row]:
        """Yield all rows; once."""
        self._rows.sort()
        blocks = _merged([*self._runs, iter([self._rows])])
        return map(itemgetter(1), chain.from_iterable(blocks))


def _read(file: IO[bytes], sizes: list[int]) -> Iterator[list[_Keyed]]:
    with file:
        for size in sizes:
            yield marshal.loads(file.read(size))  # noqa: S302 - we wrote it, and nobody else can


def _merged(runs: list[Iterator[list[_Keyed]]]) -> Iterator[list[_Keyed]]:
    """Yield rows of sorted runs in order, block by block: to sort many again takes less time than to merge each."""
    heads = [(block, run) for run in runs if (block := next(run, []))]
    while heads:
        # No run has anything left that comes before the last row of its block.
        least = min(block[-1] for block, _ in heads)
        ready: list[_Keyed] = []
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
