"""Tags follow from what an interpreter tells: rows that packaging knows, and rows of systems that we do not have."""

import json
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.host.interpreter_probe import MARK, PROBE, InterpreterFacts
from pipcacheplus.host.interpreters import running
from pipcacheplus.host.wheel_tags import legacy_tags, platforms_of, tags_of
from tests.support.interpreters import facts, interpreter_facts
from tests.support.processes import run

PYPY = {"implementation": "pypy", "version": [3, 6], "pypy_version": [7, 3]}


def test_the_facts_of_the_running_interpreter_give_its_own_tags() -> None:
    done = run((sys.executable, "-c", PROBE), is_checked=True)
    found = InterpreterFacts.from_json(json.loads(done.stdout.strip().removeprefix(MARK)))
    assert found is not None
    # Without the platforms that packaging names for the running interpreter.
    assert tags_of(found) == running().tags


@pytest.mark.parametrize(
    ("changed", "fits", "does_not"),
    [
        ({}, "cp311-cp311-manylinux_2_36_x86_64", "cp311-cp311-manylinux_2_37_x86_64"),
        ({}, "cp311-cp311-manylinux1_x86_64", "cp311-cp311-manylinux_2_4_x86_64"),
        ({}, "cp32-abi3-linux_x86_64", "cp31-abi3-linux_x86_64"),
        ({}, "py3-none-any", "py4-none-any"),
        ({}, "py30-none-any", "py312-none-any"),
        ({}, "cp311-none-any", "cp310-none-any"),
        ({}, "cp3-none-any", "cp2-none-any"),
        ({}, "cp311-cp311-linux_x86_64", "cp311-cp311d-linux_x86_64"),
        ({"debug": 1}, "cp311-cp311d-linux_x86_64", "cp311-cp311t-linux_x86_64"),
        ({"debug": 1}, "cp311-cp311-linux_x86_64", "cp311-cp311m-linux_x86_64"),
        ({"debug": None, "has_refcount": True}, "cp311-cp311d-linux_x86_64", "cp311-cp311m-linux_x86_64"),
        ({"version": [3, 13], "gil_disabled": 1}, "cp313-cp313t-linux_x86_64", "cp313-cp313-linux_x86_64"),
        ({"version": [3, 13], "gil_disabled": 1}, "cp313-none-any", "cp313-abi3-linux_x86_64"),
        ({"version": [3, 6]}, "cp36-cp36m-linux_x86_64", "cp36-cp36-linux_x86_64"),
        ({"version": [3, 6], "with_pymalloc": 0}, "cp36-cp36-linux_x86_64", "cp36-cp36m-linux_x86_64"),
        ({"version": [3, 6], "debug": 1}, "cp36-cp36dm-linux_x86_64", "cp36-cp36m-linux_x86_64"),
        ({"version": [2, 7], "unicode_size": 4}, "cp27-cp27mu-linux_x86_64", "cp27-cp27m-linux_x86_64"),
        ({"version": [2, 7], "unicode_size": 2}, "cp27-cp27m-linux_x86_64", "cp27-cp27mu-linux_x86_64"),
        ({"version": [2, 7], "max_unicode": 0xFFFF}, "cp27-cp27m-linux_x86_64", "cp27-cp27mu-linux_x86_64"),
        ({"version": [2, 7]}, "py2-none-any", "py3-none-any"),
        ({"version": [2, 7]}, "cp26-none-any", "cp28-none-any"),
        ({"version": [3, 10]}, "cp3_10-cp3_10-linux_x86_64", "cp3_11-none-any"),
        ({"version": [3, 12]}, "py310-none-any", "py3_10-none-any"),
        ({"pointer_bytes": 4}, "cp311-cp311-manylinux1_i686", "cp311-cp311-linux_x86_64"),
        ({"platform": "linux-aarch64"}, "cp311-cp311-manylinux2014_aarch64", "cp311-cp311-manylinux1_aarch64"),
        ({"platform": "linux-aarch64", "pointer_bytes": 4}, "py3-none-linux_armv7l", "py3-none-linux_aarch64"),
        ({"libc": "musl", "libc_version": [1, 2]}, "py3-none-musllinux_1_0_x86_64", "py3-none-manylinux1_x86_64"),
        ({"libc": "musl", "libc_version": [1, 2]}, "py3-none-musllinux_1_2_x86_64", "py3-none-musllinux_1_3_x86_64"),
        ({"libc": None, "libc_version": None}, "py3-none-linux_x86_64", "py3-none-manylinux1_x86_64"),
        ({"platform": "win-amd64", "libc": None}, "cp311-cp311-win_amd64", "cp311-cp311-win32"),
        ({"platform": "win32", "libc": None, "pointer_bytes": 4}, "cp311-none-win32", "py3-none-win_amd64"),
        (
            {"platform": "macosx-10.9-universal2", "libc": None, "macos": [13, 2], "machine": "arm64"},
            "cp311-cp311-macosx_11_0_arm64",
            "cp311-cp311-macosx_14_0_arm64",
        ),
        (
            {"platform": "macosx-10.9-universal2", "libc": None, "macos": [13, 2], "machine": "arm64"},
            "cp311-cp311-macosx_13_2_universal2",  # pip up to 20.3
            "cp311-cp311-macosx_13_3_universal2",
        ),
        (
            {"platform": "macosx-10.9-x86_64", "libc": None, "macos": [10, 15], "machine": "x86_64"},
            "cp311-cp311-macosx_10_6_intel",
            "cp311-cp311-macosx_11_0_x86_64",
        ),
        (
            {**PYPY, "ext_suffix": ".pypy36-pp73-x86_64-linux-gnu.so"},
            "pp36-pypy36_pp73-manylinux2014_x86_64",
            "cp36-cp36m-manylinux2014_x86_64",
        ),
        (
            {**PYPY, "ext_suffix": ".pypy36-pp73-x86_64-linux-gnu.so"},
            "pp373-pypy36_pp73-manylinux1_x86_64",
            "pp372-pypy36_pp73-manylinux1_x86_64",
        ),
        (PYPY, "pp3-none-any", "cp3-none-any"),
        (
            {"implementation": "graalpy", "ext_suffix": ".graalpy-38-native-x86_64-darwin.dylib"},
            "graalpy311-graalpy_38_native-linux_x86_64",
            "graalpy311-abi3-linux_x86_64",
        ),
    ],
)
def test_tags_follow_from_facts(changed: Mapping[str, object], fits: str, does_not: str) -> None:
    tags = tags_of(interpreter_facts(**changed))
    assert fits in tags
    assert does_not not in tags


