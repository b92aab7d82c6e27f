"""pip's cache as one object, whose methods are short chains of the stages."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipcacheplus.cache.planning import Planner, Requested, redundancy, refuse_unknown_word
from pipcacheplus.catalog.environments import environments_in
from pipcacheplus.catalog.queries import (
    Each,
    Query,
    census_of,
    explanation_of,
    facts_of,
    has_catalog,
    inspection_of,
    inventory_of,
    overview_of,
    run_query,
    verification_of,
)
from pipcacheplus.catalog.results import CacheFacts, Explanation, Inspection, Inventory, Verification
from pipcacheplus.checks.base.check import HOUR_S, Context, told_checks
from pipcacheplus.checks.base.context import CURRENT, Pythons, considered_pythons, context_of, paths_of, with_builds
from pipcacheplus.disk import refusal
from pipcacheplus.disk.access_times import is_marked_as_read
from pipcacheplus.disk.open_cache import OpenCache, moves_access_times
from pipcacheplus.errors import BadRequestError, CacheNotFoundError
from pipcacheplus.host.filesystems import keeps_access_times, kind_of, leaves_access_times
from pipcacheplus.host.machine import Machine, this_machine
from pipcacheplus.model.arguments import (
    age_in_seconds,
    check_switches,
    moment_in_seconds,
    number_of_bytes,
    number_of_versions,
    several,
)
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import (
    CacheDir,
    Checked,
    Entry,
    ExportReport,
    Group,
    Kind,
    Plan,
    Progress,
    Report,
    Shape,
    Source,
    Trashed,
    Waiting,
    Warned,
)
from pipcacheplus.pips.layout import part_of
from pipcacheplus.pips.locate import index_urls as configured_index_urls
from pipcacheplus.pips.locate import locate, of_python
from pipcacheplus.plan.keeps import Keeps
from pipcacheplus.plan.limits import Limited, LimitOn, limits_of
from pipcacheplus.plan.lookups import Need
from pipcacheplus.plan.misspelt import meant, mistake_in
from pipcacheplus.plan.plan import by_request
from pipcacheplus.plan.select import Selection

if TYPE_CHECKING:  # slow to import
    from concurrent.futures import Executor
    from datetime import datetime, timedelta

    from pipcacheplus.cache.planning import Used
    from pipcacheplus.catalog.census import CacheCounts
    from pipcacheplus.model.pythons import FoundPython
    from pipcacheplus.plan.needed import Needed

__all__ = ["PipCache"]


STRICT = "strict"
"""The argument for outdated builds that do not certainly fail."""
MARK = "mark"
"""The default name of a mark."""
_MAX_INDEXES = 64
"""Most indexes of pip's settings that count: each is tried with all names."""


