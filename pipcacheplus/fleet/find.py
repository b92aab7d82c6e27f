"""The search for the caches of a machine: homes, settings of users, running processes, usual places.

Only names and the status of directories are used here: settings are read, and caches opened, by a process of their
owner.
"""

import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from pipcacheplus.errors import BadRequestError, CacheDisabledError
from pipcacheplus.host.ownership import seen_by_user
from pipcacheplus.host.path_owners import why_replaceable
from pipcacheplus.model.terms import Source
from pipcacheplus.pips.default_paths import default_cache
from pipcacheplus.pips.locate import Machine, locate

__all__ = [
    "CACHE_VARIABLE",
    "NOT_THERE",
    "FoundCache",
    "User",
    "caches_of_processes",
    "caches_of_users",
    "named_caches",
    "unique_caches",
    "usual_places",
]

_SETTINGS = (".config/pip/pip.conf", ".pip/pip.conf", "Library/Application Support/pip/pip.conf")
"""Files below a home that can name a cache. Source: pip 26.3 `_internal/configuration.py`."""
_USUAL = (
    *("/root/.cache/pip", "/home/*/.cache/pip", "/Users/*/Library/Caches/pip", "/var/cache/pip"),
    *("/builds/*/.cache/pip", "/home/*/builds/*/.cache/pip", "/opt/*/.cache/pip", "/var/lib/*/.cache/pip"),
    *("/cache/pip", "/srv/*/.cache/pip", "/tmp/pip-cache*", "/github/home/.cache/pip", "/kaniko/.cache/pip"),  # noqa: S108
)
"""Usual places: homes, service users, folders of CI runners and containers."""
CACHE_VARIABLE = "PIP_CACHE_DIR"
_OF_ALL = "settings of all users"
NOT_THERE = "there is no such directory"
"""The problem of a path or a glob that names no directory."""


class User(NamedTuple):
    """A user of this machine."""

    uid: int
    name: str
    home: str


class FoundCache(NamedTuple):
    """A directory that may be a cache, or the reason why it is not used."""

    path: str
    """Absolute."""
    source: str
    """How it was found, as a phrase."""
    uid: int | None = None
    """Its owner; `None` if it was not examined."""
    device: int = 0
    inode: int = 0
    problem: str | None = None
    """The reason why it is not used; `None` without problem."""
    is_guess: bool = False
    """Whether neither this user nor a home names it: if it is no cache, that is no problem."""


def caches_of_users(
    users: Iterable[User], machine: Machine, named_by_settings: Callable[[User], tuple[str | None, str | None]]
) -> Iterator[FoundCache]:
    """Yield the caches of users that exist.

    Args:
        users: Users whose homes can be examined.
        machine: Rules of this machine, and the settings of all users; the environment is not used.
        named_by_settings: Returns the cache that the settings of a user name, and the reason if it is unknown; called
            for those who have settings.
    """
    counts_site = True
    for user in users:
        if not os.path.isabs(user.home) or not _may_be_there(user.home):
            continue
        own = machine._replace(home=user.home, environ={"HOME": user.home})
        if counts_site:
            site, counts_site = _named_by_site(own)
            yield from [] if site is None else [site] if site.problem else _existing(site.path, site.source, None)
        default, _ = default_cache(own)
        paths = {default: f"home of {user.name}"}
        if any(_may_be_there(os.path.join(user.home, name)) for name in _SETTINGS):
            named, problem = named_by_settings(user)
            if problem is not None:
                yield FoundCache(user.home, f"settings of {user.name}", problem=problem)
            elif named is not None and named not in paths:
                paths[named] = f"settings of {user.name}"
        for path, source in paths.items():
            yield from _existing(path, source, user.uid)


def _named_by_site(machine: Machine) -> tuple[FoundCache | None, bool]:
    """Return the cache that settings of all users name, and whether that may be another one for another user."""
    try:
        where = locate(machine, isolated=True)
    except CacheDisabledError:
        return None, False
    except BadRequestError as error:
        return FoundCache(os.sep, _OF_ALL, problem=str(error)), False
    if where.source is not Source.CONFIG:
        return None, False
    is_of_home = os.path.commonpath([where.path, os.path.realpath(machine.home)]) == os.path.realpath(machine.home)
    return FoundCache(where.path, _OF_ALL), is_of_home


