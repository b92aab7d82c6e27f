"""The progress of a run over many caches, as a user sees it."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.support.builders import Cache
from tests.support.processes import PIPCACHEPLUS
from tests.support.terminals import on_terminal

CACHES = 300
"""So many that the run takes longer than the time after which progress is shown."""
SHOWN = f" of {CACHES} caches, ".encode()
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")


def test_a_terminal_shows_the_caches_that_are_done_and_their_bytes(caches: list[Cache], tmp_path: Path) -> None:
    for number in range(CACHES):
        shutil.copytree(caches[0].path, tmp_path / "many" / str(number))
    words = ["verify", "--cache-dir", str(tmp_path / "many" / "*"), "--executor", "threads:1"]
    environ = {name: value for name, value in os.environ.items() if name not in {"CI", "COLUMNS", "LINES"}}
    with on_terminal([*PIPCACHEPLUS, *words], env={**environ, "TERM": "xterm"}) as terminal:
        terminal.wait_for(SHOWN)
        assert terminal.end() == 0
    lines = [line for line in terminal.drawn.split(b"\r") if SHOWN in line]
    shown = rb"^verify  \[#* *\] +\d+%  \d+" + SHOWN + rb"\d+(\.\d)? (bytes|kB|MB)  0:\d\d"
    assert re.search(shown, lines[0]), lines[0]
