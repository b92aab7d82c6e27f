"""Downloads whose bytes lie in the cache under another URL too: signed redirects, mirrors, file hosts that moved."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from pipcacheplus.model.values import Brief, Kind
from pipcacheplus.plan.comparison import Chosen
from pipcacheplus.plan.last_use import LastUse

__all__ = ["Duplicates"]


class Duplicates:
    """Chooses, of downloads with the same content, all but the one that was used last."""

    def __init__(self, digests: Mapping[str, str], last_use: LastUse) -> None:
        """Begin without any entry.

        Args:
            digests: SHA-256 of downloads, by their ids; unique ones may be left out.
            last_use: The evidence of the last use of entries.
        """
        self._digests = digests
        self._last_use = last_use
        self._same = defaultdict[tuple[str, str | None], list[tuple[int, str]]](list)

    def see(self, brief: Brief) -> None:
        """Add an entry."""
        digest = self._digests.get(brief.id)
        # Wheels of one version for several Pythons may have the same metadata.
        name = brief.filename if brief.kind is Kind.METADATA else brief.project
        if digest is not None and name is not None:
            self._same[digest, name].append((self._last_use.used_ns(brief), brief.id))

    def wants_again(self) -> bool:
        """Return false: one pass is enough."""
        return False

    def chosen(self, gone: Collection[str]) -> Mapping[str, Chosen]:
        """Return the duplicates."""
        found: dict[str, Chosen] = {}
        for same in self._same.values():
            *others, (_, last) = sorted(one for one in same if one[1] not in gone) or [(0, "")]
            found.update((id_, Chosen("duplicate", f"{last} holds the same bytes", (last,))) for _, id_ in others)
        return found
