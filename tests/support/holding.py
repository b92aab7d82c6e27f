"""Another pipcacheplus at work on a cache, as far as a lock shows it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from filelock import lock_descriptor

__all__ = ["all_open", "held", "open_at", "opened"]

_DESCRIPTORS = "/dev/fd"


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file or directory, as another process would."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def all_open() -> dict[int, os.stat_result]:
    """Return the status of all that this process has open, by descriptor; skip where that cannot be listed."""
    if not os.path.isdir(_DESCRIPTORS):
        pytest.skip("descriptors cannot be listed here")
    found = {}
    for name in os.listdir(_DESCRIPTORS):
        with suppress(OSError):  # that of the listing
            found[int(name)] = os.fstat(int(name))
    return found


def open_at(path: Path) -> list[int]:
    """Return the descriptors by which this process has a file open."""
    wanted = path.stat()
    return [descriptor for descriptor, status in all_open().items() if os.path.samestat(status, wanted)]


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold its lock."""
    with opened(path) as descriptor:
        assert lock_descriptor(descriptor, blocking=False)
        yield descriptor
