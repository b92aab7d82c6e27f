"""The change of root's process into the owner of a cache, before anything in the cache is opened.

It is a one-way change of a whole process: root's rights cannot be given up for one call without keeping a way back, and
an attack needs a way back. So the command line changes its own process, and the library does not.
"""

import errno
import os
import sys
import sysconfig
from collections.abc import Iterable
from importlib import import_module
from pkgutil import walk_packages
from typing import NamedTuple, NoReturn

from pipcacheplus.errors import BadRequestError, NotACacheError

__all__ = ["SeenDirectory", "become_owner", "become_user", "import_late", "seen_by_user"]

_ROOT = 0
_IMPORTED_LATE = (
    *("concurrent.futures.thread", "email.utils", "html.parser", "importlib.util", "json", "sqlite3", "tarfile"),
    *("bz2", "csv", "lzma", "zipfile", "zlib", "signal", "pwd", "filelock", "msgpack", "packaging.requirements"),
    *("fcntl", "grp", "pathlib", "subprocess", "tempfile", "threading", "urllib.parse"),
    *("platform", "socket", "sysconfig"),
    *(
        f"encodings.{name}"
        for name in ("ascii", "cp1252", "cp437", "idna", "latin_1", "punycode", "raw_unicode_escape")
    ),
    *(f"encodings.utf_{bits}{order}" for bits in (16, 32) for order in ("", "_be", "_le")),
    *("encodings.unicode_escape", "encodings.utf_8_sig"),
    *("packaging.tags", "packaging.utils", "platformdirs.unix", "psutil", "ctypes", "difflib", "pprint"),
    *("elftools.common.exceptions", "elftools.common.utils", "elftools.elf.structs"),
)
"""Modules that are imported where they are needed, which is too late if only root can read their files."""


_NEVER_LATE = "pipcacheplus.cli.browsing"
"""Modules of a command that has imported them before, and that are slow to import."""


class _Owner(NamedTuple):
    uid: int
    gid: int
    name: str | None
    """`None` if the user has no entry in the user database; then there are no other groups to take."""
    home: str | None


class SeenDirectory(NamedTuple):
    """The status of a file or directory, as another user gets it."""

    mode: int
    uid: int
    device: int
    inode: int


def become_owner(path: str) -> None:
    """Become the owner of a directory, with group, groups and `HOME`, for good, unless this process is the owner.

    `HOME` counts because the state directory, and pip's settings, lie below it. A user without an entry in the user
    database has no home and no other groups: `HOME` is unchanged then.

    Raises:
        NotACacheError: This process is not root, or the system has no users of this kind.
        OSError: The directory cannot be examined, or the system refuses.
    """
    if not hasattr(os, "geteuid"):
        raise NotACacheError(path, "this system has no owners of this kind")
    status = os.stat(path)
    if status.st_uid == os.geteuid():
        return
    if os.geteuid() != _ROOT:
        raise NotACacheError(
            path, f"it belongs to another user (uid {status.st_uid}), and only root can become that user"
        )
    _become(_owner(status.st_uid, status.st_gid))


def become_user(uid: int) -> None:
    """Become a user by number, in the same way, unless this process is that user.

    Raises:
        BadRequestError: This process is not root.
        OSError: The system refuses.
    """
    if os.geteuid() not in {uid, _ROOT}:
        problem = f"is no process of root, and cannot become the owner (uid {uid})"
        raise BadRequestError(what="the worker", problem=problem, next_step="start its engine as root")
    if uid != os.geteuid():
        _become(_owner(uid, None))


def seen_by_user(uid: int, path: str) -> SeenDirectory:
    """Return the status of what a path leads to, as a copy of this process gets it that became a user.

    File servers that give root no rights refuse it to root.

    Raises:
        OSError: The user does not get it either, or this process is not root.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        _write_status(writer, uid, path)
    os.close(writer)
    with open(reader, "rb") as answer:
        number, *fields = map(int, answer.read().split() or [b"%d" % errno.EIO])
    os.waitpid(pid, 0)
    if number:
        raise OSError(number, os.strerror(number), path)
    return SeenDirectory(*fields)


def _write_status(writer: int, uid: int, path: str) -> NoReturn:
    """Write the number of an error, 0 if there is none, and the status; end the process."""
    try:
        _take_rights(_owner(uid, None))
        status = os.stat(path)
        fields = (0, status.st_mode, status.st_uid, status.st_dev, status.st_ino)
        os.write(writer, b" ".join(b"%d" % field for field in fields))
    except OSError as error:
        os.write(writer, b"%d" % (error.errno or errno.EIO))
    finally:
        os._exit(0)


def _become(owner: _Owner) -> None:
    import_late()
    _take_rights(owner)
    if owner.home is not None:
        os.environ["HOME"] = owner.home


def _take_rights(owner: _Owner) -> None:
    if owner.name is None:
        os.setgroups([owner.gid])
    else:
        os.initgroups(owner.name, owner.gid)
    # For root, these two set the saved numbers as well: there is no way back.
    os.setgid(owner.gid)
    os.setuid(owner.uid)


def import_late() -> None:
    """Import all modules that a process may need after it has become another user, who may not read their files."""
    _import_all(_IMPORTED_LATE)
    sysconfig.get_config_vars()  # imports a module whose name depends on the build of Python, and keeps its values


def _owner(uid: int, gid: int | None) -> _Owner:
    """Return a user; `gid`, by default the number of the user, counts for one without an entry in the database."""
    import pwd  # noqa: PLC0415 - not there on Windows

    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return _Owner(uid, uid if gid is None else gid, None, None)
    return _Owner(entry.pw_uid, entry.pw_gid, entry.pw_name, entry.pw_dir)


def _import_all(names: Iterable[str]) -> None:
    package = __name__.partition(".")[0]
    modules = [module.name for module in walk_packages(sys.modules[package].__path__, f"{package}.")]
    ours = [name for name in modules if not name.startswith(_NEVER_LATE)]
    for name in (*ours, *names):
        if name not in sys.modules:
            try:
                import_module(name)
            except ImportError:
                continue  # of another system, or a build of Python without it: it fails again where it is needed
