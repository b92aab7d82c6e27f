"""`info`: what pip tells of its cache, and what it does not."""

import os
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.answers import answer
from pipcacheplus.cli.base.command import Answer, Command, Request
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.model import Area, Entry, Finding, Remedy, Shape
from pipcacheplus.render.summary import grouped, of_entries, tally, used_ns
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and named only
    from pipcacheplus.cache import PipCache

__all__ = ["COMMAND"]

_DAY_S = 86_400
_SPANS_DAYS = (1, 7, 30, 90, 365)


def _run(request: Request) -> Answer:
    """Look at names and times; with `-v`, read heads, pages and the ends of archives as well."""
    cache = request.open_cache()
    with progress(request.console, "reading") as show:
        inventory = cache.overview(reads=request.verbosity > 0, progress=show)
    summary: dict[str, Json] = {
        **of_entries(inventory.entries),
        "pip": _as_pip_counts(cache, inventory.entries),
        "reclaimable": _reclaimable(inventory.findings),
        "by_last_use": _by_last_use(inventory.entries, cache.last_use, request.now_s),
        "health": {
            "owner": _owner(cache.dir.path),
            "disabled_by": cache.dir.disabled_by,
            "free_bytes": _free_bytes(cache.dir.path),
        },
    }
    entries = inventory.entries if request.verbosity > 0 else ()
    return answer(request, cache, warnings=inventory.warnings, entries=entries, summary=summary)


def _as_pip_counts(cache: "PipCache", entries: Iterable[Entry]) -> dict[str, Json]:
    """Count files as `pip cache info` does: all of them, also those that are not pip's.

    Source: pip 26.3 `_internal/commands/cache.py` and `_internal/utils/filesystem.py`: a link counts as a file of 0
    bytes, but for one to a directory, which is neither counted nor entered.
    """
    sizes: dict[Area, dict[str, int]] = {Area.HTTP: {}, Area.HTTP_V2: {}, Area.WHEELS: {}}
    for entry in entries:
        if entry.area in sizes:
            known = sizes[entry.area]
            if entry.shape is not Shape.FOREIGN:
                known.update((file.path, file.size) for file in entry.files)
                continue
            path = os.path.join(cache.dir.path, *entry.id.split("/"))
            if not os.path.islink(path):
                known[entry.id] = entry.size
            elif not os.path.isdir(path):
                known[entry.id] = 0
    http, http_v2, wheels = sizes.values()
    location = {area: os.path.join(cache.dir.path, area.value) for area in sizes}
    return {
        "http_v2_location": location[Area.HTTP_V2],
        "http_location": location[Area.HTTP],
        "http_bytes": sum(http.values()) + sum(http_v2.values()),
        "http_files": len(http) + len(http_v2),
        "wheels_location": location[Area.WHEELS],
        "wheels_bytes": sum(wheels.values()),
        "wheels": sum(fnmatch(path.rpartition("/")[2], "*-*.whl") for path in wheels),
    }


def _reclaimable(findings: Sequence[Finding]) -> dict[str, Json]:
    """Count what each option of `prune` would remove; an entry may be under several."""
    parts = dict[str, dict[str, Entry]]()
    for finding in findings:
        if finding.remedy is not Remedy.NONE:
            parts.setdefault(finding.group.value, {})[finding.entry.id] = finding.entry
    return {group: tally(parts[group].values()) for group in sorted(parts)}


def _by_last_use(entries: Sequence[Entry], last_use: str, now_s: float) -> Mapping[str, Json]:
    def span(entry: Entry) -> int:
        age_s = now_s - (used_ns(entry, last_use) or 0) / 1e9
        return next((at for at, days in enumerate(_SPANS_DAYS) if age_s <= days * _DAY_S), len(_SPANS_DAYS))

    names = [f"within-{days}d" for days in _SPANS_DAYS] + ["older"]
    return {names[at]: tally(part) for at, part in sorted(grouped(entries, span).items())}


def _owner(path: str) -> str | None:
    """Return who owns the cache: a name, else a number; `None` where files have no owner."""
    try:
        import pwd  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    uid = os.stat(path).st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _free_bytes(path: str) -> int | None:
    """Return what this user may still write to the file system of the cache."""
    if not hasattr(os, "statvfs"):
        return None
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


COMMAND = Command(help="Tell what is in the cache, and what could go", run=_run)
