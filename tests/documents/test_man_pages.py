"""The manual pages are those that the parsers make, and `man` shows them."""

import importlib.util
import re
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import processes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TOP = Path(__file__).parents[2]
PAGES = TOP / "docs" / "man" / "share" / "man" / "man1"
MACROS = {"TH", "SH", "TP", "B", "BR", "nf", "fi"}


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("COLUMNS", "80")  # put back what the generator sets
    spec = importlib.util.spec_from_file_location("generate_man", TOP / "docs" / "generate_man.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_those_that_the_parsers_make(generator: ModuleType) -> None:
    made: dict[str, str] = generator.manual_pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in PAGES.iterdir()}
    assert there == made, "run `python docs/generate_man.py`"


def test_a_page_has_no_date_and_no_line_that_roff_takes_for_a_command() -> None:
    for path in PAGES.iterdir():
        first, *lines = path.read_text(encoding="utf-8").splitlines()
        assert re.fullmatch(r'\.TH [A-Z\\-]+ "1" "" "pipcacheplus [\d.]+" "pipcacheplus"', first), path.name
        commands = {line[1:].split(" ")[0] for line in lines if line.startswith((".", "'"))}
        assert commands <= MACROS, path.name


@pytest.mark.skipif(shutil.which("man") is None, reason="no man here")
@pytest.mark.parametrize("page", ["pipcacheplus.1", "pipcacheplus-prune.1"])
def test_man_shows_a_page_without_a_warning(page: str) -> None:
    done = processes.run(["man", "--warnings", "-P", "cat", "-l", str(PAGES / page)], is_checked=True)
    assert done.stderr == ""
    shown = re.sub(".\x08", "", done.stdout)
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "SEE ALSO"):
        assert re.search(rf"^{heading}$", shown, re.MULTILINE), shown


def test_the_wheel_takes_the_pages_with_it() -> None:
    settings = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    assert TOP / settings["tool"]["flit"]["external-data"]["directory"] == PAGES.parents[2]
