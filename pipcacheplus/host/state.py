"""The state directory outside the cache: its path, the test whether it is safe, and changes in it.

It is used only if no other user can have written there. Directories are walked from the root by their descriptors:
for an ordinary user, a link on the way must belong to that user or to root, as must the directory that it leads to;
root follows none, and every directory on the way must be root's. The directory itself, and each file in it, must
belong to this user and be writable by no other user. Windows has no owners of this kind: there, only links are
refused.
"""

import errno
import os
import stat
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple

__all__ = [
    "LENT_STATE",
    "OwnFolder",
    "UntrustedError",
    "disk_size",
    "open_own_folder",
    "own_state_folder",
    "state_folder",
    "trusted_folder",
    "unlock",
    "why_not_ours",
    "why_unusable",
]

_HAS_DESCRIPTORS = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd and os.listdir in os.supports_fd
_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: int = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
# A directory that may be passed through need not be readable: O_PATH, where it exists, does not need that.
_PASSING: int = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | _NO_LINK
_FILE: int = _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_ROOT = 0
_MAX_LINKS = 40
"""Most links that Linux follows in one path."""
_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK, errno.EWOULDBLOCK})
"""Errors of a lock that another process holds; EACCES and EDEADLK are those of Windows."""
LENT_STATE = "_PIPCACHEPLUS_STATE"
"""The variable by which a process that root started for a user gets its state directory: one that takes nothing of the
quota of the home. What excludes other runs of that user must lie in the own one nevertheless."""
_LOCK_TRIES = 3
"""Most times that other runs may remove a lock file while it is being locked."""


class UntrustedError(OSError):
    """A directory or a file in it could be another user's, so it is neither read nor written."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(path, reason)

    def __str__(self) -> str:
        """Return the place and the problem."""
        return f"{self.path} {self.reason}"


def state_folder() -> str:
    """Return the path of the state directory: the user's own, or the one that root lent; it need not exist."""
    return os.environ.get(LENT_STATE) or own_state_folder()


def own_state_folder() -> str:
    """Return the path of the state directory of the user, `~/.local/state/pipcacheplus` on Linux; it need not exist."""
    # Slow to import, and only needed to store something.
    from platformdirs import user_state_path  # noqa: PLC0415 - see above

    return str(user_state_path("pipcacheplus", appauthor=False))


def trusted_folder(path: str) -> str | None:
    """Return the reason why a state directory is not used, as a clause; `None` if it is used. Nothing is made.

    Args:
        path: Absolute. One that does not exist counts as used if the directories above it could be.
    """
    try:
        with open_own_folder(path):
            return None
    except FileNotFoundError:
        return None
    except OSError as error:
        return why_unusable(error)


def why_unusable(error: OSError) -> str:
    """Return the problem of a state directory or of a file in it, as a clause for people."""
    return str(error) if isinstance(error, UntrustedError) else f"{error.filename}: {error.strerror}"


def why_not_ours(status: os.stat_result, uid: int | None, *, others: int = _OTHERS_WRITE) -> str | None:
    """Return the reason why a file or directory could be another user's, `None` if it is only this user's.

    Args:
        status: Status of the object itself, not of the target of a link.
        uid: The user; `None` where files have no owners, and every object is accepted.
        others: The bits of the mode that it must not have.
    """
    if uid is None:
        return None
    if status.st_uid != uid:
        return f"belongs to another user (uid {status.st_uid}, not {uid})"
    if status.st_mode & others:
        return "can be read or written by others" if others & ~_OTHERS_WRITE else "can be written by others"
    return None


