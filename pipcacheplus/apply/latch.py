"""A request to stop, which once heard is not taken back."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Latch"]


@dataclass(slots=True)
class Latch:
    """Remembers that somebody asked to stop."""

    stop: Callable[[], bool] | None
    is_set: bool = False

    def ask(self) -> bool:
        """Return whether to stop."""
        self.is_set = self.is_set or (self.stop is not None and self.stop())
        return self.is_set
