"""Scenes for the tests of symptoms."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.pips import Pip
from tests.support.server import IndexServer
from tests.symptoms.scene import Scene

PipOf = Callable[[str, str], Pip]
SceneOf = Callable[[str, str], Scene]
UnpackedPipOf = Callable[[str], Path]


@pytest.fixture
def scene_of(pip_of: PipOf, index: IndexServer, tmp_path: Path) -> SceneOf:
    """Return a function from the versions of a pip and its Python to a scene with an empty cache."""
    return lambda version, interpreter: Scene(pip_of(version, interpreter), index, tmp_path)
