"""Queries of commands: the catalog is brought up to date with the cache, and read."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pipcacheplus.catalog.results import CacheFacts, Explanation, Inspection, Inventory, Verification
from pipcacheplus.catalog.stored_facts import RowDamagedError
from pipcacheplus.checks.base.check import Check, Context, is_listed, told_checks
from pipcacheplus.checks.base.context import default_index_of_pip
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import (
    UNVERIFIABLE,
    Area,
    Brief,
    CacheDir,
    Checked,
    Count,
    CountedFindings,
    Entry,
    Finding,
    Kind,
    NotJudged,
    Progress,
    Severity,
    Shape,
    Survey,
    Value,
    Warned,
    Why,
)
from pipcacheplus.plan.ids import ShortIds
from pipcacheplus.plan.last_use import LastUse
from pipcacheplus.plan.lookups import Lookups, Need
from pipcacheplus.plan.misspelt import meant
from pipcacheplus.plan.select import Alternative, Selection
from pipcacheplus.plan.words import Form

if TYPE_CHECKING:  # slow to import
    import sqlite3
    from concurrent.futures import Executor

    from pipcacheplus.catalog.census import CacheCounts
    from pipcacheplus.catalog.counts import CountRequest
    from pipcacheplus.catalog.judge import Judge
    from pipcacheplus.catalog.known import Known
    from pipcacheplus.catalog.records import Entries, Findings
    from pipcacheplus.catalog.results import DayCount
    from pipcacheplus.catalog.update import UpdateRequest

_T = TypeVar("_T")
_OF_PROJECT = "(e.project = '{}' OR e.project IS NULL OR e.kind = 'redirect')"
"""Entries that may be of a project by the rest of the cache."""

_USABLE = (
    "(e.kind IS NULL OR e.kind NOT IN ('wheel', 'built-wheel') OR e.tags IS NULL"
    " OR e.tags NOT IN (SELECT tags FROM bad_tags))"
)
"""Entries that are not wheels, or wheels that an interpreter considered can use."""

_MAX_HINTS = 4
"""Most words without a match for which similar names are searched."""
_MANY = 16
"""Most alternatives that are each tested on many entries: for more, all entries are read once."""

__all__ = [
    "Each",
    "Query",
    "Run",
    "answered",
    "census_of",
    "explanation_of",
    "facts_of",
    "has_catalog",
    "inspection_of",
    "inventory_of",
    "overview_of",
    "run_query",
    "verification_of",
]

Each = Callable[[Entry, Sequence[Finding]], object]
"""Receives an entry with its findings."""


def _nobody(_trouble: str | None, /) -> None:
    pass


def _now_ns() -> int:
    return time.time_ns()  # looked up at each call: a clock may be set for a process


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The request of a command about a cache."""

    path: str
    index_urls: tuple[str, ...]
    """URLs of indexes whose pages may be in the cache, besides the default index."""
    depth: Depth
    context: Context
    contents_of: Shape | None = None
    """The only shape of entries that are read to their end, if the depth requires that; all by default."""
    checks: tuple[Check, ...] = ()
    needs_urls: bool = False
    """Whether entries are named by, and compared with, the pages of the cache."""
    only_findings: bool = False
    """Whether only entries with a finding are returned, and those that share a file with one."""
    executor: "Executor | None" = None
    """Reads the entries; by default own processes do."""
    remembers: bool = True
    """Whether facts are stored from run to run; if not, nothing is written anywhere."""
    hears: Callable[[str | None], object] = _nobody
    """Called with the reason why facts are not stored, `None` if they are."""
    clock_ns: int = field(default_factory=_now_ns)
    """Nanoseconds since 1970, now; this machine's by default, as in files. Entries that changed in the last 2 s are
    read again by the next run."""
    folder: str | None = None
    """The state directory; that of this user by default."""
    selection: Selection = field(default_factory=lambda: Selection(()))
    """The selected entries; all by default."""
    looked_for: Selection = field(default_factory=lambda: Selection(()))
    """Selections that store whether any entry of the cache matches them, independent of the request."""
    hinted: tuple[Selection, ...] = ()
    """Other selections whose words without a match get similar names."""
    asked: tuple[Selection, ...] = ()
    """Other selections that are tested on entries."""
    context_of_states: Context | None = None
    """The context of checks, for words that need findings."""
    has_access_times: bool = True
    """Whether the file system keeps access times, for words that need them."""
    would_go: Callable[[Checked], bool] | None = None
    """Decides which of the entries would be removed: each is read once more in this run, with the evidence against
    it."""
    redundant: "Callable[[Run], Mapping[str, frozenset[str]]] | None" = None
    """Returns the entries that are not needed because of others: ids by the reason."""
    details: bool = False
    """Whether the entries, but not those of findings, have their origin, and their SHA-256 if it is known."""
    short_ids: bool = False
    """Whether ids are to be abbreviated: all ids of the cache are compared for that."""
    wants_evidence: bool = False
    """Whether all evidence for or against an entry is returned as well."""
    only_usable: bool = False
    """Whether wheels are left out that none of the interpreters considered can use."""
    only_counts_normal: bool = False
    """Whether findings that are certain and only information are counted, and not among the findings."""
    is_deep: bool = False
    """Whether everything is read and stored again."""
    only_known: bool = False
    """Whether no contents are read at any depth: the contents that earlier runs read are used."""
    parts: frozenset[str] | None = None
    """Which parts of the cache alone are looked at, of which nothing is remembered; all by default."""
    reads: bool = True
    """Whether entries are read; if not, what earlier runs read of those that have not changed since is all."""
    counting: "CountRequest | None" = None
    """How entries are counted by names and times; `None` if the counts are not needed."""
    portion_bytes: int | None = None
    """Bytes of a portion: contents of two portions or more are left to other processes (`PortionsError`); `None` if
    they are read here, whatever their size."""
    results: tuple[str, ...] = ()
    """Results of portions that other processes have read."""
    progress: Progress | None = None


