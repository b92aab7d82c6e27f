"""pip's cache as one object: each of its verbs is a short chain of the stages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipcacheplus.catalog.queries import Look, Wanted
from pipcacheplus.checks.base.check import HOUR_S, Progress
from pipcacheplus.checks.base.context import context_of
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.machine import this_machine
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Group, Plan, Report, Trashed
from pipcacheplus.pips.locate import index_urls as configured_index_urls
from pipcacheplus.pips.locate import locate
from pipcacheplus.plan.plan import by_findings, by_request, planned
from pipcacheplus.planning import look_for, planned_by
from pipcacheplus.readable import ReadableCache

if TYPE_CHECKING:  # slow to import
    from concurrent.futures import Executor

__all__ = ["PipCache"]


class PipCache(ReadableCache):
    """One cache directory.

    Reading changes nothing below it, not even access times where the system allows that. Nothing is kept open, and
    nothing is remembered from call to call: each looks at the disk as it is.
    """

    @classmethod
    def locate(
        cls,
        *,
        cache_dir: str | None = None,
        index_urls: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> "PipCache":
        """Find the cache that the pip of this interpreter would use.

        Args:
            cache_dir: What pip would be given as `--cache-dir`; it wins over every setting.
            index_urls: Of indexes whose pages may be in it, besides those of pip's settings and the default index.
            environ: The environment variables; those of this process by default.

        Raises:
            BadRequestError: A setting is one that pip itself would refuse.
            CacheDisabledError: The settings tell pip to use no cache.
            CacheNotFoundError: There is no such directory.
            NotACacheError: It is a directory, but no pip cache.
        """
        found = cls.__new__(cls)
        machine = this_machine(environ)
        urls = (*index_urls, *configured_index_urls(machine))
        found._open(locate(machine, cache_dir=cache_dir), urls)  # noqa: SLF001 - its own class
        return found

    def plan(
        self,
        *,
        corrupt: bool = False,
        partial: bool = False,
        stale: bool | float = False,
        incompatible: bool = False,
        unsafe: bool = False,
        orphaned: bool = False,
        keep: Sequence[str] = (),
        min_age_s: float = HOUR_S,
        pythons: Sequence[str] | None = None,
        executor: "Executor | None" = None,
        remembers: bool = True,
        deep: bool = False,
        progress: Progress | None = None,
    ) -> Plan:
        """Decide what goes for these reasons; for none at all, only what no pip can ever use.

        Args:
            corrupt: What is damaged; every byte is read.
            partial: What interrupted pips left.
            stale: Pages past their lifetime and wheels built from a local directory; a number of seconds takes pages
                that are older than that, fresh or not.
            incompatible: Wheels that none of `pythons` can use.
            unsafe: Pickled responses.
            orphaned: Self-checks of environments that are gone.
            keep: What never goes, in the words of the command line.
            min_age_s: The grace period in seconds: younger halves and leftovers may be a pip's work in hand.
            pythons: Paths of interpreters, or `current`; the running one by default.
            executor: As `verify`.
            remembers: As `verify`.
            deep: As `verify`.
            progress: Called with the entries looked at; with the bytes, if every byte is read.

        Raises:
            BadRequestError: `keep` cannot be understood.
            InterpreterError: One of `pythons` cannot be asked.
        """
        chosen = {
            Group.CORRUPT: corrupt,
            Group.PARTIAL: partial,
            Group.STALE: stale is not False,
            Group.INCOMPATIBLE: incompatible,
            Group.UNSAFE: unsafe,
            Group.ORPHANED: orphaned,
        }
        groups = frozenset(group for group, is_asked in chosen.items() if is_asked)
        what_for = look_for(
            groups,
            cache=self.dir,
            index_urls=self.index_urls,
            min_age_s=min_age_s,
            pythons=pythons,
            stale_age_s=None if isinstance(stale, bool) else float(stale),
        )
        what_for = replace(what_for, executor=executor, remembers=remembers, is_deep=deep, progress=progress)
        return planned_by(self.dir, what_for, by_findings(groups), keep)

    def plan_removal(
        self, *what: str, keep: Sequence[str] = (), min_age_s: float = HOUR_S, progress: Progress | None = None
    ) -> Plan:
        """Decide what goes if everything that fits `what` is to go; of nothing, nothing.

        Raises:
            BadRequestError: `what` or `keep` cannot be understood.
        """
        wanted = Wanted(what)
        rule = by_request(lambda entry: bool(what) and wanted.is_wanted(entry))
        context = context_of(min_age_s=min_age_s)
        what_for = Look(path=self.dir.path, index_urls=self.index_urls, depth=Depth.ENDS, context=context)
        made = planned_by(self.dir, replace(what_for, needs_urls=True, progress=progress), rule, keep)
        return replace(made, unmatched=wanted.unmatched)

    def plan_purge(
        self, *, keep: Sequence[str] = (), min_age_s: float = HOUR_S, progress: Progress | None = None
    ) -> Plan:
        """Decide what goes if everything that pip wrote is to go.

        Raises:
            BadRequestError: `keep` cannot be understood.
        """
        context = context_of(min_age_s=min_age_s)
        what_for = Look(path=self.dir.path, index_urls=self.index_urls, depth=Depth.NAMES, context=context)
        return planned_by(self.dir, replace(what_for, progress=progress), by_request(lambda _entry: True), keep)

    def apply(
        self,
        plan: Plan,
        *,
        dry_run: bool = False,
        exclusive: bool | None = None,
        lock_timeout_s: float = 0,
        wait_s: float = 20,
        stop: Callable[[], bool] | None = None,
        progress: Progress | None = None,
        trash: bool = False,
        trash_size: int | None = None,
        as_owner: bool = False,
    ) -> Report:
        """Carry a plan out; with `dry_run`, report what would go and touch nothing.

        Args:
            plan: What is to go, of this cache.
            dry_run: Whether nothing is touched.
            exclusive: Whether no pip works on this cache meanwhile: then nothing is waited for, and wheels of today go.
                By default, if no pip runs on this machine and no other machine mounts the file system.
            lock_timeout_s: How long to wait for another pipcacheplus to finish.
            wait_s: How long pips may take to hear from their server; waited for once, if one could be asking.
            stop: Asked between entries and while waiting; once it says so, nothing else is begun.
            progress: Called with the actions done, and all of them; also while waiting.
            trash: Whether all is moved to a directory beside the cache, from where `undo` brings it back for a week. It
                frees nothing until that is emptied, which happens with the next plan that is carried out after it.
            trash_size: Bytes that may stay in the trash: the oldest runs go first, never the one that is being made.
            as_owner: Whether root works on the cache of another user as that user: in a process that becomes it for
                good before it opens the cache. This one only hears what became of it.

        Raises:
            BadRequestError: The plan is one of another cache; or there can be no trash, and nothing was touched.
            CacheBusyError: Another pipcacheplus works on this cache.
            NotACacheError: Nothing may be removed here: another user's cache, or one that holds the current directory.
            OSError: The cache directory cannot be opened.
        """
        if dry_run:
            return planned(plan)
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
            as_owner=as_owner,
        )

    def undo(
        self,
        run: Report | str | None = None,
        *,
        dry_run: bool = False,
        lock_timeout_s: float = 0,
        stop: Callable[[], bool] | None = None,
        progress: Progress | None = None,
        as_owner: bool = False,
    ) -> Report:
        """Bring back what a run moved to the trash, byte for byte, with times and rights.

        Nothing that lies there by now is overwritten: such an entry stays in the trash, and its outcome is `changed`.

        Args:
            run: The report of the run, or its name (`Report.run`, `Trashed.run`); by default the last of which anything
                is left. If there is none, nothing happens.
            dry_run: Whether nothing is touched.
            lock_timeout_s: As `apply`.
            stop: As `apply`.
            progress: Called with the entries done, and all of them.
            as_owner: As `apply`.

        Raises:
            BadRequestError: There is no such run, or what lies in the place of the trash is not ours alone.
            CacheBusyError: Another pipcacheplus works on this cache.
            NotACacheError: Nothing may be changed here.
        """
        from pipcacheplus.apply.apply import undo_here  # noqa: PLC0415 - as above

        if isinstance(run, Report):
            if run.run is None:
                raise BadRequestError(what="report", problem="moved nothing to the trash", next_step="apply with trash")
            run = run.run
        return undo_here(
            self.dir,
            run=run,
            is_planned=dry_run,
            lock_timeout_s=lock_timeout_s,
            stop=stop,
            progress=progress,
            as_owner=as_owner,
        )

    def trashed(self) -> tuple[Trashed, ...]:
        """List the runs that can be brought back, oldest first.

        Raises:
            BadRequestError: What lies in the place of the trash is not ours alone.
        """
        from pipcacheplus.apply.apply import trashed_here  # noqa: PLC0415 - as above

        return trashed_here(self.dir.path)
