"""The state of files and directories that no run may change."""

import os
import stat
from pathlib import Path

__all__ = ["looked_at", "stamp"]

_LARGE = 1 << 20


def looked_at(root: Path) -> dict[str, tuple[object, ...]]:
    """Return what must stay as it is of everything below a directory: rights, size, time, number and content."""
    found = {}
    for folder, folders, others in os.walk(root):
        for name in folders + others:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = stamp(path)
    return found


def stamp(path: str | Path) -> tuple[object, ...]:
    status = os.lstat(path)
    content: object = None
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(status.st_mode) and status.st_size < _LARGE:
        content = Path(path).read_bytes()
    return status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, content
