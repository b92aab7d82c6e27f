"""One look at a cache for one purpose: a survey, with the executor, the ledger and the indexes that it takes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipcacheplus.catalog.names import identify
from pipcacheplus.checks.base.check import Check, Context, Judged, Passed, Progress, findings
from pipcacheplus.checks.base.context import default_index_of_pip, ledger_of
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Warned

if TYPE_CHECKING:  # slow to import
    from concurrent.futures import Executor

__all__ = ["Look", "look"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is wanted of a cache."""

    path: str
    index_urls: tuple[str, ...]
    """Of indexes whose pages may be in the cache, besides the default index."""
    depth: Depth
    context: Context
    checks: tuple[Check, ...] = ()
    needs_urls: bool = False
    """Whether entries are to be named, and held against, by what the pages of the cache say."""
    only_findings: bool = False
    """Whether entries that nothing is wrong with are only counted."""
    executor: "Executor | None" = None
    """Where entries are read; `workers` of our own by default."""
    remembers: bool = True
    """Whether what was read to its end before, and has not changed since, is not read so again."""
    wants: Callable[[Entry], bool] | None = None
    """Of which entries archives are read to their end; of all by default."""
    wants_evidence: bool = False
    """Whether all that speaks for or against an entry is told as well."""
    is_deep: bool = False
    """Whether all is read again, and remembered anew."""
    progress: Progress | None = None


def look(what: Look, warnings: list[Warned]) -> Iterator[Judged | Passed]:
    """Yield every entry with what the checks say of it; what cannot be read is told in `warnings`."""
    found = _by_names(what) if what.depth is Depth.NAMES and not what.needs_urls else _by_content(what)
    for one in found:
        if isinstance(one, Warned):
            warnings.append(one)
        else:
            yield one


def _by_names(what: Look) -> Iterator[Judged | Warned]:
    """Open no file: names and stamps say enough."""
    nothing = Facts()
    with OpenCache(what.path) as names:
        for done, entry in enumerate(scan(names), 1):
            if isinstance(entry, Warned):
                yield entry
                continue
            named = identify(entry, nothing)
            yield Judged(named, tuple(findings(named, nothing, what.context, what.checks)))
            if what.progress is not None:
                what.progress(done, None)


def _by_content(what: Look) -> Iterator[Judged | Warned | Passed]:
    from pipcacheplus.catalog.update import Survey, survey  # noqa: PLC0415 - slow to import, and of no use for names
    from pipcacheplus.catalog.workers import workers  # noqa: PLC0415 - as above

    with ExitStack() as stack:
        is_whole = what.depth is Depth.WHOLE
        # Written to last, when all workers are done.
        ledger = stack.enter_context(ledger_of(what.path)) if is_whole and what.remembers else None
        executor = what.executor or stack.enter_context(workers(what.path, is_whole=is_whole))
        default, hosts = default_index_of_pip() if what.needs_urls else (None, ())
        indexes = (*what.index_urls, *([default] if default else ())) if what.needs_urls else None
        plan = Survey(
            path=what.path,
            depth=what.depth,
            checks=what.checks,
            context=what.context,
            indexes=indexes,
            hosts=hosts,
            only_findings=what.only_findings,
            wants_evidence=what.wants_evidence,
        )
        yield from survey(
            plan,
            executor=executor,
            ledger=ledger,
            is_deep=what.is_deep,
            wants=what.wants,
            progress=what.progress,
        )
