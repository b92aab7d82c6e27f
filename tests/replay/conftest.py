"""A cache of all sorts of entries by name: as it was built, and known to a catalog."""

from pathlib import Path

import pytest

from tests.replay.caches import Full, fill
from tests.support.builders import Cache


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Full:
    """Return a cache of all sorts of entries."""
    return fill(cache, tmp_path / "scratch")


@pytest.fixture
def known(full: Full) -> Full:
    """Return a cache that a catalog knows, before five runs in which it is the turn of nothing to be read again."""
    for _ in range(3):
        full.runs.with_catalog()
    return full
