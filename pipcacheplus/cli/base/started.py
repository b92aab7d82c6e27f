"""The words that start this program again in the same way: for help, and for printed commands.

- `python -m pipcacheplus`, with the options of the interpreter: unchanged.
- The console script: its bare name if a shell finds it in `PATH`, otherwise the path that was used.
- `uvx`, `uv run`: the command of the parent process. uv puts its own directories before `PATH`, and removes them from
  its cache some day, so neither a name that is found there nor the path of the script counts.
- A program that imports `main`: this interpreter, with `-m`.

Source of `UV`: uv 0.6.0 and later sets it for all programs that it starts (`uv-static/src/env_vars.rs`); seen with uv
0.13.9.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Started", "in_path", "program_words", "started_here"]

_NAME = "pipcacheplus"
_MODULES = (_NAME, f"{_NAME}.__main__")
_ENDINGS = ("", ".exe") if os.name == "nt" else ("",)
"""Endings of a program's name that a user need not type."""


def _no_parent() -> Sequence[str]:
    return ()


class Started(NamedTuple):
    """The start of a process."""

    argv: Sequence[str]
    """As `sys.argv`."""
    original: Sequence[str]
    """As `sys.orig_argv`: with the interpreter and its options."""
    module: str | None
    """The module of `-m`; `None` for a script."""
    executable: str
    """The interpreter."""
    environ: Mapping[str, str]
    parent: Callable[[], Sequence[str]] = _no_parent
    """Returns the arguments of the process that started this one; slow, and called only if uv did."""


def started_here(environ: Mapping[str, str]) -> Started:
    """Return the start of this process."""
    specification = getattr(sys.modules.get("__main__"), "__spec__", None)
    return Started(
        argv=sys.argv,
        original=sys.orig_argv,
        module=None if specification is None else specification.name,
        executable=sys.executable,
        environ=environ,
        parent=_parent,
    )


def _parent() -> Sequence[str]:
    from pipcacheplus.host.processes import arguments_of_parent  # noqa: PLC0415 - psutil is slow to import

    return arguments_of_parent()


def program_words(started: Started) -> tuple[str, ...]:
    """Return the words that start the program again; pipcacheplus's own options and commands are not among them."""
    uv = started.environ.get("UV")
    if uv and (words := _by_uv(uv, started)):
        return words
    # Without the program's own arguments: the interpreter, its options, and the program.
    before = tuple(started.original[: len(started.original) - len(started.argv) + 1])
    module = None if started.module == "__main__" else started.module  # the name of a zipped package
    if module in _MODULES and len(before) > 1:
        return (_interpreter(before[0], started), *before[1:])
    script = started.argv[0] if started.argv else ""
    stem = os.path.splitext(os.path.basename(script))[0].lower()
    if module is not None or stem not in {_NAME, f"{_NAME}-script"}:
        return started.executable, "-m", _NAME
    found = None if uv else in_path(_NAME, started.environ)
    if found is not None and _is_same(found, script):
        return (_NAME,)
    if os.name != "nt" and not os.access(script, os.X_OK):
        return (_interpreter(before[0], started), *before[1:]) if len(before) > 1 else (started.executable, script)
    return (script if os.path.dirname(script) else os.path.join(os.curdir, script),)


def _by_uv(uv: str, started: Started) -> tuple[str, ...] | None:
    """Return the command of uv, if it started this process itself; `None` if it must not be shown."""
    from pipcacheplus.pips.credentials import shown_text  # noqa: PLC0415 - slow to import, and seldom needed

    own = list(started.argv[1:])
    words = list(started.parent())
    if not words or os.path.basename(words[0]) != os.path.basename(uv) or words[len(words) - len(own) :] != own:
        return None
    words = words[: len(words) - len(own)]
    if any(shown_text(word) != word for word in words):
        return None
    name = "uv" if _is_same(in_path("uv", started.environ), uv) else uv
    if words[1:3] == ["tool", "uvx"]:  # as `uvx` calls it
        first = ("uvx",) if in_path("uvx", started.environ) else (name, "tool", "run")
        return *first, *words[3:]
    return name, *words[1:]


def _interpreter(word: str, started: Started) -> str:
    """Return the command for the same interpreter: the word that was used, if a shell finds it."""
    if os.path.dirname(word):
        return word
    found = None if started.environ.get("UV") else in_path(word, started.environ)
    return word if found is not None and _is_same(found, started.executable) else started.executable


def _is_same(one: str | None, other: str) -> bool:
    return one is not None and _plain(one) == _plain(other)


def _plain(path: str) -> str:
    real = os.path.normcase(os.path.realpath(path))
    return real.removesuffix(".exe") if os.name == "nt" else real


def in_path(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the path of the program that a shell starts by this name, `None` if there is none."""
    for folder in environ.get("PATH", "").split(os.pathsep):
        for ending in _ENDINGS:
            path = os.path.join(folder, name + ending)
            if folder and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return None
