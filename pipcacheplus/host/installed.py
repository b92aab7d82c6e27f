"""Projects that are installed in an environment, by the directories that pip writes beside each."""

import os
import re
from collections.abc import Iterable, Iterator

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pipcacheplus.model.locks import LockedPackage

__all__ = ["installed_in"]

_RECORD = re.compile(r"(?P<name>[^-]+)(?:-(?P<version>[^-]+)(?:-.*)?)?\.(?:dist-info|egg-info)", re.IGNORECASE)


def installed_in(search_path: Iterable[str]) -> tuple[LockedPackage, ...]:
    """Return the projects that are installed in directories, each with its version if a name contains it.

    Directories that are missing or cannot be read have none.

    Source: PEP 376 and the recording specification: `{name}-{version}.dist-info`, in which `_` replaces `-`.
    """
    found = dict.fromkeys(package for folder in search_path for package in _in_folder(folder))
    return tuple(found)


def _in_folder(folder: str) -> Iterator[LockedPackage]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if match := _RECORD.fullmatch(name):
            yield LockedPackage(canonicalize_name(match["name"]), _version(match["version"]))


def _version(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(Version(text.replace("_", "-")))
    except InvalidVersion:
        return None
