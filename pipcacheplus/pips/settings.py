"""pip's configuration files in its order, and its environment variables; no option is interpreted here.

Source: pip 26.3, `_internal/configuration.py` and `_internal/cli/parser.py`; where an earlier pip reads differently,
`Machine.pip_version` decides.
"""

import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipcacheplus.host.machine import Machine
from pipcacheplus.pips.default_paths import system_config_directories, user_config_directories
from pipcacheplus.pips.paths import path_module

__all__ = [
    "ENVIRONMENT",
    "NO",
    "YES",
    "Setting",
    "Settings",
    "configuration_files",
    "find",
    "find_for",
    "is_on",
    "read_settings",
    "settings_in_section",
]

ENVIRONMENT = ":env:"
"""The section for the `PIP_*` variables. pip honours a section of this name in a file, and so does this module."""

_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)

_KEPT_BY_FILE = (25, 2)
"""Since then a file that is named twice keeps its first, weaker place."""
_KEYS_ARE_NORMALISED = (26, 3)
"""Since then two spellings of a key in one section are a duplicate; before, the later one counted."""


class Setting(NamedTuple):
    """The value of one option, and its place."""

    value: str
    """Empty counts as not set, but hides the values of weaker files."""
    section: str
    name: str
    """The key in pip's own spelling; for a variable its name, as written."""
    path: str | None
    """The file; `None` for a variable."""

    def __str__(self) -> str:
        """Return the place, for people."""
        return self.name if self.path is None else f"{self.name} in [{self.section}] of {self.path}"


YES = frozenset({"y", "yes", "t", "true", "on", "1"})
NO = frozenset({"n", "no", "f", "false", "off", "0"})
"""Values of a boolean, in lower case."""

Settings = Mapping[str, Mapping[str, Setting]]
"""By section, then by key in pip's own spelling: `cache-dir`."""


def find(settings: Settings, key: str, *sections: str) -> Setting | None:
    """Return the setting of the first of these sections in which it is not empty."""
    for section in sections:
        setting = settings.get(section, {}).get(key)
        if setting is not None and setting.value:
            return setting
    return None


def find_for(settings: Settings, key: str, command: str) -> Setting | None:
    """Return the setting that counts for a command: of variables, of the command's section, of `[global]`."""
    return find(settings, key, ENVIRONMENT, command, "global")


def is_on(setting: Setting | None) -> bool:
    """Return whether an option is switched on; a value that pip would refuse counts as on."""
    return setting is not None and setting.value.lower() not in NO


def read_settings(machine: Machine, *, isolated: bool = False) -> Settings:
    """Read pip's configuration files and variables.

    Args:
        machine: The places to search, and the variables.
        isolated: As with pip's `--isolated`: the user's files and the variables do not count, the other files do.
            pip also stops at errors in files that do not count; this does not.

    Raises:
        BadRequestError: pip reads a file that is broken, and so would stop; or it is a pipe or longer than 1 MiB,
            which is refused here only. A file that is missing or cannot be read is ignored, as by pip. Or no home
            directory is known.
    """
    merged: dict[str, dict[str, Setting]] = {}
    for path in configuration_files(machine, isolated=isolated):
        for setting in _settings_in(machine, path):
            merged.setdefault(setting.section, {})[setting.name] = setting
    if not isolated:
        for name, value in machine.environ.items():
            # After the prefix any case is accepted, since pip 10.0.
            if name.startswith("PIP_"):
                setting = Setting(value=value, section=ENVIRONMENT, name=name, path=None)
                merged.setdefault(ENVIRONMENT, {})[_key(name[4:])] = setting
    return merged


def settings_in_section(machine: Machine, section: str) -> Iterator[Setting]:
    """Yield the settings of every configuration file in a section, the strongest file first; none hides another.

    Raises:
        BadRequestError: As `read_settings`.
    """
    for path in reversed(configuration_files(machine)):
        yield from (one for one in _settings_in(machine, path) if one.section == section)


def configuration_files(machine: Machine, *, isolated: bool = False) -> tuple[str, ...]:
    """List the files that pip looks for, the weakest first, whether or not they exist.

    A file that `PIP_CONFIG_FILE` names is the strongest and, if it exists, replaces the user's own. The null device
    there means that no file is read.

    Raises:
        BadRequestError: No home directory is known.
    """
    named = machine.environ.get("PIP_CONFIG_FILE")
    if named == ("nul" if machine.is_windows else "/dev/null"):
        return ()
    paths = path_module(machine)
    basename = "pip.ini" if machine.is_windows else "pip.conf"
    system = machine.site_config
    if system is None:
        system = tuple(paths.join(folder, basename) for folder in system_config_directories(machine))
    is_replaced = named and os.path.exists(_from_cwd(machine, named))
    own = [] if isolated or is_replaced else user_config_directories(machine)
    files = [*system, *(paths.join(folder, basename) for folder in (*own, machine.prefix))]
    if named:
        files.append(named)
    return tuple(dict.fromkeys(files) if machine.pip_version >= _KEPT_BY_FILE else files)


def _from_cwd(machine: Machine, path: str) -> str:
    joined: str = path_module(machine).join(machine.cwd, path)
    return joined


def _settings_in(machine: Machine, path: str) -> list[Setting]:
    try:
        with open(_from_cwd(machine, path), "rb", buffering=0, opener=_without_waiting) as file:
            # Slow to import, and many machines have no such file.
            from pipcacheplus.pips.config_file import content_of, parse  # noqa: PLC0415 - see above

            content = content_of(file, path)
    except (OSError, ValueError):
        # ValueError: a null character in the name.
        return []
    name_of = _key if machine.pip_version >= _KEYS_ARE_NORMALISED else str.lower
    found = {(section, _key(name)): value for section, name, value in parse(content, path, machine.encoding, name_of)}
    return [Setting(value=value, section=section, name=key, path=path) for (section, key), value in found.items()]


def _without_waiting(path: str, flags: int) -> int:
    # Reading a pipe without a writer would never end.
    return os.open(path, flags | _NONBLOCK)


def _key(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")
