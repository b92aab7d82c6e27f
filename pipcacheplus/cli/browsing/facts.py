"""The entries of a cache for the terminal view: thirty bytes an entry; the rest is made when it is shown."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from pipcacheplus.model.values import Brief, Entry, Finding, Headline, Kind
from pipcacheplus.render.order import listed_order
from pipcacheplus.render.summary import OPTIONS_OF_REASONS, briefs_of
from pipcacheplus.render.times import last_used_of

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.model.values import Progress

__all__ = ["NO_PROJECT", "REASONS", "BrowsedEntries", "Reading", "read_entries"]

NO_PROJECT = ""
"""What stands for the project of an entry that has none."""
REASONS = tuple(OPTIONS_OF_REASONS.values())
"""Reasons to remove entries: options of `prune`. The place of each is its bit in `BrowsedEntries.reasons`."""
_KINDS = tuple(Kind)
_NS = 10**9
_NEVER = -(1 << 62)
"""The second that stands for no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a cache is read."""

    pythons: Any
    """As `PipCache.plan` takes them."""
    remembers: bool
    verifies: bool = False
    """Whether files are read to their end, once, so that damage is found as well."""


class BrowsedEntries:
    """The columns that the view sorts and groups by.

    An entry is named by its place, which is that in the order of ids.
    """

    def __init__(self, entries: Sequence[Entry], *, last_use: str) -> None:
        """Take the entries, with no reason for any of them.

        Args:
            entries: All of them, in order of their ids.
            last_use: `atime`, or `mtime` where access times are not kept.
        """
        self.last_use = last_use
        self.sizes = array("Q")
        """Bytes on the disk; of a file that several entries share, those of the first of them."""
        self.used_s = array("q")
        """When each was last used, in seconds since 1970."""
        self.kinds = bytearray()
        self.projects = array("I")
        """Places in `project_names`."""
        self.project_names: list[str] = []
        self.reasons = array("H", bytes(2 * len(entries)))
        """Bits of `REASONS`."""
        self.cache_size = 0
        """Bytes on the disk of the entries and their directories."""
        self.warnings: tuple[str, ...] = ()
        self._entries = entries
        self._lock = Lock()  # records of entries are read from one file, by the screen and by a search
        self._fill()

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self.sizes)

    def _fill(self) -> None:
        numbers: dict[str, int] = {}
        shared = set[str]()
        for at, brief in enumerate(briefs_of(self._entries)):
            is_shared = brief.kind is Kind.BUILT_WHEEL and brief.file_count > 1
            self.sizes.append(self._unshared(at, shared) if is_shared else brief.disk_size)
            used_ns = last_used_of(brief, self.last_use)
            self.used_s.append(_NEVER if used_ns is None else used_ns // _NS)
            self.kinds.append(_KINDS.index(brief.kind))
            self.projects.append(numbers.setdefault(brief.project or NO_PROJECT, len(numbers)))
        self.project_names = [*numbers]

    def _unshared(self, at: int, shared: set[str]) -> int:
        files = self._entries[at].files
        others = [file for file in files[1:] if file.path not in shared]
        shared.update(file.path for file in others)
        return sum(file.disk_size for file in (*files[:1], *others))

    def give_reasons(self, findings: Sequence[Finding], redundant: Mapping[str, frozenset[str]]) -> None:
        """Store the reasons to remove entries, in place of all that were stored before.

        Args:
            findings: In order of the ids of their entries.
            redundant: Ids of what need not stay because of other entries, by the reason.
        """
        masks = _masks(findings)
        bits = {reason: 1 << REASONS.index(OPTIONS_OF_REASONS[reason]) for reason in redundant}
        head = next(masks, None)
        for at, brief in enumerate(briefs_of(self._entries)):
            found = 0
            while head is not None and head[0] <= _ordered(brief.id):
                if head[0] == _ordered(brief.id):
                    found |= head[1]
                head = next(masks, None)
            for reason, ids in redundant.items():
                if brief.id in ids:
                    found |= bits[reason]
            self.reasons[at] = found

    def brief(self, at: int) -> Brief:
        """Return what a line says of an entry."""
        return Brief.of(self.entry(at))

    def entry(self, at: int) -> Entry:
        """Return an entry."""
        with self._lock:
            return self._entries[at]

    def kind(self, at: int) -> Kind:
        """Return the kind of an entry."""
        return _KINDS[self.kinds[at]]

    def used(self, at: int) -> int | None:
        """Return when an entry was last used, in seconds since 1970; `None` if it has no file."""
        return None if self.used_s[at] == _NEVER else self.used_s[at]

    def reasons_of(self, at: int) -> tuple[str, ...]:
        """Return the reasons to remove an entry: options of `prune`."""
        mask = self.reasons[at]
        return tuple(reason for bit, reason in enumerate(REASONS) if mask >> bit & 1) if mask else ()

    @cached_property
    def name_ranks(self) -> "array[int]":
        """Return for each entry its place in the order of projects, versions and kinds; slow the first time."""
        with self._lock:
            keys = [(not brief.project, listed_order(brief)[1:], brief.id) for brief in briefs_of(self._entries)]
        ranks = array("I", bytes(4 * len(keys)))
        for rank, at in enumerate(sorted(range(len(keys)), key=keys.__getitem__)):
            ranks[at] = rank
        return ranks

    def places_of(self, ids: set[str]) -> "array[int]":
        """Return the places of those of the entries that are still there."""
        return array("I", (at for at, brief in enumerate(briefs_of(self._entries)) if brief.id in ids))


def _ordered(id_: str) -> bytes:
    """Return what ids are in order of."""
    return id_.encode("utf-8", "surrogateescape")


def _masks(findings: Sequence[Finding]) -> Iterator[tuple[bytes, int]]:
    """Yield for each finding that speaks for removal its entry and the bit of its reason."""
    by_entry = getattr(findings, "by_entry", None)
    heads: Iterator[tuple[str, Headline]] = (
        ((one.entry.id, Headline.of(one)) for one in findings) if by_entry is None else by_entry()
    )
    for id_, head in heads:
        if head.goes and not head.is_directory:
            yield _ordered(id_), 1 << REASONS.index(head.group.option)


def read_entries(cache: "PipCache", how: Reading, progress: "Progress | None") -> BrowsedEntries:
    """Read a cache: its entries, and the reasons to remove each.

    Args:
        cache: The cache.
        how: With which interpreters, and how far.
        progress: Called with the entries read; then, if files are read to their end, with the bytes.

    Raises:
        PipCachePlusError: The cache is gone, or an interpreter cannot be asked.
        OSError: The cache cannot be listed.
    """
    found = cache.overview(reads=True, pythons=how.pythons, remembers=how.remembers, progress=progress)
    facts = BrowsedEntries(found.entries, last_use=cache.last_use)
    findings, warnings = found.findings, found.warnings
    if how.verifies:
        verified = cache.verify(pythons=how.pythons, remembers=how.remembers, progress=progress)
        findings, warnings = verified.findings, verified.warnings
    facts.give_reasons(findings, found.redundant)
    facts.warnings = tuple(f"{warned.path}: {warned.message}" for warned in warnings)
    facts.cache_size = found.survey.directory_bytes - found.survey.bytes_of_other_names + sum(facts.sizes)
    return facts
