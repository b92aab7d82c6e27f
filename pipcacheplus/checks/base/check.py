"""The parts of a check, the list of all checks, and how they are run on an entry.

A check is one file in `checks/`, found by walking that folder; it knows an entry, its facts and the context, and no
other check.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pipcacheplus.model.facts import Depth, Facts
from pipcacheplus.model.values import Entry, Finding, Group, NotJudged, Remedy, Severity, Shape, Value
from pipcacheplus.pips.effects import Effects, clause, for_entry

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.checks.base.builds import Builds
    from pipcacheplus.model.pythons import FoundPython, Interpreter

__all__ = [
    "DAY_S",
    "HOUR_S",
    "Check",
    "Context",
    "Verdict",
    "certain_finding",
    "checks",
    "findings",
    "is_listed",
    "is_within_grace",
    "is_young",
    "judge",
    "left_behind",
    "newest_s",
    "told_checks",
]

DAY_S = 86_400
HOUR_S = 3600.0


def _is_alive_for_all_we_know(_pids: Sequence[int], _before_s: float, /) -> bool:
    return True


def _exists_for_all_we_know(_path: str, /) -> bool:
    return True


def _unknown_for_all_we_know(_path: str, /) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The time, the interpreters considered and the machine, as passed to checks."""

    now_s: float
    """Seconds since 1970."""
    min_age_s: float = HOUR_S
    """The grace period: a running pip may still be writing younger leftovers."""
    tags: frozenset[str] | None = None
    """Tags that the interpreters considered can use; `None` if none was run."""
    interpreters: tuple[str, ...] = ()
    """Their names, for people: `cp311`."""
    pips: tuple[str, ...] = ()
    """Versions of the pips of these interpreters, if known: findings report what these do."""
    proved_pips: tuple[str, ...] = ()
    """Pips that the cache itself proves to have used it, `>=23.3` or `>=6.0,<7.0`: findings report these as well."""
    considered: "tuple[Interpreter, ...]" = ()
    """The interpreters considered, if they were run."""
    unasked: tuple[str, ...] = ()
    """Paths of interpreters of this machine that were not run, or gave no answer: their tags are unknown, so that no
    wheel is certain to be unusable."""
    pythons: "tuple[FoundPython, ...]" = ()
    """All of these, with the place that names each, and the reason why one was not run."""
    is_http_read: bool = True
    """Whether a program on this machine may still read `http`, by the present evidence."""
    stale_age_s: float | None = None
    """Pages older than this are stale, fresh or not."""
    builds: "Builds | None" = None
    """The parts of this machine that built wheels need; `None` if they are not judged by it."""
    built_before_s: float | None = None
    """Compiled wheels that were built before are to be removed; seconds since 1970."""
    host: str = ""
    """Name of this machine, as locks have it."""
    is_owner_alive: Callable[[Sequence[int], float], bool] = _is_alive_for_all_we_know
    """Whether a process with one of these numbers runs that had started before that second."""
    has_path: Callable[[str], bool] = _exists_for_all_we_know
    """Whether a path outside the cache exists."""
    digest_of_source: Callable[[str], str | None] = _unknown_for_all_we_know
    """The SHA-256 in hex of the source distribution at a path outside the cache now; `None` if it is gone, or may not
    be opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a check for one entry. A field that is `None` has the check's own value."""

    message: str
    evidence: tuple[tuple[str, Value], ...] = ()
    severity: Severity | None = None
    remedy: Remedy | None = None
    paths: tuple[str, ...] | None = None
    """The files concerned, if not all of the entry."""
    effects: Effects | None = None
    """One of the effects of the check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule for every entry of some shapes."""

    slug: str
    group: Group
    shapes: frozenset[Shape]
    severity: Severity
    remedy: Remedy
    depth: Depth
    """The depth to which an entry must have been read for it."""
    rows: str
    """The rows of the catalog that could have a finding: a condition over `entry e` and `content c`, true for all
    entries for which `run` yields a finding, and for as few others as is cheap. It may use `:now`, `:stale_age`,
    `:all_asked` (every interpreter of this machine was run), and `:contradicted`: that a page publishes another
    digest than the one that was made; and `:replaced`: that something else than a wheel was built from may lie under
    the URL of its source."""
    run: Callable[[Entry, Facts, Context], Iterable[Verdict | NotJudged]]
    """Yield what is wrong with an entry, or the reason why that is not known yet."""
    certain: str = "0"
    """Those of these rows that certainly have a finding: a condition as `rows`, true only for entries for which `run`
    yields one verdict, of the check's own severity and remedy, and uses no facts. Such a finding is made when it is
    read: useful where most of a cache may be concerned."""
    unjudged: str = "0"
    """The rows that it may be unable to judge, because of a limit or an unsupported feature: a condition as
    `rows`. They are counted, as are those for which `run` yields a reason why it does not judge them."""
    is_suspect: Callable[[bytes], bool] | None = None
    """Of a check of heads: whether the ends of the file with the head may be those of an entry with a finding. Where
    all other checks of a run need names alone, only such heads are read for it."""
    normal: tuple[str, str] | None = None
    """Of a check whose findings are information: the noun for what it finds (`cached page`, which gets its plural) and
    what follows it in a count; `None`: the count uses the slug."""
    is_told: bool = True
    """Whether `verify`, `show` and `info` run it; if not, only `prune` does, if its group is requested."""
    needs_links: bool = False
    """Whether it uses what pages publish about an entry, so that their links have to be followed for it."""
    effects: tuple[Effects, ...] = ()
    """The effect of such an entry on pip, by version; the first applies if a verdict does not name another. It is
    in the evidence of every finding that is more than information."""


