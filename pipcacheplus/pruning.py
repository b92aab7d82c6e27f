"""The one-call functions: find the cache, decide, carry out.

Those that remove take `exclusive` as `PipCache.apply` does: whether no pip works on the cache meanwhile.
"""

from collections.abc import Sequence

from pipcacheplus.cache import PipCache
from pipcacheplus.catalog.queries import Verification
from pipcacheplus.model.values import Report

__all__ = ["prune_corrupt", "prune_incompatible_wheels", "prune_partial", "prune_stale", "verify"]


def prune_incompatible_wheels(
    *,
    pythons: Sequence[str] | None = None,
    cache_dir: str | None = None,
    keep: Sequence[str] = (),
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove wheels, built or downloaded, that none of these interpreters can use; the running one by default.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply` tell.
    """
    cache = PipCache.locate(cache_dir=cache_dir)
    return cache.apply(cache.plan(incompatible=True, pythons=pythons, keep=keep), dry_run=dry_run, exclusive=exclusive)


def prune_stale(
    *,
    older_than_s: float | None = None,
    cache_dir: str | None = None,
    keep: Sequence[str] = (),
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove pages past their lifetime, or older than that, and wheels built from a local directory.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply` tell.
    """
    cache = PipCache.locate(cache_dir=cache_dir)
    stale = True if older_than_s is None else older_than_s
    return cache.apply(cache.plan(stale=stale, keep=keep), dry_run=dry_run, exclusive=exclusive)


def prune_corrupt(
    *,
    cache_dir: str | None = None,
    keep: Sequence[str] = (),
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove what is damaged; every byte is read.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply` tell.
    """
    cache = PipCache.locate(cache_dir=cache_dir)
    return cache.apply(cache.plan(corrupt=True, keep=keep), dry_run=dry_run, exclusive=exclusive)


def prune_partial(
    *,
    min_age_s: float = 3600,
    cache_dir: str | None = None,
    keep: Sequence[str] = (),
    dry_run: bool = False,
    exclusive: bool | None = None,
) -> Report:
    """Remove what interrupted downloads, writes and builds left, if it is older than `min_age_s` seconds.

    Raises:
        PipCachePlusError: As `PipCache.locate`, `PipCache.plan` and `PipCache.apply` tell.
    """
    cache = PipCache.locate(cache_dir=cache_dir)
    return cache.apply(cache.plan(partial=True, min_age_s=min_age_s, keep=keep), dry_run=dry_run, exclusive=exclusive)


def verify(*what: str, cache_dir: str | None = None, pythons: Sequence[str] | None = None) -> Verification:
    """Put every check to the entries of the cache that fit `what`; nothing is changed.

    Raises:
        PipCachePlusError: As `PipCache.locate` and `PipCache.verify` tell.
    """
    return PipCache.locate(cache_dir=cache_dir).verify(*what, pythons=pythons)
