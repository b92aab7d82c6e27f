"""A private directory outside the cache: opened without following links, and refused if others can use it."""

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
    """One directory, with access to the files in it; a context manager, which closes it.

    Directories from `open` and `inner` are only this user's. One that is made from a path and a descriptor is not
    checked: the cache, and the directory above it, are such.
    """

    path: str
    """For people, and for systems without descriptors of directories."""
    descriptor: int | None

    @classmethod
    def open(cls, name: str, system: System, *, path: str, below: int | None) -> "PrivateDirectory":
        """Open a directory if it is one, and only this user's.

        Args:
            name: Name of the directory, in the one above.
            system: The system.
            path: The whole path, for people, and for opening without descriptors.
            below: The descriptor of the one above, `None` where directories have none.

        Raises:
            BadRequestError: It is a link or not a directory, belongs to another user, or others may read or write it.
            FileNotFoundError: There is none.
        """
        if below is None:
            _check(path, os.lstat(path), system)
            return cls(path=path, descriptor=None)
        try:
            opened = cls(path=path, descriptor=os.open(name, _FOLDER_FLAGS, dir_fd=below))
        except FileNotFoundError:
            raise
        except OSError as error:  # as for a link, a file, and the directory of another user
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
        """Close the descriptor."""
        if self.descriptor is not None:
            os.close(self.descriptor)

    def at(self, name: str) -> str:
        """Return the name of a file in it, for functions with a descriptor argument: a path where there is none."""
        return name if self.descriptor is not None else os.path.join(self.path, name)

    @property
    def where(self) -> dict[str, int]:
        """Return the descriptor as an argument of functions of `os`; empty where there is none."""
        return {} if self.descriptor is None else {"dir_fd": self.descriptor}

    def inner(self, name: str, system: System) -> "PrivateDirectory":
        """Open a directory in it; raises as `open`."""
        return self.open(name, system, path=os.path.join(self.path, name), below=self.descriptor)

    def status(self) -> os.stat_result:
        """Return the `stat` result of the directory itself."""
        return os.lstat(self.path) if self.descriptor is None else os.fstat(self.descriptor)

    def status_of(self, name: str) -> os.stat_result | None:
        """Return the `lstat` result of a name in it, `None` if there is no such name."""
        try:
            return os.stat(self.at(name), follow_symlinks=False, **self.where)
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """List it, in order."""
        return sorted(os.listdir(self.path if self.descriptor is None else self.descriptor))

    def open_file(self, name: str, flags: int) -> int:
        """Open a file in it, no link followed; a new file gets rights for this user only.

        Raises:
            BadRequestError: It is not a regular file.
            OSError: It cannot be opened, or is a link.
        """
        opened = os.open(self.at(name), flags | _FILE_FLAGS, _MODE, **self.where)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise refused(os.path.join(self.path, name), "is not a regular file")
        return opened

    def sync(self, system: System) -> None:
        """Wait until its names are on the disk, where the system supports that for directories."""
        if self.descriptor is not None:
            system.sync(self.descriptor)


def _check(path: str, status: os.stat_result, system: System) -> None:
    if not stat.S_ISDIR(status.st_mode) or is_link(status):
        raise refused(path, "is not a directory")
    if reason := why_not_ours(status, system.uid, others=NOT_OURS_ALONE):
        raise refused(path, reason)
