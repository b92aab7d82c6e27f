"""Work that another thread does, as the screen sees it: what it is, how far it is, and that it is to stop."""

from threading import Event

from pipcacheplus.render.text.words import safe

__all__ = ["JobStoppedError", "ScreenJob"]


class JobStoppedError(Exception):
    """Somebody does not want to wait any longer."""


class ScreenJob:
    """Work in another thread, as the screen sees it."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.stop = Event()
        """Set if it is to stop: what changes the cache does so between two entries."""
        self.done = 0
        self.total: int | None = None
        self.waits = ""

    def note(self, done: int, total: int | None) -> None:
        """Note how far the work is."""
        self.done, self.total, self.waits = done, total, ""

    def progress(self, done: int, total: int | None) -> None:
        """Note how far the work is, and end it if it is to stop.

        Raises:
            JobStoppedError: It is.
        """
        self.note(done, total)
        if self.stop.is_set():
            raise JobStoppedError

    def wait(self, why: str) -> None:
        """Note what is waited for."""
        self.waits = why

    def in_words(self) -> str:
        """Return what is being done, and how far it is."""
        if self.stop.is_set():
            return f"stopping {self.what} ..."
        if self.waits:
            return safe(self.waits)
        share = f" {self.done / self.total:.0%}" if self.total else f" {self.done:,}" if self.done else ""
        return f"{self.what}{share} ... (Escape stops it)"
