"""The rule that leaves alone what was used within a day.

A pip that installs a built wheel lists the directory, chooses, and opens the file seconds later; no order of removing
is safe against that, and moving away is none either. A pip that builds lists the directory, makes it if it is not
there, and puts the wheel into it in the end, hours later. But who builds or installs comes again within hours, so what
lay unused for longer than a day is hardly chosen in the seconds that matter (seen with pips 23.2.1 to 26.3: 8 to 17 of
40 installs failed without this rule, 0 of 120 with it). The day is that of `relatime`, which moves an access time that
is older; the hour is for clocks that differ.
"""

import os

from pipcacheplus.model.values import File

__all__ = ["is_used", "why_busy"]

_QUIET_S = 25 * 3600


def why_busy(file: File, status: os.stat_result, *, now_s: float, has_access_times: bool, is_moved: bool) -> str | None:
    """Return why a file may be in use, `None` if it lay still for a day and an hour.

    Args:
        file: As it was judged.
        status: As it is now.
        now_s: Seconds since 1970. A time in the future counts as use.
        has_access_times: Whether the file system keeps them. Without, the times count at which the file was
            written, and last changed its name or its rights; of reading they say little.
        is_moved: Whether our own reading moves them: then the one counts that it had before we read.
    """
    read_ns = file.atime_ns if is_moved else status.st_atime_ns
    if not is_used(status, read_ns, now_s=now_s, has_access_times=has_access_times):
        return None
    return "used or written within a day, and pips may be at work; `exclusive=True` says that none is"


def is_used(status: os.stat_result, read_ns: int, *, now_s: float, has_access_times: bool) -> bool:
    """Return whether a file or directory was read at `read_ns`, or written, within a day and an hour."""
    used_ns = max(status.st_mtime_ns, read_ns if has_access_times else status.st_ctime_ns)
    return used_ns / 1e9 > now_s - _QUIET_S
