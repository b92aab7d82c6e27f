"""Files of one kind in a folder of the state directory, one for each cache: shown and removed."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

from pipcacheplus.host.state import OwnFolder, disk_size, open_own_folder, state_folder
from pipcacheplus.model.values import OwnFiles, OwnKind

__all__ = ["KeptFiles", "digest_of_path"]


def digest_of_path(cache_path: str) -> str:
    """Return the digest of a cache's path for the names of files: 32 hex digits."""
    return hashlib.sha256(cache_path.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class KeptFiles(ABC):
    """The files of one kind, of all caches; the folder is made when the first is written."""

    KIND: ClassVar[OwnKind]
    """Its value is the name of the folder, too."""

    def __init__(self) -> None:
        """Find the folder in the state directory; both are used only if they are only this user's."""
        self.folder = os.path.join(state_folder(), self.KIND.value)

    def files(self) -> Iterator[OwnFiles]:
        """Yield a value for each stored file.

        Raises:
            OSError: The folder is not only this user's, or cannot be read.
        """
        with suppress(FileNotFoundError), self._open() as own:
            for name in own.names():
                status = own.status_of(name) if self._is_kept(name) else None
                if status is not None:
                    yield OwnFiles(
                        kind=self.KIND,
                        path=os.path.join(self.folder, name),
                        cache=self._cache_of(own, name),
                        files=1,
                        size=status.st_size,
                        disk_size=disk_size(status),
                        used_s=int(status.st_mtime),
                    )

    def remove(self, path: str) -> None:
        """Remove one file, by its path from `files`; raises as that."""
        with suppress(FileNotFoundError), self._open() as own:
            own.unlink(os.path.basename(path))

    @abstractmethod
    def _is_kept(self, name: str) -> bool:
        """Return whether a name in the folder is that of such a file."""

    @abstractmethod
    def _cache_of(self, own: OwnFolder, name: str) -> str | None:
        """Return the path of the cache that a file is of, `None` if the file does not contain it."""

    def _open(self, *, is_made: bool = False) -> OwnFolder:
        return open_own_folder(*os.path.split(self.folder), is_made=is_made)
