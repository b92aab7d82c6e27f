"""The cache directory, as a value: all of the model that `dir` needs, apart from the words.

A tuple, because dataclasses are slow to import: they would be a sixth of the time of `dir`.
"""

from typing import NamedTuple

from pipcacheplus.model.terms import Source

__all__ = ["CacheDir"]


class CacheDir(NamedTuple):
    """Which directory is the cache, and why that one."""

    path: str
    """Absolute."""
    source: Source
    detail: str = ""
    """The setting that decided, for people: `PIP_CACHE_DIR`, `cache-dir in /etc/pip.conf [global]`."""
    moves_access_times: bool = False
    """Whether reading moves "last used": only the owner of files, and root, may leave it alone."""
    disabled_by: str | None = None
    """Why pip itself would use no cache here: an owner that pip does not accept. A setting raises instead."""
    ignores_noatime: bool = False
    """Whether reading moves "last used" although the file system is asked to leave it alone: times of writing count."""