class PipCache:
    """One cache directory.

    Reading changes nothing below it, not even access times where the system allows that. No file is kept open, and no
    result is kept from call to call: each reads the disk again.
    """

    def __init__(self, path: str | os.PathLike[str], *, index_urls: Sequence[str] = ()) -> None:
        """Open a cache by its path.

        Args:
            path: Path of the directory, absolute; `~` stands for the home directory.
            index_urls: URLs of indexes whose pages may be in it; the default index is included.

        Raises:
            CacheNotFoundError: There is no such directory.
            NotACacheError: It is a directory that does not look like a pip cache; or the path is empty or relative.
        """
        named = os.path.expanduser(os.fspath(path))
        refusal.check_named(named)
        real = os.path.realpath(named)
        self._open(CacheDir(path=real, source=Source.ARGUMENT, detail="argument"), several("index_urls", index_urls))

    @classmethod
    def locate(
        cls,
        *,
        cache_dir: str | None = None,
        index_urls: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        python: str | None = None,
        command: str = "cache",
        isolated: bool = False,
    ) -> "PipCache":
        """Find the cache that the pip of an interpreter would use.

        Args:
            cache_dir: The value of pip's `--cache-dir`; it wins over every setting.
            index_urls: URLs of indexes whose pages may be in it, besides those of pip's settings and the default one.
            environ: The environment variables; those of this process by default.
            python: The interpreter, by its path; the running one by default.
            command: Command of pip; its section in pip's settings counts too: `install`.
            isolated: Whether pip is run with `--isolated`: then variables and the user's settings do not count.

        Raises:
            BadRequestError: A setting is one that pip itself would refuse.
            CacheDisabledError: pip's settings switch its cache off.
            CacheNotFoundError: There is no such directory.
            NotACacheError: It is a directory that does not look like a pip cache.
        """
        found = cls.__new__(cls)
        machine = this_machine(environ)
        if python is not None:
            machine = of_python(machine, python)
        indexes = several("index_urls", index_urls)
        where = locate(machine, cache_dir=cache_dir, command=command, isolated=isolated)
        found._open(where, indexes, machine)  # noqa: SLF001 - its own class
        return found

    def _open(self, cache: CacheDir, index_urls: tuple[str, ...], machine: Machine | None = None) -> None:
        if not os.path.isdir(cache.path):
            is_argument = cache.source is Source.ARGUMENT and machine is not None
            raise CacheNotFoundError(cache.path, "`cache_dir`" if is_argument else cache.detail or cache.source.value)
        refusal.check_readable(cache.path, home=os.path.expanduser("~"))
        has_times = keeps_access_times(cache.path)
        moves_times = has_times and moves_access_times(cache.path)
        is_marked = _is_marked(cache.path) if has_times and not moves_times else False
        has_times = has_times and is_marked is False
        self.dir: CacheDir = cache._replace(moves_access_times=moves_times, ignores_noatime=is_marked is True)
        self._machine = machine
        self.settings_trouble: str | None = None
        """The settings of pip whose indexes are unknown, with the reason; `None` without problem. Pages may lack URLs
        then."""
        self.index_urls: tuple[str, ...] = self._with_settings(index_urls, None)
        self.last_use: str = "atime" if has_times else "mtime"
        self._planner = Planner(self.dir)
        self.catalog_trouble: str | None = None
        """The reason why the last query used a catalog in memory, which is not stored; `None` without problem."""

    def _with_settings(self, index_urls: Sequence[str], pythons: Pythons) -> tuple[str, ...]:
        """Return indexes with those of pip's settings, of this interpreter (`None`) or others, if settings are used.

        A file at which pip would stop is left out: the directory of the cache is known without it.
        """
        named = paths_of(pythons)
        if self._machine is None:
            return tuple(index_urls)
        urls = dict.fromkeys(index_urls)
        machines = [of_python(self._machine, path) for path in named]
        for machine in machines if pythons is not None else (self._machine,):
            try:
                found = configured_index_urls(machine)
            except BadRequestError as error:
                self.settings_trouble = str(error)
                continue
            if len(found) > _MAX_INDEXES:
                self.settings_trouble = f"of {len(found)} URLs the first {_MAX_INDEXES} count"
            urls.update(dict.fromkeys(found[:_MAX_INDEXES]))
        return tuple(urls)

    def _context(self, *, min_age_s: "float | timedelta", pythons: Pythons, needs_tags: bool) -> Context:
        return context_of(
            min_age_s=min_age_s,
            pythons=pythons,
            needs_tags=needs_tags,
            environments=lambda: environments_in(self.dir.path),
            environ=None if self._machine is None else self._machine.environ,
        )

    def pythons(self, pythons: Pythons = None) -> "tuple[FoundPython, ...]":
        """Return the interpreters that count for this cache, including those that it names itself.

        Each has its tags and the version of its pip, or the reason why these are unknown. One with a stored answer is
        not run.

        Args:
            pythons: As `plan`.

        Raises:
            InterpreterError: One that is named by its path gives no answer.
        """
        environ = None if self._machine is None else self._machine.environ
        return considered_pythons(pythons, environments=lambda: environments_in(self.dir.path), environ=environ)

    def _hear(self, trouble: str | None) -> None:
        self.catalog_trouble = trouble

    def __repr__(self) -> str:
        """Return the directory as text."""
        return f"{type(self).__name__}({self.dir.path!r})"

    def scan(
        self,
        *what: str | Kind,
        kind: str | Kind | None = None,
        details: bool = False,
        short_ids: bool = False,
        pythons: Pythons = None,
        remembers: bool = True,
        alone: bool = False,
        progress: Progress | None = None,
    ) -> Inventory:
        """List the entries that match `what`, with their names; all without `what`.

        Args:
            what: Selections, in the words of the command line.
            kind: The kind of all of them.
            details: Whether each has its SHA-256, if a run has computed it since the entry was written, and its origin.
            short_ids: Whether the result abbreviates ids, to digits that mean one entry wherever `what` stands.
            pythons: As `plan`: wheels that none of them can use are left out. By default none is left out, and no
                interpreter is run.
            remembers: As `verify`.
            alone: As `inspect`.
            progress: Called with the entries read.

        Raises:
            BadRequestError: `what` or `kind` is invalid.
            InterpreterError: One of `pythons` gives no answer.
        """
        selection = Selection(what, kind, cache_dir=self.dir.path)
        context = Context(now_s=0)
        if pythons is not None:
            context = self._context(min_age_s=HOUR_S, pythons=pythons, needs_tags=True)
        query = Query(
            path=self.dir.path,
            index_urls=self._with_settings(self.index_urls, pythons),
            depth=Depth.ENDS,
            context=context,
            only_usable=pythons is not None,
            needs_urls=True,
            selection=selection,
            details=details,
            short_ids=short_ids,
            remembers=remembers,
            hears=self._hear,
            progress=progress,
            parts=_parts_of(what) if alone else None,
        )
        return inventory_of(self.dir, self._with_lookups(query, selection))

    def _with_lookups(self, query: Query, *asked: Selection) -> Query:
        """Return a query with the facts that words of selections may need besides names."""
        query = replace(query, asked=asked, has_access_times=self.last_use == "atime")
        named = sorted(url for selection in asked for url in selection.lookups.indexes if "://" in url)
        query = replace(query, index_urls=(*query.index_urls, *named))
        if not any(Need.STATES in selection.needs for selection in asked):
            return query
        context = self._context(min_age_s=HOUR_S, pythons=None, needs_tags=True)
        return replace(query, context_of_states=with_builds(context, cache_dir=self.dir.path))

    def entries(self, *what: str | Kind, kind: str | Kind | None = None, remembers: bool = True) -> Iterator[Entry]:
        """Yield the entries that match `what`, in order of their ids; each is made on access.

        Raises:
            BadRequestError: `what` or `kind` is invalid.
        """
        return iter(self.scan(*what, kind=kind, remembers=remembers).entries)

    def overview(
        self,
        *,
        reads: bool = False,
        details: bool = False,
        pythons: Pythons = None,
        each: Each | None = None,
        remembers: bool = True,
        progress: Progress | None = None,
    ) -> Inventory:
        """List the entries, and those that could be removed, in one pass.

        Args:
            reads: Whether heads, pages and the ends of archives are read, and not only names and times.
            details: As `scan`, if anything is read.
            pythons: As `plan`; run only if files are read.
            each: Called with every entry, empty directories too, and its findings; the inventory then holds neither.
            remembers: As `verify`.
            progress: Called with the number of entries so far.

        Raises:
            InterpreterError: One of `pythons` gives no answer.
        """
        depth = Depth.ENDS if reads else Depth.NAMES
        put = tuple(check for check in told_checks() if check.depth <= depth)
        context = self._context(min_age_s=HOUR_S, pythons=pythons, needs_tags=reads)
        urls = self._with_settings(self.index_urls, pythons)
        query = Query(path=self.dir.path, index_urls=urls, depth=depth, context=context, checks=put)
        query = replace(query, needs_urls=reads, details=details)
        query = replace(query, remembers=remembers, hears=self._hear, progress=progress)
        if reads:
            query = replace(query, redundant=redundancy(context), has_access_times=self.last_use == "atime")
        return overview_of(self.dir, query, each)

    def count(
        self,
        *,
        reads: bool = False,
        spans_s: tuple[int, ...] = (),
        details: bool = False,
        pythons: Pythons = None,
        each: Each | None = None,
        remembers: bool = True,
        progress: Progress | None = None,
    ) -> "CacheCounts":
        """Count entries by area, kind, project and last use, and what of them could be removed.

        Without `reads` no entry is read: those count by what earlier calls have stored about them, and by their
        names and times if nothing is stored, or if they have changed since.

        Args:
            reads: Whether metadata files, pages and the ends of archives are opened, unless an earlier call has stored
                what they contain; then entries are compared with each other too.
            spans_s: Times since the last use, in seconds and in order, up to which entries are counted together.
            details: As `scan`, of what `each` is given.
            pythons: As `plan`.
            each: Called with every entry, empty directories too, and with its findings.
            remembers: As `verify`.
            progress: Called with the entries looked at.

        Raises:
            InterpreterError: One of `pythons` cannot be asked.
        """
        from pipcacheplus.catalog.census import census_by_names  # noqa: PLC0415 - slow to import, and of use to few
        from pipcacheplus.catalog.counts import CountRequest  # noqa: PLC0415 - as above

        context = self._context(min_age_s=HOUR_S, pythons=pythons, needs_tags=True)
        # Interpreters are no matter of names: what none of them reads is counted with what is read.
        names = replace(context, is_http_read=True)
        request = CountRequest(self.dir.path, names, told_checks(), self.last_use, spans_s, context.now_s)
        query = Query(
            path=self.dir.path,
            index_urls=self._with_settings(self.index_urls, pythons),
            depth=Depth.ENDS,
            context=context,
            checks=tuple(check for check in told_checks() if check.depth <= Depth.ENDS),
            needs_urls=True,
            details=details,
            remembers=remembers,
            hears=self._hear,
            progress=progress,
            reads=reads,
            counting=request,
            has_access_times=self.last_use == "atime",
        )
        if reads:
            found = census_of(replace(query, redundant=redundancy(context)), each)
        elif remembers and has_catalog(self.dir.path):
            found = census_of(query, each)
        else:
            if each is not None:
                for one in run_query(replace(query, depth=Depth.NAMES, needs_urls=False), []):
                    each(one.entry, one.findings)
            found = census_by_names(request, is_http_read=context.is_http_read, progress=progress)
        return found._replace(pythons=context.pythons)

    def verify(
        self,
        *what: str | Kind,
        min_age_s: "float | timedelta" = HOUR_S,
        pythons: Pythons = None,
        executor: "Executor | None" = None,
        remembers: bool = True,
        deep: bool = False,
        only_counts_normal: bool = False,
        portion_bytes: int | None = None,
        results: Sequence[str] = (),
        details: bool = False,
        progress: Progress | None = None,
    ) -> Verification:
        """Run every check on the entries that match `what`; files are read to their end, once.

        Args:
            what: Selections, in the words of the command line; all entries without any.
            min_age_s: The grace period in seconds.
            pythons: As `plan`.
            executor: Reads entries in parallel; any will do. Without one, a forked process for each core if this
                process has one thread (Linux), otherwise threads. Where none can be started, entries are read here.
            remembers: Whether facts are stored, and unchanged entries are not read again.
            deep: Whether everything is nevertheless read and stored again.
            only_counts_normal: Whether findings of severity `info` that follow from names and times alone (pages past
                their freshness lifetime) are only counted: `Verification.counted` has them, and `findings` does not.
            portion_bytes: For `Fleet` alone, and not stable: bytes of a portion. Contents of two portions or more are
                then not read, but left to other processes.
            results: For `Fleet` alone, and not stable: of portions that these have read.
            details: Whether `Verification.listed` has the entries that were checked, each with its SHA-256.
            progress: Called with the bytes done.

        Raises:
            BadRequestError: `what` is invalid.
            InterpreterError: One of `pythons` gives no answer.
            PortionsError: Contents are left to other processes.
        """
        query = self._query_of_all(what, min_age_s, pythons)
        query = replace(query, executor=executor, remembers=remembers, is_deep=deep, progress=progress)
        query = replace(query, only_counts_normal=only_counts_normal, details=details)
        query = replace(query, portion_bytes=portion_bytes, results=tuple(results))
        return verification_of(self.dir, query)

    def inspect(
        self,
        *what: str | Kind,
        min_age_s: "float | timedelta" = HOUR_S,
        pythons: Pythons = None,
        remembers: bool = True,
        alone: bool = False,
        progress: Progress | None = None,
    ) -> Inspection:
        """Read the entries that match `what` to their end; return all evidence for and against them.

        Args:
            what: Selections, in the words of the command line; all entries without any.
            min_age_s: As `verify`.
            pythons: As `plan`.
            remembers: As `verify`; the entries themselves are nevertheless read again.
            alone: Whether only files near them are read: `what` must be ids then, and pages count only if they are
                named as well. For callers that need a quick answer about a few entries.
            progress: Called with the bytes done.

        Raises:
            BadRequestError: `what` is invalid.
            InterpreterError: One of `pythons` gives no answer.
        """
        query = self._query_of_all(what, min_age_s, pythons)
        query = replace(query, remembers=remembers, details=True, wants_evidence=True, progress=progress)
        query = replace(query, is_deep=not what)  # a selection is read again entry by entry
        if alone:
            query = replace(query, parts=_parts_of(what))
        return inspection_of(self.dir, query)

    def why(
        self,
        *what: str | Kind | Entry,
        keep: Sequence[str | Kind] = (),
        min_age_s: "float | timedelta" = HOUR_S,
        pythons: Pythons = None,
        remembers: bool = True,
        progress: Progress | None = None,
    ) -> Explanation:
        """Explain entries: who can use them, what is wrong with them, what would remove them and what would keep them.

        Args:
            what: Entries, or selections in the words of the command line; all entries without any.
            keep: Selections, as for `plan`.
            min_age_s: As `verify`.
            pythons: As `plan`.
            remembers: As `verify`.
            progress: Called with the bytes done.

        Raises:
            BadRequestError: `what` or `keep` is invalid.
            InterpreterError: One of `pythons` gives no answer.
        """
        keeps = Selection(keep, cache_dir=self.dir.path)
        selected = tuple(one.id if isinstance(one, Entry) else one for one in what)
        query = self._query_of_all(selected, min_age_s, pythons, keeps)
        query = replace(query, remembers=remembers, progress=progress)
        from pipcacheplus.checks.base.why import why_of  # noqa: PLC0415 - slow to import

        return explanation_of(self.dir, query, lambda one: why_of(one, query.context, kept_by=keeps.fitting(one.entry)))

    def report(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        force: bool = False,
        pythons: Pythons = None,
        remembers: bool = True,
        progress: Progress | None = None,
    ) -> CacheFacts:
        """Return the facts of the cache, and write them to one HTML file if a path is given.

        No contents are read: the report shows the damage that `verify` found, and counts the entries that no run has
        read to the end.

        Args:
            path: The file, outside of the cache. A former report there is replaced; any other file is not.
            force: Whether any regular file there is replaced.
            pythons: As `plan`.
            remembers: As `verify`.
            progress: Called with the entries read.

        Raises:
            BadRequestError: The file cannot be written, is in the cache, or is no report.
            InterpreterError: One of `pythons` cannot be asked.
        """
        from pipcacheplus.cache.report import check_target, default_view, save_report  # noqa: PLC0415 - of use to few
        from pipcacheplus.render.report.document import document  # noqa: PLC0415 - as above

        check_switches(force=force, remembers=remembers)
        target = None if path is None else check_target(os.fspath(path), self.dir.path, force=force)
        query = replace(self._query_of_all((), HOUR_S, pythons), only_known=True, remembers=remembers)
        query = replace(query, redundant=redundancy(query.context), progress=progress)
        found = facts_of(self.dir, query)
        if target is not None:
            pieces = document(default_view(found, self.last_use, now_s=time.time()))
            save_report(pieces, target, force=force)
        return found

    def _query_of_all(
        self, what: Sequence[str | Kind], min_age_s: "float | timedelta", pythons: Pythons, *asked: Selection
    ) -> Query:
        """Return the query of all checks for entries that are read to their end; `asked` are other selections."""
        context = self._context(min_age_s=min_age_s, pythons=pythons, needs_tags=True)
        selection = Selection(what, cache_dir=self.dir.path)
        query = Query(
            path=self.dir.path,
            index_urls=self._with_settings(self.index_urls, pythons),
            depth=Depth.WHOLE,
            context=with_builds(context, cache_dir=self.dir.path),
            checks=told_checks(),
            needs_urls=True,
            selection=selection,
            hears=self._hear,
        )
        return self._with_lookups(query, selection, *asked)

    def plan(
        self,
        *,
        corrupt: bool = False,
        partial: bool = False,
        stale: "bool | float | timedelta" = False,
        incompatible: bool = False,
        include_downloads: bool = True,
        outdated_builds: bool | str = False,
        built_before: "float | timedelta | datetime | None" = None,
        unsafe: bool = False,
        orphaned: bool = False,
        useless: bool = False,
        superseded: int | bool = False,
        duplicates: bool = False,
        built_sdists: bool = False,
        unused_since: "str | float | timedelta | datetime | None" = None,
        reports: Sequence[str | os.PathLike[str]] = (),
        ci: bool = False,
        max_size: Limited = None,
        max_age: Limited = None,
        max_files: Limited = None,
        min_free: Limited = None,
        min_free_inodes: Limited = None,
        keep: Sequence[str | Kind] = (),
        keep_lock: Sequence[str | os.PathLike[str]] = (),
        keep_env: Sequence[str | os.PathLike[str]] = (),
        keep_missing_ok: bool = False,
        min_age_s: "float | timedelta" = HOUR_S,
        pythons: Pythons = None,
        executor: "Executor | None" = None,
        remembers: bool = True,
        deep: bool = False,
        progress: Progress | None = None,
    ) -> Plan:
        """Decide which entries are removed for these reasons; without any, only entries that no pip can ever use.

        Ages are seconds or a `timedelta`, never a bool; switches are a bool, never a number.

        Args:
            corrupt: Damaged entries; files are read to their end, once.
            partial: Leftovers of interrupted pips.
            stale: `True` selects pages past their freshness lifetime, files that were replaced since, and wheels built
                from these or from a local directory, `False` none. An age selects pages that are older than that,
                fresh or not: `stale=0` selects all, and `stale=1` is a second.
            incompatible: Wheels that none of `pythons` can use, and built ones that none of their pips looks for. While
                an interpreter of this machine was not run, or gave no answer, that is certain for no wheel, and none
                is removed, unless `pythons` names those that count.
            include_downloads: Whether `incompatible` selects downloads too, and not only built wheels.
            outdated_builds: `True` selects built wheels that this machine cannot load in its present state; `"strict"`
                also those that need libraries which may be supplied later (drivers, environment modules), or were
                built with tools that are not here any more.
            built_before: Compiled wheels that were built before a `datetime`, or longer ago than an age.
            unsafe: Pickled responses.
            orphaned: Self-checks of environments that are gone.
            useless: Entries that no pip can ever use, also beside other reasons.
            superseded: All except so many of the newest versions of a project, for each set of tags; `True` is one.
            duplicates: Downloads whose bytes are in the cache under another URL too, except the one that was used
                last; files are read to their end, once.
            built_sdists: Downloaded sdists whose wheel is built for each of `pythons`.
            unused_since: Entries that were not used since then: the name of a mark, a `datetime`, or an age. Where
                earlier use is unknown, this removes nothing; `Plan.notes` gives the reason.
            reports: Files that `pip install --report FILE` wrote: the packages in them count as used then. Records of
                wrapped pips count by themselves.
            ci: Entries that a CI job need not save: those that no pip can ever use, corrupt ones, sdists whose wheels
                are built, and, if the cache was marked, those that were not used since.
            max_size: Most bytes of entries and their directories on the disk, as a number or as `2GB`; for one kind
                `wheels=500MB`; or several of these. The least recently used are removed first, after all reasons.
            max_age: Largest age of an entry since it was written.
            max_files: Largest number of files.
            min_free: Smallest number of free bytes on the file system.
            min_free_inodes: Smallest number of files and directories that can still be made there.
            keep: Entries that are never removed, in the words of the command line. Those that match nothing in the
                cache are in `Plan.unmatched_keeps`.
            keep_lock: Files that name packages to keep: `pylock.toml`, `uv.lock`, `poetry.lock`, requirements, reports
                of pip.
            keep_env: Interpreters of environments: packages installed there, and their sources, are kept.
            keep_missing_ok: Whether a part of `keep` may match nothing, even if similar names would be removed.
            min_age_s: The grace period: a running pip may still be writing younger leftovers.
            pythons: The interpreters that count: `all` of this machine, which is the default, `current` (the one that
                runs this program), or a list of these words, of paths, and of `Target`, which are added.
            executor: As `verify`.
            remembers: As `verify`.
            deep: As `verify`.
            progress: Called with the number of entries so far; with the bytes, if files are read to their end.

        Raises:
            BadRequestError: `keep` is invalid; or an age is negative, not finite, or not an age.
            InterpreterError: One of `pythons` gives no answer.
            TypeError: A switch is not a bool; or `keep` or `pythons` is a single string, and neither a word nor a list.
            MisspeltKeepError: A part of `keep` matches nothing, must be a mistake, and entries would be removed.
        """
        reasons = {"corrupt": corrupt, "partial": partial, "incompatible": incompatible}
        check_switches(**reasons, include_downloads=include_downloads, unsafe=unsafe, orphaned=orphaned)
        check_switches(remembers=remembers, deep=deep, duplicates=duplicates, built_sdists=built_sdists)
        check_switches(useless=useless, ci=ci)
        refuse_unknown_word(outdated_builds, STRICT)
        now_s = time.time()
        groups = {
            Group.CORRUPT: corrupt or ci,
            Group.PARTIAL: partial,
            Group.STALE: stale is not False,
            Group.INCOMPATIBLE: incompatible,
            Group.OUTDATED_BUILD: outdated_builds is not False,
            Group.BUILT_BEFORE: built_before is not None,
            Group.UNSAFE: unsafe,
            Group.ORPHANED: orphaned,
        }
        if ci and unused_since is None:
            unused_since = self.mark_moment()
        since_s = None if unused_since is None else self._since("unused_since", unused_since, now_s)
        limits = {
            LimitOn.SIZE: max_size,
            LimitOn.AGE: max_age,
            LimitOn.FILES: max_files,
            LimitOn.FREE: min_free,
            LimitOn.FREE_INODES: min_free_inodes,
        }
        requested = Requested(
            groups=frozenset(group for group, is_asked in groups.items() if is_asked),
            takes_useless=ci or useless,
            includes_downloads=include_downloads,
            is_strict=outdated_builds == STRICT,
            stale_age_s=None if isinstance(stale, bool) else age_in_seconds("stale", stale),
            built_before_s=None if built_before is None else moment_in_seconds("built_before", built_before, now_s),
            superseded=number_of_versions("superseded", superseded),
            duplicates=duplicates,
            built_sdists=built_sdists or ci,
            unused_since_s=_past("unused_since", since_s, now_s),
            limits=limits_of(limits),
            reports=self._used(
                reports, recorded=since_s is not None or any(one is not None for one in limits.values())
            ),
        )
        keeps = self._keeps(keep, keep_lock, keep_env)
        query = self._planner.query_of(
            requested,
            index_urls=self._with_settings(self.index_urls, pythons),
            make_context=lambda needs_tags: self._context(min_age_s=min_age_s, pythons=pythons, needs_tags=needs_tags),
        )
        query = replace(
            query, executor=executor, remembers=remembers, is_deep=deep, hears=self._hear, progress=progress
        )
        query = self._with_lookups(query, keeps.selection)
        made = self._planner.plan_of(
            query, requested.rule(), keeps, keep_missing_ok=keep_missing_ok, requested=requested
        )
        if ci and requested.unused_since_s is None:
            made = replace(made, notes=(*made.notes, f"nothing is removed as unused: {self._no_default_mark()}"))
        return made

    def _no_default_mark(self) -> str:
        from pipcacheplus.own.marks import names_of_marks  # noqa: PLC0415 - of use to few

        if names := names_of_marks(self.dir.path):
            return f"the cache has no mark named {MARK}, only {', '.join(names)}: pass `unused_since` with one of them"
        return "the cache was not marked before"

    def plan_removal(
        self,
        *what: str | Kind,
        keep: Sequence[str | Kind] = (),
        keep_lock: Sequence[str | os.PathLike[str]] = (),
        keep_env: Sequence[str | os.PathLike[str]] = (),
        keep_missing_ok: bool = False,
        min_age_s: "float | timedelta" = HOUR_S,
        remembers: bool = True,
        progress: Progress | None = None,
    ) -> Plan:
        """Decide which entries are removed if all that match `what` are to be; none without it, and no foreign file.

        Raises:
            BadRequestError: `what` or `keep` is invalid.
            MisspeltKeepError: As `plan`.
        """
        selection = Selection(what, cache_dir=self.dir.path)
        foreign: dict[str, Entry] = {}

        def is_wanted(entry: Entry) -> bool:
            if not what or not selection.is_wanted(entry):
                return False
            if entry.shape is Shape.FOREIGN:
                foreign[entry.id] = entry
            return True

        query = self._query_of_names(min_age_s=min_age_s, remembers=remembers, progress=progress)
        keeps = self._keeps(keep, keep_lock, keep_env)
        query = replace(self._with_lookups(query, selection, keeps.selection), hinted=(selection,))
        made = self._planner.plan_of(query, by_request(is_wanted), keeps, keep_missing_ok=keep_missing_ok)
        selection.refuse_ambiguous()
        for word in () if keep_missing_ok else selection.unknown_exceptions:
            if similar := meant(word, (action.entry for action in made.actions)):
                raise BadRequestError(
                    repr(f"not:{word.what}"),
                    f"it matches nothing, and {similar} would be removed",
                    f"did you mean not:{similar}? If not, pass `keep_missing_ok=True`",
                )
            mistake = mistake_in(word, project=selection.project_beside(word), excludes=True)
            if made.actions and mistake is not None:
                raise BadRequestError(repr(f"not:{word.what}"), *mistake)
        return replace(
            made,
            unmatched=selection.unmatched,
            hints=selection.hints,
            foreign=tuple(foreign.values()),
            is_for_all=selection.is_for_all,
        )

    def _keeps(
        self,
        keep: Sequence[str | Kind],
        keep_lock: Sequence[str | os.PathLike[str]],
        keep_env: Sequence[str | os.PathLike[str]],
    ) -> Keeps:
        locks, environments = several("keep_lock", keep_lock), several("keep_env", keep_env)
        needed, empty = None, list[str]()
        if locks or environments:
            from pipcacheplus.cache.locks import needed_by  # noqa: PLC0415 - of use to few

            needed = needed_by(locks, environments, finds_empty=empty.append)
        return Keeps(keep, cache_dir=self.dir.path, needed=needed, empty_locks=empty)

    def _used(self, reports: Sequence[str | os.PathLike[str]], *, recorded: bool) -> "tuple[Used, ...]":
        """Return the use of pips by reports; also that of wrapped pips by records, if requested."""
        paths = several("reports", reports)
        if not paths and not recorded:
            return ()
        from pipcacheplus.cache.locks import used_by_records, used_by_report  # noqa: PLC0415 - of use to few

        return (*map(used_by_report, paths), *(used_by_records(self.dir.path) if recorded else ()))

    def _query_of_names(self, *, min_age_s: "float | timedelta", remembers: bool, progress: Progress | None) -> Query:
        """Return the query for all entries with their names."""
        context = context_of(min_age_s=min_age_s)
        query = Query(path=self.dir.path, index_urls=self.index_urls, depth=Depth.ENDS, context=context)
        return replace(query, needs_urls=True, remembers=remembers, hears=self._hear, progress=progress)

    def plan_purge(
        self,
        *,
        keep: Sequence[str | Kind] = (),
        keep_lock: Sequence[str | os.PathLike[str]] = (),
        keep_env: Sequence[str | os.PathLike[str]] = (),
        keep_missing_ok: bool = False,
        min_age_s: "float | timedelta" = HOUR_S,
        progress: Progress | None = None,
    ) -> Plan:
        """Decide which entries are removed if everything that pip wrote is to be.

        Raises:
            BadRequestError: `keep` cannot be understood.
            MisspeltKeepError: As `plan`.
        """
        context = context_of(min_age_s=min_age_s)
        query = Query(path=self.dir.path, index_urls=self.index_urls, depth=Depth.NAMES, context=context)
        query = replace(query, progress=progress)
        keeps = self._keeps(keep, keep_lock, keep_env)
        query = self._with_lookups(query, keeps.selection)
        return self._planner.plan_of(query, by_request(lambda _entry: True), keeps, keep_missing_ok=keep_missing_ok)

    def export(
        self,
        *what: str | Kind,
        to: str | os.PathLike[str],
        locks: Sequence[str | os.PathLike[str]] = (),
        link: bool = False,
        dry_run: bool = False,
        stop: Callable[[], bool] | None = None,
        progress: Progress | None = None,
        reading: Progress | None = None,
    ) -> ExportReport:
        """Export downloads and built wheels to a directory for `--find-links`, under the index's names.

        Only whole files are exported: each is read to its end, and again while it is copied. Nothing is overwritten.

        Args:
            what: Selections, in the words of the command line; everything that `locks` name without any.
            to: The directory; it is made if it is missing. Not one in the cache.
            locks: Files that name packages to export, as `keep_lock` of `plan`; with `what`, only matches of both.
            link: Whether the files become second names of the cache's own, where possible: writing to one
                damages the cache.
            dry_run: Whether nothing is written.
            stop: Called between files; once it returns true, nothing else is begun.
            progress: Called with the files done, and all of them.
            reading: Called with the bytes read before the export.

        Raises:
            BadRequestError: Nothing is selected; `what` or a lock is invalid; or `to` cannot be used.
        """
        from pipcacheplus.cache.export import check_selection, exported, target_folder  # noqa: PLC0415 - of use to few

        check_switches(link=link, dry_run=dry_run)
        paths = several("locks", locks)
        check_selection(what, paths)
        folder = target_folder(os.fspath(to), self.dir.path)
        needed = None
        if paths:
            from pipcacheplus.cache.locks import needed_by  # noqa: PLC0415 - of use to few

            needed = needed_by(paths, ())
        return exported(
            self._inspect_exportable(what, needed, reading),
            folder,
            needed=needed,
            links=link,
            is_planned=dry_run,
            stop=stop,
            progress=progress,
        )

    def _inspect_exportable(
        self, what: Sequence[str | Kind], needed: "Needed | None", progress: Progress | None
    ) -> Inspection:
        """Read the entries that match, and that locks name, to their end."""
        from pipcacheplus.cache.export import is_exportable  # noqa: PLC0415 - of use to few

        found = self.scan(*what)
        if needed is not None and what:  # an entry that matches no word is still in the cache, and not missing
            for one in self.entries():
                needed.fits(one)
        ids = [one.id for one in found.entries if is_exportable(one) and (needed is None or needed.fits(one))]
        if not ids:  # an empty selection would read all
            return Inspection(
                cache=self.dir, entries=(), findings=(), evidence={}, unmatched=found.unmatched, hints=found.hints
            )
        # Without a grace period, a file that ends early counts as damaged, and not as being written.
        read = self.inspect(*ids, min_age_s=0, pythons=[CURRENT], progress=progress)
        return replace(read, unmatched=found.unmatched, hints=found.hints)

    def mark(self, name: str = MARK) -> "datetime":
        """Store the present time for `unused_since`; a mark of the same name is replaced. Return the time, in UTC.

        Args:
            name: A letter, then letters, digits, `_` and `-`; 64 at most.

        Raises:
            BadRequestError: The name is invalid, or the state directory cannot be written.
        """
        from datetime import datetime, timezone  # noqa: PLC0415 - slow to import, and of use to few

        from pipcacheplus.own.marks import set_mark  # noqa: PLC0415 - of use to few

        return datetime.fromtimestamp(set_mark(self.dir.path, name), timezone.utc)

    def mark_moment(self, name: str = MARK) -> "datetime | None":
        """Return the time of a mark, in UTC; `None` if there is none.

        Raises:
            BadRequestError: The name is invalid, or the state directory cannot be read.
        """
        from datetime import datetime, timezone  # noqa: PLC0415 - slow to import, and of use to few

        from pipcacheplus.own.marks import moment_of_mark  # noqa: PLC0415 - of use to few

        found = moment_of_mark(self.dir.path, name)
        return None if found is None else datetime.fromtimestamp(found, timezone.utc)

    def _since(self, name: str, moment: "str | float | timedelta | datetime", now_s: float) -> float:
        """Return a time in seconds since 1970; a string is the name of a mark."""
        if not isinstance(moment, str):
            return moment_in_seconds(name, moment, now_s)
        from pipcacheplus.own.marks import moment_of_mark  # noqa: PLC0415 - of use to few

        found = moment_of_mark(self.dir.path, moment)
        if found is None:
            raise BadRequestError(
                what=f"`{name}`",
                problem=f"this cache has no mark {moment!r}",
                next_step="set one with mark, or pass a date or an age",
            )
        return found

    def save_plan(self, plan: Plan, path: str) -> None:
        """Write a plan to a new file, for `load_plan`: readable JSON with a seal that shows later changes.

        Raises:
            BadRequestError: The file exists, or cannot be written; or the plan is for another cache.
        """
        from pipcacheplus.apply.plan_file import write_plan  # noqa: PLC0415 - of use to few
        from pipcacheplus.model.version import __version__  # noqa: PLC0415 - as above
        from pipcacheplus.plan.saved import plan_text  # noqa: PLC0415 - as above

        if plan.cache.path != self.dir.path:
            raise BadRequestError(
                what="`plan`", problem=f"is for {plan.cache.path}", next_step="save it with the cache that made it"
            )
        made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        write_plan(plan_text(plan, made=made, version=__version__), path)

    def load_plan(self, path: str, *, progress: Progress | None = None) -> Plan:
        """Read a plan that `save_plan` wrote, and return the part that is still valid.

        Entries that have changed since are not in the returned plan, but in its `warnings`; those that are gone are
        counted. Only files that pip wrote are in it, independent of the file.

        Args:
            path: Path of the file.
            progress: Called with the entries read.

        Raises:
            BadRequestError: The file cannot be read, is not a plan or was changed, or is for another cache.
        """
        from pipcacheplus.apply.plan_file import read_plan  # noqa: PLC0415 - of use to few
        from pipcacheplus.plan.saved import parse_plan  # noqa: PLC0415 - as above

        saved = parse_plan(read_plan(path), name=path)
        if os.path.realpath(saved.cache_path) != os.path.realpath(self.dir.path):
            raise BadRequestError(path, f"is a plan for {saved.cache_path}", "pass that as `cache_dir`")
        changed: dict[str, Warned] = {}
        seen, there = set[str](), set[str]()

        def rule(one: Checked) -> tuple[str, ...]:
            there.add(one.entry.id)
            action = saved.actions.get(one.entry.id)
            if action is None or one.entry.shape is Shape.FOREIGN:
                return ()
            seen.add(one.entry.id)
            if not action.is_same(one.entry):
                message = "changed since the plan was made, and stays"
                changed[one.entry.id] = Warned(path=one.entry.id, message=message)
                return ()
            return action.reasons

        # Recent entries were not in the plan when it was made, and the rest has not changed since.
        query = self._query_of_names(min_age_s=0, remembers=True, progress=progress)
        made = self._planner.plan_of(query, rule, self._keeps((), (), ()), keep_missing_ok=False)
        actions = []
        for one in made.actions:
            action = saved.actions[one.entry.id]
            if there.issuperset(action.because):
                actions.append(replace(one, why=action.why, because=action.because))
            else:
                message = "stays: the reason for its removal no longer exists"
                changed[one.entry.id] = Warned(path=one.entry.id, message=message)
        return replace(
            made,
            actions=tuple(actions),
            warnings=(*made.warnings, *changed.values()),
            gone=len(saved.actions.keys() - seen),
        )

    def apply(
        self,
        plan: Plan,
        *,
        dry_run: bool = False,
        exclusive: bool | None = None,
        lock_timeout_s: "float | timedelta" = 0,
        wait_s: "float | timedelta" = 20,
        stop: Callable[[], bool] | None = None,
        progress: Progress | None = None,
        trash: bool = False,
        trash_size: int | None = None,
        waiting: Callable[[Waiting], None] | None = None,
    ) -> Report:
        """Carry a plan out; with `dry_run`, report what would be removed and change nothing.

        A dry run makes the same decisions as a run: it refuses the same, and an entry that would stay has the outcome
        that it would have. Only failures that an attempt alone shows, and changes in between, are not foreseen.

        Args:
            plan: The plan, for this cache.
            dry_run: Whether nothing is changed.
            exclusive: Whether no pip uses this cache meanwhile: then there is no wait, and wheels of today are removed
                too. By default, true if no pip runs on this machine and no other machine mounts the file system.
            lock_timeout_s: Seconds to wait for another pipcacheplus to finish.
            wait_s: Seconds that pips may wait for an answer of their server; waited for once, if one could be asking.
            stop: Called between entries and while waiting; once it returns true, nothing else is begun.
            progress: Called with the actions done, and all of them; also while waiting.
            trash: Whether files are moved to a directory beside the cache, from where `undo` restores them for a week.
                This frees nothing until that is emptied, by the first plan that is carried out after the week.
            trash_size: Bytes that may stay in the trash: the oldest runs are removed first, never the present one.
            waiting: Called during the wait, if there is one, some times a second, with its reason and the seconds that
                are left, at its end 0; `progress` is not called then.

        Raises:
            BadRequestError: The plan is for another cache; or there can be no trash, and nothing was changed.
            CacheBusyError: Another pipcacheplus is using this cache.
            NotACacheError: Nothing may be removed here: another user's cache, or one that holds the current directory.
            OSError: The cache directory cannot be opened.
        """
        check_switches(dry_run=dry_run, trash=trash, exclusive=False if exclusive is None else exclusive)
        lock_timeout_s, wait_s = age_in_seconds("lock_timeout_s", lock_timeout_s), age_in_seconds("wait_s", wait_s)
        if trash_size is not None:
            number_of_bytes("trash_size", trash_size)
        from pipcacheplus.apply.apply import apply_here  # noqa: PLC0415 - filelock and psutil are slow to import

        return apply_here(
            plan,
            path=self.dir.path,
            exclusive=exclusive,
            has_access_times=self.last_use == "atime",
            lock_timeout_s=lock_timeout_s,
            wait_s=wait_s,
            stop=stop,
            progress=progress,
            trash=trash,
            trash_size=trash_size,
            is_planned=dry_run,
            waiting=waiting,
        )

    def undo(
        self,
        run: Report | str | None = None,
        *,
        dry_run: bool = False,
        lock_timeout_s: "float | timedelta" = 0,
        stop: Callable[[], bool] | None = None,
        progress: Progress | None = None,
    ) -> Report:
        """Restore the files that a run moved to the trash, byte for byte, with times and rights.

        No file is overwritten: an entry whose place is taken stays in the trash, and its outcome is `changed`.

        Args:
            run: The report of the run, or its name (`Report.run`, `Trashed.run`); by default the last of which anything
                is left. If there is none, nothing happens.
            dry_run: Whether nothing is changed.
            lock_timeout_s: As `apply`.
            stop: As `apply`.
            progress: Called with the entries done, and all of them.

        Raises:
            BadRequestError: There is no such run, or the trash is not only this user's.
            CacheBusyError: Another pipcacheplus is using this cache.
            NotACacheError: Nothing may be changed here, as for `apply`.
            OSError: The cache directory or the trash cannot be opened.
        """
        from pipcacheplus.apply.apply import undo_here  # noqa: PLC0415 - as above

        check_switches(dry_run=dry_run)
        lock_timeout_s = age_in_seconds("lock_timeout_s", lock_timeout_s)
        if isinstance(run, Report):
            if run.run is None:
                raise BadRequestError(
                    what="`run`", problem="moved nothing to the trash", next_step="apply with `trash=True`"
                )
            run = run.run
        return undo_here(
            self.dir,
            run=run,
            is_planned=dry_run,
            lock_timeout_s=lock_timeout_s,
            stop=stop,
            progress=progress,
        )

    def trashed(self) -> tuple[Trashed, ...]:
        """List the runs that can be restored, oldest first.

        Raises:
            BadRequestError: The trash is not only this user's.
        """
        from pipcacheplus.apply.apply import trashed_here  # noqa: PLC0415 - as above

        return trashed_here(self.dir.path)


def _parts_of(ids: Sequence[str | Kind]) -> frozenset[str]:
    return frozenset(part_of(str(id_)) for id_ in ids)


def _past(name: str, moment_s: float | None, now_s: float) -> float | None:
    """Return a time that is not in the future: nothing was used since a future time.

    Raises:
        BadRequestError: It is.
    """
    if moment_s is not None and moment_s > now_s + HOUR_S:
        raise BadRequestError(what=f"`{name}`", problem="it is in the future", next_step="pass a date of the past")
    return moment_s


def _is_marked(path: str) -> bool | None:
    """Return whether reading changes access times; `None` if that is unknown on a file system where it may."""
    try:
        with OpenCache(path) as opened:
            is_so = is_marked_as_read(opened)
            return False if is_so is None and leaves_access_times(kind_of(path, opened.device)) else is_so
    except OSError:
        return False  # it cannot be read, which the reader reports
