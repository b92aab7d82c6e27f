"""A bit that is flipped as by a bad disk."""

import os
from pathlib import Path

__all__ = ["flip_last_member"]


def flip_last_member(path: Path) -> None:
    """Change a bit of the last member of a wheel, or of a stored response that has one, under the same times."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") - 10] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
