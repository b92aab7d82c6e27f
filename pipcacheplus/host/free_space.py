"""Free space on a file system, for this user."""

import os

__all__ = ["free_bytes", "free_inodes"]


def free_bytes(path: str) -> int | None:
    """Return the bytes that can still be written below a directory; `None` if the system does not report it."""
    try:
        if hasattr(os, "statvfs"):
            status = os.statvfs(path)
            return status.f_bavail * status.f_frsize
        import psutil  # noqa: PLC0415 - slow to import, and of use on Windows alone

        return int(psutil.disk_usage(path).free)
    except OSError:
        return None


def free_inodes(path: str) -> int | None:
    """Return the number of files that can still be made below a directory; `None` if there is no limit or no report.

    btrfs and others that allocate inodes on demand report a total of 0.
    """
    try:
        status = os.statvfs(path) if hasattr(os, "statvfs") else None
    except OSError:
        return None
    return status.f_favail if status is not None and status.f_files else None
