"""Reader of `pylock.toml`, which `pip lock`, uv, pdm and others write.

Source: PEP 751; https://packaging.python.org/en/latest/specifications/pylock-toml/.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.pylock import Package, Pylock, PylockValidationError

from pipcacheplus.model.locks import LockedFile, LockedPackage
from pipcacheplus.pips.filenames import canonical

__all__ = ["is_pylock", "packages_of_pylock"]


def is_pylock(tables: Mapping[str, Any]) -> bool:
    """Return whether a document in TOML says that it is one."""
    return "lock-version" in tables and "created-by" in tables


def packages_of_pylock(tables: Mapping[str, Any]) -> Iterator[LockedPackage]:
    """Yield the packages that it names.

    Raises:
        ValueError: Its form is not that of PEP 751.
    """
    try:
        lock = Pylock.from_dict(tables)
    except PylockValidationError as error:
        raise ValueError(str(error)) from None
    for package in lock.packages:
        version = None if package.version is None else str(package.version)
        yield LockedPackage(canonical(package.name), version, tuple(_files(package)))


def _files(package: Package) -> Iterator[LockedFile]:
    named = [*(package.wheels or ()), *((package.sdist,) if package.sdist is not None else ())]
    for file in named:
        # packaging 26.0 does not return the name that the specification derives from the URL or path.
        place = file.name or file.path or unquote(urlsplit(file.url or "").path)
        yield LockedFile(place.replace("\\", "/").rpartition("/")[2] or None, file.url, _sha256(file.hashes))
    if package.archive is not None:
        yield LockedFile(None, package.archive.url, _sha256(package.archive.hashes))


def _sha256(hashes: Mapping[str, str]) -> str | None:
    found = hashes.get("sha256")
    return None if found is None else found.lower()