def _uid() -> int | None:
    return os.geteuid() if hasattr(os, "geteuid") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFolder:
    """One directory that is only this user's, and the files in it; a context manager, which closes it."""

    path: str
    """Absolute, without links."""
    descriptor: int | None
    """`None` on systems where directories have no descriptors."""

    def __enter__(self) -> "OwnFolder":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self.descriptor is not None:
            os.close(self.descriptor)

    def names(self) -> list[str]:
        """List it, in order."""
        return sorted(os.listdir(self.path if self.descriptor is None else self.descriptor))

    def device(self) -> int:
        """Return the device number of its file system."""
        return (os.stat(self.path) if self.descriptor is None else os.fstat(self.descriptor)).st_dev

    def status_of(self, name: str) -> os.stat_result | None:
        """Return the `lstat` result of a name in it, `None` if there is no such name."""
        try:
            return os.stat(self._at(name), follow_symlinks=False, **self._where)
        except FileNotFoundError:
            return None

    def check(self, name: str) -> os.stat_result | None:
        """Return the status of a regular file in it, `None` if there is no such name. It is not opened.

        Raises:
            UntrustedError: It is a link or not a regular file, has a second name, or others own it or can write it.
        """
        status = self.status_of(name)
        if status is not None:
            self._check(name, status)
        return status

    def open_file(self, name: str, flags: int) -> int:
        """Open a regular file in it, no link followed; a new file gets rights for this user only.

        Raises:
            UntrustedError: As `check`.
            OSError: It cannot be opened.
        """
        self.check(name)
        descriptor = os.open(self._at(name), flags | _FILE, _FILE_MODE, **self._where)
        try:
            self._check(name, os.fstat(descriptor))
        except UntrustedError:
            os.close(descriptor)
            raise
        return descriptor

    def _check(self, name: str, status: os.stat_result) -> None:
        reason = why_not_ours(status, _uid())
        if not stat.S_ISREG(status.st_mode):
            reason = "is a link" if _is_link(status) else "is not a regular file"
        elif status.st_nlink > 1:
            reason = "has a second name"
        if reason is not None:
            raise UntrustedError(os.path.join(self.path, name), reason)

    def unlink(self, name: str) -> None:
        """Remove a file, or a link and not its target; nothing happens if there is no such name."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), **self._where)  # noqa: TID251 - the state directory, never the cache

    def rmdir(self, name: str) -> None:
        """Remove an empty directory in it."""
        os.rmdir(self._at(name), **self._where)  # noqa: TID251 - as above

    def lock(self, name: str) -> int | None:
        """Lock a file, without waiting; the file is made if it is missing, and its time becomes the present.

        Returns:
            A descriptor for `unlock`; `None` if another process holds the lock. Forked processes hold it too.

        Raises:
            UntrustedError: As `check`.
            OSError: The file cannot be made or written, or the file system has no locks.
        """
        for _ in range(_LOCK_TRIES):
            with ExitStack() as stack:
                descriptor = self.open_file(name, os.O_RDWR | os.O_CREAT)
                stack.callback(os.close, descriptor)
                if not _try_lock(descriptor):
                    return None
                status = self.status_of(name)
                # Otherwise another run has removed it meanwhile, and a third one may hold a new one.
                if status is not None and os.path.samestat(status, os.fstat(descriptor)):
                    self._set_time(name, descriptor)
                    stack.pop_all()
                    return descriptor
        return None

    def touch(self, name: str) -> None:
        """Make a file if it is missing, and set its time to the present; raises as `open_file`."""
        descriptor = self.open_file(name, os.O_RDWR | os.O_CREAT)
        try:
            self._set_time(name, descriptor)
        finally:
            os.close(descriptor)

    def _set_time(self, name: str, descriptor: int) -> None:
        os.utime(descriptor if os.utime in os.supports_fd else self._at(name))

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else os.path.join(self.path, name)

    @property
    def _where(self) -> dict[str, int]:
        return {} if self.descriptor is None else {"dir_fd": self.descriptor}


def disk_size(status: os.stat_result) -> int:
    """Return the bytes of a file on the disk; without a report, its size in whole blocks."""
    return int(getattr(status, "st_blocks", -(-status.st_size // 512))) * 512


def unlock(descriptor: int) -> None:
    """Release a lock of `OwnFolder.lock`, also for forked processes, and close its descriptor."""
    with suppress(OSError):  # closing it does the same, unless a forked process holds it
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - of Windows

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - not there on Windows

            fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Try to lock; return whether this process now holds the lock: false if another process does.

    Raises:
        OSError: There are no locks here.
    """
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - as above

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - as above

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def open_own_folder(path: str, *inner: str, is_made: bool = False) -> OwnFolder:
    """Open a state directory, and one in it; each must be only this user's.

    Args:
        path: Absolute.
        inner: Names of directories in it, from the outside in.
        is_made: Whether missing directories are made, with rights for this user only.

    Raises:
        UntrustedError: It, or a directory or link on the way, could be another user's.
        FileNotFoundError: It is missing, and not made.
        OSError: It cannot be made or opened.
    """
    if not os.path.isabs(path):
        raise UntrustedError(path, "is not an absolute path")
    if not _HAS_DESCRIPTORS:
        return _open_by_path(os.path.join(path, *inner), is_made=is_made)
    steps = [_Step(name) for name in _parts(path)]
    own = [*steps[-1:], *map(_Step, inner)]
    walk = _Walk([*steps[:-1], *(step._replace(is_own=True) for step in own)], is_made=is_made)
    try:
        return walk.opened()
    finally:
        walk.close()


