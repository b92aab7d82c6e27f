"""The picture of the README shows the present output of the commands that it names."""

import html
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOP = Path(__file__).parents[2]
SIZE = re.compile(r"-?\b\d+(?:\.\d+)? [kM]?B\b")


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_pictures", TOP / "docs" / "generate_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def words_of(picture: str) -> str:
    """Return the text of a picture without the sizes, which follow from the file system, and with single blanks."""
    parts = re.findall(r"<text[^>]*>(.*?)</text>", picture)
    return " ".join(SIZE.sub("SIZE", " ".join(html.unescape("".join(f"{part} " for part in parts)).split())).split())


@pytest.mark.skipif(sys.platform != "linux", reason="the picture is of a cache at the place that it has on Linux")
def test_the_picture_shows_what_the_commands_print_now(generator: ModuleType) -> None:
    stored = generator.PICTURE.read_text(encoding="utf-8")
    drawn = generator.picture(generator.printed())
    assert words_of(stored) == words_of(drawn), "run `python docs/generate_pictures.py`"
    for command in generator.COMMANDS:
        assert f"$ pipcacheplus {command}" in words_of(stored)
    assert "SIZE" in words_of(stored)


def test_the_picture_needs_no_network_and_names_nothing_of_a_machine(generator: ModuleType) -> None:
    stored = generator.PICTURE.read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\s\"')]+", stored))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"/(?:home|root|tmp|Users|usr|opt)/", stored)
