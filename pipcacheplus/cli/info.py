"""`info`: print pip's own counts, then kinds, what could go, last use and health."""

import os
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from pipcacheplus.checks.base.check import HOUR_S, is_listed, told_checks
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import declare_catalog, declare_pythons, pythons_of
from pipcacheplus.cli.base.owners import summarize_owners, summarize_survey
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.model.values import Area, Count, Group, Kind, Remedy
from pipcacheplus.render.summary import summarize_pythons, summarize_totals
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.cache.pip_cache import PipCache
    from pipcacheplus.catalog.counts import CountRequest, Counts
    from pipcacheplus.catalog.results import Inventory
    from pipcacheplus.model.pythons import FoundPython
    from pipcacheplus.model.values import CacheDir, Entry, Finding, Progress, Survey

__all__ = ["COMMAND"]

_DAY_S = 86_400
_NOTHING = Count()
OPTIONS_OF_REASONS = {
    **{group.value: group.option for group in Group},
    "duplicate": "duplicates",
    "sdist-built": "built-sdists",
}
"""Of reasons whose option of `prune` has another name."""
_SPANS_S = tuple(days * _DAY_S for days in (1, 7, 30, 90, 365))


def _run(request: Request) -> CommandResult:
    """Count by names and times; with `-v`, read heads, pages and the ends of archives as well, and list the entries."""
    from pipcacheplus.catalog.counts import CountRequest, count_entries  # noqa: PLC0415 - slow to import
    from pipcacheplus.checks.base.context import context_of  # noqa: PLC0415 - as above

    cache = request.open_cache()
    what = CountRequest(
        path=cache.dir.path,
        context=context_of(min_age_s=HOUR_S),
        checks=told_checks(),
        last_use=cache.last_use,
        spans_s=_SPANS_S,
        now_s=request.now_s,
    )
    entries: list[Entry] = []
    with progress(request.console, "reading") as show:
        if request.verbosity > 0:
            counts, inventory = _read(cache, what, entries, show, request)
            found = inventory.pythons
            warnings, survey, pages_without_url = inventory.warnings, inventory.survey, inventory.pages_without_url
        else:
            counts, survey, warnings = count_entries(what, show)
            pages_without_url = None
            found = cache.pythons(pythons_of(request.options, request.environ))
    summary = {
        **_summary(cache.dir, counts, survey, _cache_of_installs(request, cache.dir)),
        "pages_without_url": pages_without_url,
        "pythons": summarize_pythons(found),
        "http_unread": None if _is_http_read(found) else _in_http(counts),
    }
    return make_result(request, cache, warnings=warnings, entries=tuple(entries), summary=summary)


def _read(
    cache: "PipCache", what: "CountRequest", entries: "list[Entry]", show: "Progress | None", request: Request
) -> "tuple[Counts, Inventory]":
    """Count the entries with what reading them shows, and list them."""
    from pipcacheplus.catalog.counts import Counter  # noqa: PLC0415 - as above

    counter = Counter(what)
    going = set[str]()

    def each(entry: "Entry", findings: "Sequence[Finding]") -> None:
        counter.add(entry.area, entry.kind, entry.shape, entry.files, findings)
        if any(one.remedy is not Remedy.NONE for one in findings):
            going.add(entry.id)
        if is_listed(entry):
            entries.append(entry)

    options = request.options
    inventory = cache.overview(
        reads=True,
        details=options.format == "json",
        pythons=pythons_of(options, request.environ),
        each=each,
        remembers=options.remembers,
        progress=show,
    )
    for entry in entries if inventory.redundant else ():
        reasons = [reason for reason, ids in inventory.redundant.items() if entry.id in ids]
        is_built = entry.area is Area.WHEELS
        counter.add_reclaimable(reasons, entry.files, may_share=is_built, is_first=entry.id not in going)
    return counter.counts, inventory


def _cache_of_installs(request: Request, cache: "CacheDir") -> str | None:
    """Return where `pip install` has its cache, and why, if that is not this one; `None` if it is, or nobody asks."""
    if request.options.cache_dir is not None:
        return None
    from pipcacheplus.errors import PipCachePlusError  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - as above

    try:
        found = locate(this_machine(request.environ), command="install")
    except PipCachePlusError as error:
        return str(error)
    return None if found.path == cache.path else f"{found.path} ({found.detail})"


