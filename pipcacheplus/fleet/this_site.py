"""The users and processes of this machine, as the search for caches needs them."""

import os
from collections.abc import Iterator, Mapping

from pipcacheplus.fleet.find import CACHE_VARIABLE, User

__all__ = ["this_user", "users_of_this_machine", "variables_of_processes"]

_NO_HOMES = frozenset({"", "/", "/nonexistent", "/dev/null", "/bin", "/sbin", "/usr/sbin", "/proc"})


def users_of_this_machine() -> Iterator[User]:
    """Yield the users of the user database whose homes exist, each home once."""
    import pwd  # noqa: PLC0415 - not on Windows

    homes = set[str]()
    for entry in pwd.getpwall():
        if entry.pw_dir not in _NO_HOMES and entry.pw_dir not in homes:
            homes.add(entry.pw_dir)
            yield User(entry.pw_uid, entry.pw_name, entry.pw_dir)


def this_user() -> User | None:
    """Return the user of this process; `None` if there is no entry, or the system has no users of this kind."""
    try:
        import pwd  # noqa: PLC0415 - as above

        entry = pwd.getpwuid(os.geteuid())
    except (ImportError, KeyError):
        return None
    return User(entry.pw_uid, entry.pw_name, os.environ.get("HOME") or entry.pw_dir)


def variables_of_processes() -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the numbers and variables of processes that name a cache, and whose variables this user may read."""
    import psutil  # noqa: PLC0415 - slow to import

    for process in psutil.process_iter():
        try:
            environ = process.environ()
        except (psutil.Error, OSError, ValueError):
            continue
        path = environ.get(CACHE_VARIABLE)
        if path and _is_same_there(process.pid, path):
            yield process.pid, environ


def _is_same_there(pid: int, path: str) -> bool:
    """Return whether a path leads a process to the directory to which it leads this one; in a container it may not."""
    try:
        return os.path.samefile(f"/proc/{pid}/root/{path}", path)
    except OSError:
        return not os.path.isdir("/proc/self/root")
