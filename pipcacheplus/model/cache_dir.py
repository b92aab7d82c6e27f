"""The cache directory, as a value: the only part of the model that `dir` needs, apart from the words.

A tuple, because dataclasses are slow to import: they would be a sixth of the time of `dir`.
"""

from typing import NamedTuple

from pipcacheplus.model.terms import Source

__all__ = ["NO_CACHE_DIR", "CacheDir"]


class CacheDir(NamedTuple):
    """The directory of the cache, and the setting that decided it."""

    path: str
    """Absolute."""
    source: Source
    detail: str = ""
    """The setting that decided, for people: `PIP_CACHE_DIR`, `cache-dir in /etc/pip.conf [global]`."""
    moves_access_times: bool = False
    """Whether reading changes "last used": only the owner of files, and root, may prevent that."""
    disabled_by: str | None = None
    """The reason why pip itself would use no cache here: an owner that pip does not accept. A setting raises
    instead."""
    ignores_noatime: bool = False
    """Whether reading changes "last used" in spite of `O_NOATIME`: then times of writing count."""


NO_CACHE_DIR = CacheDir(path="", source=Source.DEFAULT)
"""For results that are of no cache."""