def _may_be_there(path: str) -> bool:
    """Return whether there is something at a path, or this process may not know: its user may."""
    try:
        os.stat(path)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def caches_of_processes(environs: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[FoundCache]:
    """Yield the caches that `PIP_CACHE_DIR` of running processes names.

    Args:
        environs: Process numbers, and their variables.
    """
    for pid, environ in environs:
        path = environ.get(CACHE_VARIABLE, "")
        if os.path.isabs(path):
            yield from _guessed(os.path.normpath(path), f"{CACHE_VARIABLE} of process {pid}")


def usual_places() -> Iterator[FoundCache]:
    """Yield the directories at usual places of containers, services and CI runners."""
    for pattern in _USUAL:
        for path in sorted(glob.iglob(pattern)):
            yield from _guessed(path, "usual place")


def named_caches(words: Iterable[str]) -> Iterator[FoundCache]:
    """Yield the directories that paths and globs name; a word that names none is yielded with a problem."""
    for word in words:
        path = os.path.expanduser(word)
        found = False
        is_pattern = glob.has_magic(path) and "\0" not in path and not os.path.lexists(path)
        for one in _expanded(os.path.abspath(path)) if is_pattern else [os.path.abspath(path)]:
            for cache in [one] if isinstance(one, FoundCache) else _existing(one, "named", None):
                found = True
                yield cache
        if not found:
            yield FoundCache(os.path.abspath(path), "named", problem=NOT_THERE)


def _expanded(pattern: str) -> Iterator[str | FoundCache]:
    """Yield the paths that a pattern names, in order, and the directories that cannot be listed, with the problem.

    The module `glob` leaves out what it may not enter, without a word.
    """
    parts = pattern.strip(os.sep).split(os.sep)
    found: list[str] = [os.sep]
    for part in parts:
        above, found = found, []
        for folder in above:
            if not glob.has_magic(part):
                found.append(os.path.join(folder, part))
                continue
            try:
                names = sorted(os.listdir(folder))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                yield FoundCache(folder, "named", problem=f"cannot be listed: {error.strerror}")
                continue
            shown = (name for name in names if part.startswith(".") or not name.startswith("."))
            found += [os.path.join(folder, name) for name in shown if fnmatchcase(name, part)]
    yield from found


def _guessed(path: str, source: str) -> Iterator[FoundCache]:
    for found in _existing(path, source, None):
        yield found._replace(is_guess=True)


def _existing(path: str, source: str, uid: int | None) -> Iterator[FoundCache]:
    """Yield a directory if it exists; with a problem if it cannot be examined, or another user could replace it."""
    try:
        status = os.stat(path)
        problem = why_replaceable(path, status.st_uid)
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError as error:
        yield from [_refused(path, source, error)] if uid is None else _seen_by_user(path, source, uid)
        return
    except (OSError, ValueError) as error:
        yield _refused(path, source, error)
        return
    if not stat.S_ISDIR(status.st_mode):
        return
    if uid is not None and status.st_uid != uid:
        # A link of a user to the cache of another one, for instance.
        problem = f"it belongs to another user (uid {status.st_uid})"
    yield FoundCache(path, source, status.st_uid, status.st_dev, status.st_ino, problem)


def _seen_by_user(path: str, source: str, uid: int) -> Iterator[FoundCache]:
    """Yield a directory of a home that root may not enter, as the user of the home sees it, if it is there."""
    try:
        seen = seen_by_user(uid, path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield _refused(path, source, error)
        return
    if stat.S_ISDIR(seen.mode):
        problem = None if seen.uid == uid else f"it belongs to another user (uid {seen.uid})"
        yield FoundCache(path, source, seen.uid, seen.device, seen.inode, problem)


def _refused(path: str, source: str, error: OSError | ValueError) -> FoundCache:
    return FoundCache(path, source, problem=getattr(error, "strerror", None) or str(error))


def unique_caches(found: Iterable[FoundCache]) -> list[FoundCache]:
    """Return each directory once, by device and inode: the first that can be used, with all sources."""
    by_place: dict[tuple[int, int] | str, FoundCache] = {}
    for one in found:
        key: tuple[int, int] | str = (one.device, one.inode) if one.inode else one.path
        former = by_place.get(key)
        if former is None or (former.problem is not None and one.problem is None):
            by_place[key] = one
        elif one.problem is None and one.source not in former.source.split("; "):
            source, is_guess = f"{former.source}; {one.source}", former.is_guess and one.is_guess
            by_place[key] = former._replace(source=source, is_guess=is_guess)
    return [*by_place.values()]