def has_catalog(path: str) -> bool:
    """Return whether an earlier run has kept facts of the cache at a path."""
    from pipcacheplus.catalog.store import has_file  # noqa: PLC0415 - slow to import
    from pipcacheplus.host.state import state_folder  # noqa: PLC0415 - as above

    return has_file(path, state_folder())


def inventory_of(cache: CacheDir, query: Query) -> Inventory:
    """List the selected entries; as `PipCache.scan`."""
    warnings: list[Warned] = []

    def answer(run: "Run") -> tuple["Entries", Mapping[tuple[Area, Kind], Count], int, Survey, ShortIds | None]:
        short_ids = run.short_ids() if query.short_ids else None
        return run.entries(), run.totals(), run.pages_without_url(), run.survey(), short_ids

    entries, totals, pages_without_url, survey, short_ids = answered(query, answer, warnings)
    return Inventory(
        cache=cache,
        entries=entries,
        warnings=tuple(warnings),
        unmatched=query.selection.unmatched,
        hints=query.selection.hints,
        totals=totals,
        pages_without_url=pages_without_url,
        survey=survey,
        pythons=query.context.pythons,
        short_ids=short_ids,
    )


def overview_of(cache: CacheDir, query: Query, each: Each | None) -> Inventory:
    """List the entries with findings and counts; as `PipCache.overview`."""
    warnings: list[Warned] = []
    if each is None and query.needs_urls:
        return _held_overview(cache, query, warnings)
    entries: list[Entry] = []
    found: list[Finding] = []
    told: list[_More] = []
    for one in run_query(query, warnings, told.append):
        if each is not None:
            each(one.entry, one.findings)
            continue
        if is_listed(one.entry):
            entries.append(one.entry)
        found.extend(one.findings)
    return Inventory(
        cache=cache,
        entries=tuple(entries),
        warnings=tuple(warnings),
        findings=tuple(found),
        pages_without_url=told[-1].pages_without_url if told else None,
        survey=told[-1].survey if told else Survey(),
        pythons=query.context.pythons,
        redundant=told[-1].redundant if told else {},
    )


