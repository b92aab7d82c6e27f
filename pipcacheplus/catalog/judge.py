"""Running of checks on entries that could have a finding: the catalog chooses, the checks decide."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from pipcacheplus.catalog.entry_rows import Names, as_bytes, check_entry, check_seal, names_of
from pipcacheplus.catalog.known import Known
from pipcacheplus.catalog.records import Findings
from pipcacheplus.catalog.references import ACTIVE, JoinedRow, Reference, rows
from pipcacheplus.catalog.sources import REPLACED
from pipcacheplus.catalog.stored_facts import split_tags
from pipcacheplus.checks.base.check import Check, Context, is_listed, judge
from pipcacheplus.checks.base.looked_for import keys_looked_for
from pipcacheplus.checks.base.proof import evidence_of
from pipcacheplus.model.facts import Depth, Facts, Unknown
from pipcacheplus.model.values import Area, Checked, Count, CountedFindings, Kind, NotJudged, Severity, Shape

__all__ = ["Certain", "Judge"]


_CONTRADICTED = (
    "(e.id IN (SELECT id FROM led) OR EXISTS (SELECT 1 FROM link l WHERE l.key = e.key"
    f" AND (l.sha256 IS NOT c.sha256 OR NOT {ACTIVE})))"
)
"""Whether a page may publish another digest than the one that was computed, for instance by another algorithm."""


_NAMED = ((":contradicted", _CONTRADICTED), (":replaced", REPLACED))
"""Conditions that checks name, since only the catalog knows its tables."""


class _Judged(NamedTuple):
    """An entry that was judged."""

    names: Names
    checked: Checked


class _Choice(NamedTuple):
    """The conditions of the checks for a row."""

    checks: tuple[Check, ...]
    """The checks that could report it."""
    is_certain: bool
    """Whether each of them certainly reports it, and there is nothing else to report."""
    may_be_unknown: bool


class Certain(NamedTuple):
    """Entries whose findings all follow for certain from their columns, counted together."""

    kind: Kind
    checks: tuple[Check, ...]
    """Those that report each of them."""
    counts: Count


class _Later:
    """The facts of a row, combined on first use; with the interface of `Facts`."""

    __slots__ = ("_arguments", "_facts", "_make")

    def __init__(self, make: Callable[[JoinedRow, Reference | None], Facts], *arguments: Any) -> None:  # noqa: ANN401
        self._make = make
        self._arguments = arguments
        self._facts: Facts | None = None

    def __getattr__(self, name: str) -> object:
        if self._facts is None:
            self._facts = self._make(*self._arguments)
        return getattr(self._facts, name)


def _bit(condition: str, bit: int) -> str:
    for name, meant in _NAMED:
        condition = condition.replace(name, meant)
    return f"CASE WHEN {condition} THEN {bit} ELSE 0 END"


class Judge:
    """Checks, and the catalog on which they run."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        known: Known,
        context: Context,
        checks: Sequence[Check],
        *,
        depth: Depth,
        only: Shape | None = None,
        lacks: Callable[[JoinedRow, Reference | None], bool] | None = None,
    ) -> None:
        """Begin with a catalog that is up to date.

        Args:
            connection: Connection to the catalog.
            known: Names and facts of entries.
            context: The context of the checks.
            checks: The checks to run.
            depth: The depth to which entries were read where a result was missing. Deeper results are not used: they
                depend on earlier queries.
            only: The only shape whose contents were read, apart from sources.
            lacks: Whether contents of an entry were needed, and not read: the checks that depend on contents are not
                run on it. By default, all were read.
        """
        self._connection = connection
        self._known = known
        self._context = context
        self._checks = tuple(checks)
        self._certain = tuple(check for check in checks if check.certain != "0")
        self._is_whole = depth is Depth.WHOLE
        self._has_sources = depth >= Depth.SOURCES
        self._only = None if only is None else only.value
        self._lacks = lacks
        self._mask = self._conditions()
        self._note_tags()
        self._note_keys()
        self._parameters: dict[str, object] = {
            "now": context.now_s,
            "stale_age": context.stale_age_s,
            "all_asked": not context.unasked,
            "built_before": context.built_before_s,
        }

    def _note_tags(self) -> None:
        """Judge each set of tags once: there are a few hundred in a cache."""
        usable = self._context.tags
        self._connection.execute("DELETE FROM bad_tags")
        if usable is None:
            return
        distinct = self._connection.execute("SELECT DISTINCT tags FROM entry WHERE tags IS NOT NULL")
        bad = [(joined,) for (joined,) in distinct if (tags := split_tags(joined)) and usable.isdisjoint(tags)]
        self._connection.executemany("INSERT INTO bad_tags VALUES (?)", bad)

    def _note_keys(self) -> None:
        """Store which keys of built wheels are looked for; and, even if none is, that interpreters were run."""
        self._connection.execute("DELETE FROM unread_area")
        if not self._context.is_http_read:
            self._connection.execute("INSERT INTO unread_area VALUES (?)", (Area.HTTP.value,))
        self._connection.execute("DELETE FROM looked_for")
        names = keys_looked_for(self._context)
        if names is not None:
            self._connection.executemany("INSERT INTO looked_for VALUES (?)", [("",), *((name,) for name in names)])

    def findings(
        self, unread: dict[bytes, str], where: str = "1", *, but: Collection[int] = (), may_spill: bool
    ) -> tuple[Findings, Mapping[NotJudged, Count]]:
        """Return the findings of the checks, and counts of the entries that they could not judge.

        Args:
            unread: Entries that could not be read, by id.
            where: Which entries are considered, a condition over `entry e`.
            but: Numbers of conditions, as `counted` returns them, of entries that are left out.
            may_spill: Whether a temporary file may be written.

        Raises:
            RowDamagedError: A row is not one that was written. Findings that are made later are of valid rows.
        """
        found = Findings(self._known.device, self._context, may_spill=may_spill)
        not_judged = dict.fromkeys(NotJudged, Count())
        for row, choice in self._chosen(where, but):
            if choice.is_certain:
                found.add_certain(row, self._certain_names(row), choice.checks)
                continue
            names, checked = self._judged(row, choice.checks, unread, may_be_unknown=choice.may_be_unknown)
            if checked.not_judged is not None and is_listed(checked.entry):
                one = Count(1, len(checked.entry.files), checked.entry.size, checked.entry.disk_size)
                not_judged[checked.not_judged] = not_judged[checked.not_judged].plus(one)
            if checked.findings:
                found.add(row, names, checked.findings)
        not_judged[NotJudged.FOREIGN] = self._foreign(where)
        return found, {reason: count for reason, count in not_judged.items() if count.entries}

    def counted(self, where: str = "1") -> tuple[tuple[CountedFindings, ...], frozenset[int]]:
        """Count the findings that are certain and only information, without looking at a row of any.

        A damaged row may make a count wrong; nothing is removed by these counts.

        Returns:
            The counts by check; and the numbers of conditions of the entries that have nothing but such findings.
        """
        numbers = dict[Check, int]()
        alone = set[int]()
        for mask, number in self._by_mask(where, "count(*)"):
            choice = self._choice(mask)
            if choice.is_certain and all(check.severity is Severity.INFO for check in choice.checks):
                alone.add(mask)
                for check in choice.checks:
                    numbers[check] = numbers.get(check, 0) + number
        counts = (CountedFindings(check.slug, check.group, check.severity, of) for check, of in numbers.items())
        return tuple(counts), frozenset(alone)

    def _foreign(self, where: str) -> Count:
        """Return the counts of foreign files, on which no check runs."""
        counts = "count(*), ifnull(sum(e.file_count), 0), ifnull(sum(e.size), 0), ifnull(sum(e.disk_size), 0)"
        select = f"SELECT {counts} FROM entry e WHERE e.shape = ? AND ({where})"
        return Count(*self._connection.execute(select, (Shape.FOREIGN.value,)).fetchone())

    def objections(self, unread: dict[bytes, str], where: str = "1") -> Iterator[Checked]:
        """Yield the entries with a finding, in order of ids, and those that could not be judged.

        Raises:
            RowDamagedError: A row is not one that was written.
        """
        for row, choice in self._chosen(where):
            _, checked = self._judged(row, choice.checks, unread, may_be_unknown=choice.may_be_unknown)
            if checked.findings or checked.not_judged is not None:
                yield checked

    def summed(self, where: str) -> Iterator[Certain | Checked]:
        """Yield counts of entries whose findings all follow from their columns, then the others that have a finding.

        Built wheels are never counted together, as they may share a file.

        Args:
            where: Which entries are considered, a condition over `entry e`.

        Raises:
            RowDamagedError: A row is not one that was written.
        """
        counts = "count(*), sum(e.file_count), sum(e.size), sum(e.disk_size)"
        counted, others = set[int](), set[int]()
        for mask, kind, shape, *sums in self._by_mask(where, counts, by="e.kind, e.shape"):
            choice = self._choice(mask)
            if choice.is_certain and shape != Shape.BUILT_WHEEL.value:
                counted.add(mask)
                yield Certain(Kind(kind), choice.checks, Count(*sums))
            else:
                others.add(mask)
        for row, choice in self._chosen(where, counted - others) if others else ():
            if choice.is_certain and row.shape != Shape.BUILT_WHEEL.value:
                continue
            _, checked = self._judged(row, choice.checks, {}, may_be_unknown=choice.may_be_unknown)
            if checked.findings:
                yield checked

    def _by_mask(self, where: str, columns: str, *, by: str = "") -> list[tuple[Any, ...]]:
        """Return sums of the rows that a check could report, or be unable to judge: a tuple for each mask.

        Args:
            where: Which entries are considered, a condition over `entry e`.
            columns: What is summed.
            by: Columns that stand behind the mask; sums are for each of their values.
        """
        grouped = f"mask, {by}" if by else "mask"
        select = (
            f"SELECT {self._mask} AS {grouped}, {columns} FROM entry e LEFT JOIN content c ON c.id = e.id"
            f" WHERE ({where}) AND mask > 0 GROUP BY {grouped}"
        )
        return self._connection.execute(select, self._parameters).fetchall()

    def _chosen(self, where: str, but: Collection[int] = ()) -> Iterator[tuple[JoinedRow, _Choice]]:
        """Yield the rows that a check could report, or be unable to judge, except those of some numbers."""
        choices = dict[int, _Choice]()
        chosen = f"{self._mask} NOT IN ({', '.join(map(str, (0, *but)))})"
        for row in rows(self._connection, f"({where}) AND {chosen}", self._parameters, more=self._mask):
            choice = choices.get(row.more)
            if choice is None:
                choice = choices[row.more] = self._choice(row.more)
            yield row, choice

    def _choice(self, mask: int) -> _Choice:
        """Return the meaning of a mask of conditions."""
        checks = tuple(check for at, check in enumerate(self._checks) if mask >> at & 1)
        mask >>= len(self._checks)
        certain = tuple(check for at, check in enumerate(self._certain) if mask >> at & 1)
        mask >>= len(self._certain)
        return _Choice(checks, is_certain=certain == checks and not mask, may_be_unknown=bool(mask))

    def _conditions(self) -> str:
        """Return an expression with a bit for each condition that is true for a row, in the order of `_choice`.

        Only the checks for its shape test a row; and CASE, unlike a sum of truths, skips conditions that decide
        nothing.
        """
        numbered = [
            *((check.shapes, check.rows) for check in self._checks),
            *((check.shapes, check.certain) for check in self._certain),
        ]
        last = 1 << len(numbered)
        by_shape = ""
        for shape in Shape:
            of_condition: dict[str, int] = {}  # several checks may have the same one
            for at, (shapes, condition) in enumerate(numbered):
                if shape in shapes:
                    of_condition[condition] = of_condition.get(condition, 0) | 1 << at
            bits = [_bit(condition, bit) for condition, bit in of_condition.items()] or ["0"]
            unjudged = {check.unjudged: None for check in self._checks if shape in check.shapes} or "0"
            by_shape += f" WHEN '{shape.value}' THEN {' + '.join((*bits, _bit(' OR '.join(unjudged), last)))}"
        is_unread = _bit("e.read_ns IS NULL OR e.id IN (SELECT id FROM unread)", last << 1)
        return f"(CASE e.shape{by_shape} ELSE 0 END + {is_unread})"

    def _certain_names(self, row: JoinedRow) -> Names:
        """Return the names of a row that is unchanged since it was written."""
        names = self._known.names(row, row.reference())
        if row.is_read:
            check_seal(row.facts)
        check_entry(row.id, row.shape, row.files, names, self._known.device)
        return names

    def all(
        self, unread: dict[bytes, str], where: str = "1", *, details: bool = False, wants_evidence: bool = False
    ) -> Iterator[Checked]:
        """Yield all entries, with their findings."""
        for row in rows(self._connection, where, self._parameters):
            one = self._judged(row, self._checks, unread, wants_evidence=wants_evidence).checked
            yield one._replace(entry=self._known.detailed(row, one.entry)) if details else one

    def _unread(self, row: JoinedRow) -> _Judged:
        names = names_of(row.shape, (None,) * 7)
        return _Judged(names, Checked(self._known.entry(row, names), not_judged=NotJudged.UNREADABLE))

    def _judged(
        self,
        row: JoinedRow,
        checks: Sequence[Check],
        unread: dict[bytes, str],
        *,
        may_be_unknown: bool = True,
        wants_evidence: bool = False,
    ) -> _Judged:
        """Return an entry with its names, and the findings of some checks."""
        if row.id in unread:
            return self._unread(row)
        reference = row.reference()
        names = self._known.names(row, reference)
        named = self._known.entry(row, names)
        if row.is_read:
            check_seal(row.facts)
        make: Callable[[JoinedRow, Reference | None], Facts] = self._facts
        if self._lacks is not None and row.is_read and self._lacks(row, reference):
            checks, make = [check for check in checks if check.depth <= Depth.ENDS], self._ends
        # Many of the chosen rows are expired pages, which their names show.
        facts = cast("Facts", _Later(make, row, reference))
        found, not_judged = judge(named, facts, self._context, checks)
        if may_be_unknown and (isinstance(facts.payload, Unknown) or isinstance(facts.damage, Unknown)):
            not_judged = NotJudged.LIMIT
        evidence = tuple(evidence_of(named, facts)) if wants_evidence else ()
        return _Judged(names, Checked(named, found, not_judged, evidence))

    def _facts(self, row: JoinedRow, reference: Reference | None) -> Facts:
        is_whole = self._is_whole and self._only in {None, row.shape}
        is_whole = is_whole or (self._has_sources and self._is_wanted(row.id))
        facts = self._known.whole(row, reference) if is_whole else self._known.facts(row)
        return self._known.with_source(row, facts, has_contents=self._has_sources)

    def _ends(self, row: JoinedRow, _reference: Reference | None) -> Facts:
        return self._known.with_source(row, self._known.facts(row), has_contents=False)

    def _is_wanted(self, id_: bytes) -> bool:
        return self._connection.execute("SELECT 1 FROM wanted WHERE id = ?", (id_,)).fetchone() is not None

    def unjudged(self, id_: bytes) -> Iterator[Checked]:
        """Yield an entry without running any check; nothing if there is none of this id."""
        for row in rows(self._connection, "e.id = :own", {"own": id_}):
            yield self._judged(row, (), {}).checked

    def judged(self, id_: bytes) -> Iterator[Checked]:
        """Yield an entry with what all checks say of it; nothing if there is none of this id."""
        for row in rows(self._connection, "e.id = :own", {"own": id_}):
            yield self._judged(row, self._checks, {}).checked

    def beside(self, one: Checked) -> Iterator[Checked]:
        """Yield the other built wheels that share a file with one."""
        if one.entry.shape is not Shape.BUILT_WHEEL or len(one.entry.files) == 1:
            return
        own = as_bytes(one.entry.id)
        folder = own.rpartition(b"/")[0]
        bounds = {"own": own, "low": folder + b"/", "high": folder + b"0"}
        where = "e.id > :low AND e.id < :high AND e.id <> :own AND e.shape = 'built-wheel'"
        for row in rows(self._connection, where, bounds):
            yield self._judged(row, (), {}).checked
