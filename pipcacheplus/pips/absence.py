"""A cache that does not exist yet, or is switched off: no error, but nothing to look at, and nothing to remove."""

import os
from typing import NamedTuple

from pipcacheplus.errors import CacheDisabledError, CacheNotFoundError
from pipcacheplus.host.machine import Machine
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.model.terms import Source
from pipcacheplus.pips.locate import locate

__all__ = ["Absence", "absence_of", "disabled"]


class Absence(NamedTuple):
    """Where a cache would lie, and why there is none."""

    cache: CacheDir
    """Its path is empty if the cache is switched off."""
    why: str
    """A clause, for people."""


def absence_of(error: CacheNotFoundError | CacheDisabledError, machine: Machine) -> Absence | None:
    """Return what a cache that was not found is like; `None` if that is an error.

    It is one if something else lies there, or it cannot be seen whether anything does.

    Args:
        error: Why there is no cache, as `PipCache.locate` raised it without a `cache_dir`.
        machine: Every input of the search.
    """
    if isinstance(error, CacheDisabledError):
        return Absence(disabled(error), f"pip's cache is switched off by {error.setting}")
    if not _is_absent(error.path):
        return None
    cache = locate(machine)._replace(disabled_by=None)
    return Absence(cache, f"there is no cache directory at {error.path} yet (from {error.source})")


def disabled(error: CacheDisabledError) -> CacheDir:
    """Return the directory of a cache that is switched off: none, and what switched it off."""
    source = Source.ENVIRONMENT if error.file is None else Source.CONFIG
    return CacheDir(path="", source=source, detail=error.setting)


def _is_absent(path: str) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # it may be there
    return False
