"""Plans from the requests of a user: the queries for them, and the entries that are removed by the answers."""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING

from pipcacheplus.catalog.queries import Query, Run, answered, run_query
from pipcacheplus.checks.base.check import Context, checks, is_within_grace, is_young
from pipcacheplus.checks.base.context import with_builds
from pipcacheplus.errors import BadRequestError, MisspeltKeepError
from pipcacheplus.model.arguments import check_switches
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import (
    UNFINISHED,
    Brief,
    CacheDir,
    Checked,
    Cut,
    Group,
    Kind,
    Plan,
    Severity,
    Shape,
    Stays,
    Warned,
)
from pipcacheplus.plan.comparison import Chosen, Comparison
from pipcacheplus.plan.keeps import Keeps
from pipcacheplus.plan.last_use import LastUse
from pipcacheplus.plan.misspelt import meant, mistake_in
from pipcacheplus.plan.plan import Rule, by_findings, make_plan

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.plan.limits import Limit
    from pipcacheplus.plan.needed import Needed

__all__ = ["Planner", "Requested", "Used", "import_reasons", "redundancy", "refuse_unknown_word"]

_GROUPS_OF_INTERPRETERS = frozenset({Group.INCOMPATIBLE, Group.OUTDATED_BUILD})
"""Reasons that depend on the interpreters."""
_OF_DOWNLOADS = frozenset({Group.INCOMPATIBLE})
"""Reasons for which downloads may be spared."""
_NS = 10**9
_PAGES = frozenset({Kind.INDEX_PAGE, Kind.LINKS_PAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Use by pips, from reports or records, with its time."""

    needed: "Needed"
    projects: frozenset[str]
    at_ns: int
    """Nanoseconds since 1970."""

    def at(self, brief: Brief) -> int | None:
        """Return when an entry was used by this, `None` if it was not; a file counts with the page of its project."""
        is_page = brief.kind in _PAGES and brief.project in self.projects
        return self.at_ns if is_page or self.needed.fits(brief) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """The requested reasons and limits."""

    groups: frozenset[Group] = frozenset()
    """Groups of findings."""
    takes_useless: bool = False
    """Whether entries that no pip can ever use are removed; they are if there is no other reason."""
    includes_downloads: bool = True
    is_strict: bool = False
    """Strictness for outdated builds."""
    stale_age_s: float | None = None
    built_before_s: float | None = None
    superseded: int | None = None
    """Number of versions that stay."""
    duplicates: bool = False
    built_sdists: bool = False
    unused_since_s: float | None = None
    limits: "tuple[Limit, ...]" = ()
    reports: tuple[Used, ...] = ()

    @property
    def compares(self) -> bool:
        """Return whether entries have to be compared with each other."""
        return bool(
            self.superseded or self.duplicates or self.built_sdists or self.unused_since_s is not None or self.limits
        )

    @property
    def needs_interpreters(self) -> bool:
        """Return whether the reasons depend on the interpreters."""
        return bool(self.groups & _GROUPS_OF_INTERPRETERS) or self.built_sdists

    @property
    def is_of_useless(self) -> bool:
        """Return whether entries that no pip can ever use are removed."""
        return self.takes_useless or not (self.groups or self.compares)

    @property
    def needs_sound(self) -> bool:
        """Return whether it matters which entries no pip can ever use: they are removed, or replace no other entry."""
        return self.is_of_useless or self.superseded is not None or self.built_sdists or self.duplicates

    def rule(self) -> Rule:
        """Return the rule that uses findings."""
        spared = frozenset[Group]() if self.includes_downloads else _OF_DOWNLOADS
        return by_findings(self.groups, spares_downloads=spared, takes_useless=self.is_of_useless)


_EMPTY_LOCK = "names no package, so it keeps nothing"


class Planner:
    """Makes the plans of one cache."""

    def __init__(self, cache: CacheDir) -> None:
        """Store the cache's directory."""
        self._cache = cache

    def query_of(
        self, requested: Requested, *, index_urls: tuple[str, ...], make_context: Callable[[bool], Context]
    ) -> Query:
        """Return the query that finds removable entries.

        Args:
            requested: The requested reasons.
            index_urls: URLs of indexes whose pages may be in the cache.
            make_context: Returns the context of checks; its argument is whether interpreters must be run.

        Raises:
            InterpreterError: One of the interpreters gives no answer.
        """
        groups = requested.groups
        put = tuple(
            check
            for check in checks()
            if check.group in groups
            or (requested.needs_sound and check.is_told and check.depth <= Depth.ENDS and not check.needs_links)
        )
        depth = Depth(max((check.depth for check in put if check.is_suspect is None), default=Depth.ENDS))
        shapes = frozenset().union(*(check.shapes for check in put if check.depth is Depth.WHOLE))
        # Downloads need not be read to their end to judge built wheels.
        is_whole = bool(shapes - {Shape.BUILT_WHEEL}) or requested.duplicates
        if is_whole:
            # The query of `verify`: its stored facts are of use here, and the other way round.
            put = tuple(check for check in checks() if check.is_told or check in put)
        context = make_context(requested.needs_interpreters)
        if Group.OUTDATED_BUILD in groups:
            context = with_builds(context, cache_dir=self._cache.path, is_strict=requested.is_strict)
        context = replace(context, stale_age_s=requested.stale_age_s, built_before_s=requested.built_before_s)
        return Query(
            path=self._cache.path,
            index_urls=index_urls,
            depth=Depth.WHOLE if is_whole else max(depth, Depth.ENDS) if requested.compares else depth,
            context=context,
            contents_of=None if is_whole or not shapes else Shape.BUILT_WHEEL,
            checks=put,
            needs_urls=requested.compares or any(check.needs_links for check in put),
            only_findings=True,
        )

    def plan_of(
        self, query: Query, rule: Rule, keeps: Keeps, *, keep_missing_ok: bool, requested: Requested | None = None
    ) -> Plan:
        """Return the plan for the results of a query.

        Args:
            query: The query.
            rule: The rule that chooses single entries.
            keeps: The keeps.
            keep_missing_ok: Whether some of the keeps may match nothing.
            requested: The reasons for which entries must be compared, if any.

        Raises:
            MisspeltKeepError: A keep matches nothing although entries would be removed, and must be a mistake.
            BadRequestError: A lock names no package, and `keep_missing_ok` does not permit that.
        """
        check_switches(keep_missing_ok=keep_missing_ok)
        for lock in () if keep_missing_ok else keeps.empty_locks:
            raise BadRequestError(lock, _EMPTY_LOCK, "write it again, or pass `keep_missing_ok=True`")
        if keeps:  # keeps name entries by project, version, URL
            query = replace(query, depth=max(query.depth, Depth.ENDS), needs_urls=True)
        query = replace(query, would_go=lambda one: bool(rule(one)))
        if not keep_missing_ok:
            query = replace(query, looked_for=keeps.selection)
        warnings: list[Warned] = []
        whole = None
        if keeps.needed is not None or (requested is not None and requested.compares):
            whole = _Whole(self._cache, query.context, rule, keeps, requested or Requested())
            found = answered(query, whole.found, warnings)
        else:
            found = list(run_query(query, warnings))
        chosen = {} if whole is None else whole.chosen

        def explain(one: Checked) -> str:
            from pipcacheplus.checks.base.why import why_of  # noqa: PLC0415 - slow to import

            sentences = [why_of(one, query.context).sentence] if one.findings or one.entry.id not in chosen else []
            return "; ".join((*sentences, *(why.why for why in chosen.get(one.entry.id, ()))))

        made = make_plan(
            self._cache,
            sorted(found, key=lambda one: one.entry.id),
            lambda one: tuple(sorted({*rule(one), *(why.reason for why in chosen.get(one.entry.id, ()))})),
            is_kept=lambda entry: bool(keeps) and keeps.fits(entry),
            is_young=lambda entry: is_young(entry, query.context),
            counts_unjudged=query.only_findings,
            explains=explain if query.only_findings else lambda _one: "",
        )
        for word in () if keep_missing_ok else keeps.selection.unknown:
            if similar := meant(word, (action.entry for action in made.actions)):
                raise MisspeltKeepError(word.what, similar)
            if made.actions and (mistake := mistake_in(word, project=keeps.selection.project_beside(word))):
                raise MisspeltKeepError(word.what, None, mistake)
        return replace(
            made,
            actions=tuple(
                replace(one, because=tuple({id_: None for why in chosen[one.entry.id] for id_ in why.because}))
                if one.entry.id in chosen
                else one
                for one in made.actions
            ),
            warnings=tuple(warnings),
            unmatched_keeps=() if keep_missing_ok else keeps.selection.unmatched,
            pythons=query.context.pythons,
            locked=keeps.locked,
            cuts=() if whole is None else whole.cuts,
            notes=(
                *(f"{lock}: {_EMPTY_LOCK}" for lock in keeps.empty_locks),
                *(() if whole is None else whole.notes),
            ),
        )


class _Whole:
    """Chooses entries to remove because of other entries, times of use and limits, by a pass over the whole cache."""

    def __init__(
        self,
        cache: CacheDir,
        context: Context,
        rule: Rule,
        keeps: Keeps,
        requested: Requested,
    ) -> None:
        self._cache = cache
        self._context = context
        self._rule = rule
        self._keeps = keeps
        self._wishes = requested
        self.chosen: dict[str, list[Chosen]] = {}
        """The reasons for removing entries, by their ids."""
        self.cuts: tuple[Cut, ...] = ()
        self.notes: tuple[str, ...] = ()

    def found(self, run: Run) -> list[Checked]:
        """Return the entries with findings, and the other chosen ones; this run has read all of them."""
        run.look_for(self._keeps.selection)
        while True:
            found = [*run.suspects()]
            self._choose(run, found)
            if not run.read_again(self._told_by_names()):
                break
        there = {one.entry.id for one in found}
        return [*found, *run.those(id_ for id_ in self.chosen if id_ not in there)]

    def _told_by_names(self) -> set[str]:
        """Return the ids of entries that are removed, or needed for that, not only by size and times of files."""
        found = set[str]()
        for id_, reasons in self.chosen.items():
            if self._keeps or not all(one.goes_by_stamp for one in reasons):
                found |= {id_, *(other for one in reasons for other in one.because)}
        return found

    def _choose(self, run: Run, found: Sequence[Checked]) -> None:
        from pipcacheplus.plan.budget import CacheBudget, Free  # noqa: PLC0415 - of use to few

        last_use = self._last_use(run)
        comparisons = _comparisons(self._wishes, self._context, run, last_use)
        limits = self._wishes.limits
        free = Free(*_free(self._cache.path)) if limits else Free(None, None)
        budget = CacheBudget(limits, last_use, run.survey(), free, self._context.now_s)
        kept = set[str]()

        def look(brief: Brief) -> None:
            stays = self._stays(brief)
            if stays is Stays.KEPT:
                kept.add(brief.id)
            if limits:
                budget.see(brief, stays)

        _show_all(run, comparisons, look)
        gone = {one.entry.id for one in found if self._rule(one)} - kept
        self.chosen = {}
        broken = {one.entry.id for one in found if any(error.severity is Severity.ERROR for error in one.findings)}
        for comparison in comparisons:
            chosen = comparison.chosen(gone | broken)  # a broken entry replaces no other
            gone |= chosen.keys() - kept
            self._add(chosen)
        by_limits, self.cuts = budget.chosen(gone) if limits else ({}, ())
        self._add(by_limits)
        self.notes = tuple(_notes(comparisons))

    def _add(self, chosen: Mapping[str, Chosen]) -> None:
        for id_, one in chosen.items():
            self.chosen.setdefault(id_, []).append(one)

    def _stays(self, brief: Brief) -> Stays | None:
        if brief.shape is Shape.FOREIGN:
            return Stays.FOREIGN
        if self._keeps and self._keeps.fits(brief):
            return Stays.KEPT
        is_unfinished = brief.shape in UNFINISHED
        if is_unfinished and is_within_grace(brief.shape, (brief.mtime_ns or 0) / _NS, self._context):
            return Stays.YOUNG
        return None

    def _last_use(self, run: Run) -> LastUse:
        reports = self._wishes.reports

        def recorded(brief: Brief) -> int | None:
            return max((at for one in reports if (at := one.at(brief)) is not None), default=None)

        return run.last_use()._replace(recorded=recorded)


def import_reasons() -> None:
    """Import modules that plans may need later: this process may soon not be able to read them any more."""
    for name in ("budget", "built_sdists", "duplicates", "superseded", "unused"):
        import_module(f"pipcacheplus.plan.{name}")
    for name in ("cache.locks", "catalog.lookups", "host.free_space", "host.filesystems"):
        import_module(f"pipcacheplus.{name}")


def redundancy(context: Context) -> Callable[[Run], Mapping[str, frozenset[str]]]:
    """Return a function that returns the entries not needed because of others: ids by the reason.

    Duplicates are found among contents that were read before. Nothing is read again: this is not a plan.

    Args:
        context: With the interpreters considered.
    """

    def look(run: Run) -> Mapping[str, frozenset[str]]:
        requested = Requested(superseded=1, duplicates=True, built_sdists=True)
        comparisons = _comparisons(requested, context, run, run.last_use())
        _show_all(run, comparisons)
        found = defaultdict[str, set[str]](set)
        for comparison in comparisons:
            for id_, one in comparison.chosen(()).items():
                found[one.reason].add(id_)
        return {reason: frozenset(ids) for reason, ids in found.items()}

    return look


def _show_all(run: Run, comparisons: Sequence[Comparison], also: Callable[[Brief], object] | None = None) -> None:
    """Pass all entries of a cache to comparisons, as often as these need; and once to another function."""
    for brief in run.briefs():
        if also is not None:
            also(brief)
        for comparison in comparisons:
            comparison.see(brief)
    again = [one for one in comparisons if one.wants_again()]
    for brief in run.briefs() if again else ():
        for comparison in again:
            comparison.see(brief)


def _comparisons(requested: Requested, context: Context, run: Run, last_use: LastUse) -> list[Comparison]:
    # Each is of use to few.
    from pipcacheplus.plan.built_sdists import BuiltSdists  # noqa: PLC0415 - see above
    from pipcacheplus.plan.duplicates import Duplicates  # noqa: PLC0415 - see above
    from pipcacheplus.plan.superseded import Superseded  # noqa: PLC0415 - see above
    from pipcacheplus.plan.unused import Unused  # noqa: PLC0415 - see above

    found: list[Comparison] = []
    if requested.unused_since_s is not None:
        recorded_s = max((one.at_ns / _NS for one in requested.reports), default=-inf)
        found.append(Unused(requested.unused_since_s, last_use, recorded_until_s=recorded_s))
    if requested.duplicates:
        found.append(Duplicates(run.same_contents(), last_use))
    if requested.superseded:
        found.append(Superseded(requested.superseded))
    if requested.built_sdists:
        found.append(BuiltSdists(context.considered, are_all_known=not context.unasked))
    return found


def _notes(comparisons: Sequence[Comparison]) -> list[str]:
    from pipcacheplus.plan.unused import Unused  # noqa: PLC0415 - of use to few

    notes = []
    for one in comparisons:
        if isinstance(one, Unused) and one.trouble is not None:
            notes.append(f"nothing is removed as unused: {one.trouble}")
        elif isinstance(one, Unused) and one.uncertain:
            notes.append(
                f"{one.uncertain} entries stay that were read within a day before then: the file system stores"
                " only the first read of a day"
            )
    return notes


def _free(path: str) -> tuple[int | None, int | None]:
    from pipcacheplus.host.free_space import free_bytes, free_inodes  # noqa: PLC0415 - of use to few

    real = os.path.realpath(path)
    return free_bytes(real), free_inodes(real)


def refuse_unknown_word(outdated_builds: object, word: str) -> None:
    """Refuse a value that is neither a switch nor the argument for outdated builds that do not certainly fail.

    Raises:
        BadRequestError: It is another word.
        TypeError: It is not a bool.
    """
    if not isinstance(outdated_builds, str):
        check_switches(outdated_builds=outdated_builds)
    elif outdated_builds != word:
        raise BadRequestError(
            what="`outdated_builds`",
            problem=f"{outdated_builds!r} is invalid",
            next_step=f"pass True, False or {word!r}",
        )
