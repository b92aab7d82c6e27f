"""Entries that were not used since a moment: a mark, a date, an age."""

from collections.abc import Collection, Mapping
from math import inf

from pipcacheplus.model.values import Brief, Kind
from pipcacheplus.plan.comparison import Chosen
from pipcacheplus.plan.last_use import LastUse

__all__ = ["Unused"]

_USABLE = frozenset(Kind) - {Kind.LEFTOVER, Kind.FOREIGN}
"""Kinds of which it can be said that a pip uses them."""
_NS = 10**9


class Unused:
    """Chooses entries of which it is certain that nothing has used them since; the others stay."""

    def __init__(self, since_s: float, last_use: LastUse, *, recorded_until_s: float = -inf) -> None:
        """Begin without any entry.

        Args:
            since_s: The moment, in seconds since 1970.
            last_use: What is known of when entries were used.
            recorded_until_s: Until when a record says all that was used since the moment; earlier if there is none.
        """
        self._since_ns = int(since_s * _NS)
        self._last_use = last_use
        self._is_recorded = recorded_until_s >= since_s
        self._is_known = self._is_recorded or last_use.knows_since(self._since_ns)
        self._found: list[str] = []
        self.uncertain = 0
        """Entries that may have been used since without a trace."""

    @property
    def trouble(self) -> str | None:
        """Return why nothing can be said of use since then, as a clause; `None` if it can."""
        if self._is_known:
            return None
        if not self._last_use.has_access_times:
            return "the file system keeps no access times, and no record says what was used"
        return "the cache was restored as a whole after that, and nothing is known of its use before"

    def see(self, brief: Brief) -> None:
        """Take one more entry in."""
        if not self._is_known or brief.kind not in _USABLE or self._last_use.used_ns(brief) >= self._since_ns:
            return
        # A record does not say all: what pip builds with, in an environment that is gone, is in no report.
        has_times = self._last_use.has_access_times
        if has_times and self._last_use.may_be_used_until_ns(brief) > self._since_ns:
            self.uncertain += 1
            return
        self._found.append(brief.id)

    def wants_again(self) -> bool:
        """Return false: once is enough."""
        return False

    def chosen(self, gone: Collection[str]) -> Mapping[str, Chosen]:
        """Return what was not used."""
        chosen = Chosen("unused", "not used since then", goes_by_stamp=True)
        return {id_: chosen for id_ in self._found if id_ not in gone}
