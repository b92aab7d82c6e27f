"""Which interpreter a word on the command line means."""

import os
from collections.abc import Mapping, Sequence

__all__ = ["resolve"]

_ENDINGS = ("", ".exe") if os.name == "nt" else ("",)


def resolve(words: Sequence[str] | None, environ: Mapping[str, str]) -> list[str] | None:
    """Return the paths that are meant: a bare name is looked up in `PATH`, as a shell does.

    `current`, a path, and a name that is not found stay as they are; who asks the interpreter tells what is wrong.
    """
    if words is None:
        return None
    return [word if word == "current" or os.path.dirname(word) else _found(word, environ) for word in words]


def _found(name: str, environ: Mapping[str, str]) -> str:
    for folder in environ.get("PATH", "").split(os.pathsep):
        for ending in _ENDINGS:
            path = os.path.join(folder, name + ending)
            if folder and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return name
