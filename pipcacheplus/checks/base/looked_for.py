"""Keys of built wheels that the pips of the interpreters considered compute, and areas that they read."""

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pipcacheplus.checks.base.check import Context
from pipcacheplus.pips.effects import release_of
from pipcacheplus.pips.wheel_keys import LEGACY

if TYPE_CHECKING:  # slow to import
    from pipcacheplus.model.pythons import FoundPython, Interpreter

__all__ = ["is_http_read", "keys_looked_for", "makes_keys_without_digest"]

_HTTP_V2 = release_of("23.3")
_PIP_AUDIT = "pip_audit"
"""The package that pip-audit installs."""
_FIRST_WHEELS, _FIRST_KEYS, _LAST_LEGACY = release_of("7.0"), release_of("20.0"), release_of("21.0")
_WITHOUT_DIGEST = release_of("22.3"), release_of("23.0")


def keys_looked_for(context: Context) -> frozenset[str] | None:
    """Return the interpreters of keys that are looked for: `cp311`, or `legacy` for keys of pip up to 19.3.

    A pip of any version may install for an interpreter without a pip. If no version at all is known, legacy keys count
    as looked for.

    Source: `_internal/cache.py` of pip 19.3, 20.3.4 and 26.3: pip 20.0 to 20.3.4 look for wheels under both keys.

    Returns:
        `None` if no interpreter was run.
    """
    if not context.considered:
        return None
    found = {one.name for one in context.considered if one.pip is None or release_of(one.pip) >= _FIRST_KEYS}
    pips = {*context.pips, *(one.pip for one in context.considered if one.pip is not None)}
    if not pips or any(_FIRST_WHEELS <= release_of(pip) < _LAST_LEGACY for pip in pips):
        found.add(LEGACY)
    return frozenset(found)


def makes_keys_without_digest(context: Context, interpreter: str) -> bool:
    """Return whether a pip of this interpreter leaves out the digest that a JSON page publishes, as pip 22.3 does.

    Source: pip 22.3.1 `_internal/models/link.py`, which looks for digests in the fragments of links alone.
    """
    first, end = _WITHOUT_DIGEST
    pips = (one.pip for one in context.considered if one.name == interpreter and one.pip is not None)
    return any(first <= release_of(pip) < end for pip in pips)


def is_http_read(pythons: "Iterable[FoundPython]", *, has_path: Callable[[str], bool]) -> bool:
    """Return whether a program may still read `http`: a pip before 23.3, or pip-audit, which still writes there.

    Args:
        pythons: The interpreters that count; one that was not run may have any pip.
        has_path: Returns whether a path exists; pip-audit is searched in the package directories of each interpreter.
    """
    interpreters: list[Interpreter] = []
    for one in pythons:
        if one.interpreter is None:
            return True
        interpreters.append(one.interpreter)
    pips = [release_of(one.pip) for one in interpreters if one.pip is not None]
    if not pips or min(pips) < _HTTP_V2:
        return True
    folders = {folder for one in interpreters for folder in one.search_path}
    return any(has_path(os.path.join(folder, _PIP_AUDIT)) for folder in folders)
