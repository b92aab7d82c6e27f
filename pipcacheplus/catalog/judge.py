"""Put the checks to those entries that they could object to: the catalog chooses, the checks decide."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from pipcacheplus.catalog.contents import PROVEN
from pipcacheplus.catalog.entry_rows import Names, as_bytes, check_seal, names_of
from pipcacheplus.catalog.known import Known
from pipcacheplus.catalog.references import JoinedRow, Reference, rows
from pipcacheplus.catalog.stored_facts import split_tags
from pipcacheplus.checks.base.check import Check, Context, findings
from pipcacheplus.checks.base.proof import evidence_of
from pipcacheplus.model.facts import Facts, Unknown
from pipcacheplus.model.values import Checked, Shape

__all__ = ["Judge"]


class Judged(NamedTuple):
    """An entry that was judged."""

    row: JoinedRow
    names: Names
    checked: Checked


class _Later:
    """The facts of a row, put together when they are asked for; in the place of `Facts`."""

    __slots__ = ("_arguments", "_facts", "_make")

    def __init__(self, make: Callable[[JoinedRow, Reference | None], Facts], *arguments: Any) -> None:  # noqa: ANN401
        self._make = make
        self._arguments = arguments
        self._facts: Facts | None = None

    def __getattr__(self, name: str) -> object:
        if self._facts is None:
            self._facts = self._make(*self._arguments)
        return getattr(self._facts, name)


class Judge:
    """Checks, and the catalog that they are put to."""

    def __init__(
        self, connection: sqlite3.Connection, known: Known, context: Context, checks: Sequence[Check], *, is_whole: bool
    ) -> None:
        """Take a catalog that is up to date.

        Args:
            connection: Of the catalog.
            known: What the rest of the cache says of entries.
            context: What checks may know besides.
            checks: Which ones.
            is_whole: Whether contents were read to their end, where anything was missing. If not, what is known of
                contents plays no part: it depends on what was asked before.
        """
        self._connection = connection
        self._known = known
        self._context = context
        self._checks = tuple(checks)
        self._is_whole = is_whole
        self._note_tags()
        self._parameters: dict[str, object] = {
            "now": context.now_s,
            "stale_age": context.stale_age_s,
        }

    def _note_tags(self) -> None:
        """Judge each set of tags once: there are a few hundred in a cache."""
        usable = self._context.tags
        self._connection.execute("DELETE FROM bad_tags")
        if usable is None:
            return
        distinct = self._connection.execute("SELECT DISTINCT tags FROM entry WHERE tags IS NOT NULL")
        bad = [(joined,) for (joined,) in distinct if usable.isdisjoint(split_tags(joined))]
        self._connection.executemany("INSERT INTO bad_tags VALUES (?)", bad)

    def objections(self, unread: dict[bytes, str], where: str = "1") -> Iterator[Judged]:
        """Yield the entries that a check objects to, in order of ids, and those of which nobody can tell.

        Args:
            unread: Entries that could not be read, by id.
            where: Which entries are considered, a condition over `entry e`.

        Raises:
            RowDamagedError: A row is not one that was written.
        """
        bits = [self._condition(check, check.rows) for check in self._checks]
        bits.append(" OR ".join(self._condition(check, check.unjudged) for check in self._checks) or "0")
        bits.append("e.read_ns IS NULL OR e.id IN (SELECT id FROM unread)")
        mask = " + ".join(f"(({bit}) IS TRUE) * {1 << at}" for at, bit in enumerate(bits))
        for row in rows(self._connection, f"({where}) AND ({mask}) > 0", self._parameters, more=mask):
            if row.id in unread:
                yield self._unread(row)
                continue
            chosen = [check for at, check in enumerate(self._checks) if row.more >> at & 1]
            one = self.judged(row, chosen, may_be_unknown=bool(row.more >> len(self._checks)))
            if one.checked.findings or one.checked.is_unverifiable:
                yield one

    def all(self, unread: dict[bytes, str], where: str = "1", *, wants_evidence: bool = False) -> Iterator[Checked]:
        """Yield all entries, with what the checks say of them."""
        for row in rows(self._connection, where, self._parameters):
            if row.id in unread:
                yield self._unread(row).checked
            else:
                yield self.judged(row, self._checks, wants_evidence=wants_evidence).checked

    def _unread(self, row: JoinedRow) -> Judged:
        names = names_of(row.shape, (None,) * 7)
        return Judged(row, names, Checked(self._known.entry(row, names), is_unverifiable=True))

    def _condition(self, check: Check, rows_: str) -> str:
        shapes = ", ".join(f"'{shape.value}'" for shape in sorted(check.shapes))
        return f"(e.shape IN ({shapes}) AND ({rows_.replace(':proven', PROVEN)}))"

    def judged(
        self, row: JoinedRow, checks: Sequence[Check], *, may_be_unknown: bool = True, wants_evidence: bool = False
    ) -> Judged:
        """Return an entry with its names, and what some checks say of it."""
        reference = row.reference()
        names = self._known.names(row, reference)
        named = self._known.entry(row, names)
        if row.is_read:
            check_seal(row.facts)
        # Most of those that are chosen are pages past their lifetime, which their names tell.
        facts = cast("Facts", _Later(self._whole if self._is_whole else self._ends, row, reference))
        found = tuple(findings(named, facts, self._context, checks))
        is_unknown = may_be_unknown and (isinstance(facts.payload, Unknown) or isinstance(facts.damage, Unknown))
        evidence = tuple(evidence_of(named, facts)) if wants_evidence else ()
        return Judged(row, names, Checked(named, found, is_unknown, evidence))

    def _whole(self, row: JoinedRow, reference: Reference | None) -> Facts:
        return self._known.whole(row, reference)

    def _ends(self, row: JoinedRow, _reference: Reference | None) -> Facts:
        return self._known.facts(row)

    def beside(self, one: Checked) -> Iterator[Checked]:
        """Yield the other built wheels that share a file with one."""
        if one.entry.shape is not Shape.BUILT_WHEEL or len(one.entry.files) == 1:
            return
        own = as_bytes(one.entry.id)
        folder = own.rpartition(b"/")[0]
        bounds = {"own": own, "low": folder + b"/", "high": folder + b"0"}
        where = "e.id > :low AND e.id < :high AND e.id <> :own AND e.shape = 'built-wheel'"
        for row in rows(self._connection, where, bounds):
            yield self.judged(row, ()).checked