def census_of(query: Query, each: Each | None = None) -> "CacheCounts":
    """Count the entries with all that the catalog knows of them, or that this run reads.

    Args:
        query: With `counting`, and links to be followed.
        each: Called with every entry, with what is found of it by the checks of the query.
    """
    warnings: list[Warned] = []

    def answer(run: "Run") -> "CacheCounts":
        if each is not None:
            for one in run.checked():
                each(one.entry, one.findings)
        return run.census()

    return answered(query, answer, warnings)._replace(warnings=tuple(warnings))


def _held_overview(cache: CacheDir, query: Query, warnings: list[Warned]) -> Inventory:
    """Return an overview whose entries and findings are made when they are looked at: a cache has very many."""

    def answer(run: "Run") -> tuple["Entries", "Findings", _More]:
        redundant = query.redundant(run) if query.redundant is not None else {}
        return run.entries(), run.findings()[0], _More(run.pages_without_url(), run.survey(), redundant)

    entries, findings, more = answered(query, answer, warnings)
    return Inventory(
        cache=cache,
        entries=entries,
        warnings=tuple(warnings),
        findings=findings,
        pages_without_url=more.pages_without_url,
        survey=more.survey,
        pythons=query.context.pythons,
        redundant=more.redundant,
    )


def verification_of(cache: CacheDir, query: Query) -> Verification:
    """Run the checks on the selected entries; as `PipCache.verify`."""
    warnings: list[Warned] = []

    def answer(run: "Run") -> Verification:
        counted, but = run.counted() if query.only_counts_normal else ((), frozenset[int]())
        found, not_judged = run.findings(but=but)
        total = reduce(Count.plus, run.totals().values(), Count())
        return Verification(
            cache=cache,
            findings=found,
            counted=counted,
            entries=total.entries,
            files=total.files,
            bytes=total.bytes,
            disk_bytes=total.disk_bytes,
            unverifiable=sum(not_judged[why].entries for why in UNVERIFIABLE if why in not_judged),
            not_judged=not_judged,
            foreign=run.entries("e.shape = 'foreign'") if NotJudged.FOREIGN in not_judged else (),
            listed=run.entries() if query.details else (),
            pages_without_url=run.pages_without_url(),
            survey=run.survey(),
            pythons=query.context.pythons,
        )

    found = answered(query, answer, warnings)
    not_entered = Counter(why for one in warnings if (why := one.not_entered) is not None)
    return replace(
        found,
        warnings=tuple(warnings),
        unmatched=query.selection.unmatched,
        hints=query.selection.hints,
        not_entered=dict(not_entered),
    )


def inspection_of(cache: CacheDir, query: Query) -> Inspection:
    """Read the selected entries to their end; as `PipCache.inspect`."""
    warnings: list[Warned] = []
    found = list(run_query(query, warnings))
    listed = [one for one in found if is_listed(one.entry)]
    return Inspection(
        cache=cache,
        entries=tuple(one.entry for one in listed),
        findings=tuple(finding for one in found for finding in one.findings),
        evidence={one.entry.id: _told(one) for one in listed},
        warnings=tuple(warnings),
        unmatched=query.selection.unmatched,
        hints=query.selection.hints,
    )


def facts_of(cache: CacheDir, query: Query) -> CacheFacts:
    """Return the facts of a cache; as `PipCache.report`."""
    warnings: list[Warned] = []

    def answer(run: "Run") -> CacheFacts:
        found, not_judged = run.findings()
        return CacheFacts(
            cache=cache,
            entries=run.entries(),
            findings=found,
            not_read_to_end=run.not_read_to_end,
            totals=run.totals(),
            redundant={} if query.redundant is None else query.redundant(run),
            not_judged=not_judged,
            history=run.history(),
            pages_without_url=run.pages_without_url(),
            survey=run.survey(),
            pythons=query.context.pythons,
        )

    found = answered(query, answer, warnings)
    return replace(found, warnings=tuple(warnings))


def explanation_of(cache: CacheDir, query: Query, explain: Callable[[Checked], Why]) -> Explanation:
    """Explain the selected entries; as `PipCache.why`."""
    warnings: list[Warned] = []
    whys = tuple(explain(one) for one in run_query(query, warnings) if is_listed(one.entry))
    return Explanation(
        cache=cache,
        entries=whys,
        warnings=tuple(warnings),
        unmatched=query.selection.unmatched,
        hints=query.selection.hints,
    )


