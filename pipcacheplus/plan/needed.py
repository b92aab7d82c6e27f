"""The entries that locks, reports of pip or an environment name."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pipcacheplus.model.locks import LockedFile, LockedPackage
from pipcacheplus.model.values import FILE_KINDS, Brief, Entry, Kind, Locked
from pipcacheplus.pips.filenames import SDIST_SUFFIXES
from pipcacheplus.pips.urls import without_user

if TYPE_CHECKING:  # slow to import
    from packaging.version import Version

__all__ = ["Needed"]

_METADATA = ".metadata"


class Needed:
    """The named files and versions, and whether the cache has them.

    A file that is named by its name or URL is held by a download of that name or URL, and the metadata beside it; by
    the wheels that were built from it if it is a source distribution. Where only a version is named, or a digest, all
    files of that version are: a cache does not always know the digest of a file that it holds.
    """

    def __init__(self, packages: Iterable[LockedPackage]) -> None:
        """Store the named packages; several locks may name the same package, with other files in each."""
        self._packages = tuple(dict.fromkeys(packages))
        self._of_project = defaultdict[str, list[LockedPackage]](list)
        self._of_url = defaultdict[str, list[LockedPackage]](list)
        for package in self._packages:
            self._of_project[package.project].append(package)
            for file in package.files:
                if file.url is not None:
                    self._of_url[_plain(file.url)].append(package)
        self._names = {package: _names(package.files) for package in self._packages}
        self._found = set[LockedPackage]()

    def fits(self, entry: Entry | Brief) -> bool:
        """Return whether an entry holds a named file or version."""
        if entry.kind not in FILE_KINDS and entry.kind is not Kind.BUILT_WHEEL:
            return False
        url = None if entry.url_shown is None else _plain(entry.url_shown.removesuffix(_METADATA))
        found = {*self._of_url.get(url or "", ())}
        for package in self._of_project.get(entry.project or "", ()):
            if _is_version(package.version, entry.version) and self._holds(package, entry):
                found.add(package)
        self._found |= found
        return bool(found)

    def _holds(self, package: LockedPackage, entry: Entry | Brief) -> bool:
        names = self._names[package]
        if not names:
            return True
        if entry.kind is Kind.BUILT_WHEEL:
            source = None if entry.url_shown is None else _name_in(entry.url_shown)
            return source in names if source is not None else any(name.endswith(SDIST_SUFFIXES) for name in names)
        return entry.filename is None or entry.filename.removesuffix(_METADATA).lower() in names

    def contradicts(self, entry: Entry, sha256: str | None) -> bool:
        """Return whether every lock that names a download gives another SHA-256 for it."""
        if entry.kind is Kind.BUILT_WHEEL:  # the digest in the lock is that of its source
            return False
        named = [
            {
                file.sha256
                for file in package.files
                if file.sha256 is not None and (file.filename or entry.filename) in {entry.filename, None}
            }
            for package in self._of_project.get(entry.project or "", ())
            if _is_version(package.version, entry.version) and self._holds(package, entry)
        ]
        return bool(named) and all(digests and sha256 not in digests for digests in named)

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the names that no entry so far holds, for people: `demo 1.0`."""
        absent = (package for package in self._packages if package not in self._found)
        return tuple(sorted(" ".join(filter(None, (package.project, package.version))) for package in absent))

    @property
    def locked(self) -> Locked:
        """Return the counts of named files and versions, and of those among the entries so far."""
        return Locked(packages=len(self._packages), missing=len(self._packages) - len(self._found))


def _names(files: Iterable[LockedFile]) -> frozenset[str]:
    """Return the names of files in lower case; none if one of them has neither a name nor a URL."""
    found = [file.filename or (None if file.url is None else _name_in(file.url)) for file in files]
    return frozenset(name.lower() for name in found if name) if all(found) else frozenset()


def _name_in(url: str) -> str | None:
    try:
        return unquote(urlsplit(_plain(url)).path).rpartition("/")[2].lower() or None
    except ValueError:  # it is not a URL
        return None


@lru_cache(maxsize=4096)
def _plain(url: str) -> str:
    """Return a URL without the parts that do not locate the file."""
    return without_user(url).partition("#")[0]


def _is_version(wanted: str | None, found: str | None) -> bool:
    """Compare as `==` does: a version without a local part is every one with such a part."""
    if wanted is None or found is None or _comparable(wanted) == _comparable(found):
        return True
    return "+" not in wanted and _comparable(wanted) == _comparable(found.partition("+")[0])


@lru_cache(maxsize=4096)
def _comparable(version: str) -> "Version | str":
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - slow to import, and of use to few

    try:
        return Version(version)
    except InvalidVersion:
        return version
