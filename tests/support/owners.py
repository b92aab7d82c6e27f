"""Caches of another user, for tests that run as root."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.builders import Cache

__all__ = ["SOMEBODY", "as_somebody", "given_away", "home_of_somebody", "is_root"]

SOMEBODY = 12_345
"""The number of a user without a name."""
is_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="takes root")


@contextmanager
def home_of_somebody() -> Iterator[Path]:
    """Make a directory that every user gets to: those of pytest are closed to others whenever another pytest begins."""
    where = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where, prefix="pipcacheplus-") as folder:
        Path(folder).chmod(0o755)
        home = Path(folder).resolve() / "home"
        home.mkdir()
        yield home


def given_away(cache: Cache) -> None:
    """Make a cache, and the home that holds it, that of another user."""
    for path in (cache.path.parent, cache.path, *cache.path.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)


@contextmanager
def as_somebody(cache: Cache) -> Iterator[None]:
    """Act as the owner of a cache whom rights stop: root gives it to another user, and acts as that one."""
    if os.name == "nt":
        pytest.skip("rights are others there")
    if os.geteuid() != 0:
        yield
        return
    given_away(cache)
    os.seteuid(SOMEBODY)
    try:
        yield
    finally:
        os.seteuid(0)
