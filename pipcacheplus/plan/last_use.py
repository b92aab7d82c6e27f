"""The last use of entries by the times of their files, and the time since which they were certainly not used.

Linux stores only some reads of a file (`relatime`): if the file was written or changed since the last
stored read, or if that is a day old. So "last read at noon" can mean "read at noon, and again in the
evening". A cache that was restored as a whole has no times from before: unpacking an archive sets all access
times.

Source: Linux 6.18, `fs/inode.c`, `relatime_need_update`; mount(8), "relatime", "strictatime".
"""

from collections.abc import Callable
from typing import NamedTuple

from pipcacheplus.model.values import Brief, Survey

__all__ = ["LastUse"]

_DAY_NS = 86_400 * 10**9
_MINUTES_NS = 15 * 60 * 10**9
"""Files that were unpacked at once have their times within this time of each other."""


def _nothing_recorded(_brief: Brief, /) -> int | None:
    return None


class LastUse(NamedTuple):
    """The evidence of the last use of the entries of one cache."""

    has_access_times: bool
    """Whether the file system keeps them; if not, only writes and records are known."""
    is_exact: bool = False
    """Whether each read is stored, and not only the first one of a day."""
    restored_ns: int | None = None
    """When the cache was restored as a whole, if no access time is from before: nanoseconds since 1970."""
    recorded: Callable[[Brief], int | None] = _nothing_recorded
    """Last uses of entries by other sources than the file system, in nanoseconds since 1970."""

    @classmethod
    def of(
        cls,
        survey: Survey,
        *,
        has_access_times: bool,
        is_exact: bool,
        recorded: Callable[[Brief], int | None] = _nothing_recorded,
    ) -> "LastUse":
        """Return the evidence for a cache.

        Args:
            survey: The survey of the cache.
            has_access_times: Whether its file system keeps them.
            is_exact: As the field.
            recorded: As the field.
        """
        restored_s = survey.restored_s if survey.are_reads_of_restoring else None
        restored_ns = None if restored_s is None else (restored_s + 1) * 10**9
        return cls(has_access_times, is_exact, restored_ns, recorded)

    def used_ns(self, brief: Brief) -> int:
        """Return the last use that is known, in nanoseconds since 1970: never before it was written."""
        read = brief.atime_ns if self.has_access_times else None
        # A read after the restore is later than the change by the restore.
        if read is not None and read <= (brief.ctime_ns or 0) and self._is_of_restoring(read):
            read = None
        return max(brief.mtime_ns or 0, read or 0, self.recorded(brief) or 0)

    def may_be_used_until_ns(self, brief: Brief) -> int:
        """Return the time until which it may have been used without a trace; the last known use if each leaves a trace.

        The first read after a change is stored, and so is one a day after the last stored one.
        """
        used = self.used_ns(brief)
        read, changed = brief.atime_ns, max(brief.ctime_ns or 0, brief.mtime_ns or 0)
        if self.is_exact or read is None:
            return used
        return max(used, min(read + _DAY_NS, changed) if read <= changed else read + _DAY_NS)

    def knows_since(self, since_ns: int) -> bool:
        """Return whether times of files show the use since a time, in nanoseconds since 1970."""
        return self.has_access_times and (self.restored_ns is None or since_ns > self.restored_ns - _MINUTES_NS)

    def _is_of_restoring(self, time_ns: int) -> bool:
        return self.restored_ns is not None and self.restored_ns - _MINUTES_NS <= time_ns <= self.restored_ns
