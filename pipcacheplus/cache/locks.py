"""Locks, reports of pip and environments: files of the user that name needed packages, read and combined."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from pipcacheplus.cache.planning import Used
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.installed import installed_in
from pipcacheplus.host.interpreter_cache import answers_of_interpreters
from pipcacheplus.host.interpreters import probe
from pipcacheplus.host.user_files import read_user_file
from pipcacheplus.model.facts import Broken
from pipcacheplus.model.locks import LockedFile, LockedPackage
from pipcacheplus.model.use import UsedFile
from pipcacheplus.own.records import recorded_uses
from pipcacheplus.plan.needed import Needed
from pipcacheplus.readers.locks.lock import MAX_LOCK_BYTES, read_lock

__all__ = ["locked_by", "needed_by", "used_by_records", "used_by_report"]

_MAX_FILES = 256
"""Most files that one lock may include, directly or not."""
_MAX_RECORDS = 256
"""Most records whose use counts: each entry is compared with all of them."""


def needed_by(
    locks: Iterable[str], environments: Iterable[str], *, finds_empty: Callable[[str], object] | None = None
) -> Needed:
    """Return the packages that locks name, and those that are installed in environments.

    Args:
        locks: Paths.
        environments: Paths of interpreters.
        finds_empty: Called with each lock that names no package, nor does any file that it includes.

    Raises:
        BadRequestError: A lock cannot be read, or is not a lock.
        InterpreterError: An interpreter gives no answer.
    """
    memory = answers_of_interpreters()
    found = list[LockedPackage]()
    for lock in locks:
        packages = tuple(locked_by(lock))
        found += packages
        if not packages and finds_empty is not None:
            finds_empty(lock)
    for path in environments:
        found += installed_in(probe(path, memory=memory).search_path)
    return Needed(found)


def locked_by(lock: str) -> Iterator[LockedPackage]:
    """Yield the contents of a lock, including those of included files.

    Raises:
        BadRequestError: One cannot be read, or is not a lock.
    """
    left, seen = [lock], set[str]()
    while left:
        path = left.pop(0)
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        if len(seen) > _MAX_FILES:
            raise BadRequestError(path, f"more than {_MAX_FILES} files include each other", "name fewer")
        data, _ = read_user_file(path, what="lock", max_bytes=MAX_LOCK_BYTES)
        found = read_lock(data, os.path.basename(path))
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
    """Return the packages that pip used according to its report.

    Raises:
        BadRequestError: It cannot be read, or is not a report.
    """
    data, written_ns = read_user_file(path, what="report", max_bytes=MAX_LOCK_BYTES)
    found = read_lock(data)
    if isinstance(found, Broken) or not data.lstrip().startswith(b"{"):
        raise BadRequestError(path, "is not a report of pip", "write one with pip install --report FILE")
    projects = frozenset(package.project for package in found.packages)
    return Used(needed=Needed(found.packages), projects=projects, at_ns=written_ns)


def used_by_records(cache_path: str) -> tuple[Used, ...]:
    """Return the files that wrapped pips used last by their records, each once.

    Raises:
        BadRequestError: The records cannot be read.
    """
    done = set[LockedPackage]()
    found = list[Used]()
    for one in reversed(recorded_uses(cache_path)):
        packages = [package for package in map(_package_of, one.use.files) if package not in done]
        done.update(packages)
        if packages and len(found) < _MAX_RECORDS:
            projects = frozenset(package.project for package in packages)
            found.append(Used(needed=Needed(packages), projects=projects, at_ns=int(one.at_s * 1e9)))
    return tuple(found)


def _package_of(file: UsedFile) -> LockedPackage:
    # A wheel that was built here is found by its version: its source is not recorded.
    files = () if file.url is None else (LockedFile(filename=file.name, url=file.url, sha256=file.sha256),)
    return LockedPackage(file.project, file.version, files)
