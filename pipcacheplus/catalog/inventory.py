"""What a look at a cache gives: its entries, and what is wrong with them; and how some of them are chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipcacheplus.model.values import CacheDir, Entry, Finding, Severity, Warned
from pipcacheplus.plan.select import Selector, matches, parse

__all__ = ["Inventory", "Verification", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What lies in a cache."""

    cache: CacheDir
    entries: tuple[Entry, ...]
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()
    """Selections that fitted nothing."""
    findings: tuple[Finding, ...] = ()
    """What an overview finds wrong on the way."""

    def select(self, *what: str, kind: str | None = None) -> tuple[Entry, ...]:
        """Return the entries that fit one of these, in the words of the command line; all if none is given.

        Raises:
            BadRequestError: One of them cannot be understood.
        """
        return tuple(filter(Wanted(what, kind).is_wanted, self.entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is wrong in a cache."""

    cache: CacheDir
    findings: tuple[Finding, ...]
    entries: int
    """Entries looked at."""
    bytes: int
    """Their size."""
    unverifiable: int
    """Entries of which it could not be told whether they are whole."""
    warnings: tuple[Warned, ...] = ()
    unmatched: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return what would make pip fail, or install or run something wrong."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


class Wanted:
    """A selection that remembers which of its parts fitted anything."""

    def __init__(self, what: Sequence[str], kind: str | None = None) -> None:
        self._what = [(text, parse(text)) for text in what]
        self._kind: Selector | None = None if kind is None else parse(f"kind:{kind}")
        self._seen: set[str] = set()

    def is_wanted(self, entry: Entry) -> bool:
        """Return whether an entry fits; every part is asked, so that `unmatched` is right."""
        if self._kind is not None and not matches(self._kind, entry):
            return False
        fitting = [text for text, selector in self._what if matches(selector, entry)]
        self._seen.update(fitting)
        return bool(fitting) or not self._what

    @property
    def unmatched(self) -> tuple[str, ...]:
        """Return the parts that fitted nothing so far."""
        return tuple(text for text, _ in self._what if text not in self._seen)
