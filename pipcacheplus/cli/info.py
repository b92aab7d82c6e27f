"""`info`: print pip's own counts, then kinds, what could go, last use and health."""

import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from pipcacheplus.checks.base.check import is_listed
from pipcacheplus.cli.base.command import Command, CommandResult, Request, make_result
from pipcacheplus.cli.base.progress import progress
from pipcacheplus.model.values import Area, Entry, Finding, Remedy, Shape
from pipcacheplus.pips.layout import HTTP_AREAS
from pipcacheplus.render.summary import Census, Tally
from pipcacheplus.render.times import last_used_ns
from pipcacheplus.render.view import Json

if TYPE_CHECKING:  # slow to import, and needed for annotations alone
    from pipcacheplus.cache import PipCache

__all__ = ["COMMAND"]

_DAY_S = 86_400
_SPANS_S = tuple(days * _DAY_S for days in (1, 7, 30, 90, 365))


def _run(request: Request) -> CommandResult:
    """Count by names and times; with `-v`, read heads, pages and the ends of archives as well, and list the entries."""
    cache = request.open_cache()
    is_verbose = request.verbosity > 0
    counted = _Counted(cache, request.now_s)
    entries: list[Entry] = []

    def each(entry: Entry, findings: Sequence[Finding]) -> None:
        counted.add(entry, findings)
        if is_verbose and is_listed(entry):
            entries.append(entry)

    with progress(request.console, "reading") as show:
        inventory = cache.overview(reads=is_verbose, each=each, progress=show)
    return make_result(request, cache, warnings=inventory.warnings, entries=tuple(entries), summary=counted.summary)


class _Counted:
    """Counts of the entries of a cache, which are added one by one."""

    def __init__(self, cache: "PipCache", now_s: float) -> None:
        self._cache = cache
        self._now_s = now_s
        self._census = Census()
        self._by_pip = _ByPip(cache.dir.path)
        self._reclaimable = defaultdict[str, Tally](Tally)
        """What each option of `prune` would remove; an entry may be under several."""
        self._by_last_use = defaultdict[int, Tally](Tally)

    def add(self, entry: Entry, findings: Sequence[Finding]) -> None:
        """Count one more."""
        for group in {finding.group.value for finding in findings if finding.remedy is not Remedy.NONE}:
            self._reclaimable[group].add(entry)
        if is_listed(entry):
            self._census.add(entry)
            self._by_pip.add(entry)
            age_s = self._now_s - (last_used_ns(entry, self._cache.last_use) or 0) / 1e9
            self._by_last_use[bisect_left(_SPANS_S, age_s)].add(entry)

    @property
    def summary(self) -> dict[str, Json]:
        """Return the counts, and the health of the cache itself."""
        names = [f"within-{span_s // _DAY_S}d" for span_s in _SPANS_S] + ["older"]
        return {
            **self._census.counts,
            "pip": self._by_pip.counts,
            "reclaimable": {group: self._reclaimable[group].counts for group in sorted(self._reclaimable)},
            "by_last_use": {names[at]: self._by_last_use[at].counts for at in sorted(self._by_last_use)},
            "health": {
                "owner": _owner(self._cache.dir.path),
                "disabled_by": self._cache.dir.disabled_by,
                "free_bytes": _free_bytes(self._cache.dir.path),
            },
        }


class _ByPip:
    """Files counted as `pip cache info` does: all of them, also those that are not pip's.

    Source: pip 26.3 `_internal/commands/cache.py` and `_internal/utils/filesystem.py`: a link counts as a file of 0
    bytes, but for one to a directory, which is neither counted nor entered.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._areas = {area: Tally() for area in (*HTTP_AREAS, Area.WHEELS)}
        self._links = dict.fromkeys(self._areas, 0)
        self._wheels = 0

    def add(self, entry: Entry) -> None:
        """Count one more."""
        if entry.area not in self._areas:
            return
        real = os.path.join(self._path, *entry.id.split("/")) if entry.shape is Shape.FOREIGN else ""
        if not real or not os.path.islink(real):
            self._areas[entry.area].add(entry)
        elif not os.path.isdir(real):
            self._links[entry.area] += 1
        else:
            return
        if entry.area is Area.WHEELS:
            self._wheels += sum(fnmatch(path.rpartition("/")[2], "*-*.whl") for path in entry.paths)

    @property
    def counts(self) -> dict[str, Json]:
        """Return the numbers that pip prints, and the directories that it counts in."""
        downloads, wheels = [self._areas[area] for area in HTTP_AREAS], self._areas[Area.WHEELS]
        return {
            "http_v2_location": self._location(Area.HTTP_V2),
            "http_location": self._location(Area.HTTP),
            "http_bytes": sum(tally.bytes for tally in downloads),
            "http_files": sum(tally.files for tally in downloads) + sum(self._links[area] for area in HTTP_AREAS),
            "wheels_location": self._location(Area.WHEELS),
            "wheels_bytes": wheels.bytes,
            "wheels": self._wheels,
        }

    def _location(self, area: Area) -> str:
        return os.path.join(self._path, area.value)


def _owner(path: str) -> str | None:
    """Return the name of the cache's owner, the number of one without a name; `None` where files have no owner."""
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
    """Return the bytes that this user may still write to the file system of the cache; `None` on Windows."""
    if not hasattr(os, "statvfs"):
        return None
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


COMMAND = Command(help="Tell what is in the cache, and what could go", run=_run)
