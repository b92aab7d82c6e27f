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

from tests.support.processes import line_of, started

__all__ = ["MountedAs", "Mounts", "mounted"]

MountedAs = Callable[[str], None]
"""Has the table of mounts say of which kind a file system is."""

_READY = "ready"


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
    script = " && ".join([*(shlex.join(map(str, command)) for command in commands), f"echo {_READY}", "read end"])
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    with started(["unshare", *user, "--mount", "sh", "-c", script], stdin=subprocess.PIPE) as process:
        if line_of(process) != _READY:
            pytest.skip(f"nothing can be mounted here: {process.communicate()[1].strip()}")
        where = Path("/proc", str(process.pid))
        yield Mounts(root=where / "root", table=where / "mountinfo")
        # It ends with its input, and the mounts with it.
