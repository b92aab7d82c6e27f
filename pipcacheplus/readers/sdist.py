"""Name and version of a source distribution: the PKG-INFO nearest the top of a tar or zip archive."""

from itertools import islice
from typing import BinaryIO

from pipcacheplus.disk.file_content import read_at
from pipcacheplus.model.facts import Broken, Sdist, Unknown
from pipcacheplus.readers.archive.decompress import Stream
from pipcacheplus.readers.archive.magic import MAGIC_BYTES, format_of
from pipcacheplus.readers.archive.tar import Tar
from pipcacheplus.readers.archive.zip_directory import read_directory, read_front
from pipcacheplus.readers.metadata import MAX_HEADER_BYTES, name_and_version

__all__ = ["read_sdist"]

MAX_BYTES = 16 << 20
"""Most bytes of a tar archive that are unpacked to find PKG-INFO."""
MAX_MEMBERS = 2000
_PIECE_BYTES = 32 << 10
_NAME = "PKG-INFO"
_NONE = 2
_DEPTH = 2
"""Most parts of the name of the very PKG-INFO, `demo-1.0/PKG-INFO`."""


def read_sdist(file: BinaryIO, size: int) -> Sdist | Broken | Unknown:
    """Read the name and version; the archive is read no further than that takes.

    Without a PKG-INFO in the first directory, or at the very top, one of an `.egg-info` counts. If there is none
    among the first `MAX_MEMBERS` members and `MAX_BYTES` bytes, name and version are `None`.

    Args:
        file: Seekable.
        size: Its length in bytes.

    Raises:
        OSError: The file cannot be read.
    """
    if not size:
        return Broken(reason="is empty", offset=0, is_cut=True)
    kind = format_of(read_at(file, 0, MAGIC_BYTES))
    if kind is None:
        return Broken(reason="not an archive", offset=0)
    return _read_zip(file, size) if kind == "zip" else _read_tar(file, kind)


class _Search:
    """Searches the names for the best PKG-INFO, and for the directory that holds all."""

    def __init__(self) -> None:
        self._text = b""
        self._rank = _NONE
        self._tops: set[str] = set()

    def see(self, name: str) -> None:
        """Register a member's name; that of a directory ends with a slash."""
        parts = _parts(name)
        if parts and len(self._tops) <= 1:
            self._tops.add(parts[0] if len(parts) > 1 or name.endswith("/") else "")

    @property
    def is_blank(self) -> bool:
        """Return whether no name was seen."""
        return not self._tops

    def wants(self, name: str) -> bool:
        """Return whether this member would be better than the present choice."""
        return _rank(name) < self._rank

    def keep(self, name: str, text: bytes) -> bool:
        """Keep this PKG-INFO; return whether there can be no better one."""
        self._rank, self._text = _rank(name), text
        return self._rank == 0

    def sdist(self, kind: str) -> Sdist:
        found = name_and_version(self._text)
        name, version = (None, None) if isinstance(found, Broken) else found
        top = next(iter(self._tops)) if len(self._tops) == 1 else ""
        return Sdist(name=name, version=version, format=kind, top=top or None)


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in {"", "."}]


def _rank(name: str) -> int:
    """Return 0 for the very PKG-INFO, 1 for that of an `.egg-info`, 2 for all else."""
    parts = _parts(name)
    if not parts or parts[-1] != _NAME:
        return _NONE
    if len(parts) > 1 and parts[-2].endswith(".egg-info"):
        return 1
    return 0 if len(parts) <= _DEPTH else _NONE


def _read_tar(file: BinaryIO, kind: str) -> Sdist | Broken | Unknown:
    stream = Stream(file, kind, max_bytes=MAX_BYTES, piece_bytes=_PIECE_BYTES)
    # pax needs a header more for each member, GNU up to two.
    tar = Tar(stream, max_headers=3 * MAX_MEMBERS)
    search = _Search()
    for member in islice(tar, MAX_MEMBERS):
        search.see(member.name if member.is_file else member.name + "/")
        if member.is_file and search.wants(member.name):
            wanted = min(member.size, MAX_HEADER_BYTES)
            text = stream.take(wanted)
            if len(text) == wanted and search.keep(member.name, text):
                return search.sdist(kind)
    # A limit that is reached after the first members shows that there is no PKG-INFO near; before them, it shows
    # nothing.
    if isinstance(tar.fault, Broken) or (tar.fault and search.is_blank):
        return tar.fault
    return search.sdist(kind)


def _read_zip(file: BinaryIO, size: int) -> Sdist | Broken | Unknown:
    directory = read_directory(file, size)
    if isinstance(directory, (Broken, Unknown)):
        return directory
    if not len(directory):
        return Broken(reason="not an archive", offset=0)
    search = _Search()
    for member in islice(directory.members(), MAX_MEMBERS):
        search.see(member.name)
    for member in islice(directory.named_like(_NAME.encode()), MAX_MEMBERS):
        if search.wants(member.name):
            text = read_front(file, member, length=MAX_HEADER_BYTES)
            if isinstance(text, (Broken, Unknown)):
                return text
            if search.keep(member.name, text):
                break
    return search.sdist("zip")
