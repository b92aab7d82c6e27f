"""A local disk as slow as a file server: `slow.c`, compiled on the spot."""

import mmap
import os
import shutil
import sys
from pathlib import Path

from tests.support.processes import run

__all__ = ["Slow", "why_not_slow"]

_COUNT_BYTES = 8


def why_not_slow() -> str | None:
    """Return why calls cannot be delayed on this machine, `None` if they can."""
    if not sys.platform.startswith("linux"):
        return "LD_PRELOAD and /proc are those of Linux"
    return None if shutil.which("cc") else "there is no C compiler (cc)"


class Slow:
    """The shim, and the counter that its processes share."""

    def __init__(self, folder: Path) -> None:
        """Compile the shim into a directory.

        Raises:
            AssertionError: It does not compile; with what the compiler says.
        """
        self._library, self._counter = folder / "slow.so", folder / "slow.count"
        source = Path(__file__).with_name("slow.c")
        run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-o", self._library, source, "-ldl"], is_checked=True)
        self._counter.write_bytes(bytes(_COUNT_BYTES))

    def environment(self, root: Path, delay_s: float) -> dict[str, str]:
        """Return the variables of a process for which each metadata call below a directory takes longer."""
        delay_us = str(round(delay_s * 1e6))
        variables = {"SLOW_ROOT": os.fspath(root), "SLOW_US": delay_us, "SLOW_COUNT": os.fspath(self._counter)}
        return {"LD_PRELOAD": os.fspath(self._library), **variables}

    def calls(self) -> int:
        """Return the number of calls since the last time, of all processes, and begin again at 0."""
        with self._counter.open("r+b") as file, mmap.mmap(file.fileno(), _COUNT_BYTES) as shared:
            count = int.from_bytes(shared[:], sys.byteorder)
            shared[:] = bytes(_COUNT_BYTES)
        return count
