"""Folders in memory, where there is such a thing: what is written there waits for no disk."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["folder_in_memory", "make_folder_in_memory"]


def make_folder_in_memory() -> Path:
    """Make an empty folder; whoever asks for it removes it."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return Path(tempfile.mkdtemp(dir=where, prefix="pipcacheplus-")).resolve()


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Give an empty folder, which goes at the end."""
    path = make_folder_in_memory()
    try:
        yield path
    finally:
        shutil.rmtree(path)
