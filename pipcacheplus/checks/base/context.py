"""The moment, the interpreters and the machine as checks may know them."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipcacheplus.checks.base.check import Context
from pipcacheplus.model.arguments import age_in_seconds, several

if TYPE_CHECKING:
    from datetime import timedelta

    from pipcacheplus.host.interpreters import Interpreter

__all__ = ["CURRENT", "context_of", "default_index_of_pip"]

CURRENT = "current"
"""The word for the interpreter that runs this."""


def context_of(
    *, min_age_s: "float | timedelta", pythons: Sequence[str] | None = None, needs_tags: bool = False
) -> Context:
    """Return the present as checks see it.

    Args:
        min_age_s: The grace period, in seconds or as a `timedelta`.
        pythons: Paths of interpreters, or `current`; the running one by default.
        needs_tags: Whether they are asked at all; the versions of their pips come with the tags.

    Raises:
        BadRequestError: The grace period is none.
        InterpreterError: One of them cannot be asked.
        TypeError: `pythons` is a single one, and no list.
    """
    considered_paths = (CURRENT,) if pythons is None else several("pythons", pythons) or (CURRENT,)
    min_age = age_in_seconds("min_age_s", min_age_s)
    from pipcacheplus.host.processes import owner_is_alive, this_host  # noqa: PLC0415 - psutil is slow to import

    context = Context(
        now_s=time.time(),
        min_age_s=min_age,
        host=this_host(),
        is_owner_alive=owner_is_alive,
        has_path=os.path.lexists,
    )
    if not needs_tags:
        return context
    considered = _considered(considered_paths)
    return replace(
        context,
        tags=frozenset().union(*(interpreter.tags for interpreter in considered)),
        interpreters=tuple(sorted({interpreter.name for interpreter in considered})),
        considered=tuple(considered),
        pips=tuple(sorted({interpreter.pip for interpreter in considered if interpreter.pip is not None})),
    )


def _considered(pythons: Sequence[str]) -> "list[Interpreter]":
    from pipcacheplus.host.interpreter_cache import FOLDERS, InterpreterCache  # noqa: PLC0415
    from pipcacheplus.host.interpreters import probe, running  # noqa: PLC0415 - slow to import, and of use to few commands
    from pipcacheplus.host.state import state_folder  # noqa: PLC0415

    memory = InterpreterCache(os.path.join(state_folder(), FOLDERS[0]))
    return [running() if path == CURRENT else probe(path, memory=memory) for path in pythons]


def default_index_of_pip() -> tuple[str | None, tuple[str, ...]]:
    """Return the index that the pip of this interpreter asks if nothing else is said, and the hosts of its files."""
    from importlib.util import find_spec  # noqa: PLC0415 - all of it is slow to import, and of use to few commands

    from pipcacheplus.host.interpreter_cache import FOLDERS, InterpreterCache  # noqa: PLC0415
    from pipcacheplus.host.state import state_folder  # noqa: PLC0415
    from pipcacheplus.pips.default_index import default_index, file_hosts  # noqa: PLC0415

    found = find_spec("pip")  # looks where it lies, and imports nothing
    if found is None or found.origin is None:
        return None, ()
    memory = InterpreterCache(os.path.join(state_folder(), FOLDERS[1]))
    index = default_index(sys.executable, found.origin, environ=os.environ, null=os.devnull, memory=memory)
    return index, file_hosts(found.origin)
