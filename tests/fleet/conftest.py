"""Caches of several users, and runs of the command line on them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.__main__ import main
from tests.fleet.caches import Ran, demo_wheel, fill
from tests.support.builders import Cache


@pytest.fixture
def caches(tmp_path: Path) -> list[Cache]:
    """Build three caches, with one wheel that is in all of them, and one for each of them alone."""
    made = [Cache(tmp_path / "homes" / name / "pip") for name in ("ada", "bob", "eve")]
    shared = demo_wheel(tmp_path)
    for number, cache in enumerate(made):
        fill(cache, shared, own=f"own-{number}")
    return made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Ran]:
    """Return a function that runs the command line in this process; the units run in processes of their own."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        try:
            code = main([*map(str, arguments)])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return Ran(code, *capsys.readouterr())

    return run
