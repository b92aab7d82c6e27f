"""What a source distribution says of itself: the PKG-INFO nearest the top of a tar or zip archive."""

from typing import BinaryIO

from pipcacheplus.facts import Broken, Sdist, Unknown
from pipcacheplus.readers.central import read_directory, read_front
from pipcacheplus.readers.metadata import MAX_HEADER_BYTES, fields, name_and_version
from pipcacheplus.readers.packed import Stream, format_of
from pipcacheplus.readers.tar import Tar
from pipcacheplus.readers.zipend import read_at

__all__ = ["read_sdist"]

MAX_BYTES = 16 << 20
"""Most bytes of a tar archive that are unpacked to find PKG-INFO."""
MAX_MEMBERS = 2000
_PIECE_BYTES = 32 << 10
_NAME = "PKG-INFO"
_DEPTH = 2
"""Of `demo-1.0/PKG-INFO`, in parts."""


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
    kind = format_of(read_at(file, 0, 512))
    if kind is None:
        return Broken(reason="no archive", offset=0)
    return _read_zip(file, size) if kind == "zip" else _read_tar(file, kind)


class _Search:
    """Looks at one member's name after the other for the best PKG-INFO, and for the directory that holds all."""

    def __init__(self) -> None:
        self.text: bytes | None = None
        self._rank = 3
        self._tops: set[str] = set()

    def rank(self, name: str) -> int:
        """Return 0 for the very PKG-INFO, 1 for one of an `.egg-info`, 2 for all else."""
        parts = [part for part in name.split("/") if part not in {"", "."}]
        if len(self._tops) <= 1 and parts:
            self._tops.add(parts[0] if len(parts) > 1 or name.endswith("/") else "")
        if not parts or parts[-1] != _NAME:
            return 2
        if len(parts) <= _DEPTH and not parts[0].endswith(".egg-info"):
            return 0
        return 1 if parts[-2].endswith(".egg-info") else 2

    def is_better(self, rank: int) -> bool:
        return rank < min(self._rank, 2)

    def keep(self, rank: int, text: bytes) -> bool:
        """Keep this PKG-INFO; tell whether there can be no better one."""
        self._rank, self.text = rank, text
        return rank == 0

    def sdist(self, kind: str) -> Sdist:
        found = name_and_version(fields(self.text or b""))
        name, version = (None, None) if isinstance(found, Broken) else found
        top = next(iter(self._tops)) if len(self._tops) == 1 else ""
        return Sdist(name=name, version=version, format=kind, top=top or None)


def _read_tar(file: BinaryIO, kind: str) -> Sdist | Broken | Unknown:
    stream = Stream(file, kind, max_bytes=MAX_BYTES, piece_bytes=_PIECE_BYTES)
    # pax needs a header more for each member, GNU up to two.
    tar = Tar(stream, max_headers=3 * MAX_MEMBERS)
    search = _Search()
    for number, member in enumerate(tar):
        rank = search.rank(member.name + "/" * (not member.is_file))
        if member.is_file and search.is_better(rank):
            text = stream.take(min(member.size, MAX_HEADER_BYTES))
            if search.keep(rank, text):
                return search.sdist(kind)
        if number >= MAX_MEMBERS:
            break
    if isinstance(tar.fault, Broken):
        return tar.fault
    if isinstance(tar.fault, Unknown) and not stream.position > MAX_BYTES // 2:
        return tar.fault
    return search.sdist(kind)


def _read_zip(file: BinaryIO, size: int) -> Sdist | Broken | Unknown:
    directory = read_directory(file, size)
    if not isinstance(directory, Broken | Unknown):
        pass
    return Unknown(reason="")
