"""The parts of a reason that compares entries: a newer version, the same bytes, a wheel built from an sdist.

A check looks at one entry at a time and finds something wrong with it. A comparison sees all entries go by, in order of
their ids, and says then which of them need not stay, because of others. A comparison is one file in `plan/`.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from pipcacheplus.model.values import Brief

__all__ = ["Chosen", "Comparison"]


class Chosen(NamedTuple):
    """Why an entry need not stay."""

    reason: str
    """A slug: `superseded`."""
    why: str
    """A clause for people."""
    because: tuple[str, ...] = ()
    """Ids of the entries without which it would have to stay: they are looked at again before it goes."""
    goes_by_stamp: bool = False
    """Whether size and times of its files decide alone, whatever it is called."""


class Comparison(Protocol):
    """A question to all entries together."""

    def see(self, brief: Brief) -> None:
        """Take one more entry in."""

    def wants_again(self) -> bool:
        """Return whether all entries have to go by once more, now that they were seen once."""

    def chosen(self, gone: Collection[str]) -> Mapping[str, Chosen]:
        """Return what need not stay, by id.

        Args:
            gone: Ids of entries that go for another reason: nothing need not stay because of them.
        """
