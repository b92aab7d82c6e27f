"""The place of the trash of a cache, and the names in it.

It lies beside the cache, as `.pipcacheplus-trash-<digest of the cache's name>`: there a rename reaches it in nearly all
cases, it is found with any settings, and neither pip nor a program that measures the cache counts it. Each
run has a directory in it, named after the time; in that, a manifest and the files, whose names are numbers.
"""

import calendar
import errno
import hashlib
import os
import re
import stat
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress

from pipcacheplus.apply.files import status_of
from pipcacheplus.apply.rehearsal import check_writable_in
from pipcacheplus.apply.system import System
from pipcacheplus.apply.trash.private_directory import NOT_OURS_ALONE, PrivateDirectory, refused
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.filesystems import gives_rights_of_mount, kind_of
from pipcacheplus.host.state import why_not_ours

__all__ = [
    "DONT",
    "MANIFEST",
    "RUN_MODE",
    "check_trash",
    "drop",
    "numbers_in",
    "open_trash",
    "run_name",
    "runs_in",
    "started_s",
    "why_not_moved",
]

MANIFEST = "manifest"
RUN_MODE = 0o700
DONT = "remove without the trash"
"""The next step if there can be no trash."""

_PREFIX = ".pipcacheplus-trash-"
_DIGITS = 16
_ABOVE_FLAGS: int = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_RUN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
_TIME = "%Y%m%dT%H%M%SZ"
_LAST_S = 253_402_300_799
"""The last second of the year 9999."""
_NOT_PRIVATE = "cannot be kept private: this file system gives rights to others in any case"
"""On FAT, exFAT and NTFS, owner and rights of all files are those of the mount."""
_NO_NAME = "x" * 256
"""Longer than any file system permits a name to be."""
_NO_WAY = frozenset({errno.EXDEV, errno.EROFS, errno.EACCES, errno.EPERM})


@contextmanager
def open_trash(
    cache: OpenCache, system: System, *, is_made: bool = False, tidies: bool = False
) -> Iterator[PrivateDirectory | None]:
    """Open the trash of a cache, `None` if there is none.

    Args:
        cache: The cache.
        system: The system.
        is_made: Whether it is made if it is missing, and refused if nothing can be moved to it.
        tidies: Whether it is removed in the end if it is empty, as it also is if it was made for this call.

    Raises:
        BadRequestError: It is not only this user's; or it cannot be made, or nothing can be moved to it.
        OSError: It cannot be opened.
    """
    above, name = _place_of(cache)
    path = os.path.join(above, name)
    below = os.open("..", _ABOVE_FLAGS, dir_fd=cache.folder("")) if system.has_descriptors else None
    outer = PrivateDirectory(path=above, descriptor=below)
    with outer:
        is_new = is_made and _make(outer, name, system)
        is_ours = False
        try:
            is_ours = yield from _opened(cache, outer, name, system, path=path, is_made=is_made, is_new=is_new)
        finally:
            if is_new or (tidies and is_ours):
                with suppress(OSError):  # it is not empty
                    system.rmdir(outer.at(name), **outer.where)


def _place_of(cache: OpenCache) -> tuple[str, str]:
    """Return the directory with the trash, and its name."""
    above, own = os.path.split(os.path.realpath(cache.path))
    return above, _PREFIX + hashlib.sha224(os.fsencode(own)).hexdigest()[:_DIGITS]


def check_trash(cache: OpenCache, system: System, sample: str) -> None:
    """Refuse a trash that `open_trash` would refuse to make or to use, by the tests that change nothing.

    Args:
        cache: The cache.
        system: The system.
        sample: A file of it, whose rights show which ones this file system keeps; a path without a file shows nothing.

    Raises:
        BadRequestError: There can be no trash.
        OSError: It cannot be examined.
    """
    above, name = _place_of(cache)
    path = os.path.join(above, name)
    below = os.open("..", _ABOVE_FLAGS, dir_fd=cache.folder("")) if system.has_descriptors else None
    with PrivateDirectory(path=above, descriptor=below) as outer:
        try:
            with PrivateDirectory.open(name, system, path=path, below=below) as found:
                _check_usable(cache, found, path, system, "be written")
        except FileNotFoundError:
            _check_usable(cache, outer, path, system, "be made")
            if not _would_be_private(cache, outer, system, sample):
                raise refused(path, _NOT_PRIVATE, DONT) from None


def _would_be_private(cache: OpenCache, above: PrivateDirectory, system: System, sample: str) -> bool:
    """Return whether a new directory would be only this user's, by the rights of existing files."""
    try:
        file_mode = status_of(cache, sample, system).st_mode
    except OSError:
        file_mode = 0  # it is gone, and shows nothing
    if not gives_rights_of_mount(kind_of(cache.path, cache.device), file_mode):
        return True
    return why_not_ours(above.status(), system.uid, others=NOT_OURS_ALONE) is None  # all directories get the same


