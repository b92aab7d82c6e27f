"""Calls below one directory are counted, and take longer; others do not."""

import os
import sys
from pathlib import Path

import pytest

from tests.support.processes import run
from tests.support.slow import Slow, why_not_slow

pytestmark = pytest.mark.skipif(why_not_slow() is not None, reason=str(why_not_slow()))

LOOK = """
import os, sys, time
start_s = time.monotonic()
with os.scandir(sys.argv[1]) as found:
    for one in found:
        os.stat(one.path)
with open(os.path.join(sys.argv[1], "a"), "rb") as file:
    file.read()
print(time.monotonic() - start_s)
"""


def seconds(slow: Slow, root: Path, delay_s: float, where: Path) -> float:
    """Return the seconds that a process takes to list a directory, look at two files, and open one."""
    environ = {**os.environ, **slow.environment(root, delay_s)}
    done = run([sys.executable, "-c", LOOK, str(where)], env=environ, is_checked=True)
    return float(done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "cache"
    root.mkdir()
    for name in ("a", "b"):
        (root / name).write_bytes(b"x")
    return root


def test_each_call_below_the_directory_is_counted_and_waits(folder: Path, tmp_path: Path) -> None:
    slow = Slow(tmp_path)
    assert seconds(slow, folder, 0.05, folder) >= 4 * 0.05
    assert slow.calls() == 4  # the names, two files, one of them opened
    assert slow.calls() == 0


def test_calls_elsewhere_are_not_counted(folder: Path, tmp_path: Path) -> None:
    slow = Slow(tmp_path)
    seconds(slow, tmp_path / "cache2", 5.0, folder)
    assert slow.calls() == 0
