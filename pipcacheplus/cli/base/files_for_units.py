"""Files that options of a run over many caches name: made absolute, and examined before the first cache is opened.

The process of a cache works in another directory, and perhaps as another user.
"""

import os
import stat
from collections.abc import Iterator, Sequence

from pipcacheplus.errors import BadRequestError

__all__ = ["with_whole_paths"]

_READ = frozenset({"--keep-lock", "--report"})
"""Options whose file the processes of the caches read."""
_PROGRAMS = frozenset({"--keep-env", "--python"})
"""Options that name an interpreter: by its path, or a word."""
_WRITTEN = "--plan-out"


def with_whole_paths(words: Sequence[str], *, has_other_owners: bool) -> list[str]:
    """Return the words of a command, with absolute paths in place of relative ones.

    Args:
        words: Of the command line, for the process of each cache.
        has_other_owners: Whether some of these are processes of other users.

    Raises:
        BadRequestError: A file cannot be read, here or by other users; or it is one that each cache would write.
    """
    return [*_replaced(iter(words), has_other_owners=has_other_owners)]


def _replaced(words: Iterator[str], *, has_other_owners: bool) -> Iterator[str]:
    for word in words:
        if word == "--":
            yield word
            yield from words
            return
        name, equals, value = word.partition("=")
        if name == _WRITTEN:
            step = "use it with one cache; --dry-run shows what would be removed"
            raise BadRequestError(what=_WRITTEN, problem="is for one cache at a time", next_step=step)
        if name not in _READ | _PROGRAMS:
            yield word
            continue
        if not equals:
            value = next(words, "")
        if name in _READ:
            value = os.path.abspath(value)
            _check(name, value, has_other_owners=has_other_owners)
        elif os.path.dirname(value):
            value = os.path.abspath(value)
        yield f"{name}={value}"


def _check(option: str, path: str, *, has_other_owners: bool) -> None:
    """Examine whether a file can be read, by other users too if some of them have to.

    Raises:
        BadRequestError: It cannot.
    """
    try:
        with open(path, "rb"):
            pass
    except (OSError, ValueError) as error:
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        raise BadRequestError(what=f"{option} {path}", problem=problem, next_step="name another file") from error
    if has_other_owners and not _is_for_all(os.path.realpath(path)):
        step = "copy it to a directory that all users can read"
        problem = "cannot be read by the owners of the caches"
        raise BadRequestError(what=f"{option} {path}", problem=problem, next_step=step)


def _is_for_all(path: str) -> bool:
    """Return whether the rights of a file, and of the directories above it, let all users read it."""
    if not os.stat(path).st_mode & stat.S_IROTH:
        return False
    above = os.path.dirname(path)
    while os.stat(above).st_mode & stat.S_IXOTH:
        if above == (above := os.path.dirname(above)):
            return True
    return False
