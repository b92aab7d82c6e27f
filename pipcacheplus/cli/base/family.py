"""Families whose members are one file each: commands and formats are found by walking their folder."""

import importlib
import pkgutil
from typing import TypeVar

__all__ = ["members"]

_T = TypeVar("_T")


def members(package: str, attribute: str, kind: type[_T]) -> dict[str, _T]:
    """Return what the modules of a package have under a name, by module, sorted.

    A module that has nothing under it is no member; packages inside are not looked into.
    """
    folder = importlib.import_module(package)
    found = {}
    for module in pkgutil.iter_modules(folder.__path__):
        if not module.ispkg:
            value = getattr(importlib.import_module(f"{package}.{module.name}"), attribute, None)
            if isinstance(value, kind):
                found[module.name] = value
    return dict(sorted(found.items()))
