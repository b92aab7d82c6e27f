"""Limits of the time without a result of another process or thread, before its task is done in this process.

Polls are counted, not seconds: a run that is stopped as a whole (Ctrl-Z, a sleeping machine) misses one poll, and
no worker loses a task for it.
"""

__all__ = ["Patience"]

_MAX_IDLE_LOOKS = 12
"""A minute, for one that does not run at all: it is stopped, gets no processor, or waits without end."""
_MAX_SILENT_LOOKS = 120
"""Ten minutes, for one that runs: a slow disk takes as long for a large body, in this process as well."""


class Patience:
    """The rest of the limit for one task; a worker that sends data gets a new one."""

    __slots__ = ("_idle", "_silent")

    LOOK_S = 5.0
    """Seconds from one poll to the next, while nothing arrives."""

    def __init__(self) -> None:
        self._idle = self._silent = 0

    def is_over(self, *, runs: bool) -> bool:
        """Count a poll without data; return whether it was the last.

        Args:
            runs: Whether the worker used processor time since the poll before.
        """
        self._silent += 1
        self._idle = 0 if runs else self._idle + 1
        return self._idle >= _MAX_IDLE_LOOKS or self._silent >= _MAX_SILENT_LOOKS
