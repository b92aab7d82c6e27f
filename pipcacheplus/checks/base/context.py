"""The context of checks: the time, the interpreters considered and the machine."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pipcacheplus.checks.base.check import Context
from pipcacheplus.model.arguments import age_in_seconds, several
from pipcacheplus.model.pythons import Target

if TYPE_CHECKING:
    from datetime import timedelta

    from pipcacheplus.model.pythons import FoundPython

__all__ = [
    "ALL",
    "CURRENT",
    "Pythons",
    "considered_pythons",
    "context_of",
    "default_index_of_pip",
    "paths_of",
    "with_builds",
]

ALL = "all"
"""The argument for all interpreters of this machine."""
CURRENT = "current"
"""The argument for the interpreter that runs this program."""

Pythons = str | Iterable[str | os.PathLike[str] | Target] | None
"""The interpreters that count: a word, or a list of words, paths and targets; `None` stands for all of this machine."""


def context_of(
    *,
    min_age_s: "float | timedelta",
    pythons: "Pythons" = None,
    needs_tags: bool = False,
    environments: Callable[[], tuple[str, ...]] = tuple,
    environ: Mapping[str, str] | None = None,
) -> Context:
    """Return the context of checks at the present time.

    Args:
        min_age_s: The grace period, in seconds or as a `timedelta`.
        pythons: Which interpreters count, see `considered_pythons`; all of this machine by default.
        needs_tags: Whether they are run at all; the versions of their pips come with the tags.
        environments: Returns `sys.prefix` of environments that the cache names; called only if it matters.
        environ: The environment variables; those of this process by default.

    Raises:
        BadRequestError: The grace period is not a number of seconds, or a target is invalid.
        InterpreterError: One that `pythons` names gives no answer.
        TypeError: `pythons` is a single path, and no list.
    """
    wanted = _wanted(pythons)
    min_age = age_in_seconds("min_age_s", min_age_s)
    from pipcacheplus.host.processes import owner_is_alive, this_host  # noqa: PLC0415 - psutil is slow to import
    from pipcacheplus.host.source_files import source_digests  # noqa: PLC0415 - of use to few

    context = Context(
        now_s=time.time(),
        min_age_s=min_age,
        host=this_host(),
        is_owner_alive=owner_is_alive,
        has_path=os.path.lexists,
        digest_of_source=source_digests(),
    )
    if not needs_tags:
        return context
    from pipcacheplus.checks.base.looked_for import is_http_read  # noqa: PLC0415 - of use to few

    found = _found(wanted, environments, os.environ if environ is None else environ)
    considered = tuple(one.interpreter for one in found if one.interpreter is not None)
    unasked = tuple(one.path for one in found if one.interpreter is None)
    return replace(
        context,
        tags=frozenset().union(*(interpreter.tags for interpreter in considered)),
        interpreters=tuple(sorted({interpreter.name for interpreter in considered})),
        considered=considered,
        unasked=unasked,
        pythons=found,
        is_http_read=is_http_read(found, has_path=os.path.lexists),
        pips=tuple(sorted({interpreter.pip for interpreter in considered if interpreter.pip is not None})),
    )


def with_builds(context: Context, *, cache_dir: str, is_strict: bool = False) -> Context:
    """Return the context with the parts of this machine that built wheels need; each is examined on first use.

    Args:
        context: The context so far.
        cache_dir: Path of the cache: if other machines use it too, their libraries may differ.
        is_strict: As `Builds`.
    """
    from pipcacheplus.checks.base.builds import Builds  # noqa: PLC0415 - slow to import, and of use to few commands
    from pipcacheplus.host.filesystems import is_device_local  # noqa: PLC0415 - as above

    is_linux = sys.platform.startswith("linux")
    is_own = not is_linux or is_device_local(cache_dir, os.stat(cache_dir).st_dev)
    why_later = None if is_own else "other machines may use this cache"
    builds = Builds(is_linux=is_linux, is_strict=is_strict, environ=os.environ, why_later=why_later)
    return replace(context, builds=builds)


def considered_pythons(
    pythons: "Pythons" = None,
    *,
    environments: Callable[[], tuple[str, ...]] = tuple,
    environ: Mapping[str, str] | None = None,
) -> "tuple[FoundPython, ...]":
    """Return the interpreters that count, each with what it can install, or the reason why that is unknown.

    Args:
        pythons: `all`, the ones of this machine (the default), `current`, or a list of these words, paths and targets.
            Targets come on top: where nothing else is named, all of this machine count as well.
        environments: As `context_of`.
        environ: As `context_of`.

    Raises:
        BadRequestError: A target is invalid.
        InterpreterError: One that is named by its path gives no answer.
        TypeError: `pythons` is a single path, and no list.
    """
    return _found(_wanted(pythons), environments, os.environ if environ is None else environ)


class _Wanted(NamedTuple):
    """The interpreters that count."""

    is_all: bool
    paths: tuple[str, ...]
    """Paths that are named, or `current`."""
    targets: "tuple[Target, ...]"


def _wanted(pythons: "Pythons") -> _Wanted:
    if pythons is None:
        return _Wanted(is_all=True, paths=(), targets=())
    if isinstance(pythons, str) and pythons in {ALL, CURRENT}:
        pythons = (pythons,)
    if isinstance(pythons, str | bytes | os.PathLike):
        return _Wanted(is_all=False, paths=several("pythons", pythons), targets=())  # which raises
    given = tuple(pythons)
    targets = tuple(one for one in given if isinstance(one, Target))
    words = several("pythons", [one for one in given if not isinstance(one, Target)])
    paths = tuple(dict.fromkeys(word for word in words if word != ALL))
    return _Wanted(is_all=ALL in words or not paths, paths=paths, targets=targets)


def paths_of(pythons: "Pythons") -> tuple[str, ...]:
    """Return the paths of interpreters among what is given as `pythons`; raises `TypeError` as `context_of`."""
    return tuple(path for path in _wanted(pythons).paths if path != CURRENT)


def _found(
    wanted: _Wanted, environments: Callable[[], tuple[str, ...]], environ: Mapping[str, str]
) -> "tuple[FoundPython, ...]":
    # All of it is slow to import, and of use to few commands.
    from pipcacheplus.host.interpreter_cache import answers_of_interpreters  # noqa: PLC0415 - see above
    from pipcacheplus.host.interpreters import probe, running  # noqa: PLC0415 - see above
    from pipcacheplus.host.pythons import find_pythons, python_of, surroundings  # noqa: PLC0415 - see above
    from pipcacheplus.host.target_tags import target_interpreter  # noqa: PLC0415 - see above

    memory = answers_of_interpreters()
    found = [
        python_of(running(), ("running",)) if path == CURRENT else python_of(probe(path, memory=memory), ("named",))
        for path in wanted.paths
    ]
    if wanted.is_all:
        uid = os.geteuid() if hasattr(os, "geteuid") else None
        here = surroundings(environ, environments())
        named = {_key(one) for one in found}
        others = find_pythons(here, uid=uid, memory=memory, environ=os.environ)
        found += [one for one in others if _key(one) not in named]
    targets = [python_of(target_interpreter(target), ("target",)) for target in wanted.targets]
    return (*found, *targets)


def _key(one: "FoundPython") -> tuple[str, str]:
    from pipcacheplus.host.python_candidates import this_environment  # noqa: PLC0415 - as above

    return os.path.realpath(one.path), this_environment(one.path)


def default_index_of_pip() -> tuple[str | None, tuple[str, ...]]:
    """Return the default index of the pip of this interpreter, and the hosts of its files."""
    from importlib.util import find_spec  # noqa: PLC0415 - all of it is slow to import, and of use to few commands

    from pipcacheplus.host.interpreter_cache import answers_of_indexes  # noqa: PLC0415
    from pipcacheplus.pips.default_index import default_index, file_hosts  # noqa: PLC0415

    found = find_spec("pip")  # finds its location, and imports nothing
    if found is None or found.origin is None:
        return None, ()
    memory = answers_of_indexes()
    index = default_index(sys.executable, found.origin, environ=os.environ, null=os.devnull, memory=memory)
    return index, file_hosts(found.origin)
