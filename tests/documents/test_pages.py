"""The pages that follow from the code say what the code says."""

import doctest
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipcacheplus.checks.base.check import checks

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, Callable[[], str]]]:
    """Yield what writes each page; its modules are found beside `generate.py`, as Python finds them for a program."""
    monkeypatch.syspath_prepend(str(DOCS))
    yield importlib.import_module("generate").PAGES
    for path in DOCS.glob("generate*.py"):
        sys.modules.pop(path.stem, None)


def test_the_generated_pages_are_those_that_the_code_writes(pages: Mapping[str, Callable[[], str]]) -> None:
    made = {name: write() for name, write in pages.items()}
    there = {name: (DOCS / "reference" / name).read_text(encoding="utf-8") for name in made}
    assert there == made, "run `python docs/generate.py`"


def test_every_generated_page_says_that_it_is_one(pages: Mapping[str, Callable[[], str]]) -> None:
    for name, write in pages.items():
        head = " ".join(write().split("\n## ")[0].split())
        assert "written from" in head, name


def test_the_examples_of_the_generators_give_what_they_say(pages: Mapping[str, Callable[[], str]]) -> None:
    assert pages
    results = [
        doctest.testmod(sys.modules[path.stem]) for path in DOCS.glob("generate_*.py") if path.stem in sys.modules
    ]
    assert sum(result.attempted for result in results) > 0
    assert sum(result.failed for result in results) == 0


def test_every_check_says_what_why_and_what_to_do() -> None:
    for check in checks():
        name = "pipcacheplus.checks." + check.slug.replace("-", "_")
        assert find_spec(name), f"the slug {check.slug} is not the name of its module"
        doc = importlib.import_module(name).__doc__ or ""
        assert "**Why it matters.**" in doc, check.slug
        assert "**What to do.**" in doc, check.slug
