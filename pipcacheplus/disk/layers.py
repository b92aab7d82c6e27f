"""A test whether a file of an overlay lies in a lower layer, as those of an image do: removing it only hides it.

The file handle of an overlay shows it: three bytes of padding, version, 0xfb, length, flags, of
which one marks a file in the upper layer. A file that was copied up keeps the handle of the lower one.

Source: Linux 6.18, `fs/overlayfs/overlayfs.h` (`struct ovl_fb`); handles that cannot be opened exist since Linux 6.6.
"""

import errno
import os
from collections.abc import Callable
from typing import Any

__all__ = ["LowerTest", "lower_test"]

_HANDLE_FID = 0x200
"""Request a handle that need not be openable. Source: Linux 6.18, `include/uapi/linux/fcntl.h`."""
_OVERLAY_V1 = 0xF8
_MAGIC_AT, _MAGIC = 4, 0xFB
_FLAGS_AT, _UPPER = 6, 1 << 2
_MOST_BYTES = 128
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EPERM})
"""EINVAL is that of a kernel that does not know the flag, EPERM that of a container that forbids the call."""

LowerTest = Callable[[int, str], bool]
"""From the descriptor of a directory and a name in it: whether that file lies in a lower layer. Raises `OSError`."""


def lower_test(folder: int) -> LowerTest | None:
    """Return a test of files of an overlay; `None` if this system does not show it.

    Args:
        folder: The descriptor of a directory of the overlay.
    """
    import ctypes  # noqa: PLC0415 - slow to import, and of use on overlays alone

    class Handle(ctypes.Structure):
        """`struct file_handle`."""

        _fields_ = (("size", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * _MOST_BYTES))

    library = ctypes.CDLL(None, use_errno=True)
    call: Callable[..., int] | None = getattr(library, "name_to_handle_at", None)
    if call is None:
        return None

    def is_lower(below: int, name: str) -> bool:
        handle: Any = Handle(size=_MOST_BYTES)
        mount = ctypes.c_int()
        if call(below, os.fsencode(name), ctypes.byref(handle), ctypes.byref(mount), _HANDLE_FID):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), name)
        data = bytes(handle.data[: handle.size])
        if handle.type != _OVERLAY_V1 or len(data) <= _FLAGS_AT or data[_MAGIC_AT] != _MAGIC:
            raise OSError(errno.EOPNOTSUPP, "not the handle of an overlay", name)
        return not data[_FLAGS_AT] & _UPPER

    try:
        is_lower(folder, ".")
    except OSError as error:
        if error.errno in _NOT_SUPPORTED:
            return None
        raise
    return is_lower
