"""Keeps, which win over every reason: selections of the user, and files that locks and environments name."""

from collections.abc import Sequence

from pipcacheplus.model.values import Brief, Entry, Kind, Locked
from pipcacheplus.plan.needed import Needed
from pipcacheplus.plan.select import Selection

__all__ = ["Keeps"]


class Keeps:
    """Selections to keep, and files that locks and environments name."""

    def __init__(
        self,
        keep: Sequence[str | Kind],
        *,
        cache_dir: str,
        needed: Needed | None = None,
        empty_locks: Sequence[str] = (),
    ) -> None:
        """Parse the selections.

        Args:
            keep: In the words of the command line.
            cache_dir: Path of the cache.
            needed: Files that locks and environments name; `None` without any.
            empty_locks: Paths of locks that name no package.

        Raises:
            BadRequestError: `keep` is invalid.
            TypeError: It is a single word, and no list.
        """
        self.selection = Selection(keep, cache_dir=cache_dir)
        self.needed = needed
        self.empty_locks = tuple(empty_locks)

    def __bool__(self) -> bool:
        """Return whether there is any keep."""
        return self.needed is not None or not self.selection.is_all

    def fits(self, entry: Entry | Brief) -> bool:
        """Return whether an entry is kept; every part is tested, so that the unmatched ones are known."""
        is_selected = not self.selection.is_all and self.selection.is_wanted(entry)
        return (self.needed is not None and self.needed.fits(entry)) or is_selected

    @property
    def locked(self) -> Locked | None:
        """Return the counts of named files and versions, and of those among the entries so far."""
        return None if self.needed is None else self.needed.locked
