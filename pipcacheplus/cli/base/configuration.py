"""Settings in variables, in a project's file and in pip's own files, as if they stood before the options.

From the strongest: the command line, `PIPCACHEPLUS_*`, `[tool.pipcacheplus]` of the nearest `pyproject.toml`, the
section `[pipcacheplus]` of pip's configuration files. Keeps of all places add up; for other settings, only the
strongest place counts.

A project may be another person's, checked out just now: its file may only set more keeps and longer ages. It can
neither empty a cache nor have anything run, as `keep-env` would.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.machine import Machine
from pipcacheplus.host.user_files import read_user_file
from pipcacheplus.model.spelling import did_you_mean, near_word
from pipcacheplus.model.units import age_s
from pipcacheplus.pips.settings import settings_in_section
from pipcacheplus.plan.limits import LimitOn, limits_of

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same module, before it became part of Python
    import tomli as tomllib

__all__ = ["AUTO", "NAMES", "PERIODS_S", "Configured", "arguments_of", "configured", "refuse_misspelt"]

_PREFIX = "PIPCACHEPLUS_"
_SECTION = "pipcacheplus"
_KEEPS = ("keep", "keep-lock", "keep-env")
_LIMITS = tuple(limit.value.replace("_", "-") for limit in LimitOn)
AUTO = "auto"
NAMES = (*_KEEPS, "min-age", "reasons", *_LIMITS, AUTO)
"""The settings that there are."""
PERIODS_S = {"daily": 86_400, "weekly": 7 * 86_400, "after-install": 0}
"""Periods of the pruning that `AUTO` switches on, in seconds."""
_OF_PROJECT = ("keep", "keep-lock", "min-age")
_OF_PRUNE = frozenset({"reasons", *_LIMITS})
_PATHS = frozenset({"keep-lock", "keep-env"})
_REASON = re.compile(r"[a-z][a-z-]*(=\S+)?")
_MAX_BYTES = 1 << 22
_DEFAULT_AGE_S = 3600.0
_PROJECT_FILE = "pyproject.toml"
_USELESS = "--useless"
_OTHER_REASONS = ("unused-since", "unused", "ci", "built-before")
_REASONS = (
    *("corrupt", "partial", "stale", "incompatible", "outdated-builds", "unsafe", "orphaned", "superseded"),
    *("duplicates", "built-sdists", "useless"),
)
"""Reasons that can be set; the others need a value."""


class Configured(NamedTuple):
    """One setting, in one place."""

    name: str
    """`max-size`."""
    values: tuple[str, ...]
    """One, or several of a list."""
    origin: str
    """The place, for people."""
    unused: str | None = None
    """The reason why it does not count, as a clause."""
    place: str = ""
    """The sort of place: `variable`, `project` or `pip`."""


def configured(machine: Machine) -> tuple[Configured, ...]:
    """Return all settings, the strongest first.

    Raises:
        BadRequestError: A file cannot be parsed, or a value is invalid.
    """
    of_pip = [one._replace(place="pip") for one in _of_pip(machine)]
    longest_s = max((age_of(one) for one in of_pip if one.name == "min-age"), default=_DEFAULT_AGE_S)
    of_variables = (one._replace(place="variable") for one in _of_variables(machine.environ))
    of_project = (one._replace(place="project") for one in _of_project(machine.cwd, longest_s))
    found = [*of_variables, *of_project, *of_pip]
    return tuple(_judged(found))


def _judged(found: Iterable[Configured]) -> Iterator[Configured]:
    """Yield settings, those that do not count with the reason."""
    said = dict[str, str]()
    for one in found:
        unused = one.unused
        if unused is None and one.name not in NAMES:
            near = did_you_mean(one.name, NAMES)
            unused = "there is no such setting" + (f"; {near}" if near else "")
        elif unused is None and one.name not in _KEEPS and one.name in said:
            unused = f"{said[one.name]} sets it"
        if unused is None:
            said.setdefault(one.name, one.origin)
            _refuse_nonsense(one)
        yield one._replace(unused=unused)


def _refuse_nonsense(setting: Configured) -> None:
    """Refuse a value that the option of its name would not accept.

    Raises:
        BadRequestError: It is invalid.
    """
    if setting.name == "min-age":
        age_of(setting)
    elif setting.name == AUTO and setting.values[0] not in PERIODS_S:
        raise BadRequestError(setting.origin, f"{setting.values[0]!r} is not a period", f"use {', '.join(PERIODS_S)}")
    elif setting.name in _LIMITS:
        try:
            limits_of({LimitOn(setting.name.replace("-", "_")): setting.values})
        except BadRequestError as error:
            raise BadRequestError(setting.origin, error.problem, error.next_step) from None


def refuse_misspelt(settings: Iterable[Configured]) -> None:
    """Refuse a setting whose name is nearly that of one which keeps entries: more would be removed than intended.

    Raises:
        BadRequestError: There is one.
    """
    for one in settings:
        near = near_word(one.name, NAMES) if one.name not in NAMES else None
        if near in {*_KEEPS, "min-age"}:
            raise BadRequestError(one.origin, "there is no such setting", f"did you mean {near}?")


def arguments_of(settings: Sequence[Configured], command: str, given: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the arguments that settings add to a command, each after its place.

    Args:
        settings: All of them.
        command: `prune` takes all of them, others those that keep something.
        given: The arguments of the user, which come after them: limits and reasons there replace those of settings.
    """
    words = {word.partition("=")[0] for word in given}
    asked = {f"--{name}" for name in (*_REASONS, *_OTHER_REASONS)}
    has_reasons, has_limits = bool(words & asked), bool(words & {f"--{name}" for name in _LIMITS})
    is_added = False
    for one in settings:
        if one.unused is not None or one.name == AUTO or (one.name in _OF_PRUNE and command != "prune"):
            continue
        if one.name == "reasons":
            arguments = [] if has_reasons else [f"--{word}" for word in one.values]
        elif one.name in _LIMITS and f"--{one.name}" in words:
            arguments = []
        else:
            arguments = [f"--{one.name}={value}" for value in one.values]
        is_added |= bool(arguments) and one.name in _OF_PRUNE
        if arguments:
            yield one.origin, arguments
    if is_added and not has_reasons and not has_limits:  # as without settings
        yield "", [_USELESS]


