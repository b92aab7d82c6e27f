r"""Mounted file systems: the kind of each, and the server or the device that it comes from.

Source: Linux, `Documentation/filesystems/proc.rst`, 3.5: the third field is the device, and behind ` - ` stand the kind
and the source; blanks in them are written as `\040`.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pipcacheplus.host.filesystems import mount_holding

__all__ = ["Mount", "Mounts", "mounts_in"]

_MOUNT_TABLE = "/proc/self/mountinfo"
_BEFORE, _AFTER = 5, 2
"""The fewest fields before and behind the dash."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """A mounted file system."""

    kind: str
    """In lower case: `ext4`, `nfs4`."""
    source: str
    """`server:/export` of a file server, `/dev/sda1` of a disk; the kind itself, for instance, if there is neither."""


def mounts_in(table: Iterable[str]) -> dict[tuple[int, int], Mount]:
    r"""Return the mounts by the major and minor number of their device; the first one of a device counts.

    >>> line = "36 35 0:52 / /home/ada rw shared:5 - nfs4 fs1.example:/export/home\\040a rw,vers=4.2"
    >>> mounts_in([line, "cut off - x"])
    {(0, 52): Mount(kind='nfs4', source='fs1.example:/export/home a')}
    """
    found = dict[tuple[int, int], Mount]()
    for line in table:
        before, _, after = line.partition(" - ")
        place, what = before.split(" "), after.split()
        if len(place) < _BEFORE or len(what) < _AFTER:
            continue
        major, _, minor = place[2].partition(":")
        if major.isdecimal() and minor.isdecimal():
            found.setdefault((int(major), int(minor)), Mount(what[0].lower(), _ESCAPED.sub(_plain, what[1])))
    return found


def _plain(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 8))


class Mounts:
    """The mounts of this machine: the table is read once, and again for a device that it does not contain.

    A site can have a mount for each home, so reading the table for each cache would take the square of that.
    """

    def __init__(self) -> None:
        self._by_device: Mapping[tuple[int, int], Mount] = {}
        self._by_number: dict[int, Mount | None] = {}

    def of(self, path: str, device: int) -> Mount | None:
        """Return the mount of a directory; `None` if it is unknown.

        Args:
            path: Path of the directory, absolute.
            device: Its `st_dev`.
        """
        if device not in self._by_number:
            self._by_number[device] = self._found(path, device)
        return self._by_number[device]

    def _found(self, path: str, device: int) -> Mount | None:
        place = (os.major(device), os.minor(device)) if hasattr(os, "major") else None
        if place is not None and place not in self._by_device:
            self._by_device = _table()
        if place is not None and place in self._by_device:
            return self._by_device[place]
        return _by_path(path)  # devices of btrfs, for instance, have other numbers there than in `stat`


def _table() -> Mapping[tuple[int, int], Mount]:
    try:
        with open(_MOUNT_TABLE, encoding="utf-8", errors="replace") as table:
            return mounts_in(table)
    except OSError:
        return {}


def _by_path(path: str) -> Mount | None:
    import psutil  # noqa: PLC0415 - slow to import, and seldom needed

    try:
        parts = psutil.disk_partitions(all=True)
    except (psutil.Error, OSError):
        return None
    mounts = [(part.mountpoint, part.fstype, part.device) for part in parts]
    holding = mount_holding(os.path.realpath(path), mounts)
    return None if holding is None else Mount(holding[1].lower(), holding[2] or holding[1])
