"""The parts of a reason that compares entries: a newer version, the same bytes, a wheel built from an sdist.

A check examines one entry at a time. A comparison receives all entries, in order of
their ids, and then returns those that are not needed because of others. A comparison is one file in `plan/`.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from pipcacheplus.model.values import Brief

__all__ = ["Chosen", "Comparison"]


class Chosen(NamedTuple):
    """The reason why an entry is not needed."""

    reason: str
    """A slug: `superseded`."""
    why: str
    """A clause for people."""
    because: tuple[str, ...] = ()
    """Ids of the entries because of which it is not needed: they are read again before it is removed."""
    goes_by_stamp: bool = False
    """Whether size and times of its files decide alone, independent of its name."""


class Comparison(Protocol):
    """A reason that depends on all entries together."""

    def see(self, brief: Brief) -> None:
        """Add an entry."""

    def wants_again(self) -> bool:
        """Return whether a second pass over all entries is needed."""

    def chosen(self, gone: Collection[str]) -> Mapping[str, Chosen]:
        """Return the entries that are not needed, by id.

        Args:
            gone: Ids of entries that are removed for another reason: they are no reason to remove others.
        """