def _summary(cache: "CacheDir", counts: "Counts", survey: "Survey", other: str | None = None) -> dict[str, Json]:
    """Return the counts, and the health of the cache itself; `other` is the cache of installs, if it is another one."""
    names = [f"within-{span_s // _DAY_S}d" for span_s in _SPANS_S] + ["older"]
    empty = {group.value: count for group, count in counts.empty_directories.items()}
    reclaimable = {
        reason: {
            **counts.reclaimable.get(reason, _NOTHING)._asdict(),
            "empty_directories": empty.get(reason, 0),
            "option": OPTIONS_OF_REASONS.get(reason, reason),
        }
        for reason in (*counts.reclaimable, *empty)
    }
    return {
        **summarize_totals(counts.totals),
        **summarize_survey(survey, cache.path, counts.totals.values()),
        "pip": {
            "http_v2_location": os.path.join(cache.path, Area.HTTP_V2.value) if cache.path else None,
            "http_location": os.path.join(cache.path, Area.HTTP.value) if cache.path else None,
            "http_bytes": counts.pip.http_bytes,
            "http_files": counts.pip.http_files,
            "wheels_location": os.path.join(cache.path, Area.WHEELS.value) if cache.path else None,
            "wheels_bytes": counts.pip.wheels_bytes,
            "wheels": counts.pip.wheels,
        },
        "reclaimable": dict(sorted(reclaimable.items())),
        "reclaimable_at_all": {
            **_parts(counts.reclaimable_at_all),
            "empty_directories": max(empty.values(), default=0),
        },
        "by_last_use": {names[at]: _parts(count) for at, count in sorted(counts.by_last_use.items())},
        "health": {
            "owner": _owner(survey),
            "disabled_by": cache.disabled_by,
            "free_bytes": _free_bytes(cache.path),
            "install_cache": other,
        },
    }


def _is_http_read(pythons: "Sequence[FoundPython]") -> bool:
    from pipcacheplus.checks.base.looked_for import is_http_read  # noqa: PLC0415 - slow to import

    return is_http_read(pythons, has_path=os.path.lexists)


def _in_http(counts: "Counts") -> Mapping[str, Json] | None:
    """Return the counts of responses in `http`; `None` if there are none."""
    others = {Kind.LEFTOVER, Kind.FOREIGN}  # these do not go for this reason
    some = (count for (area, kind), count in counts.totals.items() if area is Area.HTTP and kind not in others)
    total = reduce(Count.plus, some, _NOTHING)
    return _parts(total) if total.entries else None


def _parts(count: Count) -> Mapping[str, Json]:
    return count._asdict()


def _owner(survey: "Survey") -> str | None:
    """Return the name of the cache's owner, the number of one without a name; `None` where files have no owner."""
    return survey.owner or str(survey.uid) if hasattr(os, "geteuid") else None


def _free_bytes(path: str) -> int | None:
    """Return the bytes that this user may still write to the file system of the cache; `None` if nobody knows."""
    if not hasattr(os, "statvfs"):
        return None
    try:
        status = os.statvfs(path)
    except FileNotFoundError:
        return None
    return status.f_bavail * status.f_frsize


def _summary_of_nothing(cache: "CacheDir") -> dict[str, Json]:
    from pipcacheplus.catalog.counts import Counts, PipCount  # noqa: PLC0415 - slow to import
    from pipcacheplus.model.values import Survey  # noqa: PLC0415 - as above

    summary = _summary(cache, Counts({}, {}, {}, Count(), {}, PipCount()), Survey())
    health = {"owner": None, "disabled_by": None, "free_bytes": _free_bytes(cache.path), "install_cache": None}
    return {
        **summary,
        **summarize_owners(None, cache.path),
        "health": health,
        "pages_without_url": 0,
        "pythons": [],
        "http_unread": None,
    }


def _declare(parser: ArgumentParser) -> None:
    declare_pythons(parser)
    declare_catalog(parser)


COMMAND = Command(
    help="Tell what is in the cache, and what could go",
    run=_run,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("info", "info --json"),
)
