"""A Python of another machine takes what pip would take for it, by pip's own options."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.interpreters import running
from pipcacheplus.host.target_tags import target_interpreter
from pipcacheplus.model.pythons import Target
from tests.support.pips import NEWEST, Pip

TARGETS: dict[str, Target] = {
    "nothing": Target(),
    "a platform": Target(platforms=("win_amd64",)),
    "manylinux of old": Target(platforms=("manylinux2014_x86_64",), python_version="3.9"),
    "manylinux of 32 bit": Target(platforms=("manylinux2010_i686",), python_version="27", implementation="cp"),
    "a glibc": Target(platforms=("manylinux_2_28_aarch64",), python_version="3.12"),
    "a musl": Target(platforms=("musllinux_1_2_x86_64",), python_version="3.13.1"),
    "a macOS": Target(platforms=("macosx_11_0_arm64",), python_version="310"),
    "an old macOS": Target(platforms=("macosx_10_9_x86_64", "macosx_12_0_universal2"), python_version="3.8"),
    "an iPhone": Target(platforms=("ios_13_2_arm64_iphoneos",), python_version="3.13"),
    "an Android": Target(platforms=("android_24_x86_64",), python_version="3.13"),
    "ABIs": Target(abis=("cp37m", "none"), python_version="3.7"),
    "a stable ABI": Target(abis=("abi3",), python_version="3.12", implementation="cp"),
    "without GIL": Target(abis=("cp313t",), python_version="3.13"),
    "PyPy": Target(implementation="pp", python_version="3.9", platforms=("linux_x86_64",), abis=("pypy39_pp73",)),
    "any": Target(implementation="py", python_version="3", abis=("none",), platforms=("any",)),
    "a major version": Target(python_version="3", platforms=("win32",)),
}


@pytest.mark.parametrize("name", TARGETS)
def test_every_tag_of_pip_is_among_ours(name: str, pip_of: Callable[[str, str], Pip], tmp_path: Path) -> None:
    told = str(TARGETS[name])
    done = pip_of(NEWEST, "3.11").run("debug", "--verbose", *told.split(), cache_dir=tmp_path)
    pips = set(re.findall(r"^\s*([a-z]+[\d_]+-\w+-\w+)$", done.stdout, re.MULTILINE))
    assert pips
    assert pips - target_interpreter(TARGETS[name]).tags == set()


@pytest.mark.parametrize(
    ("target", "fits", "does_not"),
    [
        (
            Target(platforms=("manylinux_2_28_x86_64",), python_version="3.9"),
            "cp39-cp39-manylinux_2_28_x86_64 cp39-abi3-manylinux_2_17_x86_64 py3-none-manylinux1_x86_64 py38-none-any",
            "cp39-cp39-manylinux_2_29_x86_64 cp39-cp39-manylinux_2_17_aarch64 cp39-cp39-linux_x86_64 py310-none-any",
        ),
        (
            Target(platforms=("musllinux_1_2_x86_64",), python_version="312"),
            "cp312-cp312-musllinux_1_1_x86_64 cp312-cp312-musllinux_1_2_x86_64",
            "cp312-cp312-musllinux_1_3_x86_64 cp312-cp312-manylinux_2_17_x86_64",
        ),
        (
            Target(platforms=("win_amd64", "win32"), python_version="3.7"),
            "cp37-cp37m-win_amd64 cp37-cp37m-win32 cp37-cp37-win32 cp37-none-win32 py3-none-win_amd64",
            "cp38-cp38-win_amd64 cp37-cp37m-win_arm64",
        ),
        (
            Target(platforms=("manylinux2010_x86_64",), python_version="2.7"),
            "cp27-cp27mu-manylinux1_x86_64 cp27-cp27m-manylinux2010_x86_64 py2-none-any",
            "cp27-cp27mu-manylinux2014_x86_64 py3-none-any",
        ),
        (
            Target(platforms=("Win-AMD64",), implementation="py", python_version="3.9", abis=("none",)),
            "py39-none-win_amd64 py3-none-any",
            "cp39-cp39-win_amd64",
        ),
    ],
)
def test_a_target_takes_what_fits_it_and_nothing_else(target: Target, fits: str, does_not: str) -> None:
    tags = target_interpreter(target).tags
    assert set(fits.split()) - tags == set()
    assert set(does_not.split()) & tags == set()


def test_what_is_not_said_is_as_of_the_running_interpreter() -> None:
    made, here = target_interpreter(Target()), running()
    assert (made.name, made.version, made.path, made.prefix, made.pip) == (here.name, here.version, "", "", None)
    assert made.tags == here.tags


@pytest.mark.parametrize("version", ["3.x", "", ".", "3.11.2.1", "three", "3.1111", "-3", "٣"])
def test_a_version_that_pip_would_not_take_is_refused(version: str) -> None:
    if not version:
        assert target_interpreter(Target(python_version=version)).version == running().version
        return
    with pytest.raises(BadRequestError):
        target_interpreter(Target(python_version=version))


def test_a_target_tells_the_options_that_describe_it() -> None:
    made = Target(platforms=("win32", "any"), python_version="3.9", implementation="cp", abis=("abi3",))
    assert str(made) == "--platform win32 --platform any --python-version 3.9 --implementation cp --abi abi3"


@pytest.mark.parametrize(
    "platform", ["manylinux_2_999_x86_64", "macosx_99_99_x86_64", "ios_99_0_arm64_iphoneos", "x" * 999]
)
def test_an_absurd_platform_takes_no_time(platform: str) -> None:
    assert len(target_interpreter(Target(platforms=(platform, os.sep))).tags) < 500_000


def test_pips_own_word_for_a_version_is_taken() -> None:
    assert {target_interpreter(Target(python_version=one)).name for one in ("3.11", "311", "3.11.9")} == {"cp311"}
