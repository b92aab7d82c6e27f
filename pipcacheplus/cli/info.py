"""`info`: count what is in the cache, what could be removed, when it was used, and how much of it was read."""

import os
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from pipcacheplus.checks.base.check import is_listed
from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.options import declare_catalog, declare_pythons, pythons_of
from pipcacheplus.cli.base.owners import summarize_owners, summarize_survey
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.cli.base.units import argument
from pipcacheplus.model.units import SIZE_HELP, size_bytes
from pipcacheplus.model.values import Area, Count, Kind
from pipcacheplus.render.summary import OPTIONS_OF_REASONS, summarize_pythons, summarize_totals
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.catalog.census import CacheCounts
    from pipcacheplus.catalog.counts import Counts
    from pipcacheplus.model.pythons import FoundPython
    from pipcacheplus.model.values import CacheDir, Entry, Finding, Survey

__all__ = ["COMMAND", "summarize_census"]

_DAY_S = 86_400
_NOTHING = Count()
_SPANS_S = tuple(days * _DAY_S for days in (1, 7, 30, 90, 365))
_FEW_PROJECTS = 10
_LISTING = frozenset({"json", "paths"})
"""Formats that have a place for entries."""


def _run(request: Request) -> CommandResult:
    """Count by the catalog and by names; with `--read`, read what the catalog does not hold."""
    options = request.options
    if options.bug_report:
        from pipcacheplus.cli.base.bug_report import report_result  # noqa: PLC0415 - of use to few

        return report_result(request)
    cache = request.open_cache()
    entries: list[Entry] = []

    def each(entry: "Entry", _findings: "Sequence[Finding]") -> None:
        if is_listed(entry):
            entries.append(entry)

    with progress(request.console, "reading") as show:
        census = cache.count(
            reads=options.read,
            spans_s=_SPANS_S,
            details=options.format == "json",
            pythons=pythons_of(options, request.environ),
            each=each if request.verbosity > 0 and options.format in _LISTING else None,
            remembers=options.remembers,
            progress=show,
        )
    summary = {
        **summarize_census(cache.dir, census, most=None if request.verbosity > 0 else _FEW_PROJECTS),
        "read": options.read,
        "fail_above": options.fail_above,
    }
    summary["health"] = {**summary["health"], "install_cache": _cache_of_installs(request, cache.dir)}
    taken_bytes, most_bytes = summary["du_bytes"], options.fail_above
    is_above = most_bytes is not None and taken_bytes > most_bytes
    return make_result(
        request,
        cache,
        warnings=census.warnings,
        remarks=(_above(taken_bytes, most_bytes),) if is_above else (),
        exit_code=exits.FOUND if is_above else exits.DONE,
        entries=tuple(entries),
        summary=summary,
    )


def _above(taken_bytes: int, most_bytes: int) -> str:
    """Return the sentence about a cache that takes more than `--fail-above`, exact where rounding hides it."""
    from pipcacheplus.render.text.words import size  # noqa: PLC0415 - slow to import, and seldom needed

    taken, most = size(taken_bytes), size(most_bytes)
    if taken == most:
        taken, most = f"{taken_bytes:,} bytes", f"{most_bytes:,} bytes"
    return f"the cache takes {taken} on disk, more than the {most} of --fail-above"


def _cache_of_installs(request: Request, cache: "CacheDir") -> str | None:
    """Return where `pip install` has its cache, and why, if that is not this one; `None` if it is, or one is named."""
    if request.options.cache_dir is not None:
        return None
    from pipcacheplus.errors import PipCachePlusError  # noqa: PLC0415 - slow to import, and help imports this module
    from pipcacheplus.pips.locate import locate, this_machine  # noqa: PLC0415 - as above

    try:
        found = locate(this_machine(request.environ), command="install")
    except PipCachePlusError as error:
        return str(error)
    return None if found.path == cache.path else f"{found.path} ({found.detail})"


def summarize_census(cache: "CacheDir", census: "CacheCounts", *, most: int | None) -> dict[str, Json]:
    """Return the counts, and the health of the cache itself, as the JSON has them.

    Args:
        cache: Of which cache.
        census: What was counted.
        most: So many projects at most; all that are there by default.
    """
    counts, survey = census.counts, census.survey
    names = [f"within-{span_s // _DAY_S}d" for span_s in _SPANS_S] + ["older"]
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
        **_reclaimable(counts),
        "by_last_use": {names[at]: _parts(count) for at, count in sorted(counts.by_last_use.items())},
        "health": {
            "owner": _owner(survey),
            "disabled_by": cache.disabled_by,
            "free_bytes": _free_bytes(cache.path),
            "install_cache": None,
        },
        "problems": counts.errors,
        "unread": {kind.value: _parts(count) for kind, count in sorted(census.unread.items())},
        "not_read_to_end": _parts(census.lacking_end),
        "projects": [{"name": name, **_parts(count)} for name, count in census.projects[:most]],
        "pages_without_url": census.pages_without_url,
        "pythons": summarize_pythons(census.pythons),
        "http_unread": None if _is_http_read(census.pythons) else _in_http(counts),
    }


