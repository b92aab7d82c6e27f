"""Limits of the time in which another process or thread hands over nothing, before its task is done in this process.

Looks are counted, not seconds: a run that is stopped as a whole (Ctrl-Z, a machine put to sleep) misses one look, and
nobody loses a task for it.
"""

__all__ = ["Patience"]

_MAX_IDLE_LOOKS = 12
"""A minute, for one that does not run at all: it is stopped, starves, or waits for what never comes."""
_MAX_SILENT_LOOKS = 120
"""Ten minutes, for one that runs: a slow disk takes as long for a large body, in this process as well."""


class Patience:
    """What is left of it, for one task; somebody who is heard of again gets a new one."""

    __slots__ = ("_idle", "_silent")

    LOOK_S = 5.0
    """Seconds from one look to the next, while nothing arrives."""

    def __init__(self) -> None:
        self._idle = self._silent = 0

    def is_over(self, *, runs: bool) -> bool:
        """Count a look after which nothing had arrived; return whether it was the last.

        Args:
            runs: Whether the other one did anything since the look before.
        """
        self._silent += 1
        self._idle = 0 if runs else self._idle + 1
        return self._idle >= _MAX_IDLE_LOOKS or self._silent >= _MAX_SILENT_LOOKS
