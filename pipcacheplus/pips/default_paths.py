"""Default directories of pip, by platform and version of pip.

Source, unless stated otherwise: pip 26.3, `_internal/utils/appdirs.py`, with platformdirs 4.12.4 as it vendors it. That
library reads the machine it runs on, so it cannot be used for another one; a test compares both on this one.
"""

import ntpath
import os
import posixpath
import re

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.machine import Machine
from pipcacheplus.pips.paths import expand_home, home_of_user

__all__ = [
    "default_cache",
    "system_config_directories",
    "user_config_directories",
]

_XDG_EMPTY_IS_UNSET = (21, 3)
"""platformdirs 2.4.0 in place of appdirs."""
_XDG_ON_MACOS = (26, 2)
"""platformdirs 4.10.0: XDG variables on macOS, `WIN_PD_OVERRIDE_*` on Windows, values stripped."""
_ONLY_ABSOLUTE = (26, 3)
"""platformdirs 4.12.4: relative directories in variables are ignored, and an empty `HOME` counts as unset."""

_HOMEBREW = r"(?P<prefix>.+)/opt/python[^/]*/Frameworks/Python\.framework/Versions/[^/]+"


def _in_home(machine: Machine, *parts: str) -> str:
    # Below `~`, but not below the `~` of a setting: that is `/` for an empty HOME, in every pip.
    is_unset = machine.environ.get("HOME") == "" and machine.pip_version >= _ONLY_ABSOLUTE
    return posixpath.join(home_of_user(machine) if is_unset else expand_home(machine, "~"), *parts)


def default_cache(machine: Machine) -> tuple[str, str | None]:
    """Return pip's default cache directory, and the variable that decided it, if there is one.

    The path may be relative: pips up to 26.2 follow a relative `XDG_CACHE_HOME`.

    Raises:
        BadRequestError: No home directory is known.
    """
    if machine.is_windows:
        folder, name = _windows_folder(machine, "LOCAL_APPDATA", machine.local_app_data)
        return ntpath.join(folder, "pip", "Cache"), name
    chosen = _xdg(machine, "XDG_CACHE_HOME")
    if chosen is not None:
        return posixpath.join(chosen, "pip"), "XDG_CACHE_HOME"
    if machine.platform == "darwin":
        return _in_home(machine, "Library/Caches/pip"), None
    return _in_home(machine, ".cache/pip"), None


def system_config_directories(machine: Machine) -> list[str]:
    """List the directories of the system's configuration files, weakest first.

    Raises:
        BadRequestError: Windows named no folder for them.
    """
    if machine.is_windows:
        return [ntpath.join(_windows_folder(machine, "COMMON_APPDATA", machine.program_data)[0], "pip")]
    if machine.platform == "darwin":
        folders = _xdg_list(machine, "XDG_DATA_DIRS") or _macos_directories(machine)
        return [posixpath.join(folder, "pip") for folder in folders]
    folders = _xdg_list(machine, "XDG_CONFIG_DIRS") or ["/etc/xdg"]
    return [*(posixpath.join(folder, "pip") for folder in folders), "/etc"]


def _macos_directories(machine: Machine) -> list[str]:
    # Earlier pips look for Homebrew in sys.prefix, or not at all; outside an environment it is the same place.
    brewed = re.fullmatch(_HOMEBREW, machine.base_prefix)
    return [*([f"{brewed['prefix']}/share"] if brewed else []), "/Library/Application Support"]


def user_config_directories(machine: Machine) -> list[str]:
    """List the directories of the user's configuration files: the old place, then the present one.

    Raises:
        BadRequestError: No home directory is known.
    """
    home = expand_home(machine, "~")
    if machine.is_windows:
        roaming = _windows_folder(machine, "APPDATA", machine.roaming_app_data)[0]
        return [ntpath.join(home, "pip"), ntpath.join(roaming, "pip")]
    legacy = posixpath.join(home, ".pip")
    if machine.platform == "darwin":
        data = _xdg(machine, "XDG_DATA_HOME") or _in_home(machine, "Library/Application Support")
        is_there = os.path.isdir(posixpath.join(machine.cwd, data, "pip"))
        return [legacy, posixpath.join(data if is_there else posixpath.join(home, ".config"), "pip")]
    config = _xdg(machine, "XDG_CONFIG_HOME")
    return [legacy, posixpath.join(_in_home(machine, ".config") if config is None else config, "pip")]


def _xdg(machine: Machine, name: str) -> str | None:
    value = machine.environ.get(name)
    if value is None or (machine.platform == "darwin" and machine.pip_version < _XDG_ON_MACOS):
        return None
    if machine.pip_version >= _ONLY_ABSOLUTE:
        return value.strip() if posixpath.isabs(value.strip()) else None
    if machine.pip_version >= _XDG_ON_MACOS:
        return value.strip() or None
    return value if value.strip() or machine.pip_version < _XDG_EMPTY_IS_UNSET else None


def _xdg_list(machine: Machine, name: str) -> list[str]:
    if machine.platform == "darwin" and machine.pip_version < _XDG_ON_MACOS:
        return []
    value = machine.environ.get(name, "")
    folders = value.split(":")
    if machine.pip_version >= _ONLY_ABSOLUTE:
        return [folder.strip() for folder in folders if posixpath.isabs(folder.strip())]
    if machine.pip_version >= _XDG_ON_MACOS:
        return [folder for folder in folders if folder.strip()]
    if machine.pip_version >= _XDG_EMPTY_IS_UNSET:
        # An empty part is the current directory.
        return folders if value.strip() else []
    return [folder for folder in folders if folder]


def _windows_folder(machine: Machine, name: str, known: str) -> tuple[str, str | None]:
    variable = f"WIN_PD_OVERRIDE_{name}"
    value = machine.environ.get(variable, "").strip()
    if value and machine.pip_version >= _XDG_ON_MACOS:
        drive, tail = ntpath.splitdrive(value)
        is_absolute = drive.startswith(("\\", "/")) or (drive and tail.startswith(("\\", "/")))
        if is_absolute or machine.pip_version < _ONLY_ABSOLUTE:
            return ntpath.normpath(value), variable
    if not known:
        # Never the current directory instead: another user may have filled it.
        raise BadRequestError(
            variable, "is not set, and the folder is not known without it", "set it, or pass `cache_dir`"
        )
    return ntpath.normpath(known), None
