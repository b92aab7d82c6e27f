"""The rule that keeps files that were used within a day.

A pip that installs a built wheel lists the directory, chooses, and opens the file seconds later; no order of removal
is safe against that, nor is moving away. A pip that builds lists the directory, makes it if it is not
there, and puts the wheel into it in the end, hours later. But builds and installs usually repeat within hours, so a
wheel that was unused for longer than a day is hardly chosen in the seconds that matter (seen with pips 23.2.1 to 26.3:
8 to 17 of 40 installs failed without this rule, 0 of 120 with it). The day is that of `relatime`, which updates an
older access time; the hour is for clocks that differ.
"""

import os

from pipcacheplus.model.values import File

__all__ = ["is_used", "why_busy"]

_QUIET_S = 25 * 3600


def why_busy(file: File, status: os.stat_result, *, now_s: float, has_access_times: bool, is_moved: bool) -> str | None:
    """Return the reason why a file may be in use, `None` if it was unused for a day and an hour.

    Args:
        file: Its state when it was judged.
        status: Its present status.
        now_s: Seconds since 1970. A time in the future counts as use.
        has_access_times: Whether the file system keeps them. Without, the times of writing and of the last change of
            name or rights count, which show little about reading.
        is_moved: Whether this program's own reading changes them: then the one from before counts.
    """
    read_ns = file.atime_ns if is_moved else status.st_atime_ns
    if not is_used(status, read_ns, now_s=now_s, has_access_times=has_access_times):
        return None
    return "used or written within a day, and pips may be running; `exclusive=True` means that none is"


def is_used(status: os.stat_result, read_ns: int, *, now_s: float, has_access_times: bool) -> bool:
    """Return whether a file or directory was read at `read_ns`, or written, within a day and an hour."""
    used_ns = max(status.st_mtime_ns, read_ns if has_access_times else status.st_ctime_ns)
    return used_ns / 1e9 > now_s - _QUIET_S
