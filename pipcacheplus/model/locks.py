"""Versions of projects, and their files, that lock files name."""

from typing import NamedTuple

__all__ = ["Lock", "LockedFile", "LockedPackage"]


class LockedFile(NamedTuple):
    """One file that a lock names; a field that the lock does not give is `None`."""

    filename: str | None = None
    url: str | None = None
    sha256: str | None = None
    """In hex, in lower case."""


class LockedPackage(NamedTuple):
    """A project, in one version or in any."""

    project: str
    """Canonical name (PEP 503)."""
    version: str | None = None
    """`None` if the lock gives none: then any version matches."""
    files: tuple[LockedFile, ...] = ()
    """The files that match; any of that version if none is named."""


class Lock(NamedTuple):
    """The contents of one lock file."""

    packages: tuple[LockedPackage, ...]
    includes: tuple[str, ...] = ()
    """Other files that belong to it, as it names them: `-r base.txt`."""
