"""What tests of removal ask for by name."""

import os
from pathlib import Path

import pytest

from pipcacheplus.host import filesystems
from tests.support.mounts import MountedAs


@pytest.fixture
def mounted_as(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MountedAs:
    """Return a function that has the table of mounts say of which kind the file system here is."""
    if not hasattr(os, "major"):
        pytest.skip("takes a table of mounts of Linux")

    def mounted_as(kind: str) -> None:
        device = tmp_path.stat().st_dev
        table = tmp_path / "mounts"
        table.write_text(f"1 1 {os.major(device)}:{os.minor(device)} / / rw - {kind} some rw\n")
        monkeypatch.setattr(filesystems, "_MOUNT_TABLE", str(table))

    return mounted_as