def test_platforms_that_are_known_to_fit_are_added() -> None:
    assert "cp311-cp311-android_21_x86_64" in tags_of(interpreter_facts(), also_platforms=["android_21_x86_64"])


def test_an_interpreter_never_gets_the_platforms_of_the_running_one() -> None:
    found = interpreter_facts(platform="plan9-mips", libc=None)
    assert list(platforms_of(found)) == ["plan9_mips"]
    assert {tag.rpartition("-")[2] for tag in tags_of(found)} == {"plan9_mips", "any"}


def test_old_pips_take_no_wheels_of_older_minor_versions_under_pythons_that_they_were_not_made_for() -> None:
    assert "cp34-none-any" in legacy_tags("cp", (3, 5), [])
    assert legacy_tags("cp", (3, 6), []) == {"cp3-none-any"}


@pytest.mark.parametrize(
    "changed",
    [
        {"version": [3]},
        {"version": "3.11"},
        {"version": [3, 10**9]},
        {"version": [-3, 1]},
        {"version": [3.0, 11]},
        {"pointer_bytes": 3},
        {"pointer_bytes": [8]},
        {"implementation": "c-python"},
        {"implementation": None},
        {"platform": ""},
        {"platform": "x" * 5000},
    ],
)
def test_an_answer_without_the_main_facts_is_none(changed: Mapping[str, object]) -> None:
    assert InterpreterFacts.from_json(facts(**changed)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_reading_an_answer_never_raises(answer: object) -> None:
    assert InterpreterFacts.from_json(answer) is None


@given(st.dictionaries(st.sampled_from(sorted(facts())), JSON))
def test_tags_of_any_answer_are_bounded(changed: dict[str, object]) -> None:
    found = InterpreterFacts.from_json(facts(**changed))
    assert found is None or 0 < len(tags_of(found)) < 50_000


@pytest.mark.parametrize(
    ("search_path", "folders"),
    [(["/a", 1, "/b"], ("/a", "", "/b")), ("/a", ()), (None, ()), (["/a"] * 999, ("/a",) * 100), (["x" * 5000], ("",))],
)
def test_a_search_path_is_read_with_limits(search_path: object, folders: tuple[str, ...]) -> None:
    assert interpreter_facts(search_path=search_path).search_path == folders