@cache
def checks() -> tuple[Check, ...]:
    """Return every check, in order of slugs."""
    package = importlib.import_module("pipcacheplus.checks")
    modules = pkgutil.iter_modules(package.__path__, "pipcacheplus.checks.")
    found = [importlib.import_module(module.name).CHECK for module in modules if not module.ispkg]
    return tuple(sorted(found, key=lambda check: check.slug))


def told_checks() -> tuple[Check, ...]:
    """Return those that run without being requested, in order of slugs."""
    return tuple(check for check in checks() if check.is_told)


def judge(
    entry: Entry, facts: Facts, context: Context, chosen: Iterable[Check]
) -> tuple[tuple[Finding, ...], NotJudged | None]:
    """Return the findings of the chosen checks, and the reasons why one of them could not judge."""
    found: list[Finding] = []
    not_judged: NotJudged | None = None
    for check in chosen:
        if entry.shape in check.shapes:
            for verdict in check.run(entry, facts, context):
                if isinstance(verdict, NotJudged):
                    not_judged = verdict
                else:
                    found.append(_finding(check, entry, verdict, _effect(check, entry, facts, context, verdict)))
    return tuple(found), not_judged


def findings(entry: Entry, facts: Facts, context: Context, chosen: Iterable[Check]) -> tuple[Finding, ...]:
    """Return the findings of the chosen checks."""
    return judge(entry, facts, context, chosen)[0]


def certain_finding(entry: Entry, context: Context, check: Check) -> Finding:
    """Return the finding of a check for an entry that certainly has one."""
    (found,) = findings(entry, Facts(), context, (check,))
    return found


def _effect(check: Check, entry: Entry, facts: Facts, context: Context, verdict: Verdict) -> str | None:
    effects = verdict.effects or next(iter(check.effects), None)
    return (
        None if effects is None else clause(for_entry(effects, entry, facts), context.pips, proved=context.proved_pips)
    )


def _finding(check: Check, entry: Entry, verdict: Verdict, does: str | None) -> Finding:
    severity = verdict.severity or check.severity
    effect = (("effect", does),) if does and severity is not Severity.INFO else ()
    own = entry.paths or tuple(folder.path for folder in entry.folders[:1])
    return Finding(
        check=check.slug,
        entry=entry,
        group=check.group,
        severity=severity,
        message=verdict.message,
        evidence=(*verdict.evidence, *effect),
        remedy=verdict.remedy or check.remedy,
        paths=own if verdict.paths is None else verdict.paths,
    )


def is_listed(entry: Entry) -> bool:
    """Return whether an entry is listed and counted as one: an empty directory is judged, but is not."""
    return entry.shape is not Shape.EMPTY_DIRECTORY


def newest_s(entry: Entry) -> float:
    """Return when the newest file or directory of an entry was written to, in seconds since 1970; 0 if it has none."""
    return max(*(file.mtime_ns for file in entry.files), *(folder.mtime_ns for folder in entry.folders), 0) / 1e9


def is_young(entry: Entry, context: Context) -> bool:
    """Return whether the newest file or directory of an entry is within the grace period, or dated in the future.

    A build may take hours, and its directory is in use until it ends: there the period is a day at least. A period of 0
    can only come from the user: then nothing is recent, not even a build or a file dated in the future.
    """
    return is_within_grace(entry.shape, newest_s(entry), context)


def is_within_grace(shape: Shape, newest_s: float, context: Context) -> bool:
    """Return the same for a shape, and the second since 1970 at which the newest part was written."""
    if context.min_age_s <= 0:
        return False
    grace_s = max(context.min_age_s, DAY_S) if shape is Shape.BUILD else context.min_age_s
    return newest_s > context.now_s - grace_s


def left_behind(
    entry: Entry, context: Context, message: str, *evidence: tuple[str, Value]
) -> Iterator[Verdict | NotJudged]:
    """Yield the verdict on a leftover that a pip may still be writing: while it is recent, it is kept.

    Then it also counts as not judged.
    """
    if is_young(entry, context):
        yield Verdict(
            message=f"{message}, but recent enough to be in use",
            evidence=evidence,
            severity=Severity.INFO,
            remedy=Remedy.NONE,
        )
        yield NotJudged.YOUNG
    else:
        yield Verdict(message=message, evidence=evidence)