def _told(one: Checked) -> dict[str, Value]:
    why = {} if one.not_judged is None else {"not_judged": one.not_judged.value}
    return {**dict(one.evidence), **why}


class _More(NamedTuple):
    """Further results of a query that used the catalog."""

    pages_without_url: int
    survey: Survey
    redundant: Mapping[str, frozenset[str]]


def run_query(
    what: Query, warnings: list[Warned], add_more: Callable[[_More], object] | None = None
) -> Iterator[Checked]:
    """Yield the entries of the query, with their findings.

    Args:
        what: The query.
        warnings: Receives warnings of entries that cannot be read.
        add_more: Receives further results, if the catalog was used.
    """
    if what.depth is Depth.NAMES and not what.needs_urls:
        from pipcacheplus.catalog.by_names import checked_by_names  # noqa: PLC0415 - slow to import

        yield from checked_by_names(what.path, what.context, what.checks, warnings, what.progress)
    else:

        def answer(run: "Run") -> tuple[list[Checked], _More]:
            run.look_for(what.looked_for)
            found = list(run.checked() if what.would_go is None else run.suspects())
            redundant = what.redundant(run) if what.redundant is not None else {}
            return found, _More(run.pages_without_url(), run.survey(), redundant)

        found, more = answered(what, answer, warnings)
        if add_more is not None and what.needs_urls:
            add_more(more)
        yield from found


