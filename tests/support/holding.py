"""Another pipcacheplus at work on a cache, as far as a lock shows it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from filelock import lock_descriptor

__all__ = ["held", "open_at", "opened"]

_DESCRIPTORS = "/dev/fd"


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file or directory, as another process would."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_at(path: Path) -> list[int]:
    """Return the descriptors by which this process has a file open; skip where they cannot be listed."""
    if not os.path.isdir(_DESCRIPTORS):
        pytest.skip("descriptors cannot be listed here")
    wanted = path.stat()
    found = []
    for name in os.listdir(_DESCRIPTORS):
        with suppress(OSError):  # that of the listing
            if os.path.samestat(os.fstat(int(name)), wanted):
                found.append(int(name))
    return found


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold its lock."""
    with opened(path) as descriptor:
        assert lock_descriptor(descriptor, blocking=False)
        yield descriptor
