"""A cache of all sorts of entries by name: as it was built, and told again."""

from pathlib import Path

import pytest

from tests.replay.caches import Full, fill
from tests.support.builders import Cache


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Full:
    """Return a cache of all sorts of entries."""
    return fill(cache, tmp_path / "scratch")


@pytest.fixture
def told(full: Full) -> Full:
    """Return a cache that was told again at least once."""
    full.runs.with_ledger()
    assert not full.runs.with_ledger().has_read(full.page)
    return full
