"""Rights of a directory that is removed with its entries: read before, and set on the one that replaces it."""

import os
import stat
from contextlib import suppress
from typing import NamedTuple

__all__ = ["FolderRights", "give", "plain_rights_of", "rights_of"]

_KEPT_ATTRIBUTES = ("user.", "system.posix_acl_")
"""The extended attributes that are kept; the system sets others, such as SELinux labels and data of an overlay.

Source: Linux, `man 7 xattr`: names of access control lists are `system.posix_acl_access` and `…_default`."""


class FolderRights(NamedTuple):
    """The rights, the owner and the extended attributes of a directory."""

    mode: int
    """Without its type."""
    uid: int
    gid: int
    attributes: tuple[tuple[str, bytes], ...] = ()
    """Extended ones, access control lists among them; sorted by name."""


def rights_of(folder: int | str) -> FolderRights:
    """Return the rights of a directory, by its descriptor, or by its path where there are none.

    Raises:
        OSError: It cannot be examined. Without extended attributes, it has none.
    """
    rights = plain_rights_of(folder)
    attributes = _attributes_of(folder)
    return rights._replace(attributes=tuple(sorted(attributes.items()))) if attributes else rights


def plain_rights_of(folder: int | str) -> FolderRights:
    """Return mode and owner of a directory, as `rights_of` does; no extended attributes are read."""
    status = os.stat(folder)
    return FolderRights(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def give(folder: int | str, rights: FolderRights) -> None:
    """Set these rights on a directory, if permitted: only root can change its owner.

    Raises:
        OSError: Its rights cannot be changed. An owner or an attribute that cannot be set is left unchanged.
    """
    if hasattr(os, "chown"):
        status = os.stat(folder)
        if (status.st_uid, status.st_gid) != (rights.uid, rights.gid):
            with suppress(OSError):
                os.chown(folder, rights.uid, rights.gid)
    os.chmod(folder, rights.mode)  # restores bits that the umask removed; chown removes bits too
    wanted, found = dict(rights.attributes), _attributes_of(folder)
    for name in found.keys() - wanted.keys():  # inherited from the one above
        with suppress(OSError):
            os.removexattr(folder, name)
    for name, value in wanted.items():
        if found.get(name) != value:
            with suppress(OSError):
                os.setxattr(folder, name, value)


def _attributes_of(folder: int | str) -> dict[str, bytes]:
    if not hasattr(os, "listxattr"):
        return {}
    found = {}
    with suppress(OSError):
        for name in os.listxattr(folder):
            if name.startswith(_KEPT_ATTRIBUTES):
                found[name] = os.getxattr(folder, name)
    return found
