"""Absolute paths from paths of the user, as pip makes them: `~`, relative parts, links, case.

Every function takes the machine as a value, so that the rules of Windows and macOS run on any system.
"""

import ntpath
import posixpath
from types import ModuleType

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.machine import Machine

__all__ = ["absolute", "expand_home", "home_of_user", "path_module"]


def path_module(machine: Machine) -> ModuleType:
    """Return `ntpath` or `posixpath` by the machine, independent of the system this runs on."""
    return ntpath if machine.is_windows else posixpath


def absolute(machine: Machine, path: str, *, what: str) -> str:
    """Return a path as pip 20.0 and later makes it: `~` expanded, absolute, links followed, case normalised.

    Args:
        machine: Its current directory is where a relative path starts.
        path: As the user wrote it.
        what: Name of the setting or argument, for the error.

    Raises:
        BadRequestError: It is not a valid path, or begins with `~` and no home is known.

    Source: pip 26.3 `_internal/utils/misc.py`, `normalize_path`.
    """
    paths = path_module(machine)
    try:
        resolved: str = paths.normcase(paths.realpath(paths.join(machine.cwd, expand_home(machine, path))))
    except ValueError:
        raise BadRequestError(what, f"{path!r} is not a valid path", "name a directory") from None
    return resolved


def expand_home(machine: Machine, path: str) -> str:
    """Return the path with a leading `~` or `~name` expanded as `os.path.expanduser` does, for this machine.

    On POSIX, `~name` is looked up among the users of this system.

    Raises:
        BadRequestError: It begins with `~` alone, and no home is known.
    """
    if not path.startswith("~"):
        return path
    if machine.is_windows:
        return _expand_on_windows(machine, path)
    name, slash, rest = path[1:].partition("/")
    if name:
        return posixpath.expanduser(path)
    home = machine.environ["HOME"] if "HOME" in machine.environ else home_of_user(machine)
    return home.rstrip("/") + slash + rest or "/"


def _expand_on_windows(machine: Machine, path: str) -> str:
    end = min((at for at in (path.find("/"), path.find("\\")) if at > 0), default=len(path))
    name, user = path[1:end], machine.environ.get("USERNAME")
    home = machine.environ["USERPROFILE"] if "USERPROFILE" in machine.environ else home_of_user(machine)
    if name and name != user:
        # The homes of others are assumed to lie beside this one, if this one has its user's name.
        if ntpath.basename(home) != user:
            return path
        home = ntpath.join(ntpath.dirname(home), name)
    return home + path[end:]


def home_of_user(machine: Machine) -> str:
    """Return the home directory of this user by the system's records.

    Raises:
        BadRequestError: There is none.
    """
    if not machine.home:
        name = "USERPROFILE" if machine.is_windows else "HOME"
        raise BadRequestError(name, "is not set, and no home directory is known", f"set {name}, or pass `cache_dir`")
    return machine.home
