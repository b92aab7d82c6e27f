"""Properties of a cache's file system: whether other machines mount it, its access times and its inode numbers.

If no other machine mounts it, only processes of this machine can use the cache.
"""

import os
from collections.abc import Iterable

__all__ = [
    "OVERLAY",
    "gives_rights_of_mount",
    "is_device_local",
    "is_local",
    "is_on_local",
    "keeps_access_times",
    "kind_of",
    "leaves_access_times",
    "mount_holding",
    "notes_each_reading",
    "renumbers_files",
    "shares_blocks",
]

_LOCAL = frozenset(
    {
        *("apfs", "bcachefs", "btrfs", "devfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "ffs", "fuseblk"),
        *("hfs", "jfs", "minix", "msdos", "nilfs2", "ntfs", "ntfs3", "overlay", "ramfs", "reiserfs", "rootfs"),
        *("tmpfs", "ufs", "vfat", "xfs", "zfs", "fat", "fat32", "refs"),
    }
)
"""Kinds of file systems that one machine mounts at a time, in lower case. Others may be shared: nfs,
cifs, 9p, virtiofs and all of FUSE except `fuseblk`, which are drives. A kind that is missing here costs a wait."""
_REMOTE = "remote"
"""psutil's option for a network drive on Windows, whose kind is that of the remote drive."""

_RENUMBERING = frozenset({"9p", "cifs", "exfat", "msdos", "smb3", "smbfs", "vfat"})
"""Kinds that have no inode numbers on the disk, or may not pass on those of a server: the number of a file may
change once the kernel has dropped it. All of FUSE without another setting is so.

Source: Linux 6.18, `fs/fat/inode.c` and `fs/exfat/inode.c` (`iunique`), `fs/smb/client/inode.c` (`noserverino`),
`fs/9p/vfs_inode.c`; libfuse 3.14, `include/fuse.h`, `use_ino`."""

_SHARING = frozenset({"apfs", "bcachefs", "btrfs", "ocfs2", "refs", "xfs", "zfs", "fuse.fuse-overlayfs"})
"""Kinds on which files can share blocks, or a snapshot can hold those of a file that is gone."""
OVERLAY = "overlay"
"""The kind with layers above each other, as in containers."""

_WITHOUT_RIGHTS = frozenset({"exfat", "msdos", "vfat"})
"""Kinds that store no owners and rights on the disk."""
_WITH_RIGHTS_IF_ASKED = frozenset({"fuseblk", "ntfs", "ntfs3"})
"""Kinds that keep them only if they were mounted so, or not at all."""

_Mount = tuple[str, str, str]
"""Mount point, kind, options."""


_MOUNT_TABLE = "/proc/self/mountinfo"


def is_local(path: str, *, is_real: bool = False) -> bool:
    """Return whether a directory lies on a file system that only this machine mounts; if in doubt, it does not.

    Args:
        path: Absolute.
        is_real: Whether it contains no links. Then only the table of mounts is read, and a server that does not answer
            does not matter.
    """
    import psutil  # noqa: PLC0415 - slow to import, and only needed before something is removed

    try:
        mounts = [(part.mountpoint, part.fstype, part.opts) for part in psutil.disk_partitions(all=True)]
    except (psutil.Error, OSError):
        return False
    return is_on_local(path if is_real else os.path.realpath(path), mounts)


def is_device_local(path: str, device: int) -> bool:
    """Return the same of a directory whose `st_dev` is known; on Linux that is a hundred times as fast.

    Source: Linux, `Documentation/filesystems/proc.rst`, 3.5: the third field is the device, the kind follows ` - `.
    """
    kinds = _kinds_of(device)
    # Devices of btrfs, for instance, have other numbers there than in `stat`.
    return kinds <= _LOCAL if kinds else is_local(path)


def _kinds_of(device: int) -> set[str]:
    """Return the kinds of the mounts of a device, in lower case; none if the table does not contain it."""
    try:
        # Names of mount points are bytes; their encoding does not matter.
        with open(_MOUNT_TABLE, encoding="utf-8", errors="replace") as table:
            number = f"{os.major(device)}:{os.minor(device)}"
            rows = (line.partition(" - ") for line in table)
            return {after.split()[0].lower() for before, _, after in rows if before.split()[2] == number}
    except (OSError, IndexError):
        return set()


def kind_of(path: str, device: int) -> str | None:
    """Return the kind of the file system of a directory, in lower case; `None` if it is unknown.

    Args:
        path: Path of the directory, absolute.
        device: Its `st_dev`.
    """
    if kinds := _kinds_of(device):
        return min(kinds)
    import psutil  # noqa: PLC0415 - slow to import, and seldom needed

    try:
        mounts = [(part.mountpoint, part.fstype, part.opts) for part in psutil.disk_partitions(all=True)]
    except (psutil.Error, OSError):
        return None
    holding = mount_holding(os.path.realpath(path), mounts)
    return None if holding is None else holding[1].lower()


def renumbers_files(kind: str | None) -> bool:
    """Return whether a file may have another inode number at each `stat`, by the kind of its file system.

    >>> renumbers_files("ext4"), renumbers_files("fuse.sshfs"), renumbers_files("vfat"), renumbers_files(None)
    (False, True, True, False)
    """
    return kind is not None and (kind in _RENUMBERING or kind.startswith("fuse"))


def is_on_local(real: str, mounts: Iterable[_Mount]) -> bool:
    """Decide by the table of mounts; of those in the same place the last counts, which hides the others.

    >>> mounts = [("/", "ext4", "rw"), ("/home", "nfs4", "rw")]
    >>> is_on_local("/srv/pip", mounts), is_on_local("/home/me/.cache/pip", mounts)
    (True, False)
    """
    holding = mount_holding(real, mounts)
    return holding is not None and holding[1].lower() in _LOCAL and _REMOTE not in holding[2].split(",")


def mount_holding(real: str, mounts: Iterable[_Mount]) -> _Mount | None:
    """Return the mount that holds a path without links, of a table of mount points with two more texts each."""
    holding = [mount for mount in mounts if _is_below(real, mount[0])]
    # `max` returns the first of equals, so they are reversed.
    return max(reversed(holding), key=lambda mount: len(mount[0])) if holding else None


def _is_below(real: str, mount: str) -> bool:
    try:
        return os.path.commonpath([real, mount]) == os.path.normpath(mount)
    except ValueError:  # on Windows: another drive
        return False


def shares_blocks(kind: str | None) -> bool:
    """Return whether the bytes of a removed file may stay in use, by the kind of its file system.

    >>> shares_blocks("ext4"), shares_blocks("btrfs"), shares_blocks(None)
    (False, True, False)
    """
    return kind in _SHARING


def gives_rights_of_mount(kind: str | None, file_mode: int) -> bool:
    """Return whether files get the rights of the mount, independent of the requested ones.

    This is always so on FAT and exFAT. NTFS, and drives that FUSE mounts, can keep rights: there an executable data
    file shows that they are not kept, as no pip makes one.

    Args:
        kind: Kind of the file system.
        file_mode: `st_mode` of any file that a pip wrote.

    >>> [gives_rights_of_mount(*what) for what in (("vfat", 0o644), ("fuseblk", 0o777), ("ext4", 0o777))]
    [True, True, False]

    Source: Linux 6.18, `Documentation/filesystems/vfat.rst` (`umask`) and `ntfs3.rst` (`umask`); ntfs-3g 2022.10.3,
    ntfs-3g(8), "Access Handling and Security".
    """
    return kind in _WITHOUT_RIGHTS or (kind in _WITH_RIGHTS_IF_ASKED and bool(file_mode & 0o111))


def leaves_access_times(kind: str | None) -> bool:
    """Return whether a file system is known to keep access times unchanged if a file is opened with `O_NOATIME`.

    >>> leaves_access_times("ext4"), leaves_access_times("fuseblk"), leaves_access_times("nfs4")
    (True, False, False)
    """
    return kind in _LOCAL and not kind.startswith("fuse")


def keeps_access_times(path: str) -> bool:
    """Return whether a file system keeps access times, by its mount options."""
    flag: int = getattr(os, "ST_NOATIME", 0)
    return not (flag and hasattr(os, "statvfs") and os.statvfs(path).f_flag & flag)


def notes_each_reading(path: str) -> bool:
    """Return whether each read of a file is stored, and not only the first of a day; false if in doubt.

    Source: statvfs(3), `ST_RELATIME`; mount(8), `strictatime`.
    """
    flag: int = getattr(os, "ST_RELATIME", 0)
    return bool(flag) and keeps_access_times(path) and not os.statvfs(path).f_flag & flag