def _open_by_path(path: str, *, is_made: bool) -> OwnFolder:
    if is_made:
        os.makedirs(path, mode=_FOLDER_MODE, exist_ok=True)
    status = os.lstat(path)
    if _is_link(status) or not stat.S_ISDIR(status.st_mode):
        raise UntrustedError(path, "is a link" if _is_link(status) else "is not a directory")
    return OwnFolder(path=path, descriptor=None)


def _is_link(status: os.stat_result) -> bool:
    """Return whether an object is a link; a junction of Windows counts as one."""
    reparse_tag: int = getattr(status, "st_reparse_tag", 0)
    return stat.S_ISLNK(status.st_mode) or bool(reparse_tag)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}] or ["."]


class _Step(NamedTuple):
    """A name on the way to the state directory."""

    name: str
    is_own: bool = False
    """Whether it must be only this user's."""
    ends_link: bool = False
    """Whether a link leads to it."""


class _Walk:
    """A way through directories from the root, of which one is open at a time."""

    def __init__(self, steps: list[_Step], *, is_made: bool) -> None:
        self._steps = steps[::-1]
        self._is_made = is_made
        self._uid = os.geteuid()
        self._links = 0
        self._names: list[str] = []
        self._here = os.open("/", _PASSING)

    def close(self) -> None:
        os.close(self._here)

    def opened(self) -> OwnFolder:
        """Go to the end, and open the directory there for listing too."""
        while self._steps:
            self._take(self._steps.pop())
        return OwnFolder(path=self._path(), descriptor=os.open(".", _FOLDER, dir_fd=self._here))

    def _path(self, *more: str) -> str:
        return "/" + "/".join((*self._names, *more))

    def _take(self, step: _Step) -> None:
        self._check_above(os.fstat(self._here))
        try:
            status = os.stat(step.name, dir_fd=self._here, follow_symlinks=False)
        except FileNotFoundError:
            if not self._is_made:
                raise
            with suppress(FileExistsError):  # another run was faster
                os.mkdir(step.name, _FOLDER_MODE, dir_fd=self._here)
            status = os.stat(step.name, dir_fd=self._here, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            self._follow(step, status)
        else:
            self._enter(step)

    def _check_above(self, status: os.stat_result) -> None:
        """Refuse to go on from a directory in which another user could replace the next part."""
        if self._uid == _ROOT and status.st_uid != _ROOT:
            raise UntrustedError(self._path(), f"belongs to another user (uid {status.st_uid}, not {_ROOT})")
        others = _OTHERS_WRITE if self._uid == _ROOT else stat.S_IWOTH
        if status.st_mode & others and not status.st_mode & stat.S_ISVTX:
            raise UntrustedError(self._path(), "can be written by others")

    def _check_owner(self, path: str, status: os.stat_result) -> None:
        if status.st_uid not in {self._uid, _ROOT}:
            raise UntrustedError(path, f"belongs to another user (uid {status.st_uid}, not {self._uid})")

    def _follow(self, step: _Step, status: os.stat_result) -> None:
        path = self._path(step.name)
        if self._uid == _ROOT:
            raise UntrustedError(path, "is a link, and root follows no link to its own state")
        self._check_owner(path, status)
        self._links += 1
        if self._links > _MAX_LINKS:
            raise UntrustedError(path, "is one of too many links")
        target = os.readlink(step.name, dir_fd=self._here)
        if os.path.isabs(target):
            self._names.clear()
            self._move(os.open("/", _PASSING))
        *above, last = _parts(target)
        self._steps.append(_Step(last, is_own=step.is_own, ends_link=True))
        self._steps.extend(_Step(name) for name in reversed(above))

    def _enter(self, step: _Step) -> None:
        is_shared = bool(os.fstat(self._here).st_mode & stat.S_IWOTH)
        try:
            self._move(os.open(step.name, _PASSING, dir_fd=self._here))
        except NotADirectoryError as error:
            raise UntrustedError(self._path(step.name), "is not a directory") from error
        if step.name == "..":
            del self._names[-1:]
        elif step.name != ".":
            self._names.append(step.name)
        status = os.fstat(self._here)
        if step.ends_link or is_shared:  # in `/tmp` and similar places every user can make a directory
            self._check_owner(self._path(), status)
        reason = why_not_ours(status, self._uid) if step.is_own else None
        if reason is not None:
            raise UntrustedError(self._path(), reason)

    def _move(self, descriptor: int) -> None:
        os.close(self._here)
        self._here = descriptor
