"""A folder by name that waits for no disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.folders import folder_in_memory


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return an empty folder, in memory if there is such a thing."""
    with folder_in_memory() as path:
        yield path
