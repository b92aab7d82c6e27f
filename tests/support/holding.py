"""Another pipcacheplus at work on a cache, as far as a lock shows it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import lock_descriptor

__all__ = ["held", "opened"]


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file or directory, as another process would."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold its lock."""
    with opened(path) as descriptor:
        assert lock_descriptor(descriptor, blocking=False)
        yield descriptor
