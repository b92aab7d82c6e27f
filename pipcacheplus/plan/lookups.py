"""Facts for words of a selection that need more than an entry's names, from the rest of the cache.

Words are parsed before a cache is read. Those that need more than an entry's own line use a `Lookups`, which
the run that reads the cache fills.
"""

from collections.abc import Mapping
from enum import Enum, auto

from pipcacheplus.model.values import Brief, Entry, Group, OriginFacts
from pipcacheplus.plan.last_use import LastUse

__all__ = ["Lookups", "Need"]


class Need(Enum):
    """The facts that a word needs."""

    USE = auto()
    DIGESTS = auto()
    ORIGINS = auto()
    INDEXES = auto()
    STATES = auto()


class Lookups:
    """Facts about entries by their ids; empty until a run has read the cache."""

    def __init__(self) -> None:
        self.needs: set[Need] = set()
        """The facts that the words of the selection need."""
        self.digests: set[str] = set()
        """Beginnings of SHA-256 that words name, in hex."""
        self.indexes: set[str] = set()
        """Hosts and URLs of indexes that words name."""
        self.last_use = LastUse(has_access_times=False)
        self.with_digest: Mapping[str, frozenset[str]] = {}
        """Ids of entries that have, or should have, a SHA-256 that begins so."""
        self.of_index: Mapping[str, frozenset[str]] = {}
        """Ids of the pages of an index, and of the entries that they link to."""
        self.origins: Mapping[str, OriginFacts] = {}
        self.groups: Mapping[str, frozenset[Group]] = {}
        """Reasons to remove an entry, for those with a finding."""

    def used_s(self, entry: Entry | Brief) -> float:
        """Return the last use that is known, in seconds since 1970."""
        return self.last_use.used_ns(_brief(entry)) / 1e9

    def was_unused_since(self, entry: Entry | Brief, moment_s: float) -> bool:
        """Return whether an entry was certainly not used since a time."""
        moment_ns = int(moment_s * 10**9)
        if not self.last_use.knows_since(moment_ns):
            return False
        return self.last_use.may_be_used_until_ns(_brief(entry)) < moment_ns


def _brief(entry: Entry | Brief) -> Brief:
    return entry if isinstance(entry, Brief) else Brief.of(entry)
