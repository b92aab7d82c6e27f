"""Sequences of entries and of findings whose members are made on access.

A cache has hundreds of thousands of entries. Each is held as some hundred bytes: in memory as long as they are few,
otherwise in a temporary file without a name.
"""

import marshal
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO, Generic, TypeVar, overload

from pipcacheplus.catalog.entry_rows import Names, as_text, briefs_of_rows, entry_of_checked, entry_of_row
from pipcacheplus.catalog.references import JoinedRow
from pipcacheplus.checks.base.check import Check, Context, certain_finding
from pipcacheplus.disk.file_content import read_at
from pipcacheplus.model.values import Brief, Entry, Finding, Group, Headline, Remedy, Severity, Shape

__all__ = ["Entries", "Findings", "Records", "Rows"]

_T = TypeVar("_T")
_IN_MEMORY = 4 << 20
"""Bytes of records that stay in memory."""
_TOGETHER = 64
"""Rows that become one record, if they are added one by one."""
_IS_NEXT = 1
"""Set in the code of a finding whose entry is another one than that of the finding before."""
_EMPTY_DIRECTORY = Shape.EMPTY_DIRECTORY.value


class Records:
    """Bytes, one after the other; written first, then read."""

    def __init__(self, *, may_spill: bool) -> None:
        """Begin.

        Args:
            may_spill: Whether a temporary file may be written.
        """
        self._ends = array("Q")
        self._memory = bytearray()
        self._base = 0
        self._file: BinaryIO | None = None
        self._may_spill = may_spill

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self._ends)

    def __del__(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def append(self, record: bytes) -> None:
        """Add one."""
        self._memory += record
        self._ends.append(self._base + len(self._memory))
        if self._may_spill and len(self._memory) > _IN_MEMORY:
            try:
                self._spill()
            except OSError:
                self._may_spill = False  # without space for a file, all of it stays in memory

    def _spill(self) -> None:
        if self._file is None:
            from tempfile import TemporaryFile  # noqa: PLC0415, TID251 - slow to import; without a name, never in a cache

            self._file = TemporaryFile(prefix="pipcacheplus-", buffering=0)
        written = memoryview(self._memory)
        self._file.seek(self._base)
        while written:
            written = written[self._file.write(written) :]
        written.release()
        self._base += len(self._memory)
        self._memory.clear()

    def __getitem__(self, at: int) -> bytes:
        """Return one."""
        start, end = self._ends[at - 1] if at else 0, self._ends[at]
        if start >= self._base:
            return bytes(self._memory[start - self._base : end - self._base])
        assert self._file is not None  # noqa: S101 - for mypy: something was written to it
        return read_at(self._file, start, end - start)

    def __iter__(self) -> Iterator[bytes]:
        """Yield all."""
        return map(self.__getitem__, range(len(self)))


class Rows:
    """Tuples of plain values, one after the other, many to a record; written first, then read."""

    def __init__(self, *, may_spill: bool) -> None:
        """Begin; as `Records`."""
        self._records = Records(may_spill=may_spill)
        self._ends = array("Q")
        self._last: tuple[int, list[tuple[Any, ...]]] = (-1, [])
        self._pending: list[tuple[Any, ...]] = []
        """Rows that are in no record yet."""

    def __len__(self) -> int:
        """Return the number of records."""
        return self._in_records() + len(self._pending)

    def _in_records(self) -> int:
        return self._ends[-1] if self._ends else 0

    def append(self, row: tuple[Any, ...]) -> None:
        """Add one."""
        self._pending.append(row)
        if len(self._pending) == _TOGETHER:
            self._put_away()

    def extend(self, rows: list[tuple[Any, ...]]) -> None:
        """Add some; they become one record."""
        self._put_away()
        self._records.append(marshal.dumps(rows))
        self._ends.append(self._in_records() + len(rows))

    def _put_away(self) -> None:
        if self._pending:
            rows, self._pending = self._pending, []
            self.extend(rows)

    def __getitem__(self, at: int) -> tuple[Any, ...]:
        """Return one."""
        self._put_away()
        number = bisect_right(self._ends, at)
        last = self._last
        if last[0] != number:  # a caller that reads one reads the next
            self._last = last = number, marshal.loads(self._records[number])  # noqa: S302 - we alone can write it
        return last[1][at - (self._ends[number - 1] if number else 0)]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Yield all."""
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[list[tuple[Any, ...]]]:
        """Yield all, those of a record together."""
        self._put_away()
        return map(marshal.loads, self._records)


class _Made(Sequence[_T], Generic[_T]):
    """A sequence whose members are made of records."""

    def __init__(self, records: Rows, make: Callable[[Any], _T]) -> None:
        self._records = records
        self._make = make

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[_T]:
        return map(self._make, self._records)

    @overload
    def __getitem__(self, at: int) -> _T: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[_T, ...]: ...
    def __getitem__(self, at: int | slice) -> _T | tuple[_T, ...]:
        """Return a member, or a tuple of several."""
        if isinstance(at, slice):
            return tuple(self[one] for one in range(*at.indices(len(self))))
        return self._make(self._records[range(len(self))[at]])

    def __eq__(self, other: object) -> bool:
        """Return whether another sequence has the same members."""
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment] # as of a list

    def __add__(self, other: Iterable[_T]) -> tuple[_T, ...]:
        """Return a tuple of both."""
        return tuple(chain(self, other))

    def __repr__(self) -> str:
        """Return a text with the number of members."""
        return f"<{type(self).__name__} of {len(self)}>"


class Entries(_Made[Entry]):
    """Entries in order of their ids."""

    def __init__(self, device: int, *, may_spill: bool) -> None:
        """Begin without any.

        Args:
            device: Of the cache directory.
            may_spill: Whether a temporary file may be written.
        """
        self._rows = Rows(may_spill=may_spill)
        super().__init__(self._rows, lambda row: entry_of_checked(row, device))

    def extend(self, rows: list[tuple[Any, ...]]) -> None:
        """Add rows of `checked_rows`."""
        self._rows.extend(rows)

    def briefs(self) -> Iterator[Brief]:
        """Yield what a line says of each entry; none is made for that."""
        return chain.from_iterable(map(briefs_of_rows, self._rows.blocks()))


class Findings(_Made[Finding]):
    """Findings, those of an entry one after the other, in order of the entries' ids."""

    def __init__(self, device: int, context: Context, *, may_spill: bool) -> None:
        """Begin without any; as `Entries`.

        Args:
            device: Of the cache directory.
            context: The context of the checks.
            may_spill: Whether a temporary file may be written.
        """
        self._device = device
        self._context = context
        self._checks = dict[str, Check]()
        """Those of the findings that are still to be made, by slug."""
        self._kinds = dict[tuple[Group, Severity, bool, bool, str], int]()
        """What headlines have besides their entries, with a number: there are few, however many findings there are."""
        self._codes = array("H")
        """Twice the number of what the headline of each finding has, plus `_IS_NEXT`."""
        self._disk_sizes = array("Q")
        """Bytes that the entry of each finding takes."""
        self._rows = Rows(may_spill=may_spill)
        super().__init__(self._rows, self._finding)

    def add(self, row: JoinedRow, names: Names, found: Sequence[Finding]) -> None:
        """Add the findings of one entry."""
        entry = (row.id, row.shape, row.files, *names)
        for at, one in enumerate(found):
            told = (
                one.check,
                one.message,
                one.evidence,
                one.remedy.value,
                one.paths,
                one.group.value,
                one.severity.value,
            )
            self._append(one, one.check, (entry, told), row.disk_size, is_next=not at)

    def add_certain(self, row: JoinedRow, names: Names, checks: Sequence[Check]) -> None:
        """Add the certain findings of some checks for one entry: `check_entry` has verified that it can be made."""
        entry = (row.id, row.shape, row.files, *names)
        for at, check in enumerate(checks):
            self._checks[check.slug] = check
            self._append(check, check.slug, (entry, check.slug), row.disk_size, is_next=not at)

    def _append(self, head: Finding | Check, slug: str, row: tuple[Any, ...], disk_size: int, *, is_next: bool) -> None:
        kind = head.group, head.severity, head.remedy is not Remedy.NONE, row[0][1] == _EMPTY_DIRECTORY, slug
        code = 2 * self._kinds.setdefault(kind, len(self._kinds))
        self._codes.append(code | _IS_NEXT if is_next else code)
        self._disk_sizes.append(disk_size)
        self._rows.append(row)

    def heads(self) -> Iterator[Headline]:
        """Yield the head of each; no finding is made for that."""
        kinds = tuple(self._kinds)
        entry = 0
        for code, disk_size in zip(self._codes, self._disk_sizes, strict=True):
            entry += code & _IS_NEXT
            group, severity, goes, is_directory, slug = kinds[code >> 1]
            yield Headline(group, severity, entry, goes, is_directory, slug, disk_size)

    def by_entry(self) -> Iterator[tuple[str, Headline]]:
        """Yield the id of the entry and the head of each; no finding is made for that."""
        return ((as_text(row[0][0]), head) for row, head in zip(self._rows, self.heads(), strict=True))

    def _finding(self, row: tuple[Any, ...]) -> Finding:
        (id_, shape, files, *names), told = row
        entry = entry_of_row(id_, shape, files, Names._make(names), self._device)
        if isinstance(told, str):
            return certain_finding(entry, self._context, self._checks[told])
        check, message, evidence, remedy, paths, group, severity = told
        return Finding(
            check=check,
            entry=entry,
            group=Group(group),
            severity=Severity(severity),
            message=message,
            evidence=evidence,
            remedy=Remedy(remedy),
            paths=paths,
        )
