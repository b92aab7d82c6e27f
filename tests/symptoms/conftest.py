"""Scenes for the tests of symptoms."""

from pathlib import Path

import pytest

from tests.support.server import IndexServer
from tests.symptoms.scene import PipOf, Scene, SceneOf


@pytest.fixture
def scene_of(pip_of: PipOf, index: IndexServer, tmp_path: Path) -> SceneOf:
    """Return a function from the versions of a pip and its Python to a scene with an empty cache."""
    return lambda version, interpreter: Scene(pip_of(version, interpreter), index, tmp_path)
