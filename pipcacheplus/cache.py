"""pip's cache as one object: each of its verbs is a short chain of the stages."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipcacheplus import gate
from pipcacheplus.errors import CacheNotFoundError
from pipcacheplus.facts import Depth, Facts, Unknown
from pipcacheplus.identify import identify
from pipcacheplus.inventory import Inventory, Verification, Wanted
from pipcacheplus.judging import Check, Context, Judged, checks, findings, is_young
from pipcacheplus.locate import locate
from pipcacheplus.machine import this_machine
from pipcacheplus.model import CacheDir, Entry, Finding, Group, Plan, Report, Shape, Source, Warned
from pipcacheplus.opening import ChangedError, OpenCache
from pipcacheplus.plan import Rule, by_findings, by_request, make_plan, planned
from pipcacheplus.scan import scan

if TYPE_CHECKING:
    from pipcacheplus.interpreters import Interpreter

__all__ = ["PipCache", "Progress"]

_HOUR_S = 3600.0
_CURRENT = "current"
"""The word for the interpreter that runs this."""

Progress = Callable[[int, int | None], None]
"""Called with what is done and with all there is to do, `None` if that is not known."""


class PipCache:
    """One cache directory.

    Reading changes nothing below it, not even access times where the system allows that. Nothing is kept open, and
    nothing is remembered from call to call: each looks at the disk as it is.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Name a cache.

        Raises:
            CacheNotFoundError: There is no such directory.
            NotACacheError: It is a directory, but no pip cache.
        """
        real = os.path.realpath(os.path.expanduser(path))
        self._open(CacheDir(path=real, source=Source.ARGUMENT, detail="argument"))

    @classmethod
    def locate(cls, *, cache_dir: str | None = None, environ: Mapping[str, str] | None = None) -> "PipCache":
        """Find the cache that the pip of this interpreter would use.

        Args:
            cache_dir: What pip would be given as `--cache-dir`; it wins over every setting.
            environ: The environment variables; those of this process by default.

        Raises:
            BadRequestError: A setting is one that pip itself would refuse.
            CacheDisabledError: The settings tell pip to use no cache.
            CacheNotFoundError: There is no such directory.
            NotACacheError: It is a directory, but no pip cache.
        """
        found = cls.__new__(cls)
        found._open(locate(this_machine(environ), cache_dir=cache_dir))  # noqa: SLF001 - its own class
        return found

    def _open(self, cache: CacheDir) -> None:
        if not os.path.isdir(cache.path):
            raise CacheNotFoundError(cache.path, cache.detail or cache.source.value)
        gate.check_readable(cache.path, home=os.path.expanduser("~"))
        self.dir: CacheDir = cache
        self.last_use: str = "mtime" if _has_no_access_times(cache.path) else "atime"

    def __repr__(self) -> str:
        """Show the directory."""
        return f"PipCache({self.dir.path!r})"

    def scan(self, *what: str, kind: str | None = None, progress: Progress | None = None) -> Inventory:
        """List the entries that fit `what`, with their names; all if none is given.

        Raises:
            BadRequestError: `what` or `kind` cannot be understood.
        """
        wanted = Wanted(what, kind)
        warnings: list[Warned] = []
        judged = self._judged((), Context(now_s=0), warnings, Depth.ENDS, progress)
        entries = tuple(one.entry for one in judged if _is_listed(one.entry) and wanted.is_wanted(one.entry))
        return Inventory(cache=self.dir, entries=entries, warnings=tuple(warnings), unmatched=wanted.unmatched)

    def overview(
        self, *, reads: bool = False, pythons: Sequence[str] | None = None, progress: Progress | None = None
    ) -> Inventory:
        """List the entries, and what could go, in one pass.

        Args:
            reads: Whether heads, pages and the ends of archives are read; without, nothing is opened, and kinds and
                findings are those that names and times tell.
            pythons: As `plan`; asked only if anything is read.
            progress: Called with the entries looked at.

        Raises:
            InterpreterError: One of `pythons` cannot be asked.
        """
        depth = Depth.ENDS if reads else Depth.NAMES
        put = tuple(check for check in checks() if check.depth <= depth)
        warnings: list[Warned] = []
        entries: list[Entry] = []
        found: list[Finding] = []
        context = _context(min_age_s=_HOUR_S, pythons=pythons, needs_tags=reads)
        for one in self._judged(put, context, warnings, depth, progress):
            found.extend(one.findings)
            if _is_listed(one.entry):
                entries.append(one.entry)
        return Inventory(cache=self.dir, entries=tuple(entries), warnings=tuple(warnings), findings=tuple(found))

    def verify(
        self,
        *what: str,
        min_age_s: float = _HOUR_S,
        pythons: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> Verification:
        """Put every check to the entries that fit `what`; every byte of them is read.

        Raises:
            BadRequestError: `what` cannot be understood.
            InterpreterError: One of `pythons` cannot be asked.
        """
        wanted = Wanted(what)
        warnings: list[Warned] = []
        context = _context(min_age_s=min_age_s, pythons=pythons, needs_tags=True)
        found: list[Finding] = []
        entries = size = unverifiable = 0
        for one in self._judged(checks(), context, warnings, Depth.WHOLE, progress):
            if wanted.is_wanted(one.entry):
                found.extend(one.findings)
                entries += _is_listed(one.entry)
                size += one.entry.size
                unverifiable += one.is_unverifiable
        return Verification(
            cache=self.dir,
            findings=tuple(found),
            entries=entries,
            bytes=size,
            unverifiable=unverifiable,
            warnings=tuple(warnings),
            unmatched=wanted.unmatched,
        )

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
        min_age_s: float = _HOUR_S,
        pythons: Sequence[str] | None = None,
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
            progress: Called with the entries looked at.

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
        put = tuple(check for check in checks() if (check.group in groups if groups else check.depth < Depth.WHOLE))
        context = _context(min_age_s=min_age_s, pythons=pythons, needs_tags=incompatible)
        if stale is not False and stale is not True:
            context = replace(context, stale_age_s=float(stale))
        depth = Depth(max(check.depth for check in put))
        return self._planned(by_findings(groups), put, context, depth, keep=keep, progress=progress)

    def plan_removal(
        self, *what: str, keep: Sequence[str] = (), min_age_s: float = _HOUR_S, progress: Progress | None = None
    ) -> Plan:
        """Decide what goes if everything that fits `what` is to go; of nothing, nothing.

        Raises:
            BadRequestError: `what` or `keep` cannot be understood.
        """
        wanted = Wanted(what)
        rule = by_request(lambda entry: bool(what) and wanted.is_wanted(entry))
        context = _context(min_age_s=min_age_s)
        made = self._planned(rule, (), context, Depth.ENDS, keep=keep, progress=progress)
        return replace(made, unmatched=wanted.unmatched)

    def plan_purge(
        self, *, keep: Sequence[str] = (), min_age_s: float = _HOUR_S, progress: Progress | None = None
    ) -> Plan:
        """Decide what goes if everything that pip wrote is to go.

        Raises:
            BadRequestError: `keep` cannot be understood.
        """
        depth = Depth.ENDS if keep else Depth.NAMES
        rule = by_request(lambda _entry: True)
        return self._planned(rule, (), _context(min_age_s=min_age_s), depth, keep=keep, progress=progress)

    def apply(
        self, plan: Plan, *, dry_run: bool = False, lock_timeout_s: float = 0, progress: Progress | None = None
    ) -> Report:
        """Carry a plan out; with `dry_run`, report what would go and touch nothing.

        Raises:
            CacheBusyError: Another pipcacheplus works on this cache.
            NotACacheError: Nothing may be removed here: another user's cache, or one that holds the current directory.
        """
        if dry_run:
            return planned(plan)
        from pipcacheplus.apply import apply  # noqa: PLC0415 - filelock and psutil are slow to import
        from pipcacheplus.processes import pips_running  # noqa: PLC0415

        gate.check_writable(plan.cache.path, cwd=os.getcwd(), uid=os.geteuid() if hasattr(os, "geteuid") else None)
        is_alone = not plan.actions or not pips_running(os.getpid())
        return apply(plan, is_alone=is_alone, lock_timeout_s=lock_timeout_s, progress=progress)

    def _planned(
        self,
        rule: Rule,
        put: tuple[Check, ...],
        context: Context,
        depth: Depth,
        *,
        keep: Sequence[str],
        progress: Progress | None,
    ) -> Plan:
        keeps = Wanted(keep)
        warnings: list[Warned] = []
        made = make_plan(
            self.dir,
            self._judged(put, context, warnings, Depth.ENDS if keep and depth < Depth.ENDS else depth, progress),
            rule,
            is_kept=lambda entry: bool(keep) and keeps.is_wanted(entry),
            is_young=lambda entry: is_young(entry, context),
        )
        return replace(made, warnings=tuple(warnings))

    def _judged(
        self,
        put: tuple[Check, ...],
        context: Context,
        warnings: list[Warned],
        depth: Depth,
        progress: Progress | None,
    ) -> Iterator[Judged]:
        """Yield every entry with what the checks say of it; what cannot be read is told in `warnings`."""
        with OpenCache(self.dir.path) as names, OpenCache(self.dir.path) as contents:
            for done, entry in enumerate(scan(names)):
                if isinstance(entry, Warned):
                    warnings.append(entry)
                    continue
                try:
                    facts = Facts() if depth is Depth.NAMES else _read(entry, contents, depth)
                except (ChangedError, FileNotFoundError):
                    continue  # a pip renewed or dropped it meanwhile: there is nothing to say of it
                except OSError as error:
                    warnings.append(Warned(path=entry.id, message=f"cannot be read: {error.strerror or error}"))
                    yield Judged(entry, is_unverifiable=True)
                    continue
                named = identify(entry, facts)
                is_unknown = isinstance(facts.payload, Unknown) or isinstance(facts.damage, Unknown)
                yield Judged(named, tuple(findings(named, facts, context, put)), is_unknown)
                if progress is not None:
                    progress(done + 1, None)


def _considered(pythons: Sequence[str]) -> "list[Interpreter]":
    from pipcacheplus.interpreters import ask, running  # noqa: PLC0415 - slow to import, and of use to few commands
    from pipcacheplus.remembered import Memory  # noqa: PLC0415
    from pipcacheplus.state import state_folder  # noqa: PLC0415

    memory = Memory(os.path.join(state_folder(), "interpreters"))
    return [running() if path == _CURRENT else ask(path, memory=memory) for path in pythons]


def _read(entry: Entry, cache: OpenCache, depth: Depth) -> Facts:
    from pipcacheplus.readers.entry import read  # noqa: PLC0415 - slow to import, and not needed for names alone

    return read(entry, cache, depth=depth)


def _is_listed(entry: Entry) -> bool:
    return entry.shape is not Shape.EMPTY_DIRECTORY


def _has_no_access_times(path: str) -> bool:
    flag: int = getattr(os, "ST_NOATIME", 0)
    return bool(flag) and bool(os.statvfs(path).f_flag & flag)


def _context(*, min_age_s: float, pythons: Sequence[str] | None = None, needs_tags: bool = False) -> Context:
    from pipcacheplus.processes import owner_is_alive, this_host  # noqa: PLC0415 - psutil is slow to import

    context = Context(
        now_s=time.time(),
        min_age_s=min_age_s,
        host=this_host(),
        is_owner_alive=owner_is_alive,
        has_path=os.path.lexists,
    )
    if not needs_tags:
        return context
    considered = _considered(pythons or (_CURRENT,))
    return replace(
        context,
        tags=frozenset().union(*(interpreter.tags for interpreter in considered)),
        interpreters=tuple(sorted({interpreter.name for interpreter in considered})),
    )
