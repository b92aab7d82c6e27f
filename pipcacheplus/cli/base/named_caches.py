"""The caches that options name: paths and globs, lines of a file, homes and settings of users."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING, TextIO

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.command import Command, Request
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.patterns import is_pattern

if TYPE_CHECKING:  # slow to import, and most runs are of one cache
    from pipcacheplus.fleet.find import FoundCache, User

__all__ = ["are_many", "found_caches"]

_STDIN = "-"
_ROOT = 0
_SETTINGS_LIMIT_S = 60.0
_MOST_LISTED = 100_000
"""Most caches that one file names."""
_LONGEST_LINE = 1 << 16


def are_many(options: Namespace, command: Command) -> bool:
    """Return whether options name several caches, or may do so, or request what only a run over many has."""
    named = options.cache_dirs
    return (
        len({*named}) > 1
        or any(map(is_pattern, named))
        or getattr(options, "all_users", False)
        or (command.takes_many and options.executor is not None)
        or (command.takes_many and command.finish_many is None and options.output is not None)
        or getattr(options, "caches_from", None) is not None
    )


def found_caches(
    named: Sequence[str], caches_from: str | None, request: Request, *, all_users: bool, more: bool
) -> "Iterator[FoundCache]":
    """Yield the caches that are named; without any, those of this machine.

    Args:
        named: Directories and globs.
        caches_from: A file with more of them, one a line.
        request: Its environment names the cache of this user.
        all_users: Whether those of all users are searched, in addition to named ones.
        more: Whether running processes and usual places are searched too.

    Raises:
        BadRequestError: A glob matches nothing, or the file cannot be read.
    """
    from pipcacheplus.fleet import find, this_site  # noqa: PLC0415 - slow to import, and most runs are of one cache

    listed = _listed(caches_from)
    for word in named:
        if not word:
            raise BadRequestError(what="--cache-dir", problem="is empty", next_step="name a directory, or leave it out")
        caches = [*find.named_caches([word])]
        if is_pattern(word) and all(one.problem == find.NOT_THERE for one in caches):
            raise BadRequestError(what=word, problem="matches no directory", next_step="check it, and put it in quotes")
        yield from caches
    yield from find.named_caches(listed)
    if not all_users:
        return
    from pipcacheplus.host.machine import this_machine  # noqa: PLC0415 - as above

    user = this_site.this_user()
    users: Iterable[User] = [] if user is None else [user]
    if hasattr(os, "geteuid") and os.geteuid() == _ROOT:
        users = this_site.users_of_this_machine()
    yield from find.caches_of_users(users, this_machine(request.environ), _named_by_settings)
    if more:
        yield from find.caches_of_processes(this_site.variables_of_processes())
        yield from find.usual_places()


def _listed(path: str | None) -> Iterable[str]:
    """Return the lines of a file, without empty ones and comments, which begin with `#`.

    Raises:
        BadRequestError: It cannot be read.
    """
    if path is None:
        return ()
    try:
        if path == _STDIN:
            return _lines_of(sys.stdin, "stdin")
        with open(path, encoding="utf-8", errors="surrogateescape") as lines:
            return _lines_of(lines, path)
    except OSError as error:
        step = "name a file with a directory a line"
        raise BadRequestError(path, f"cannot be read ({error.strerror})", step) from error


def _lines_of(lines: TextIO, where: str) -> list[str]:
    whole = takewhile(bool, iter(lambda: lines.readline(_LONGEST_LINE + 1), None))
    found = list(
        islice((line for line in map(str.strip, _short(whole, where)) if line and line[0] != "#"), _MOST_LISTED + 1)
    )
    if len(found) > _MOST_LISTED:
        step = f"pass them in parts, for instance those of split -l {_MOST_LISTED}"
        raise BadRequestError(where, f"names more than {_MOST_LISTED:,} caches", step)
    return found


def _short(lines: Iterable[str], where: str) -> Iterator[str]:
    """Yield lines; one without an end, as in a device, must not fill the memory.

    Raises:
        BadRequestError: One is longer than any path.
    """
    for line in lines:
        if len(line) > _LONGEST_LINE:
            problem = f"has a line of more than {_LONGEST_LINE:,} characters"
            raise BadRequestError(where, problem, "name a file with a directory a line")
        yield line


def _named_by_settings(user: "User") -> tuple[str | None, str | None]:
    """Return the cache that the settings of a user name, read by a process of that user, and the problem."""
    from pipcacheplus.fleet.crew import run_unit  # noqa: PLC0415 - as above
    from pipcacheplus.fleet.unit import Unit  # noqa: PLC0415 - as above

    result = run_unit(Unit("", ("dir",), user.uid, limit_s=_SETTINGS_LIMIT_S))
    where = (result.document or {}).get("cache", {}).get("dir")
    return (where, None) if isinstance(where, str) and result.code == exits.DONE else (None, result.error)