def _check_usable(cache: OpenCache, found: PrivateDirectory, path: str, system: System, what: str) -> None:
    try:
        check_writable_in(found.at("."), **found.where)
    except OSError as error:
        raise refused(path, f"cannot {what}: {error.strerror}", DONT) from error
    if _device_of(found) != cache.device:
        raise refused(path, "lies on another file system than the cache", DONT)
    root = cache.folder("") if system.has_descriptors else None
    if _mount_of(found.descriptor) != _mount_of(root):  # one file system, mounted in two places
        raise refused(path, f"cannot take files of the cache: {os.strerror(errno.EXDEV)}", DONT)


def _mount_of(descriptor: int | None) -> str | None:
    """Return the number of the mount of an open file, on Linux; `None` if it is unknown.

    A dry run uses it; a run tries a rename, which works on every system.
    """
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as told:
            return next((line for line in told if line.startswith("mnt_id:")), None)
    except OSError:
        return None


def _opened(
    cache: OpenCache, above: PrivateDirectory, name: str, system: System, *, path: str, is_made: bool, is_new: bool
) -> Generator[PrivateDirectory | None, None, bool]:
    """Yield the trash, once, and return whether there is one; raises as `open_trash`."""
    try:
        found = PrivateDirectory.open(name, system, path=path, below=above.descriptor)
    except FileNotFoundError:
        yield None
        return False
    except BadRequestError as error:
        if not is_new:
            raise
        raise refused(path, _NOT_PRIVATE, DONT) from error
    with found:
        if is_made and (reason := why_not_moved(cache, found, system)):
            raise refused(path, reason, DONT)
        yield found
    return True


def _make(above: PrivateDirectory, name: str, system: System) -> bool:
    """Make the trash; return whether it was missing.

    Raises:
        BadRequestError: It cannot be made.
    """
    try:
        system.mkdir(above.at(name), RUN_MODE, **above.where)
        try:
            above.sync(system)
        except OSError:
            with suppress(OSError):
                system.rmdir(above.at(name), **above.where)
            raise
    except FileExistsError:
        return False
    except OSError as error:
        raise refused(os.path.join(above.path, name), f"cannot be made: {error.strerror or error}", DONT) from error
    return True


def why_not_moved(cache: OpenCache, trash: PrivateDirectory, system: System) -> str | None:
    """Return the reason why no file can be moved from the cache to the trash, `None` if it can; nothing is moved.

    One file system can be mounted in two places, and a rename does not lead from one to the other. Linux tests that
    before it looks for the name: so renaming a name that cannot exist shows it by its error.
    """
    if _device_of(trash) != cache.device:
        return "lies on another file system than the cache"
    root = PrivateDirectory(path=cache.path, descriptor=cache.folder("") if system.has_descriptors else None)
    try:
        system.rename(root.at(_NO_NAME), trash.at(_NO_NAME), src_dir_fd=root.descriptor, dst_dir_fd=trash.descriptor)
    except OSError as error:
        if error.errno in _NO_WAY:
            return f"cannot take files of the cache: {error.strerror}"
    return None


def _device_of(trash: PrivateDirectory) -> int:
    return trash.status().st_dev


def runs_in(trash: PrivateDirectory) -> list[str]:
    """Return the names of the runs, oldest first; other names are ignored."""
    return [name for name in trash.names() if started_s(name) is not None]


def started_s(run: str) -> int | None:
    """Return when a run began, in seconds since 1970; `None` if it is not the name of a run.

    >>> started_s("20261121T014000Z"), started_s("20261399T014000Z"), started_s("../x")
    (1795225200, None, None)
    """
    found = _RUN.fullmatch(run)
    try:
        return calendar.timegm(tuple(map(int, found.groups()))) if found else None
    except ValueError:
        return None


def run_name(now_s: float, last: str | None) -> str:
    """Return the name of a run that begins now, later than that of the last one even if clocks go back.

    >>> run_name(1795225200.5, None), run_name(0, "20261121T014000Z")
    ('20261121T014000Z', '20261121T014001Z')
    """
    after = (started_s(last) or 0) + 1 if last else 0
    return time.strftime(_TIME, time.gmtime(min(max(int(now_s), after), _LAST_S)))


def numbers_in(run: PrivateDirectory) -> dict[int, os.stat_result]:
    """Return the files of a run by number; other names, and objects that are not regular files, are left out."""
    found = ((int(name), run.status_of(name)) for name in run.names() if _NUMBER.fullmatch(name))
    return {number: status for number, status in found if status is not None and stat.S_ISREG(status.st_mode)}


def drop(trash: PrivateDirectory, run: str, system: System) -> None:
    """Remove a run that holds no files any more; otherwise nothing happens. The trash itself stays, empty.

    Raises:
        OSError: It cannot be removed.
    """
    with trash.inner(run, system) as opened:
        if set(opened.names()) - {MANIFEST}:
            return
        if opened.status_of(MANIFEST) is not None:
            system.unlink(opened.at(MANIFEST), **opened.where)
    system.rmdir(trash.at(run), **trash.where)
