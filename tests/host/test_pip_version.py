"""The pip of an interpreter is found by reading one file of it."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from pipcacheplus.host.pip_version import version_of_pip


def pip_in(folder: Path, text: str) -> str:
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "__init__.py").write_text(text)
    return str(folder)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('from typing import Optional\n\n__version__ = "26.3"\n', "26.3"),
        ("__version__ = '9.0.3'\n", "9.0.3"),
        ('__version__ = "10.0.0b2"\n', "10.0.0b2"),
        ('__version__="1"\n', "1"),
        ('# __version__ = "1"\n', None),
        ("__version__ = version()\n", None),
        (f'__version__ = "{"1" * 99}"\n', None),
        ('__version__ = "1\x1b[0m"\n', None),
        ("", None),
    ],
)
def test_the_version_is_the_one_that_pip_states(tmp_path: Path, text: str, found: str | None) -> None:
    assert found == version_of_pip([pip_in(tmp_path, text)])


def test_the_first_pip_on_the_path_is_the_one(tmp_path: Path) -> None:
    first, second = (pip_in(tmp_path / number, f'__version__ = "{number}"\n') for number in ("1", "2"))
    assert version_of_pip(["", str(tmp_path / "missing"), "zero\0byte", second, first]) == "2"


def test_what_hangs_on_the_current_directory_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_in(tmp_path, '__version__ = "1"\n')
    monkeypatch.chdir(tmp_path)
    assert version_of_pip(["", "."]) is None


@pytest.mark.skipif(os.name == "nt", reason="no pipes with names")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "one" / "pip").mkdir(parents=True)
    os.mkfifo(tmp_path / "one" / "pip" / "__init__.py")
    (tmp_path / "two" / "pip" / "__init__.py").mkdir(parents=True)
    assert version_of_pip([str(tmp_path / "one"), str(tmp_path / "two")]) is None


def test_the_pip_of_this_environment_is_found() -> None:
    assert version_of_pip(sys.path) == version("pip")
