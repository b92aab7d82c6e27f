"""Examples in docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import pipcacheplus

MODULES = [
    module.name
    for module in pkgutil.walk_packages(pipcacheplus.__path__, "pipcacheplus.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_every_example_gives_what_it_says(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder()
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) >= 20
