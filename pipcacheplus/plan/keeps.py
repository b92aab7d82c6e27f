"""Keeps, which win over every reason: selections of the user's, and what locks and environments name."""

from collections.abc import Sequence

from pipcacheplus.model.values import Brief, Entry, Kind, Locked
from pipcacheplus.plan.needed import Needed
from pipcacheplus.plan.select import Selection

__all__ = ["Keeps"]


class Keeps:
    """Selections to be kept, and what is named elsewhere."""

    def __init__(self, keep: Sequence[str | Kind], *, cache_dir: str, needed: Needed | None = None) -> None:
        """Understand the selections.

        Args:
            keep: In the words of the command line.
            cache_dir: Of the cache.
            needed: What locks and environments name; `None` without any.

        Raises:
            BadRequestError: `keep` cannot be understood.
            TypeError: It is a single word, and no list.
        """
        self.selection = Selection(keep, cache_dir=cache_dir)
        self.needed = needed

    def __bool__(self) -> bool:
        """Return whether anything is to be kept."""
        return self.needed is not None or not self.selection.is_all

    def fits(self, entry: Entry | Brief) -> bool:
        """Return whether an entry is to be kept; each part is asked, so that all know what they fit."""
        is_selected = not self.selection.is_all and self.selection.is_wanted(entry)
        return (self.needed is not None and self.needed.fits(entry)) or is_selected

    @property
    def locked(self) -> Locked | None:
        """Return how much of what is named elsewhere the entries so far hold."""
        return None if self.needed is None else self.needed.locked
