"""Which directory a cache is, whether it may be read as one, and how times are kept there."""

import os
from collections.abc import Sequence
from dataclasses import replace

from pipcacheplus.disk import refusal
from pipcacheplus.disk.open_cache import moves_access_times
from pipcacheplus.errors import CacheNotFoundError
from pipcacheplus.host.filesystems import keeps_access_times
from pipcacheplus.model.values import CacheDir, Source

__all__ = ["OpenedCache"]


class OpenedCache:
    """A directory that is a cache, and what has to be known of it before anything is read."""

    def __init__(self, path: str | os.PathLike[str], *, index_urls: Sequence[str] = ()) -> None:
        """Name a cache.

        Args:
            path: Of the directory, absolute; `~` stands for the home directory.
            index_urls: Of indexes whose pages may be in it; the default index is known.

        Raises:
            CacheNotFoundError: There is no such directory.
            NotACacheError: It is a directory, but no pip cache; or the path is empty or relative.
        """
        named = os.path.expanduser(os.fspath(path))
        refusal.check_named(named)
        real = os.path.realpath(named)
        self._open(CacheDir(path=real, source=Source.ARGUMENT, detail="argument"), tuple(index_urls))

    def _open(self, cache: CacheDir, index_urls: tuple[str, ...]) -> None:
        if not os.path.isdir(cache.path):
            raise CacheNotFoundError(cache.path, cache.detail or cache.source.value)
        refusal.check_readable(cache.path, home=os.path.expanduser("~"))
        has_times = keeps_access_times(cache.path)
        self.dir: CacheDir = replace(cache, moves_access_times=has_times and moves_access_times(cache.path))
        self.index_urls: tuple[str, ...] = index_urls
        self.last_use: str = "atime" if has_times else "mtime"

    def __repr__(self) -> str:
        """Show the directory."""
        return f"{type(self).__name__}({self.dir.path!r})"
