"""Reader of `poetry.lock`: versions, file names and digests.

Source: poetry 1.0 to 2.2, `packages/locker.py`: files stand beside each package, and up to 1.2 in `metadata.files`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pipcacheplus.model.locks import LockedFile, LockedPackage
from pipcacheplus.pips.filenames import canonical

__all__ = ["is_poetry_lock", "packages_of_poetry"]


def is_poetry_lock(tables: Mapping[str, Any]) -> bool:
    """Return whether a document in TOML looks like one."""
    metadata = tables.get("metadata")
    return isinstance(metadata, Mapping) and "content-hash" in metadata


def packages_of_poetry(tables: Mapping[str, Any]) -> Iterator[LockedPackage]:
    """Yield the packages that it names.

    Raises:
        KeyError, TypeError, AttributeError: Its form is not the one that poetry writes.
    """
    elsewhere = tables["metadata"].get("files") or {}
    for package in tables.get("package", ()):
        name = package["name"]
        files = package.get("files") or elsewhere.get(name) or ()
        yield LockedPackage(canonical(name), str(package["version"]), tuple(map(_file, files)))


def _file(file: Mapping[str, str]) -> LockedFile:
    algorithm, _, digest = file["hash"].partition(":")
    return LockedFile(filename=file["file"], sha256=digest.lower() if algorithm == "sha256" else None)
