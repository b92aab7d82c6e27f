"""Put one check to every entry of a cache, with the stages before it as they are."""

import os
from collections.abc import Iterator
from dataclasses import replace

from pipcacheplus.catalog.names import identify
from pipcacheplus.catalog.queries import Query, run_query
from pipcacheplus.checks.base.check import Check, Context, checks, findings
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Checked, Finding, NotJudged, Warned
from pipcacheplus.readers.entry import read
from tests.support.builders import NOW_S, Cache

CONTEXT = Context(now_s=NOW_S, host="here", is_owner_alive=lambda pids, _before_s: 77 in pids, has_path=os.path.lexists)
"""The present of `builders`, on the machine `here`, on which the process 77 runs."""


def objections(slug: str, cache: Cache, *, depth: Depth | None = None, **changes: object) -> list[Finding]:
    """Return what the check finds, in order of paths; entries are read as far as it needs, or as `depth` says.

    As far as it needs, the rows that the catalog chooses for it are all that it objects to.
    """
    context = replace(CONTEXT, **changes)  # type: ignore[arg-type] # any field of Context
    (check,) = [check for check in checks() if check.slug == slug]
    found: list[Finding] = []
    with OpenCache(str(cache.path)) as names, OpenCache(str(cache.path)) as contents:
        for entry in scan(names):
            assert not isinstance(entry, Warned), entry
            facts = read(entry.shape, entry.files, contents, depth=check.depth if depth is None else depth)
            found.extend(findings(identify(entry, facts), facts, context, (check,)))
    if depth is None:
        assert _in_order(_of_chosen_rows(check, cache, context)) == _in_order(found)
    return found


def unjudged(slug: str, cache: Cache, **changes: object) -> list[NotJudged]:
    """Return why the check cannot judge entries, as far as the catalog chooses them for it."""
    context = replace(CONTEXT, **changes)  # type: ignore[arg-type] # any field of Context
    (check,) = [check for check in checks() if check.slug == slug]
    return [one.not_judged for one in _chosen(check, cache, context) if one.not_judged is not None]


def _of_chosen_rows(check: Check, cache: Cache, context: Context) -> list[Finding]:
    return [finding for one in _chosen(check, cache, context) for finding in one.findings]


def _chosen(check: Check, cache: Cache, context: Context) -> Iterator[Checked]:
    query = Query(
        path=str(cache.path),
        index_urls=(),
        depth=max(check.depth, Depth.ENDS),  # less needs no catalog
        context=context,
        checks=(check,),
        only_findings=True,
        remembers=False,
    )
    return run_query(query, [])


def _in_order(found: list[Finding]) -> list[tuple[object, ...]]:
    return sorted((f.entry.id, f.message, f.severity, f.remedy, f.evidence, f.paths) for f in found)


def told(slug: str, cache: Cache, **changes: object) -> list[tuple[str, str, str]]:
    """Return message, severity and remedy of what the check finds."""
    found = objections(slug, cache, depth=None, **changes)
    return [(finding.message, finding.severity.value, finding.remedy.value) for finding in found]
