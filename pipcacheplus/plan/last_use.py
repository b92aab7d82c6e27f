"""Tell from the times of files when an entry was last used, and when it was certainly not.

Linux notes a reading of a file only now and then (`relatime`): if the file was written or changed since the last
reading that was noted, or if that is a day old. So "last read at noon" can mean "read at noon, and again in the
evening". A cache that was restored as a whole says nothing of the time before: who unpacks an archive sets all access
times.

Source: Linux 6.18, `fs/inode.c`, `relatime_need_update`; mount(8), "relatime", "strictatime".
"""

from collections.abc import Callable
from typing import NamedTuple

from pipcacheplus.model.values import Brief, Survey

__all__ = ["LastUse"]

_DAY_NS = 86_400 * 10**9
_MINUTES_NS = 15 * 60 * 10**9
"""What was unpacked at once has its times within this time of each other."""


def _nothing_recorded(_brief: Brief, /) -> int | None:
    return None


class LastUse(NamedTuple):
    """What is known of when the entries of one cache were used."""

    has_access_times: bool
    """Whether the file system keeps them; if not, only writing is known, and what was recorded."""
    is_exact: bool = False
    """Whether each reading is noted, and not only the first one of a day."""
    restored_ns: int | None = None
    """When the cache was restored as a whole, if no access time is from before: nanoseconds since 1970."""
    recorded: Callable[[Brief], int | None] = _nothing_recorded
    """When something else than the file system knows an entry to have been used, in nanoseconds since 1970."""

    @classmethod
    def of(
        cls,
        survey: Survey,
        *,
        has_access_times: bool,
        is_exact: bool,
        recorded: Callable[[Brief], int | None] = _nothing_recorded,
    ) -> "LastUse":
        """Return what is known of a cache.

        Args:
            survey: Of the cache.
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
        # A reading after the restoring is later than the change that this was.
        if read is not None and read <= (brief.ctime_ns or 0) and self._is_of_restoring(read):
            read = None
        return max(brief.mtime_ns or 0, read or 0, self.recorded(brief) or 0)

    def may_be_used_until_ns(self, brief: Brief) -> int:
        """Return until when it may have been used without a trace; the last known use if each one leaves a trace.

        The first reading after a change is noted, and so is one a day after the last that was.
        """
        used = self.used_ns(brief)
        read, changed = brief.atime_ns, max(brief.ctime_ns or 0, brief.mtime_ns or 0)
        if self.is_exact or read is None:
            return used
        return max(used, min(read + _DAY_NS, changed) if read <= changed else read + _DAY_NS)

    def knows_since(self, since_ns: int) -> bool:
        """Return whether times of files say what was used since a moment, in nanoseconds since 1970."""
        return self.has_access_times and (self.restored_ns is None or since_ns > self.restored_ns - _MINUTES_NS)

    def _is_of_restoring(self, time_ns: int) -> bool:
        return self.restored_ns is not None and self.restored_ns - _MINUTES_NS <= time_ns <= self.restored_ns
