"""A call that goes wrong while a plan is carried out: it fails, or the machine goes down."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

__all__ = ["FAULTS", "CrashError", "Fault"]


class CrashError(BaseException):
    """The machine went down."""


@dataclass(slots=True)
class Fault:
    """Makes a call go wrong, counted from 1; the machine's sleep counts too."""

    at: int
    error: BaseException
    _count: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def around(self, function: Callable[..., None]) -> Callable[..., None]:
        """Return the function, as long as it is not its turn."""

        def call(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 - those of the function
            if next(self._count) == self.at:
                raise self.error
            function(*arguments, **named)

        return call


FAULTS = st.none() | st.tuples(st.integers(1, 9), st.booleans())
"""At which call, and whether it is a crash."""
