"""From a look at a cache to a plan: what a rule chooses, and what keeps and youth hold back."""

from collections.abc import Sequence
from dataclasses import replace

from pipcacheplus.catalog.queries import Look, Wanted, look
from pipcacheplus.checks.base.check import Judged, checks, is_young
from pipcacheplus.checks.base.context import context_of
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import CacheDir, Group, Plan, Warned
from pipcacheplus.plan.plan import Rule, make_plan

__all__ = ["look_for", "planned_by"]


def look_for(
    groups: frozenset[Group],
    *,
    cache: CacheDir,
    index_urls: tuple[str, ...],
    min_age_s: float,
    pythons: Sequence[str] | None,
    stale_age_s: float | None,
) -> Look:
    """Return the look that finds what may go for these reasons; for none at all, what no pip can ever use.

    Raises:
        InterpreterError: One of `pythons` cannot be asked.
    """
    put = tuple(check for check in checks() if (check.group in groups if groups else check.depth < Depth.WHOLE))
    depth = Depth(max(check.depth for check in put))
    is_whole = depth is Depth.WHOLE
    if is_whole:
        put = checks()  # the question that `verify` puts: what it remembers is of use here, and the other way round
    context = context_of(min_age_s=min_age_s, pythons=pythons, needs_tags=is_whole or Group.INCOMPATIBLE in groups)
    return Look(
        path=cache.path,
        index_urls=index_urls,
        depth=depth,
        context=replace(context, stale_age_s=stale_age_s),
        checks=put,
        needs_urls=is_whole,
        only_findings=True,
    )


def planned_by(cache: CacheDir, look_at: Look, rule: Rule, keep: Sequence[str]) -> Plan:
    """Return what is to go of all that a look finds.

    Raises:
        BadRequestError: `keep` cannot be understood.
    """
    keeps = Wanted(keep)
    if keep:  # what is to be kept is named by its project, version, URL
        look_at = replace(look_at, depth=max(look_at.depth, Depth.ENDS), needs_urls=True)
    warnings: list[Warned] = []
    judged = [one for one in look(look_at, warnings) if isinstance(one, Judged)]
    made = make_plan(
        cache,
        sorted(judged, key=lambda one: one.entry.id),
        rule,
        is_kept=lambda entry: bool(keep) and keeps.is_wanted(entry),
        is_young=lambda entry: is_young(entry, look_at.context),
    )
    return replace(made, warnings=tuple(warnings))
