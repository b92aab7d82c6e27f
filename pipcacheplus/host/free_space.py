"""Free space on a file system, for this user."""

import os

__all__ = ["free_bytes", "free_inodes"]


def free_bytes(path: str) -> int | None:
    """Return the bytes that can still be written below a directory; `None` if nobody says."""
    try:
        if hasattr(os, "statvfs"):
            status = os.statvfs(path)
            return status.f_bavail * status.f_frsize
        import psutil  # noqa: PLC0415 - slow to import, and of use on Windows alone

        return int(psutil.disk_usage(path).free)
    except OSError:
        return None


def free_inodes(path: str) -> int | None:
    """Return how many files can still be made below a directory; `None` if there is no such limit, or nobody says.

    btrfs and others that make room for them as they are needed say that they have 0 in all.
    """
    try:
        status = os.statvfs(path) if hasattr(os, "statvfs") else None
    except OSError:
        return None
    return status.f_favail if status is not None and status.f_files else None