def _reclaimable(counts: "Counts") -> dict[str, Json]:
    """Return what could be removed: by reason, by kind and reason, and in all."""
    empty = {group.value: count for group, count in counts.empty_directories.items()}
    by_reason = {
        reason: {
            **_parts(_sum(count for (_, own), count in counts.reclaimable.items() if own == reason)),
            "empty_directories": empty.get(reason, 0),
            "option": OPTIONS_OF_REASONS[reason],
        }
        for reason in sorted({*(reason for _, reason in counts.reclaimable), *empty})
    }
    by_kind = {
        kind.value: {
            **_parts(counts.reclaimable_at_all.get(kind, _NOTHING)),
            "by_reason": {
                reason: _parts(count) for (own, reason), count in sorted(counts.reclaimable.items()) if own is kind
            },
        }
        for kind in Kind
        if kind in counts.reclaimable_at_all
    }
    return {
        "reclaimable": by_reason,
        "reclaimable_at_all": {
            **_parts(_sum(counts.reclaimable_at_all.values())),
            "empty_directories": max(empty.values(), default=0),
        },
        "reclaimable_by_kind": by_kind,
    }


def _sum(counts: Iterable[Count]) -> Count:
    return reduce(Count.plus, counts, _NOTHING)


def _is_http_read(pythons: "Sequence[FoundPython]") -> bool:
    from pipcacheplus.checks.base.looked_for import is_http_read  # noqa: PLC0415 - slow to import

    return is_http_read(pythons, has_path=os.path.lexists)


def _in_http(counts: "Counts") -> Mapping[str, Json] | None:
    """Return the counts of responses in `http`; `None` if there are none."""
    others = {Kind.LEFTOVER, Kind.FOREIGN}  # these do not go for this reason
    total = _sum(count for (area, kind), count in counts.totals.items() if area is Area.HTTP and kind not in others)
    return _parts(total) if total.entries else None


def _parts(count: Count) -> Mapping[str, Json]:
    return count._asdict()


def _owner(survey: "Survey") -> str | None:
    """Return the name of the cache's owner, the number of one without a name; `None` where files have no owner."""
    return survey.owner or str(survey.uid) if hasattr(os, "geteuid") else None


def _free_bytes(path: str) -> int | None:
    """Return the bytes that this user may still write to the file system of the cache; `None` if it is unknown."""
    if not hasattr(os, "statvfs"):
        return None
    try:
        status = os.statvfs(path)
    except FileNotFoundError:
        return None
    return status.f_bavail * status.f_frsize


def _summary_of_nothing(cache: "CacheDir") -> dict[str, Json]:
    from pipcacheplus.catalog.census import CacheCounts  # noqa: PLC0415 - slow to import
    from pipcacheplus.catalog.counts import Counts, PipCount  # noqa: PLC0415 - as above
    from pipcacheplus.model.values import Survey  # noqa: PLC0415 - as above

    nothing = CacheCounts(Counts({}, {}, {}, {}, {}, PipCount()), Survey(), (), unread={}, lacking_end=_NOTHING)
    health = {"owner": None, "disabled_by": None, "free_bytes": _free_bytes(cache.path), "install_cache": None}
    return {
        **summarize_census(cache, nothing, most=None),
        **summarize_owners(None, cache.path),
        "health": health,
        "pages_without_url": 0,
        "http_unread": None,
        "read": False,
        "fail_above": None,
    }


def _declare(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--read",
        action="store_true",
        help="read each entry that has not been read since it was written, and compare entries: without this option,"
        " info counts by what earlier commands have read",
    )
    parser.add_argument(
        "--fail-above",
        metavar="SIZE",
        type=argument(size_bytes),
        help=f"exit with 3 if the cache takes more on disk; {SIZE_HELP}",
    )
    parser.add_argument(
        "--bug-report",
        action="store_true",
        help="print versions, counts and findings to paste into a report of a bug: no names, paths, hosts or URLs",
    )
    declare_pythons(parser)
    declare_catalog(parser, help_="use nothing that earlier commands have read, and keep nothing of what is read now")


COMMAND = Command(
    help="Count what is in the cache, and what could be removed",
    run=_run,
    takes_many=True,
    declare=_declare,
    summary_of_nothing=_summary_of_nothing,
    examples=("info", "info --json"),
)
