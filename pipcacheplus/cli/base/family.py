"""Families of modules with one member each: commands and output formats are found by walking their folder."""

import importlib
import os
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.machinery import all_suffixes
from typing import TypeVar

__all__ = ["Family", "members"]

_T = TypeVar("_T")


class Family(Mapping[str, _T]):
    """Members by the names of their modules, with `-` for `_`, sorted; each module is imported when it is looked up.

    Iteration yields every module of the package, also one without a member.
    """

    def __init__(self, package: str, attribute: str, kind: type[_T]) -> None:
        """List the modules of a package, not of those inside; a member is an `attribute` of this kind."""
        self._package = package
        self._attribute = attribute
        self._kind = kind
        self._names = [name.replace("_", "-") for name in _modules(tuple(importlib.import_module(package).__path__))]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the modules."""
        return iter(self._names)

    def __len__(self) -> int:
        """Count the modules."""
        return len(self._names)

    def __getitem__(self, name: str) -> _T:
        """Import a module, and return its member.

        Raises:
            KeyError: There is no such module, or it has no member.
        """
        if name not in self._names:
            raise KeyError(name)
        module = importlib.import_module(f"{self._package}.{name.replace('-', '_')}")
        value = getattr(module, self._attribute, None)
        if not isinstance(value, self._kind):
            raise KeyError(name)
        return value


def members(package: str, attribute: str, kind: type[_T]) -> dict[str, _T]:
    """Import all modules of a package, and return the members of those that have one."""
    family = Family(package, attribute, kind)
    found = ((name, family.get(name)) for name in family)
    return {name: value for name, value in found if value is not None}


@cache
def _modules(folders: tuple[str, ...]) -> list[str]:
    """Return the names of the modules in the folders of a package, sorted.

    `pkgutil.iter_modules` would import `inspect`, which takes a tenth of the time of `dir`.
    """
    parts = (name.partition(".") for folder in folders for name in os.listdir(folder))
    suffixes = frozenset(all_suffixes())
    return sorted({name for name, dot, rest in parts if dot + rest in suffixes} - {"__init__"})
