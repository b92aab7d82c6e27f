"""A directory of our own, outside the cache: opened without following links, and refused if it is not ours alone."""

import os
import stat
from dataclasses import dataclass
from types import TracebackType

from pipcacheplus.apply.system import System, is_link
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.state import why_not_ours

__all__ = ["NOT_OURS_ALONE", "PrivateDirectory", "refused"]

_FOLDER_FLAGS: int = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_DIRECTORY", 0)
_FILE_FLAGS: int = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
NOT_OURS_ALONE = 0o077
_MODE = 0o600


def refused(path: str, reason: str, next_step: str = "look at what lies there, and move it away") -> BadRequestError:
    """Return the error of a trash that is not used."""
    return BadRequestError(what="trash", problem=f"{path} {reason}", next_step=next_step)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateDirectory:
    """One directory, and how the files in it are reached; a context manager, which closes it.

    What `open` and `inner` return is ours alone. One that is made from a path and a descriptor is not checked: that is
    how the cache, and the directory above it, are reached.
    """

    path: str
    """For people, and for systems without descriptors of directories."""
    descriptor: int | None

    @classmethod
    def open(cls, name: str, system: System, *, path: str, below: int | None) -> "PrivateDirectory":
        """Open a directory if it is one, and ours alone.

        Args:
            name: Of the directory, in the one above.
            system: Where this runs.
            path: All of it, for people; and to open it by, where there are no descriptors.
            below: The descriptor of the one above, `None` where directories have none.

        Raises:
            BadRequestError: It is a link or no directory, belongs to another user, or others may read or write it.
            FileNotFoundError: There is none.
        """
        if below is None:
            _check(path, os.lstat(path), system)
            return cls(path=path, descriptor=None)
        try:
            opened = cls(path=path, descriptor=os.open(name, _FOLDER_FLAGS, dir_fd=below))
        except FileNotFoundError:
            raise
        except OSError as error:  # as for a link, a file, and the directory of somebody else
            raise refused(path, f"cannot be opened as a directory: {error.strerror}") from error
        try:
            _check(path, opened.status(), system)
        except BadRequestError:
            opened.close()
            raise
        return opened

    def __enter__(self) -> "PrivateDirectory":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the descriptor."""
        if self.descriptor is not None:
            os.close(self.descriptor)

    def at(self, name: str) -> str:
        """Return the name of a file in it, for functions that get the descriptor too: a path where there is none."""
        return name if self.descriptor is not None else os.path.join(self.path, name)

    @property
    def where(self) -> dict[str, int]:
        """Return the descriptor as functions of `os` take it; nothing where there is none."""
        return {} if self.descriptor is None else {"dir_fd": self.descriptor}

    def inner(self, name: str, system: System) -> "PrivateDirectory":
        """Open a directory in it; raises as `open`."""
        return self.open(name, system, path=os.path.join(self.path, name), below=self.descriptor)

    def status(self) -> os.stat_result:
        """Return what `stat` says of the directory itself."""
        return os.lstat(self.path) if self.descriptor is None else os.fstat(self.descriptor)

    def status_of(self, name: str) -> os.stat_result | None:
        """Return what `lstat` says of a name in it, `None` if there is no such name."""
        try:
            return os.stat(self.at(name), follow_symlinks=False, **self.where)
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """List it, in order."""
        return sorted(os.listdir(self.path if self.descriptor is None else self.descriptor))

    def open_file(self, name: str, flags: int) -> int:
        """Open a file in it, no link followed; it is made with rights for us alone.

        Raises:
            BadRequestError: It is no regular file.
            OSError: It cannot be opened, or is a link.
        """
        opened = os.open(self.at(name), flags | _FILE_FLAGS, _MODE, **self.where)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise refused(os.path.join(self.path, name), "is no regular file")
        return opened

    def sync(self, system: System) -> None:
        """Wait until its names are on the disk, where directories can be waited for."""
        if self.descriptor is not None:
            system.sync(self.descriptor)


def _check(path: str, status: os.stat_result, system: System) -> None:
    if not stat.S_ISDIR(status.st_mode) or is_link(status):
        raise refused(path, "is no directory")
    if reason := why_not_ours(status, system.uid, others=NOT_OURS_ALONE):
        raise refused(path, reason)
