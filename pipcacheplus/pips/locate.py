"""The search for pip's cache directory, and the setting that decided it.

pip itself is not started. The results are those of `pip cache dir`, pip 20.1 to 26.3.
"""

import os
import re

from pipcacheplus.errors import BadRequestError, CacheDisabledError
from pipcacheplus.host.machine import Machine, this_machine
from pipcacheplus.model.cache_dir import CacheDir
from pipcacheplus.model.terms import Source
from pipcacheplus.pips.default_paths import default_cache
from pipcacheplus.pips.paths import absolute
from pipcacheplus.pips.settings import ENVIRONMENT, NO, YES, Setting, Settings, find, find_for, read_settings

__all__ = ["Machine", "index_urls", "locate", "of_python", "owner_objection", "this_machine"]

_IS_WEB = re.compile("https?://", re.IGNORECASE)
_USERS_OF_INDEXES = ("install", "download", "wheel", "lock", "index", "list")
"""Commands that use an index, each with a section of its own."""


def locate(
    machine: Machine,
    *,
    cache_dir: str | None = None,
    no_cache_dir: bool = False,
    isolated: bool = False,
    command: str = "cache",
) -> CacheDir:
    """Find pip's cache directory; it need not exist.

    The first of these that is set: the arguments, `PIP_NO_CACHE_DIR` or `no-cache-dir` anywhere (pip 19.0 and
    later: before any `cache-dir`, and whether the value is true or false), `PIP_CACHE_DIR`, `cache-dir` in the
    command's section of any file, then in `[global]`, and the default. With `cache_dir`, neither files nor variables
    are read, so that a broken file does not matter.

    Args:
        machine: Every input.
        cache_dir: As `--cache-dir`; relative to the machine's current directory.
        no_cache_dir: As `--no-cache-dir`. pip takes the last of both options; this takes this one.
        isolated: As `--isolated`: no variables, no files of the user.
        command: The command whose section counts. A cache that only `[install]` names is not what `pip cache dir`
            prints.

    Returns:
        The directory, absolute, with links followed. If pip would not use it because of its owner, `disabled_by` gives
        the reason.

    Raises:
        CacheDisabledError: A setting, or an empty `cache_dir`, switches the cache off.
        BadRequestError: pip would refuse a setting, or cannot read a file; or no home directory is known.

    Source: pip 26.3 `_internal/cli/parser.py`, `cmdoptions.py` and `base_command.py`.
    """
    if no_cache_dir or cache_dir == "":
        raise CacheDisabledError("`no_cache_dir`" if no_cache_dir else "an empty `cache_dir`")
    if cache_dir is not None:
        return _cache_dir(machine, cache_dir, Source.ARGUMENT, "--cache-dir")
    settings = read_settings(machine, isolated=isolated)
    _refuse_if_off(settings, command)
    if setting := find_for(settings, "cache-dir", command):
        source = Source.ENVIRONMENT if setting.path is None else Source.CONFIG
        return _cache_dir(machine, setting.value, source, str(setting))
    path, variable = default_cache(machine)
    if variable:
        return _cache_dir(machine, path, Source.ENVIRONMENT, variable)
    return _cache_dir(machine, path, Source.DEFAULT, f"the default on {machine.platform}")


def of_python(machine: Machine, path: str) -> Machine:
    """Return the same machine with the environment of another interpreter, by its path."""
    return machine._replace(prefix=os.path.dirname(os.path.dirname(os.path.abspath(path))))


def _cache_dir(machine: Machine, path: str, source: Source, detail: str) -> CacheDir:
    resolved = absolute(machine, path, what="`cache_dir`" if source is Source.ARGUMENT else detail)
    return CacheDir(path=resolved, source=source, detail=detail, disabled_by=owner_objection(resolved, machine.uid))


def _refuse_if_off(settings: Settings, command: str) -> None:
    off: Setting | None = None
    for section in ("global", command, ENVIRONMENT):
        # pip checks the value of each section, also of those that another one outranks.
        if setting := find(settings, "no-cache-dir", section):
            if setting.value.lower() not in YES | NO:
                raise BadRequestError(str(setting), f"{setting.value!r} is not a boolean", "use 1, or unset it")
            off = setting
    if off:
        raise CacheDisabledError(str(off), off.path)


def owner_objection(path: str, uid: int | None) -> str | None:
    """Return the reason why pip would use no cache at this path, or `None` if it would use it.

    The first path that exists, going up, must belong to root if this is root, and otherwise must be writable.

    Args:
        path: Absolute.
        uid: The effective user. For a user other than root the system reports what this process may write.

    Source: pip 26.3 `_internal/utils/filesystem.py`, `check_path_owner`; the same since 6.1.
    """
    if uid is None:
        return None
    previous = ""
    while not os.path.lexists(path) and path != previous:
        previous, path = path, os.path.dirname(path)
    if uid != 0:
        return None if os.access(path, os.W_OK) else f"{path} is not writable"
    try:
        owner = os.stat(path).st_uid  # pip refuses a dangling link too
    except OSError as error:
        return f"{path} cannot be examined ({error.strerror})"
    return None if owner == 0 else f"{path} belongs to user {owner}, and pip runs as root"


def index_urls(machine: Machine, *, isolated: bool = False) -> tuple[str, ...]:
    """List the configured indexes, whose pages may be in the cache: variables first, then commands, then `[global]`.

    Pages with links to files (`find-links`) are listed too, but not paths. The default index is not among them, nor is
    a setting that a stronger file hides. Where pip would use one section, all are used here: the cache is filled by all
    commands.

    Raises:
        BadRequestError: As `read_settings`.
    """
    settings = read_settings(machine, isolated=isolated)
    urls: list[str] = []
    for section in (ENVIRONMENT, *_USERS_OF_INDEXES, "global"):
        if index := find(settings, "index-url", section):
            urls.append(index.value)
        if extra := find(settings, "extra-index-url", section):
            urls += extra.value.split()
        if links := find(settings, "find-links", section):
            urls += filter(_IS_WEB.match, links.value.split())
    return tuple(dict.fromkeys(urls))
