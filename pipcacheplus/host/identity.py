"""The identity of a directory: a later look notices that a path leads to another one."""

import os
from functools import cache

from pipcacheplus.host.filesystems import kind_of, renumbers_files
from pipcacheplus.host.processes import this_host

__all__ = ["Identity", "identity_of", "is_another"]

_BOOT = "/proc/sys/kernel/random/boot_id"

Identity = tuple[str, int, int]
"""The kernel that numbered the devices, `st_dev` and `st_ino`."""


def identity_of(device: int, inode: int) -> Identity:
    """Return the identity of a directory that this machine has just seen."""
    return _kernel(), device, inode


def is_another(path: str, identity: Identity) -> bool:
    """Return whether a path leads to another directory than the one with an identity; false if nothing is there.

    Two machines give one directory of a file server the same inode number, and each its own device number. Where inode
    numbers may change at any time, the answer is false.
    """
    kernel, device, inode = identity
    try:
        status = os.stat(path)
    except OSError:  # the work that follows reports it
        return False
    is_same = status.st_ino == inode and (kernel != _kernel() or status.st_dev == device)
    return not (is_same or renumbers_files(kind_of(path, status.st_dev)))


@cache
def _kernel() -> str:
    """Return a text that no other machine has, and this one has until it is restarted; else the name of the host.

    Source: Linux, random(4), `boot_id`.
    """
    try:
        with open(_BOOT, "rb") as file:  # as bytes: codecs are files that the user may not be able to read
            return file.read().strip().decode("ascii", "replace")
    except OSError:
        return this_host()
