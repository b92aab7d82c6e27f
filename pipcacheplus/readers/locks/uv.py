"""Reader of `uv.lock`: versions, URLs and digests.

Source: uv 0.5 to 0.9, `crates/uv-resolver/src/lock/mod.rs`: its format is uv's own and may change with its `version`.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pipcacheplus.model.locks import LockedFile, LockedPackage
from pipcacheplus.pips.filenames import canonical

__all__ = ["is_uv_lock", "packages_of_uv"]


def is_uv_lock(tables: Mapping[str, Any]) -> bool:
    """Return whether a document in TOML looks like one."""
    packages = tables.get("package", [])
    return isinstance(tables.get("version"), int) and isinstance(packages, list)


def packages_of_uv(tables: Mapping[str, Any]) -> Iterator[LockedPackage]:
    """Yield the packages that it names; the project itself, and others that are only a directory, have no files.

    Raises:
        KeyError, TypeError, AttributeError: Its form is not the one that uv writes.
    """
    for package in tables.get("package", ()):
        source = package.get("source") or {}
        if source.keys() & {"virtual", "editable", "directory"}:
            continue
        files = [*package.get("wheels", ()), *((package["sdist"],) if package.get("sdist") else ())]
        version = package.get("version")
        yield LockedPackage(canonical(package["name"]), version, tuple(_files(files, source)))


def _files(files: list[Mapping[str, Any]], source: Mapping[str, Any]) -> Iterator[LockedFile]:
    for file in files:
        # Of a file in a directory of wheels there is a path, or a name, in place of a URL.
        url = file.get("url") or source.get("url")
        place = file.get("filename") or file.get("path") or url
        name = None if place is None else unquote(urlsplit(place).path).rpartition("/")[2]
        algorithm, _, digest = (file.get("hash") or "").partition(":")
        yield LockedFile(name or None, url, digest.lower() if algorithm == "sha256" else None)
