"""Mounts that no other process sees: made in a namespace of their own, which also a user who is not root may have."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

__all__ = ["MountedAs", "Mounts", "mounted"]

MountedAs = Callable[[str], None]
"""Has the table of mounts say of which kind a file system is."""

_READY = "ready\n"


class Mounts(NamedTuple):
    """A namespace, as this process reaches it."""

    root: Path
    """Its root directory."""
    table: Path
    """Its table of mounts."""

    def real(self, path: Path) -> Path:
        """Return where a path of this namespace is reached from outside."""
        return self.root / path.relative_to("/")


@contextmanager
def mounted(*commands: list[str | Path]) -> Iterator[Mounts]:
    """Run commands in a namespace, and keep it for a while; skip the test where this machine allows none."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    script = " && ".join([*(shlex.join(map(str, command)) for command in commands), "echo ready", "read end"])
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *user, "--mount", "sh", "-c", script]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline() != _READY:
                pytest.skip(f"nothing can be mounted here: {process.communicate()[1].strip()}")
            where = Path("/proc", str(process.pid))
            yield Mounts(root=where / "root", table=where / "mountinfo")
        finally:
            process.kill()
