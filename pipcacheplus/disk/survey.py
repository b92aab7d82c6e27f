"""Counts of a walk besides entries: directories, owners, other names of a file, times that were set together.

All of it comes from the stamps that the walk reads anyway.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from pipcacheplus.model.values import Owned, Survey

__all__ = ["Surveyor"]

_HAS_BLOCKS = hasattr(os.stat_result, "st_blocks")
_TOGETHER_NS = 15 * 60 * 10**9
"""Files that were restored at once have their change times within this time of each other."""
_APART_NS = 60 * 60 * 10**9
"""Times of writing that are further apart than this were not set by one restore."""

_NONE = (1 << 64, -(1 << 64))
"""The range of no times: the first is later than the last."""


@dataclass(slots=True)
class Surveyor:
    """The counts of one walk; those of several can be added."""

    uid: int
    """The owner of the cache directory."""
    directories: int = 0
    directory_bytes: int = 0
    """Bytes on the disk that the directories themselves take."""
    others: dict[int, list[int]] = field(default_factory=dict)
    """Files, directories and their bytes on the disk that belong to another owner, by the number of that."""
    _linked: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """Names that were seen and bytes on the disk of files with several names, by device and inode."""
    _is_together: bool = True
    """Whether the change times of all files may be those of one restore."""
    _changed: tuple[int, int] = _NONE
    """The first and the last change time of files, in ns, as long as that is so."""
    _written: tuple[int, int] = _NONE
    """The same of times of writing."""
    _read: int = 1 << 64
    """The first access time of files, in ns, as long as that is so."""

    def see_file(self, status: os.stat_result) -> None:
        """Count a file, or anything else but a directory, by its `lstat` result."""
        if status.st_uid != self.uid:
            self._see_other(status, is_directory=False)
        if status.st_nlink > 1:
            linked = self._linked.setdefault((status.st_dev, status.st_ino), [0, _on_disk(status)])
            linked[0] += 1
        if self._is_together:
            changed, written = status.st_ctime_ns, status.st_mtime_ns
            first, last = self._changed
            earliest, latest = self._written
            if not (first <= changed <= last and earliest <= written <= latest):
                self._see_times((changed, changed), (written, written))
            self._read = min(self._read, status.st_atime_ns)

    def see_directory(self, status: os.stat_result | None) -> None:
        """Count a directory by its `stat` result; `None` where the system has none at hand."""
        self.directories += 1
        if status is not None:
            self.directory_bytes += status.st_blocks * 512 if _HAS_BLOCKS else 0
            if status.st_uid != self.uid:
                self._see_other(status, is_directory=True)

    def _see_other(self, status: os.stat_result, *, is_directory: bool) -> None:
        counts = self.others.setdefault(status.st_uid, [0, 0, 0])
        counts[is_directory] += 1
        counts[2] += _on_disk(status)

    def _see_times(self, changed: tuple[int, int], written: tuple[int, int]) -> None:
        """Add more times; once change times are too far apart, they stay so."""
        self._changed = min(self._changed[0], changed[0]), max(self._changed[1], changed[1])
        self._written = min(self._written[0], written[0]), max(self._written[1], written[1])
        self._is_together &= self._changed[1] - self._changed[0] <= _TOGETHER_NS

    def plus(self, other: "Surveyor") -> "Surveyor":
        """Return the counts of both, which saw no directory in common; this one holds them from now on."""
        self.directories += other.directories
        self.directory_bytes += other.directory_bytes
        for uid, counts in other.others.items():
            own = self.others.setdefault(uid, [0, 0, 0])
            own[:] = map(sum, zip(own, counts, strict=True))
        for file, (names, disk_size) in other._linked.items():  # noqa: SLF001 - its own class
            self._linked.setdefault(file, [0, disk_size])[0] += names
        self._see_times(other._changed, other._written)  # noqa: SLF001 - its own class
        self._read = min(self._read, other._read)  # noqa: SLF001 - its own class
        return self

    def result(self, name_of: Callable[[int], str | None]) -> Survey:
        """Return the counts.

        Args:
            name_of: Returns the name of the user with a number.
        """
        return Survey(
            directories=self.directories,
            directory_bytes=self.directory_bytes,
            bytes_of_other_names=sum((names - 1) * disk_size for names, disk_size in self._linked.values()),
            uid=self.uid,
            owner=name_of(self.uid),
            others=tuple(Owned(uid, name_of(uid), *counts) for uid, counts in sorted(self.others.items())),
            restored_s=self._restored_s(),
            are_reads_of_restoring=self._read >= self._changed[1] - _TOGETHER_NS,
        )

    def _restored_s(self) -> int | None:
        if not self._is_together or self._written[1] - self._written[0] < _APART_NS:
            return None
        return self._changed[1] // 10**9


def _on_disk(status: os.stat_result) -> int:
    return status.st_blocks * 512 if _HAS_BLOCKS else 0
