"""Verification of an archive: read it from its first byte to its last, and compare every checksum in it."""

from typing import BinaryIO

from pipcacheplus.disk.file_content import read_at
from pipcacheplus.model.facts import Broken, Unknown
from pipcacheplus.readers.archive.decompress import MAX_BYTES, MAX_RATIO, Stream
from pipcacheplus.readers.archive.magic import MAGIC_BYTES, format_of
from pipcacheplus.readers.archive.record import Row, read_rows
from pipcacheplus.readers.archive.tar import Tar
from pipcacheplus.readers.archive.zip_directory import CentralDirectory, read_directory, read_member
from pipcacheplus.readers.archive.zip_members import Watcher, read_members
from pipcacheplus.readers.wheel import NO_DIST_INFO, has_dist_info

__all__ = ["read_to_end", "read_wheel_to_end"]

MAX_RECORD_BYTES = 16 << 20
_MAX_TAR_HEADERS = 2_000_000


def read_to_end(
    file: BinaryIO, size: int, *, max_bytes: int = MAX_BYTES, max_ratio: int = MAX_RATIO
) -> Broken | Unknown | None:
    """Return the damage of a zip or tar archive; `None` if it is whole.

    Args:
        file: Seekable.
        size: Its length in bytes.
        max_bytes: Most bytes of content that are unpacked.
        max_ratio: Most bytes of content to a packed byte, 16 MiB of content aside.

    Raises:
        OSError: The file cannot be read.
    """
    kind = format_of(read_at(file, 0, MAGIC_BYTES))
    if kind in {None, "zip"}:
        directory = read_directory(file, size)
        if isinstance(directory, (Broken, Unknown)):
            return directory
        return _read_zip(file, directory, {}, max_bytes=max_bytes, max_ratio=max_ratio)
    return _read_tar(file, kind or "", max_bytes, max_ratio)


def read_wheel_to_end(
    file: BinaryIO,
    size: int,
    *,
    directory: CentralDirectory | Broken | Unknown | None = None,
    max_bytes: int = MAX_BYTES,
    max_ratio: int = MAX_RATIO,
    watcher: Watcher | None = None,
) -> Broken | Unknown | None:
    """Do the same as `read_to_end`, and compare each member with RECORD.

    Args:
        file: Seekable.
        size: Its length in bytes.
        directory: What `read_directory` returned for this file, if it was read already.
        max_bytes: As of `read_to_end`.
        max_ratio: As of `read_to_end`.
        watcher: Receives the contents of the members.

    Returns:
        As `read_to_end`. Damage that only RECORD shows is `is_tolerated`: no pip compares it.

    Raises:
        OSError: The file cannot be read.
    """
    if directory is None:
        directory = read_directory(file, size)
    if isinstance(directory, (Broken, Unknown)):
        return directory
    rows = _rows(file, directory)
    if isinstance(rows, Broken):
        return rows
    known: dict[str, Row] = {} if isinstance(rows, Unknown) else rows
    fault = _read_zip(file, directory, known, max_bytes=max_bytes, max_ratio=max_ratio, watcher=watcher)
    return rows if fault is None and isinstance(rows, Unknown) else fault


def _rows(file: BinaryIO, directory: CentralDirectory) -> dict[str, Row] | Broken | Unknown:
    """Return the rows of RECORD; each has a member, and only one."""
    stem = has_dist_info(directory)
    if stem is None:
        return NO_DIST_INFO
    records = [start for start, name in directory.names_like(b"RECORD") if name == f"{stem}.dist-info/RECORD"]
    if not records:
        return Broken(reason=f"no RECORD in {stem}.dist-info")
    text = read_member(file, directory.member(records[-1]), limit=MAX_RECORD_BYTES)
    rows = text if isinstance(text, (Broken, Unknown)) else read_rows(text, stem=stem)
    if isinstance(rows, (Broken, Unknown)):
        return rows
    names = list(directory.names())
    if len(set(names)) != len(names):
        return Unknown(reason="two members of one name")
    missing = rows.keys() - set(names)
    lost = next((name for name in sorted(missing) if _is_plain(name)), None)
    return Broken(reason=f"{lost} is in RECORD, but not in the archive", is_tolerated=True) if lost else rows


def _is_plain(name: str) -> bool:
    """Return whether a member must have exactly this name: no other spelling, no place outside the archive."""
    return name.isascii() and not {"", ".", ".."} & set(name.split("/"))


def _read_zip(
    file: BinaryIO,
    directory: CentralDirectory,
    rows: dict[str, Row],
    *,
    max_bytes: int,
    max_ratio: int,
    watcher: Watcher | None = None,
) -> Broken | Unknown | None:
    fault = read_members(file, directory, rows=rows, max_bytes=max_bytes, max_ratio=max_ratio, watcher=watcher)
    if fault is None and (directory.shift or directory.trailing):
        return Unknown(reason="other bytes in front of the archive or behind it")
    return fault


def _read_tar(file: BinaryIO, kind: str, max_bytes: int, max_ratio: int) -> Broken | Unknown | None:
    stream = Stream(file, kind, max_bytes=max_bytes, max_ratio=max_ratio)
    tar = Tar(stream, max_headers=_MAX_TAR_HEADERS)
    for _ in tar:
        pass
    # The bytes behind the members are read as well: the checksum is at the very end.
    fault = stream.drain() or tar.fault
    if fault is None and kind == "tar" and not tar.has_end:
        return Unknown(reason="tar archive without the mark of its end")
    return fault
