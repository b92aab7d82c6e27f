"""A cache that does not exist yet, or is switched off: not an error, but there is nothing to read or remove."""

import os
from typing import NamedTuple

from pipcacheplus.errors import CacheDisabledError, CacheNotFoundError
from pipcacheplus.host.machine import Machine
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.model.terms import Source
from pipcacheplus.pips.locate import locate

__all__ = ["Absence", "absence_of", "disabled"]


class Absence(NamedTuple):
    """The path of a cache that does not exist, and the reason."""

    cache: CacheDir
    """Its path is empty if the cache is switched off."""
    why: str
    """A clause, for people."""


def absence_of(error: CacheNotFoundError | CacheDisabledError, machine: Machine) -> Absence | None:
    """Return the absence of a cache that was not found; `None` if it is an error instead.

    It is an error if something else lies there, or if the path cannot be examined.

    Args:
        error: The error that `PipCache.locate` raised without a `cache_dir`.
        machine: Every input of the search.
    """
    if isinstance(error, CacheDisabledError):
        return Absence(disabled(error), f"pip's cache is switched off by {error.setting}")
    if not _is_absent(error.path):
        return None
    cache = locate(machine)._replace(disabled_by=None)
    return Absence(cache, f"there is no cache directory at {error.path} yet (from {error.source})")


def disabled(error: CacheDisabledError) -> CacheDir:
    """Return the directory of a cache that is switched off: no path, and the setting that switched it off."""
    source = Source.ENVIRONMENT if error.file is None else Source.CONFIG
    return CacheDir(path="", source=source, detail=error.setting)


def _is_absent(path: str) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # it may exist
    return False