def answered(what: Query, answer: Callable[["Run"], _T], warnings: list[Warned]) -> _T:
    """Bring the catalog of a cache up to date, and return the answer from it.

    If anything is wrong with the catalog's file, the same is done with the tables in memory.

    Args:
        what: The query.
        answer: Reads the catalog; it may be called once more.
        warnings: Receives warnings of objects that could not be examined.

    Raises:
        BadRequestError: A word of the selection matches in more than one way.
        PortionsError: Contents are left to other processes.
        OSError: The cache directory cannot be listed.
    """
    import sqlite3  # noqa: PLC0415 - slow to import, and of no use for names

    from pipcacheplus.catalog.schema import APPLICATION, PASSED_ON, TABLES, VERSION  # noqa: PLC0415 - as above
    from pipcacheplus.catalog.store import Schema, open_store  # noqa: PLC0415 - as above

    caller = _Caller(what.progress)
    what = replace(what, progress=caller.show if what.progress is not None else None)
    schema = Schema(APPLICATION, VERSION, TABLES, PASSED_ON)
    with open_store(what.path, schema, folder=_folder(what)) as store:
        is_empty = not what.remembers
        while True:
            try:
                with _committed(store.connection):
                    run = Run(store.connection, what)
                    found = answer(run)
                    run.look_for_similar()
            except (sqlite3.Error, UnicodeError) as error:
                store.leave(error)
            except (RowDamagedError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
                # A row that this program does not write so decides nothing.
                if is_empty or caller.has_failed:
                    raise
                store.drop()
                is_empty = True
            else:
                warnings.extend(run.warnings)
                what.hears(store.trouble)
                what.selection.refuse_ambiguous()
                return found


class _Caller:
    """The caller's progress function: its exceptions are not errors of the catalog."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.has_failed = False

    def show(self, done: int, total: int | None) -> None:
        """Pass on the progress of a run."""
        if self._progress is not None:
            try:
                self._progress(done, total)
            except Exception:
                self.has_failed = True
                raise


@contextmanager
def _committed(connection: "sqlite3.Connection") -> Iterator[None]:
    """Store the facts that were read, however the block ends: an interrupt loses no finished work."""
    from pipcacheplus.catalog.transactions import commit  # noqa: PLC0415 - slow to import
    from pipcacheplus.catalog.update import put_back  # noqa: PLC0415 - as above

    try:
        yield
    finally:
        put_back(connection)
        commit(connection)


def _folder(what: Query) -> str | None:
    if not what.remembers or what.parts is not None:
        return None
    from pipcacheplus.host.state import state_folder  # noqa: PLC0415 - as above

    return what.folder if what.folder is not None else state_folder()


class _Briefs(Iterable[Brief]):
    """The entries of a cache, which can be iterated over several times."""

    def __init__(self, run: "Run") -> None:
        self._run = run

    def __iter__(self) -> Iterator[Brief]:
        return self._run.briefs()


class Run:
    """One run over a cache, with a catalog that is up to date."""

    def __init__(self, connection: "sqlite3.Connection", what: Query) -> None:
        """Bring the catalog up to date: walk, read, link; and read contents, if requested.

        Raises:
            OSError: The cache directory cannot be listed.
            sqlite3.Error: The catalog cannot be used.
        """
        from pipcacheplus.catalog.history import note_day  # noqa: PLC0415 - slow to import
        from pipcacheplus.catalog.known import Known  # noqa: PLC0415 - as above
        from pipcacheplus.catalog.references import make_tables  # noqa: PLC0415 - as above
        from pipcacheplus.catalog.update import Update  # noqa: PLC0415 - as above

        self._what = what
        self._connection = connection
        make_tables(connection)
        self._update = update = Update(connection, _request(what))
        update.run()
        has_changed = update.has_changed
        if what.needs_urls:
            update.link()
        if what.parts is None:
            note_day(connection, what.clock_ns, has_changed=has_changed)
        self.not_read_to_end = Count()
        """Count of the entries that lack contents which this run was not to read."""
        self._where = "1"
        for selection in (what.selection, what.looked_for, *what.asked):
            self._fill_in(selection.lookups)
        if not what.selection.is_all:
            self._where = "e.id IN (SELECT id FROM chosen)"
            self._choose(Known(connection, what.path, ()))
        if what.contents_of is not None:
            connection.execute("INSERT INTO wanted SELECT id FROM entry WHERE shape = ?", (what.contents_of.value,))
        self._judge = self._judged()
        # It ends: each round adds to the entries that this run has read.
        while what.would_go is not None and update.read_again(self._suspects(what.would_go)):
            self._judge = self._judged()
        if what.only_usable:
            self._where = f"({self._where}) AND {_USABLE}"

    def _fill_in(self, lookups: Lookups) -> None:
        """Fill in the facts that words of a selection need besides names."""
        if not lookups.needs:
            return
        from pipcacheplus.catalog import lookups as found  # noqa: PLC0415 - slow to import, and of use to few
        from pipcacheplus.catalog.known import Known  # noqa: PLC0415 - slow to import

        connection = self._connection
        known = Known(connection, self._what.path, ())
        lookups.last_use = self.last_use()
        judge = self._judge_of_all() if lookups.needs & {Need.DIGESTS, Need.STATES} else None
        lookups.with_digest = {one: found.entries_with_digest(connection, one) for one in lookups.digests}
        lookups.of_index = {one: found.entries_of_index(connection, known, one) for one in lookups.indexes}
        if Need.ORIGINS in lookups.needs:
            lookups.origins = found.origins(connection)
        if judge is not None and Need.STATES in lookups.needs:
            lookups.groups = {
                one.entry.id: frozenset(finding.group for finding in one.findings)
                for one in judge.objections(self._update.unread)
                if one.findings
            }

    def _judge_of_all(self) -> "Judge":
        """Return the judge of all entries, independent of the selection: all are read to their end for it."""
        context = self._what.context_of_states or self._what.context
        whole = replace(self._what, selection=Selection(()), depth=Depth.WHOLE, contents_of=None)
        return self._judged(replace(whole, context=context, checks=told_checks()))

    def _judged(self, what: Query | None = None) -> "Judge":
        """Read contents, if a query (this run's by default) requires it; return the judge of the catalog then."""
        from pipcacheplus.catalog.contents import Contents  # noqa: PLC0415 - slow to import
        from pipcacheplus.catalog.judge import Judge  # noqa: PLC0415 - as above
        from pipcacheplus.catalog.known import Known  # noqa: PLC0415 - as above
        from pipcacheplus.catalog.pips import proved_pips  # noqa: PLC0415 - as above

        what, lacks = what or self._what, None
        if what.depth >= Depth.SOURCES:
            contents = Contents(
                self._update,
                has_selection=not what.selection.is_all or what.contents_of is not None,
                is_for_sources=what.depth is Depth.SOURCES,
                wants_all_sources=what.selection.is_all,
            )
            if what.only_known:
                self.not_read_to_end, lacks = contents.count_lacking(), contents.lacks
                if self.not_read_to_end.entries:  # the contents of the URL of a source may be among them
                    what = replace(what, checks=tuple(one for one in what.checks if one.depth is not Depth.SOURCES))
            else:
                contents.add_results(what.results)
                if what.portion_bytes is not None:
                    contents.leave_over(what.portion_bytes)
                contents.run()
            self._known = contents.known
        else:
            self._known = Known(self._connection, what.path, ())
        context = what.context
        if what.checks:
            context = replace(context, proved_pips=proved_pips(self._connection))
        depth, only = what.depth, what.contents_of
        return Judge(self._connection, self._known, context, what.checks, depth=depth, only=only, lacks=lacks)

    def _suspects(self, would_go: Callable[[Checked], bool]) -> Iterator[bytes]:
        from pipcacheplus.catalog.entry_rows import as_bytes  # noqa: PLC0415 - slow to import
        from pipcacheplus.catalog.sources import sources_of  # noqa: PLC0415 - as above

        ids = [as_bytes(one.entry.id) for one in self.checked() if would_go(one)]
        # The target of a redirect is evidence about it, and so is the present content of the URL of a wheel's source.
        yield from self._known.redirects.all_behind(ids) if self._what.needs_urls else ids
        if self._what.depth >= Depth.SOURCES:
            yield from sources_of(self._connection, ids)

    @property
    def warnings(self) -> list[Warned]:
        """Return warnings of objects that could not be examined."""
        from pipcacheplus.catalog.entry_rows import as_text  # noqa: PLC0415 - slow to import

        unread = self._update.unread
        told = [Warned(path=as_text(id_), message=unread[id_]) for id_ in sorted(unread) if self._may_be_chosen(id_)]
        return [*dict.fromkeys(self._update.warnings), *told]  # a part may be walked twice

    def _may_be_chosen(self, id_: bytes) -> bool:
        """Return whether an entry that cannot be read is selected, or would be if its name or digest were known."""
        is_unknown = "1" if Need.DIGESTS in self._what.selection.needs else "e.project IS NULL"
        statement = f"SELECT 1 FROM entry e WHERE e.id = ? AND ({self._where} OR {is_unknown})"
        return self._connection.execute(statement, (id_,)).fetchone() is not None

    def _choose(self, known: "Known") -> None:
        """Note which entries are wanted, by their names."""
        from pipcacheplus.catalog.entry_rows import as_bytes, briefs_of_rows  # noqa: PLC0415 - slow to import

        chosen = [
            (as_bytes(brief.id),)
            for rows in known.named("1")
            for brief in briefs_of_rows(rows)
            if self._what.selection.is_wanted(brief)
        ]
        for table in ("chosen", "wanted"):
            self._connection.executemany(f"INSERT INTO {table} VALUES (?)", chosen)
        if self._what.wants_evidence:
            self._update.read_again(known.redirects.all_behind(id_ for (id_,) in chosen))

    def survey(self) -> Survey:
        """Return the counts of the walk besides entries."""
        from pipcacheplus.host.users import user_name  # noqa: PLC0415 - of use to few

        surveyor = self._update.surveyor
        return Survey() if surveyor is None else surveyor.result(user_name)

    def last_use(self) -> LastUse:
        """Return the evidence of the last use of entries by the file system and the walk."""
        from pipcacheplus.host.filesystems import notes_each_reading  # noqa: PLC0415 - of use to few

        is_exact = notes_each_reading(self._what.path)
        return LastUse.of(self.survey(), has_access_times=self._what.has_access_times, is_exact=is_exact)

    def look_for(self, selection: Selection) -> None:
        """Have a selection note what of it fits any entry; what fits none costs a look at each that could."""
        from pipcacheplus.catalog.entry_rows import briefs_of_rows  # noqa: PLC0415 - slow to import

        unmatched = selection.unmatched_alternatives
        if len(unmatched) > _MANY:
            for brief in self.briefs():
                selection.is_wanted(brief)
            return
        for one in unmatched:
            rows = self._known.named(_where_of(one))
            selection.note(one, chain.from_iterable(map(briefs_of_rows, rows)))

    def look_for_similar(self) -> None:
        """Search similar names for words without a match; each word reads all entries, so few are tried."""
        for selection in (self._what.selection, *self._what.hinted):
            for word in selection.unknown[:_MAX_HINTS]:
                similar = meant(word, _Briefs(self))
                if similar is not None:
                    selection.similar[word.what] = similar

    def pages_without_url(self) -> int:
        """Return the number of pages whose relative links cannot be resolved, because their own URL is unknown."""
        return self._update.urls.unknown()

    def census(self) -> "CacheCounts":
        """Return the counts of all entries, with what is known of them."""
        from pipcacheplus.catalog.census import CacheCounts, checks_of_columns, learned  # noqa: PLC0415 - of use to few
        from pipcacheplus.catalog.judge import Judge  # noqa: PLC0415 - slow to import
        from pipcacheplus.catalog.known import Known  # noqa: PLC0415 - as above

        what, counts = self._what, self._update.counts
        if what.counting is None or counts is None:
            raise RuntimeError("nothing was counted")  # noqa: EM101, TRY003 - a fault of this program
        known = Known(self._connection, what.path, self._update.hosts)
        # Facts about contents count, whichever run read them: `c.id` in each condition requires that one did.
        judge = Judge(self._connection, known, what.context, checks_of_columns(), depth=Depth.WHOLE)
        found = learned(
            self._connection,
            what.counting,
            counts,
            judge,
            is_http_read=what.context.is_http_read,
            redundant=what.redundant(self) if what.redundant is not None else {},
        )
        return CacheCounts(
            found.counts,
            self.survey(),
            (),
            found.unread,
            found.lacking_end,
            found.projects,
            self.pages_without_url(),
        )

    def history(self) -> "tuple[DayCount, ...]":
        """Return the counts of the days on which a run read the cache."""
        from pipcacheplus.catalog.history import history_of  # noqa: PLC0415 - slow to import

        return history_of(self._connection)

    def totals(self) -> Mapping[tuple[Area, Kind], Count]:
        """Return the counts of the selected entries, by area and kind."""
        from pipcacheplus.catalog.totals import totals  # noqa: PLC0415 - slow to import

        return totals(self._connection, self._where)

    def short_ids(self) -> ShortIds:
        """Return the short forms of the ids of all entries of the cache, wanted or not."""
        from pipcacheplus.catalog.entry_rows import as_text  # noqa: PLC0415 - slow to import

        return ShortIds(as_text(id_) for (id_,) in self._connection.execute("SELECT id FROM entry"))

    def entries(self, where: str = "e.shape <> 'empty-directory'") -> "Entries":
        """Return the selected entries for which a condition is true, with their names."""
        from pipcacheplus.catalog.records import Entries  # noqa: PLC0415 - as above

        found = Entries(self._known.device, may_spill=self._what.remembers)
        for rows in self._known.named(f"({where}) AND {self._where}", details=self._what.details):
            found.extend(rows)
        return found

    def counted(self) -> tuple[tuple[CountedFindings, ...], frozenset[int]]:
        """Count the findings that are certain and only information; return also what `findings` leaves out for that."""
        return self._judge.counted(self._where)

    def findings(self, *, but: Collection[int] = ()) -> tuple["Findings", Mapping[NotJudged, Count]]:
        """Return the findings of the checks, but for those that were counted, and counts of entries not judged."""
        return self._judge.findings(self._update.unread, self._where, but=but, may_spill=self._what.remembers)

    def briefs(self) -> Iterator[Brief]:
        """Yield what a line says of each entry of the cache, wanted or not, with its names, in order of ids."""
        from pipcacheplus.catalog.entry_rows import briefs_of_rows  # noqa: PLC0415 - slow to import

        for some in self._known.named("1"):
            yield from briefs_of_rows(some)

    def same_contents(self) -> Mapping[str, str]:
        """Return the SHA-256 of all downloads whose content another one has too, by id, among those that were read."""
        from pipcacheplus.catalog.entry_rows import as_text  # noqa: PLC0415 - slow to import
        from pipcacheplus.catalog.known import digests_of_many  # noqa: PLC0415 - as above

        return {as_text(id_): digest for id_, digest in digests_of_many(self._connection)}

    def read_again(self, ids: Iterable[str]) -> bool:
        """Read entries and the evidence about them, unless this run has done so; return whether there was any."""
        from pipcacheplus.catalog.entry_rows import as_bytes  # noqa: PLC0415 - slow to import

        wanted: Iterable[bytes] = [as_bytes(id_) for id_ in ids]
        if self._what.needs_urls:
            wanted = self._known.redirects.all_behind(wanted)
        if not self._update.read_again(wanted):
            return False
        self._judge = self._judged()
        return True

    def those(self, ids: Iterable[str]) -> Iterator[Checked]:
        """Yield entries, and those that share a file with one, each once; no check runs on them."""
        from pipcacheplus.catalog.entry_rows import as_bytes  # noqa: PLC0415 - slow to import

        done = set[str]()
        for id_ in ids:
            for one in self._judge.unjudged(as_bytes(id_)):
                for other in (one, *self._judge.beside(one)):
                    if other.entry.id not in done:
                        done.add(other.entry.id)
                        yield other

    def objections(self) -> Iterator[Checked]:
        """Yield the entries with a finding, and those of which it is unknown whether they are whole."""
        return self._judge.objections(self._update.unread, self._where)

    def suspects(self) -> Iterator[Checked]:
        """Yield the entries of the query that would be removed or not judged, or may share a file with such."""
        for one in self.checked():
            goes = self._what.would_go is None or self._what.would_go(one)
            goes = goes or any(finding.severity is Severity.ERROR for finding in one.findings)
            if goes or one.not_judged is not None or one.entry.shape is Shape.BUILT_WHEEL:
                yield one

    def checked(self) -> Iterator[Checked]:
        """Yield the entries of the query."""
        if not self._what.only_findings:
            what = self._what
            yield from self._judge.all(
                self._update.unread, self._where, details=what.details, wants_evidence=what.wants_evidence
            )
            return
        done = set[str]()
        shared = dict[str, Checked]()
        for one in self.objections():
            yield one
            done.add(one.entry.id)
            if one.findings:
                shared.update((other.entry.id, other) for other in self._judge.beside(one))
        # Not before all findings are known: an entry that shares a file with another is yielded once, with its own.
        yield from (other for id_, other in shared.items() if id_ not in done)


def _where_of(one: Alternative) -> str:
    """Return a condition for all entries that an alternative, or any word of it, can match."""
    if len(one.words) > 1:
        return "1"
    (word,) = one.words
    if word.project is not None:
        return _OF_PROJECT.format(word.project)
    if word.form is Form.PATH and word.path is not None:
        from pipcacheplus.catalog.entry_rows import as_bytes  # noqa: PLC0415 - slow to import
        from pipcacheplus.pips.layout import head_path  # noqa: PLC0415 - as above

        first, last = as_bytes(head_path(word.path)), as_bytes(word.path.rstrip("/")) + b"\xff"
        return f"e.id BETWEEN x'{first.hex()}' AND x'{last.hex()}'"
    return "1"


def _request(what: Query) -> "UpdateRequest":
    from pipcacheplus.catalog.update import UpdateRequest  # noqa: PLC0415 - slow to import

    default, hosts = default_index_of_pip() if what.needs_urls else (None, ())
    return UpdateRequest(
        path=what.path,
        clock_ns=what.clock_ns,
        indexes=(*what.index_urls, *([default] if default else ())),
        hosts=hosts,
        is_deep=what.is_deep,
        looks_again=what.would_go is not None or what.wants_evidence,
        reads_contents=_reads_all(what),
        executor=what.executor,
        progress=what.progress,
        counts_bytes=what.depth is Depth.WHOLE and not what.only_known,
        parts=what.parts,
        reads=what.reads,
        counting=what.counting,
    )


def _reads_all(what: Query) -> bool:
    """Return whether the contents of all entries are read."""
    is_of_all = what.selection.is_all and what.contents_of is None
    return what.depth is Depth.WHOLE and is_of_all and not what.only_known
