"""Removal of runs from the trash: those older than a week, and the oldest while it holds too much."""

import os
from contextlib import suppress

from pipcacheplus.apply.files import on_disk
from pipcacheplus.apply.system import System
from pipcacheplus.apply.trash.location import drop, numbers_in, open_trash, runs_in, started_s
from pipcacheplus.apply.trash.private_directory import PrivateDirectory
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.errors import PipCachePlusError
from pipcacheplus.model.values import Trashed

__all__ = ["KEPT_S", "empty_old", "listed"]

KEPT_S = 7 * 86_400
"""Seconds for which a run can be restored."""


def listed(trash: PrivateDirectory, system: System) -> tuple[Trashed, ...]:
    """Return the runs that could be restored, oldest first. A run that cannot be opened is left out."""
    found = []
    for run in runs_in(trash):
        with suppress(OSError, PipCachePlusError), trash.inner(run, system) as opened:
            held = numbers_in(opened)
            begun_s = started_s(run) or 0
            found.append(
                Trashed(
                    run=run,
                    started_s=begun_s,
                    kept_until_s=begun_s + KEPT_S,
                    files=len(held),
                    size=sum(status.st_size for status in held.values()),
                    disk_size=sum(map(_disk_size, held.values())),
                    path=opened.path,
                )
            )
    return tuple(found)


def _disk_size(status: os.stat_result) -> int:
    """Return the bytes that removing a file gives back; 0, if it has another name."""
    return 0 if status.st_nlink != 1 else on_disk(status)


def empty_old(
    cache: OpenCache,
    system: System,
    *,
    max_size: int | None = None,
    spares: str | None = None,
    is_planned: bool = False,
    more_bytes: int = 0,
) -> int:
    """Remove runs that are older than a week, then the oldest until the rest is small enough.

    A run that cannot be removed, or only in part, is left for the next time; so is a trash of another user.

    Args:
        cache: The cache of the trash.
        system: The system.
        max_size: Bytes on the disk that may stay; any number by default.
        spares: The run that stays whatever the limit is: the one that was just made, or restored.
        is_planned: Whether nothing is changed.
        more_bytes: Bytes on the disk that a dry run would have moved to the trash.

    Returns:
        The bytes given back to the file system, or that would be.
    """
    freed = 0
    with suppress(OSError, PipCachePlusError), open_trash(cache, system, tidies=not is_planned) as trash:
        runs = listed(trash, system) if trash is not None else ()
        total = sum(one.disk_size for one in runs) + more_bytes
        for one in runs:
            is_old = one.kept_until_s <= system.now_s()
            if trash is not None and one.run != spares and (is_old or (max_size is not None and total > max_size)):
                freed += one.disk_size if is_planned else _remove(trash, one.run, system)
                total -= one.disk_size
    return freed


def _remove(trash: PrivateDirectory, run: str, system: System) -> int:
    freed = 0
    with suppress(OSError, PipCachePlusError):
        with trash.inner(run, system) as opened:
            # The manifest last: the rest of an interrupted run can still be restored, or removed.
            for number, status in numbers_in(opened).items():
                system.unlink(opened.at(str(number)), **opened.where)
                freed += _disk_size(status)
        drop(trash, run, system)
    return freed
