"""Things that lock files name: versions of projects, and files of them."""

from typing import NamedTuple

__all__ = ["Lock", "LockedFile", "LockedPackage"]


class LockedFile(NamedTuple):
    """One file that a lock names, as far as it does."""

    filename: str | None = None
    url: str | None = None
    sha256: str | None = None
    """In hex, in lower case."""


class LockedPackage(NamedTuple):
    """A project, in one version or in any."""

    project: str
    """Canonical name (PEP 503)."""
    version: str | None = None
    """`None` if the lock does not say, so that any will do."""
    files: tuple[LockedFile, ...] = ()
    """Those that will do; any of that version if none is named."""


class Lock(NamedTuple):
    """What one file names."""

    packages: tuple[LockedPackage, ...]
    includes: tuple[str, ...] = ()
    """Other files that belong to it, as it names them: `-r base.txt`."""
