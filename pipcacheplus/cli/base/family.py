"""Families whose members are one file each: commands and formats are found by walking their folder."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import TypeVar

__all__ = ["Family", "members"]

_T = TypeVar("_T")


class Family(Mapping[str, _T]):
    """A folder in which every module is a member, by name, sorted; each is imported only when it is asked for."""

    def __init__(self, package: str, attribute: str, kind: type[_T]) -> None:
        """Name the package, and what a member has under which name. Packages inside are not looked into."""
        self._package = package
        self._attribute = attribute
        self._kind = kind
        folder = importlib.import_module(package)
        self._names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__) if not module.ispkg)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Count the members."""
        return len(self._names)

    def __getitem__(self, name: str) -> _T:
        """Import a member.

        Raises:
            KeyError: There is no such module, or it is no member.
        """
        if name not in self._names:
            raise KeyError(name)
        value = getattr(importlib.import_module(f"{self._package}.{name}"), self._attribute, None)
        if not isinstance(value, self._kind):
            raise KeyError(name)
        return value


def members(package: str, attribute: str, kind: type[_T]) -> dict[str, _T]:
    """Import all modules of a folder in which some are members, and return those."""
    family = Family(package, attribute, kind)
    found = ((name, family.get(name)) for name in family)
    return {name: value for name, value in found if value is not None}
