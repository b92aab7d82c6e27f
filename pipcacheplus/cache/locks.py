"""Locks, reports of pip and environments: files of the user's that name what is needed, read and put together."""

import os
from collections.abc import Iterable, Iterator, Sequence

from pipcacheplus.cache.planning import Used
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.installed import installed_in
from pipcacheplus.host.interpreter_cache import answers_of_interpreters
from pipcacheplus.host.interpreters import probe
from pipcacheplus.host.user_files import read_user_file
from pipcacheplus.model.facts import Broken
from pipcacheplus.model.locks import LockedPackage
from pipcacheplus.plan.needed import Needed
from pipcacheplus.readers.locks.lock import MAX_LOCK_BYTES, read_lock

__all__ = ["locked_by", "needed_by", "used_by_report"]

_MAX_FILES = 256
"""Files that one lock may include, and those again."""


def needed_by(locks: Iterable[str], environments: Iterable[str]) -> Needed:
    """Return what locks name, and what is installed in environments.

    Args:
        locks: Paths.
        environments: Paths of interpreters.

    Raises:
        BadRequestError: A lock cannot be read, or is none.
        InterpreterError: An interpreter cannot be asked.
    """
    memory = answers_of_interpreters()
    found = list(locked_by(locks))
    for path in environments:
        found += installed_in(probe(path, memory=memory).search_path)
    return Needed(found)


def locked_by(paths: Iterable[str]) -> Iterator[LockedPackage]:
    """Yield what locks name, those that they include among them.

    Raises:
        BadRequestError: One cannot be read, or is no lock.
    """
    left, seen = list(paths), set[str]()
    while left:
        path = left.pop(0)
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        if len(seen) > _MAX_FILES:
            raise BadRequestError(path, f"more than {_MAX_FILES} files include each other", "name fewer")
        data, _ = read_user_file(path, what="lock", max_bytes=MAX_LOCK_BYTES)
        found = read_lock(data)
        if isinstance(found, Broken):
            step = "name a pylock.toml, uv.lock, poetry.lock, requirements, or a report of pip"
            raise BadRequestError(path, found.reason, step)
        yield from found.packages
        left.extend(_included(path, found.includes))


def _included(path: str, includes: Sequence[str]) -> Iterator[str]:
    for name in includes:
        if "://" in name:
            raise BadRequestError(path, f"includes {name}", "download that, and name it too")
        yield os.path.join(os.path.dirname(path), os.path.expanduser(name))


def used_by_report(path: str) -> Used:
    """Return what a report of pip says to have been used.

    Raises:
        BadRequestError: It cannot be read, or is no report.
    """
    data, written_ns = read_user_file(path, what="report", max_bytes=MAX_LOCK_BYTES)
    found = read_lock(data)
    if isinstance(found, Broken) or not data.lstrip().startswith(b"{"):
        raise BadRequestError(path, "is no report of pip", "write one with pip install --report FILE")
    projects = frozenset(package.project for package in found.packages)
    return Used(needed=Needed(found.packages), projects=projects, at_ns=written_ns)
