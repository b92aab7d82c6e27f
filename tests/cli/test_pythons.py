"""Which interpreter a word on the command line means."""

import os
from pathlib import Path

from pipcacheplus.cli.base.pythons import resolve


def test_a_bare_name_is_looked_up_in_order(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "python9").touch(0o755)
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "python9").touch(0o644)
    environ = {"PATH": os.pathsep.join(["", *(str(tmp_path / name) for name in ("none", "one", "two"))])}
    assert resolve(["python9"], environ) == [str(tmp_path / "one" / "python9")]


def test_a_path_the_running_one_and_the_unknown_stay_as_they_are() -> None:
    assert resolve(["/x/python", "./python", "current", "nothing"], {}) == [
        "/x/python",
        "./python",
        "current",
        "nothing",
    ]


def test_no_word_stays_none() -> None:
    assert resolve(None, {}) is None
