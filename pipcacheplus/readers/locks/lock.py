"""Reading of a lock of any supported format; the content decides which."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pipcacheplus.model.facts import Broken
from pipcacheplus.model.locks import Lock, LockedPackage
from pipcacheplus.readers.locks import poetry, pylock, report, uv
from pipcacheplus.readers.locks.requirements import read_requirements

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same module, before it became part of Python
    import tomli as tomllib

__all__ = ["MAX_LOCK_BYTES", "read_lock"]

MAX_LOCK_BYTES = 1 << 26
"""No resolver writes a longer file: 100,000 lines with a hash each take 15 MB."""
_TABLE = re.compile(r"^\s*(\[|lock-version\s*=)", re.MULTILINE)
"""Beginnings of a line of TOML that are impossible in requirements."""

_TOML_NAME = re.compile(r"pylock(\.[^.]+)?\.toml|uv\.lock|poetry\.lock")
"""Source: packaging.python.org, "pylock.toml Specification", File Name; the others are fixed names of their tools."""


class _Format(NamedTuple):
    """A format in TOML."""

    is_it: Callable[[Mapping[str, Any]], bool]
    packages_of: Callable[[Mapping[str, Any]], Iterable[LockedPackage]]


_FORMATS = (
    _Format(pylock.is_pylock, pylock.packages_of_pylock),
    _Format(poetry.is_poetry_lock, poetry.packages_of_poetry),
    _Format(uv.is_uv_lock, uv.packages_of_uv),
)


def read_lock(data: bytes, name: str = "") -> Lock | Broken:
    """Read a `pylock.toml`, `uv.lock` or `poetry.lock`, requirements, or a report of pip.

    Args:
        data: All of the file.
        name: Its name: the names of locks in TOML are reserved, so that damaged ones are not read as requirements.

    Returns:
        Its contents, or the damage. An empty file is not damaged: requirements may be empty.
    """
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return Broken(reason="is not UTF-8", offset=error.start)
    if "\0" in text:
        return Broken(reason="holds a zero byte", offset=text.index("\0"))
    if text.lstrip().startswith("{"):
        return _of_json(text)
    if _TOML_NAME.fullmatch(name) or _TABLE.search(text):
        return _of_toml(text)
    try:
        return read_requirements(text)
    except ValueError as error:  # an invalid URL
        return Broken(reason=f"is not a list of requirements ({error})")


def _checked(packages: Iterable[LockedPackage]) -> Lock:
    """Return a lock whose fields are text.

    Raises:
        TypeError: One is something else.
    """
    found = tuple(packages)
    for package in found:
        # Values of any type may come this far.
        values: tuple[object, ...] = (package.version, *(value for file in package.files for value in file))
        if not all(isinstance(value, str | None) for value in (package.project, *values)):
            message = f"{package.project} is not described by text"
            raise TypeError(message)
    return Lock(found)


def _of_json(text: str) -> Lock | Broken:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return Broken(reason="is truncated, or not JSON")
    try:
        return _checked(report.packages_of_report(document))
    except (TypeError, ValueError, LookupError, AttributeError):
        return Broken(reason="is JSON, but not a report of pip install")


def _of_toml(text: str) -> Lock | Broken:
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return Broken(reason=f"is truncated, or not TOML ({error})")
    for one in _FORMATS:
        if one.is_it(tables):
            try:
                return _checked(one.packages_of(tables))
            except (TypeError, ValueError, LookupError, AttributeError) as error:
                return Broken(reason=f"is not a valid lock ({error})")
    return Broken(reason="is TOML, but none of pylock.toml, uv.lock and poetry.lock")