def _of_variables(environ: Mapping[str, str]) -> Iterator[Configured]:
    for name, value in sorted(environ.items()):
        if name.upper().startswith(_PREFIX) and value:
            yield _setting(name[len(_PREFIX) :].lower().replace("_", "-"), value, name)


def _of_pip(machine: Machine) -> Iterator[Configured]:
    for setting in settings_in_section(machine, _SECTION):
        if setting.value:
            base = os.path.dirname(setting.path or "")
            yield _setting(setting.name, setting.value, str(setting), base=base)


def _of_project(cwd: str, min_age_s: float) -> Iterator[Configured]:
    """Yield the settings of a project; `min_age_s` is the grace period without it."""
    path = _project_file(cwd)
    if path is None:
        return
    data, _ = read_user_file(path, what="project", max_bytes=_MAX_BYTES)
    try:
        tool = tomllib.loads(data.decode().removeprefix("\ufeff")).get("tool", {})
    except (ValueError, RecursionError) as error:
        if _SECTION.encode() not in data:
            return  # other tools report it
        raise BadRequestError(path, f"cannot be parsed ({error})", "correct it, because it may contain keeps") from None
    table = tool.get(_SECTION, {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise BadRequestError(path, f"tool.{_SECTION} is not a table", f"write [tool.{_SECTION}]")
    for key, value in table.items():
        name = key.lower().replace("_", "-")
        origin = f"{key} in [tool.{_SECTION}] of {path}"
        words = value if isinstance(value, list) else _words(value) if isinstance(value, str) else [value]
        if name in _OF_PROJECT and (not words or not all(isinstance(word, str) for word in words)):
            raise BadRequestError(origin, "is neither text nor a list of texts", 'write for instance ["numpy"]')
        values = tuple(map(str, words))
        one = Configured(name, _from(values, os.path.dirname(path)) if name in _PATHS else values, origin)
        is_known = name in NAMES
        if is_known and name not in _OF_PROJECT:
            one = one._replace(unused="a project may only set more keeps and longer ages")
        elif name == "min-age" and age_of(one) < min_age_s:
            one = one._replace(unused="a project may only set a longer age than the one without it")
        yield one


def age_of(setting: Configured) -> float:
    """Return the age in a setting, in seconds.

    Raises:
        BadRequestError: It is not an age.
    """
    try:
        return age_s(setting.values[0])
    except (ValueError, IndexError) as error:
        raise BadRequestError(setting.origin, "cannot be understood", str(error)) from None


def _project_file(cwd: str) -> str | None:
    """Return the nearest file of a project, going up from a directory."""
    folder = cwd
    while True:
        path = os.path.join(folder, _PROJECT_FILE)
        if os.path.isfile(path):
            return path
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _setting(name: str, value: str, origin: str, *, base: str | None = None) -> Configured:
    """Return a setting; a list stands in one line, or has a line for each."""
    if name not in (*_KEEPS, *_LIMITS, "reasons"):
        return Configured(name, (value.strip(),), origin)
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    values = tuple(lines)
    if len(lines) == 1:  # `1 GB wheels=500 MB` are two limits
        values = tuple(re.split(r"\s+(?=[a-z -]+=)", lines[0])) if name in _LIMITS else _words(lines[0])
    if name == "reasons":
        for word in values:
            if not _REASON.fullmatch(word) or word.partition("=")[0] not in _REASONS:
                near = did_you_mean(word.partition("=")[0], _REASONS)
                raise BadRequestError(
                    origin, f"{word!r} is not a reason", near or f"the reasons are {', '.join(_REASONS)}"
                )
    return Configured(name, _from(values, base) if name in _PATHS and base else values, origin)


def _words(line: str) -> tuple[str, ...]:
    """Split a line at spaces; ` + ` joins what is on both sides."""
    return tuple(word.replace("\0+\0", " + ") for word in re.sub(r"\s+\+\s+", "\0+\0", line).split())


def _from(paths: Iterable[str], base: str) -> tuple[str, ...]:
    # A bare name of an interpreter is looked up in PATH.
    expanded = map(os.path.expanduser, paths)
    return tuple(os.path.join(base, path) if os.path.dirname(path) or "." in path else path for path in expanded)
