"""Rows of a table in order and aligned, however many they are: memory holds a few thousand."""

import marshal
from collections.abc import Iterator
from heapq import merge
from tempfile import TemporaryFile  # noqa: TID251 - without a name, and never in a cache
from typing import IO, Any

from pipcacheplus.render.text.table import Row

__all__ = ["SortedRows"]

_Keyed = tuple[Any, Row]
_IN_MEMORY = 8192
"""Rows that are sorted at once."""


class SortedRows:
    """Takes rows in any order, yields them in that of their keys, and knows how wide each column is.

    Rows that do not fit go to temporary files without names, sorted; these are merged.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.widths: list[int] = []
        self._rows: list[_Keyed] = []
        self._files: list[IO[bytes]] = []
        self._count = 0
        self._may_spill = True

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._count

    def add(self, key: object, row: Row) -> None:
        """Add a row; keys are tuples, lists, text and numbers, and can be compared with each other."""
        self._count += 1
        lengths = map(len, row)
        self.widths = [*map(max, self.widths, lengths)] if self.widths else [*lengths]
        self._rows.append((key, row))
        if self._may_spill and len(self._rows) >= _IN_MEMORY:
            try:
                self._spill()
            except OSError:
                self._may_spill = False  # without room for a file, all of it stays in memory

    def _spill(self) -> None:
        self._rows.sort()
        file = TemporaryFile(prefix="pipcacheplus-")
        for row in self._rows:
            marshal.dump(row, file)
        file.flush()
        file.seek(0)
        self._files.append(file)
        self._rows.clear()

    def __iter__(self) -> Iterator[Row]:
        """Yield all rows; once."""
        self._rows.sort()
        for _, row in merge(*(_read(file) for file in self._files), self._rows):
            yield row


def _read(file: IO[bytes]) -> Iterator[_Keyed]:
    with file:
        while True:
            try:
                yield marshal.load(file)  # noqa: S302 - we wrote it, and nobody else can
            except EOFError:
                return
