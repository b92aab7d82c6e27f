"""The unit of a cache that was found: the user that its process becomes, and where its catalog lies."""

import os
from collections.abc import Sequence

from pipcacheplus.errors import BadRequestError
from pipcacheplus.fleet.find import FoundCache
from pipcacheplus.fleet.unit import Unit
from pipcacheplus.host.identity import identity_of

__all__ = ["is_root", "refuse_open_scheduler", "unit_for", "user_for"]

_ROOT = 0
_SITE_STATE = "/var/lib/pipcacheplus"
"""Root's directory with a state directory for each user: catalogs there take nothing of the quota of a home."""
_AUTHENTICATED = "tls://"


def is_root() -> bool:
    """Return whether this process is root, on a system that has such a user."""
    return hasattr(os, "geteuid") and os.geteuid() == _ROOT


def user_for(cache: FoundCache) -> int | None:
    """Return the user that the process of a cache becomes: its owner, if this is root and it is another user's."""
    return cache.uid if is_root() and cache.uid not in {None, _ROOT} else None


def unit_for(cache: FoundCache, words: Sequence[str], *, limit_s: float, gathers: bool = False) -> Unit:
    """Return the unit that runs a command on a cache; as root, in a process that becomes the owner.

    Args:
        cache: One that can be used.
        words: The command and its options.
        limit_s: As of a unit.
        gathers: As of a unit.
    """
    return Unit(
        cache.path,
        tuple(words),
        user_for(cache),
        state_root=_SITE_STATE if is_root() else None,
        limit_s=limit_s,
        gathers=gathers,
        found=identity_of(cache.device, cache.inode),
    )


def refuse_open_scheduler(what: str, address: str) -> None:
    """Refuse to remove as root over a scheduler to which anybody could send work that runs as root.

    With TLS, Dask lets only those connect who have a certificate of the same authority.

    Args:
        what: The option or argument that names it.
        address: Of the scheduler, as Dask writes it.

    Raises:
        BadRequestError: This process is root, and the scheduler is one.
    """
    if is_root() and not address.startswith(_AUTHENTICATED):
        problem = "is not authenticated, and its workers would remove files as root"
        raise BadRequestError(what=what, problem=problem, next_step="use one with TLS: dask:tls://HOST")
