"""Carrying out and undoing of a plan on this machine: as this user, from this directory, beside running pips.

`run` and `trash.undo` receive all of that as arguments; this module determines it.
"""

import os
from collections.abc import Callable

from pipcacheplus.apply.lock import locked, owned_root
from pipcacheplus.apply.run import apply
from pipcacheplus.apply.system import System, this_system
from pipcacheplus.apply.trash.empty import empty_old, listed
from pipcacheplus.apply.trash.location import open_trash
from pipcacheplus.apply.trash.undo import trashed, undo
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.refusal import check_writable
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.filesystems import is_local
from pipcacheplus.host.processes import find_pip
from pipcacheplus.model.values import CacheDir, OwnFiles, OwnKind, Plan, Report, Trashed, Waiting

__all__ = ["apply_here", "empty_trash_here", "trash_files_here", "trashed_here", "undo_here"]


_NOTHING = -1
"""Less than a run with only empty files."""


def apply_here(  # noqa: D417 - the rest is that of `run.apply`
    plan: Plan,
    *,
    path: str,
    exclusive: bool | None,
    has_access_times: bool,
    lock_timeout_s: float,
    wait_s: float,
    stop: Callable[[], bool] | None,
    progress: Callable[[int, int | None], None] | None,
    trash: bool,
    trash_size: int | None,
    is_planned: bool,
    waiting: Callable[[Waiting], None] | None,
) -> Report:
    """Carry a plan out, or report what that would do; the other arguments are those of `run.apply`.

    Args:
        plan: The plan.
        path: The cache directory; a plan of another one is refused.
        exclusive: As `is_exclusive` of `run.apply`. With `None` it is determined: true if no pip runs here and
            no other machine mounts the file system.
        waiting: As `waits` of `run.apply`, with the reason.

    Raises:
        BadRequestError: The plan is one of another cache; or there can be no trash.
        CacheBusyError: As `run.apply`.
        NotACacheError: Nothing may be removed there.
        OSError: The cache directory cannot be opened.
    """
    if plan.cache.path != path:
        raise BadRequestError(
            what="plan", problem=f"is for {plan.cache.path}, not for {path}", next_step="open that cache"
        )
    system = _system_for(path)
    why: tuple[str, int | None] = ("pips may be running", None)
    if exclusive is None:
        seen = _others_at_work(path) if plan.actions else None
        exclusive, why = seen is None, seen or why
    return apply(
        plan,
        is_exclusive=exclusive,
        system=system,
        has_access_times=has_access_times,
        lock_timeout_s=lock_timeout_s,
        wait_s=wait_s,
        stop=stop,
        progress=progress,
        trash=trash,
        trash_size=trash_size,
        is_planned=is_planned,
        waits=None if waiting is None else lambda left_s: waiting(Waiting(*why, left_s)),
    )


def _others_at_work(path: str) -> tuple[str, int | None] | None:
    """Return the reason why a pip may be using a cache, and its process if one was seen; `None` if none is."""
    if not is_local(path):
        return "other machines may mount this file system", None
    seen = find_pip(os.getpid())
    if seen is None:
        return None
    if seen.pid is None:
        return "processes cannot be listed, and a pip may be among them", None
    return f"pip (process {seen.pid}) is running", seen.pid


def undo_here(  # noqa: D417 - the rest is that of `trash.undo.undo`
    cache: CacheDir,
    *,
    run: str | None,
    is_planned: bool,
    lock_timeout_s: float,
    stop: Callable[[], bool] | None,
    progress: Callable[[int, int | None], None] | None,
) -> Report:
    """Restore the files that a run moved to the trash; the other arguments are those of `trash.undo.undo`.

    Args:
        cache: The cache.

    Raises:
        BadRequestError: As `trash.undo.undo`.
        CacheBusyError: As `trash.undo.undo`.
        NotACacheError: Nothing may be changed there.
        OSError: As `trash.undo.undo`.
    """
    return undo(
        cache,
        system=_system_for(cache.path),
        run=run,
        is_planned=is_planned,
        lock_timeout_s=lock_timeout_s,
        stop=stop,
        progress=progress,
    )


def trashed_here(path: str) -> tuple[Trashed, ...]:
    """Return the runs that can be restored; raises as `trash.undo.trashed`."""
    return trashed(path, this_system())


def trash_files_here(path: str) -> OwnFiles | None:
    """Return the files in the trash of a cache, `None` if there is no trash, or it is empty.

    Raises:
        BadRequestError: The trash is not only this user's.
        OSError: The cache directory cannot be opened.
    """
    system = this_system()
    with OpenCache(path) as cache, open_trash(cache, system) as trash:
        runs = listed(trash, system) if trash is not None else ()
        if trash is None or not runs:
            return None
        return OwnFiles(
            kind=OwnKind.TRASH,
            path=trash.path,
            cache=path,
            files=sum(run.files for run in runs),
            size=sum(run.size for run in runs),
            disk_size=sum(run.disk_size for run in runs),
            used_s=runs[-1].started_s,
        )


def empty_trash_here(path: str) -> None:
    """Remove all files in the trash of a cache; none of them can be restored.

    Raises:
        CacheBusyError: Another pipcacheplus is using this cache.
        NotACacheError: Nothing may be changed there.
        OSError: The cache directory cannot be opened.
    """
    system = _system_for(path)
    with (
        OpenCache(path) as cache,
        locked(path, owned_root(cache, system), system, timeout_s=0, stop=lambda: False),
    ):
        empty_old(cache, system, max_size=_NOTHING)


def _system_for(path: str) -> System:
    system = this_system()
    check_writable(path, home=os.path.expanduser("~"), cwd=os.getcwd(), uid=system.uid)
    return system
