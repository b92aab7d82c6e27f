"""Wheels for interpreters that no owner of a cache has, by their tags and by the interpreter that built them."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from pipcacheplus.pips.wheel_keys import LEGACY

__all__ = ["AbsentInterpreter", "Python", "absent_interpreter", "absent_interpreters", "pythons_in"]

_NAME = re.compile(r"([a-z]{2,20})(\d)(\d{0,3})")
_STABLE_ABI = re.compile(r"abi\d+")
_OWN_ABI = re.compile(r"cp\d+([a-z]*)")
_ANY_PYTHON = "py"
_CUT_LENGTH = 4096
"""Characters at which a row cuts the tags of a wheel, so that some of them may be missing."""


class Python(NamedTuple):
    """An interpreter as tags of wheels name it."""

    implementation: str
    """`cp`, `pp`; `py` in tags for any of them."""
    major: int
    minor: int | None
    """`None` in tags for any of them: `py3`."""
    is_free_threaded: bool = False

    def __str__(self) -> str:
        """Return its name: `cp38`, `cp313t`, `py2`."""
        minor = "" if self.minor is None else str(self.minor)
        return f"{self.implementation}{self.major}{minor}{'t' * self.is_free_threaded}"


class AbsentInterpreter(NamedTuple):
    """An interpreter that no owner has, and the wheels that only it, or an earlier one that is absent too, can use."""

    interpreter: str
    """`cp38`."""
    caches: int
    entries: int
    disk_bytes: int


def pythons_in(considered: Iterable[Mapping[str, object]]) -> tuple[frozenset[Python], int]:
    """Return the interpreters that were considered for any cache, and the number of those that were not run.

    Args:
        considered: Members of `pythons` of the summaries.

    >>> found, unknown = pythons_in([{"name": "cp313", "abi": "cp313t"}, {"name": None, "reason": "timed out"}])
    >>> [*map(str, found)], unknown
    (['cp313t'], 1)
    """
    found, unknown = set[Python](), set[str]()
    for one in considered:
        python = _python(str(one.get("name")))
        if python is None:
            unknown.add(str(one.get("path")))
        else:
            found.add(python._replace(is_free_threaded=_is_free_threaded(str(one.get("abi")))))
    return frozenset(found), len(unknown)


def absent_interpreters(
    wheels: Iterable[tuple[str, str | None, int, int, int]], had: Collection[Python]
) -> list[AbsentInterpreter]:
    """Return the interpreters of wheels that no owner can use, those with the most bytes first.

    Args:
        wheels: Sums of wheels: tags with blanks between them, the interpreter that built them, the number of the
            cache, entries, bytes on disk.
        had: The interpreters of all owners. Without any, nothing can be concluded, and there are no rows.
    """
    sums: dict[str, tuple[set[int], list[int]]] = {}
    for tags, builder, cache, entries, size in wheels if had else ():
        absent = absent_interpreter(tags, builder, had)
        if absent is not None:
            caches, counts = sums.setdefault(absent, (set(), [0, 0]))
            caches.add(cache)
            counts[0] += entries
            counts[1] += size
    rows = (AbsentInterpreter(name, len(caches), *counts) for name, (caches, counts) in sums.items())
    return sorted(rows, key=lambda row: (-row.disk_bytes, row.interpreter))


def absent_interpreter(tags: str, builder: str | None, had: Collection[Python]) -> str | None:
    """Return the newest interpreter that a wheel is for, if none of `had` can use it for want of that interpreter.

    A wheel for another system, but for an interpreter that is there, is not meant.

    >>> had = {Python("cp", 3, 12)}
    >>> of_any = "py2-none-any py3-none-any"
    >>> [absent_interpreter(tags, None, had) for tags in ("cp38-cp38-win32", "cp38-abi3-win32", of_any)]
    ['cp38', None, None]
    >>> absent_interpreter("py3-none-any", "cp38", had), absent_interpreter("py3-none-any", "legacy", had)
    ('cp38', None)

    Source: packaging 26.0 `tags.py`: an ABI of its own, and `none` behind the name of an interpreter, fit that
    interpreter alone; `abi3` fits later ones that are not free-threaded; `py38` fits later ones of any kind. pip looks
    for a wheel that it built under the name of the interpreter alone.
    """
    maker = None if builder in {None, LEGACY} else _python(str(builder))
    if maker is not None and not any(one[:3] == maker[:3] for one in had):
        return str(maker)
    if len(tags) >= _CUT_LENGTH:
        return None
    wanted = list[Python]()
    for tag in tags.split():
        name, _, rest = tag.partition("-")
        python, abi = _python(name), rest.partition("-")[0]
        if python is None or any(_fits(python, abi, one) for one in had):
            return None  # it can be used, or is for something that this program does not know
        wanted.append(python._replace(is_free_threaded=_is_free_threaded(abi)))
    return str(max(wanted, key=lambda one: (one.major, one.minor or 0, str(one)))) if wanted else None


def _python(name: str) -> Python | None:
    match = _NAME.fullmatch(name)
    return None if match is None else Python(match[1], int(match[2]), int(match[3]) if match[3] else None)


def _is_free_threaded(abi: str) -> bool:
    own = _OWN_ABI.fullmatch(abi)
    return own is not None and "t" in own[1]


def _fits(wanted: Python, abi: str, one: Python) -> bool:
    """Return whether an interpreter accepts a tag on some system."""
    if wanted.implementation not in {_ANY_PYTHON, one.implementation} or wanted.major != one.major:
        return False
    is_later = wanted.minor is None or wanted.minor <= (one.minor or 0)
    if wanted.implementation == _ANY_PYTHON:
        return is_later
    if _STABLE_ABI.fullmatch(abi):
        return is_later and not one.is_free_threaded
    is_same = wanted.minor in {None, one.minor}
    own = _OWN_ABI.fullmatch(abi)
    return is_same and (own is None or ("t" in own[1]) == one.is_free_threaded)
