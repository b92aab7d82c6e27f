"""Entries that were not used since a time: a mark, a date, an age."""

from collections.abc import Collection, Mapping
from math import inf

from pipcacheplus.model.values import Brief, Kind
from pipcacheplus.plan.comparison import Chosen
from pipcacheplus.plan.last_use import LastUse

__all__ = ["Unused"]

_USABLE = frozenset(Kind) - {Kind.LEFTOVER, Kind.FOREIGN}
"""Kinds that a pip uses."""
_NS = 10**9


class Unused:
    """Chooses entries that were certainly not used since; the others stay."""

    def __init__(self, since_s: float, last_use: LastUse, *, recorded_until_s: float = -inf) -> None:
        """Begin without any entry.

        Args:
            since_s: The time, in seconds since 1970.
            last_use: The evidence of the last use of entries.
            recorded_until_s: The time until which records contain every use since then; earlier if there are none.
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
        """Return the reason why use since then is unknown, as a clause; `None` if it is known."""
        if self._is_known:
            return None
        if not self._last_use.has_access_times:
            return "the file system keeps no access times, and there is no record of use"
        return "the cache was restored as a whole after that, and its use before is unknown"

    def see(self, brief: Brief) -> None:
        """Add an entry."""
        if not self._is_known or brief.kind not in _USABLE or self._last_use.used_ns(brief) >= self._since_ns:
            return
        # A record is not complete: the build requirements that pip installs into a temporary environment are in no
        # report.
        has_times = self._last_use.has_access_times
        if has_times and self._last_use.may_be_used_until_ns(brief) > self._since_ns:
            self.uncertain += 1
            return
        self._found.append(brief.id)

    def wants_again(self) -> bool:
        """Return false: one pass is enough."""
        return False

    def chosen(self, gone: Collection[str]) -> Mapping[str, Chosen]:
        """Return the unused entries."""
        chosen = Chosen("unused", "not used since then", goes_by_stamp=True)
        return {id_: chosen for id_ in self._found if id_ not in gone}
