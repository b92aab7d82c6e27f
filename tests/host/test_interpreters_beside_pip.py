"""What we say an interpreter takes, beside what real pips say that run under it."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.host.interpreters import probe
from tests.support.pips import give_up
from tests.support.processes import run
from tests.support.pythons import find_python

# `pip debug` is there from 19.2 on; before, the list is asked for by the function that finders call.
_LIST = """
import sys
try:
    from pip._internal import pep425tags
except ImportError:
    from pip import pep425tags
for tag in pep425tags.get_supported():
    sys.stdout.write("-".join(tag) + "\\n")
"""
_FIRST_WITH_DEBUG = (19, 2)


@pytest.fixture
def beside(unpacked_pip_of: Callable[[str], Path]) -> Callable[[str, str], tuple[frozenset[str], frozenset[str]]]:
    """Return a function from pip's and Python's version to (our tags, pip's tags) of that Python."""

    def beside(pip: str, version: str) -> tuple[frozenset[str], frozenset[str]]:
        python = find_python(version) or give_up(f"no Python {version} here")
        return probe(python).tags, _tags_by_pip(python, pip, unpacked_pip_of(pip))

    return beside


def _tags_by_pip(python: str, pip: str, folder: Path) -> frozenset[str]:
    has_debug = tuple(int(part) for part in pip.split(".")[:2]) >= _FIRST_WITH_DEBUG
    how = ("-m", "pip", "--isolated", "debug", "--verbose") if has_debug else ("-c", _LIST)
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(folder),
        "PIP_CONFIG_FILE": os.devnull,
        "LC_ALL": "C.UTF-8",
    }
    done = run((python, *how), env=environ, is_checked=True)
    assert not has_debug or f"pip {pip} " in done.stdout
    return frozenset(re.findall(r"^\s*([a-z]+[\d_]+-\w+-\w+)$", done.stdout, re.MULTILINE))


@pytest.mark.parametrize(
    ("pip", "python", "least"),
    [
        ("6.0.8", "2.7", 19),
        ("7.1.2", "2.7", 20),
        ("9.0.3", "2.7", 17),
        ("10.0.1", "2.7", 17),
        ("19.2.3", "2.7", 20),
        ("19.3.1", "2.7", 23),
        ("20.0.2", "2.7", 40),
        ("20.3.4", "2.7", 54),
        ("9.0.3", "3.6", 18),
        ("10.0.1", "3.6", 18),
        ("18.1", "3.6", 18),
        ("19.2.3", "3.6", 30),
        ("19.3.1", "3.6", 40),
        ("20.2.4", "3.6", 60),
        ("21.3.1", "3.6", 60),
        ("19.3.1", "3.7", 45),
        ("22.0.4", "3.7", 60),
        ("19.3.1", "3.8", 50),
        ("20.3.4", "3.9", 100),
        ("20.2.4", "3.10", 100),
        ("19.3.1", "3.11", 60),
        ("20.2.4", "3.11", 100),
    ],
)
def test_every_tag_of_an_old_pip_is_among_ours(
    pip: str, python: str, least: int, beside: Callable[[str, str], tuple[frozenset[str], frozenset[str]]]
) -> None:
    ours, pips = beside(pip, python)
    assert len(pips) >= least
    assert not pips - ours


@pytest.mark.parametrize("python", ["3.6", "3.8"])
def test_the_list_of_pip_7_is_longer_only_under_pythons_that_it_was_not_made_for(
    python: str, beside: Callable[[str, str], tuple[frozenset[str], frozenset[str]]]
) -> None:
    # Newer pips pass such wheels over, and people with a Python that new have one of them.
    ours, pips = beside("7.1.2", python)
    minor = int(python.split(".")[1])
    assert pips - ours == {f"cp3{older}-none-any" for older in range(minor)}


@pytest.mark.parametrize(
    ("pip", "python"),
    [
        ("24.0", "3.7"),
        ("25.0.1", "3.8"),
        ("25.3", "3.9"),
        ("23.0.1", "3.10"),
        ("26.3", "3.10"),
        ("26.3", "3.11"),
        ("26.3", "3.12"),
        ("26.3", "3.13"),
    ],
)
def test_beside_a_pip_of_today_we_only_have_what_old_pips_took(
    pip: str, python: str, beside: Callable[[str, str], tuple[frozenset[str], frozenset[str]]]
) -> None:
    ours, pips = beside(pip, python)
    assert not pips - ours
    extra = ours - pips
    # pip up to 19.3 takes `cp3-none-any`; pip 20.0 to 20.2 write Python 3.10 and 3.11 with an underscore.
    assert {tag for tag in extra if "3_1" not in tag} == {"cp3-none-any"}
    underscored = {re.sub(r"\b(cp|py)3(1[01])\b", r"\g<1>3_\2", tag) for tag in pips} - pips
    assert {tag for tag in extra if "3_1" in tag} == (underscored if python in {"3.10", "3.11"} else set())
