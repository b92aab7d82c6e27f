"""From a look at a cache to a plan: what a rule chooses, and what keeps and youth hold back."""

from collections.abc import Sequence
from dataclasses import replace

from pipcacheplus.facts import Depth
from pipcacheplus.inventory import Wanted
from pipcacheplus.judging import Judged, is_young
from pipcacheplus.looking import Look, look
from pipcacheplus.model import CacheDir, Plan, Warned
from pipcacheplus.plan import Rule, make_plan

__all__ = ["planned_by"]


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
