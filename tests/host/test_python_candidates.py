"""What may be a Python is found where tools keep Pythons, each once, and nothing of it is run."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.host.python_candidates import MAX_CANDIDATES, MAX_ENVIRONMENTS, Candidate, Surroundings, candidates
from tests.support.made_machines import MadeMachine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the made-up machines have files of POSIX")


@pytest.fixture
def machine(tmp_path: Path) -> MadeMachine:
    return MadeMachine(tmp_path)


def found(here: Surroundings) -> dict[str, tuple[str, ...]]:
    return {one.path: one.sources for one in candidates(here)}


def test_what_has_the_name_of_an_interpreter_is_found_on_the_search_path(machine: MadeMachine) -> None:
    names = ["python", "python2.7", "python3", "python3.13t", "python3.8d", "pypy3.9", "graalpy"]
    others = ["python3-config", "python3.11-gdb.py", "pythonw-old", "ipython", "pip", "python3.11.bak"]
    for name in (*names, *others):
        machine.program(f"bin/{name}", name)
    assert sorted(found(machine.surroundings())) == sorted(str(machine.bin / name) for name in names)


@pytest.mark.parametrize("entry", ["", ".", "elsewhere"])
def test_a_search_path_that_hangs_on_the_current_directory_does_not_count(
    machine: MadeMachine, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    machine.program("elsewhere/python3")
    monkeypatch.chdir(machine.folder if entry else machine.folder / "elsewhere")
    assert found(machine.surroundings(environ={"PATH": entry})) == {}


PLACES: dict[str, tuple[str, Callable[[MadeMachine], Surroundings]]] = {
    "pyenv": ("home/.pyenv/versions/3.9.1/bin/python3.9", lambda one: one.surroundings()),
    "pyenv elsewhere": (
        "pyenv/versions/3.9.1/bin/python",
        lambda one: one.surroundings(environ={"PYENV_ROOT": f"{one.folder}/pyenv"}),
    ),
    "pyenv on Windows": (
        "home/.pyenv/pyenv-win/versions/3.9.1/python.exe",
        lambda one: one.surroundings(platform="win32"),
    ),
    "pyenv's environment": ("home/.pyenv/versions/3.9.1/envs/mine/bin/python", lambda one: one.surroundings()),
    "uv": ("home/.local/share/uv/python/cpython-3.12/bin/python3.12", lambda one: one.surroundings()),
    "uv elsewhere": (
        "uv/cpython-3.12/bin/python",
        lambda one: one.surroundings(environ={"UV_PYTHON_INSTALL_DIR": f"{one.folder}/uv"}),
    ),
    "uv in XDG": (
        "data/uv/python/cpython-3.12/bin/python",
        lambda one: one.surroundings(environ={"XDG_DATA_HOME": f"{one.folder}/data"}),
    ),
    "uv tool": ("home/.local/share/uv/tools/black/bin/python", lambda one: one.surroundings()),
    "uv tool elsewhere": (
        "tools/black/bin/python",
        lambda one: one.surroundings(environ={"UV_TOOL_DIR": f"{one.folder}/tools"}),
    ),
    "pipx": ("home/.local/share/pipx/venvs/black/bin/python", lambda one: one.surroundings()),
    "pipx of earlier releases": ("home/.local/pipx/venvs/black/bin/python", lambda one: one.surroundings()),
    "pipx of all": ("opt/pipx/venvs/black/bin/python", lambda one: one.surroundings()),
    "pipx on macOS": (
        "home/Library/Application Support/pipx/venvs/black/bin/python",
        lambda one: one.surroundings(platform="darwin"),
    ),
    "pipx elsewhere": (
        "pipx/venvs/black/bin/python",
        lambda one: one.surroundings(environ={"PIPX_HOME": f"{one.folder}/pipx"}),
    ),
    "conda": ("home/miniconda3/bin/python", lambda one: one.surroundings()),
    "conda's environment": ("home/miniforge3/envs/mine/bin/python3.10", lambda one: one.surroundings()),
    "conda of all": ("opt/conda/bin/python", lambda one: one.surroundings()),
    "conda elsewhere": (
        "conda/envs/mine/bin/python",
        lambda one: one.surroundings(environ={"CONDA_EXE": f"{one.folder}/conda/bin/conda"}),
    ),
    "conda that is active": (
        "active/bin/python",
        lambda one: one.surroundings(environ={"CONDA_PREFIX": f"{one.folder}/active"}),
    ),
    "conda's folders of environments": (
        "envs/mine/bin/python",
        lambda one: one.surroundings(environ={"CONDA_ENVS_PATH": f"{one.folder}/envs"}),
    ),
    "asdf": ("home/.asdf/installs/python/3.11.4/bin/python3", lambda one: one.surroundings()),
    "mise": ("home/.local/share/mise/installs/python/3.11/bin/python3", lambda one: one.surroundings()),
    "framework": (
        "Library/Frameworks/Python.framework/Versions/3.12/bin/python3.12",
        lambda one: one.surroundings(platform="darwin"),
    ),
    "framework of Homebrew": (
        "opt/homebrew/opt/python@3.12/bin/python3.12",
        lambda one: one.surroundings(platform="darwin"),
    ),
    "registry": ("py39/python.exe", lambda one: one.surroundings(registered=(f"{one.folder}/py39/python.exe",))),
    "selfcheck": ("venv/bin/python", lambda one: one.surroundings(environments=(f"{one.folder}/venv",))),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_python_is_found_where_a_tool_keeps_it(machine: MadeMachine, place: str) -> None:
    path, here = PLACES[place]
    python = machine.program(path)
    source = "uv tool" if place.startswith("uv tool") else place.split(maxsplit=1)[0].removesuffix("'s")
    assert found(here(machine)) == {python: (source,)}


def test_an_environment_that_conda_lists_is_found(machine: MadeMachine) -> None:
    python = machine.program("far/away/bin/python")
    machine.program("home/.conda/environments.txt", f"{machine.folder}/far/away\n\nrelative\n/nonexistent\n")
    assert found(machine.surroundings()) == {python: ("conda",)}


def test_one_python_with_many_names_is_found_once_with_all_that_names_it(machine: MadeMachine) -> None:
    real = machine.program("home/.pyenv/versions/3.9.1/bin/python3.9")
    machine.link("home/.pyenv/versions/3.9.1/bin/python", "python3.9")
    first = machine.link("bin/python3", real)
    machine.link("bin/python3.9", "python3")
    here = machine.surroundings(environments=(f"{machine.home}/.pyenv/versions/3.9.1",))
    assert found(here) == {first: ("PATH", "pyenv", "selfcheck")}


def test_an_environment_is_another_interpreter_than_the_one_it_was_made_of(machine: MadeMachine) -> None:
    base = machine.program("bin/python3")
    own = machine.environment("venv", base)
    other = machine.environment("other", base)
    here = machine.surroundings(running=own, environments=(f"{machine.folder}/other", f"{machine.folder}/venv"))
    assert found(here) == {own: ("running", "selfcheck"), base: ("PATH",), other: ("selfcheck",)}
    assert {one.real for one in candidates(here)} == {base}


@pytest.mark.parametrize("word", ["pyenv", "asdf"])
def test_shims_are_left_out_as_what_they_stand_for_is_found(machine: MadeMachine, word: str) -> None:
    machine.program("bin/python", f'#!/bin/sh\nexec {word} exec "${{0##*/}}" "$@"\n')
    script = machine.program("bin/python3", '#!/bin/sh\nexec /opt/python/bin/python3 "$@"\n')
    assert found(machine.surroundings()) == {script: ("PATH",)}


def test_what_nobody_can_run_is_left_out(machine: MadeMachine) -> None:
    machine.link("bin/python", "gone")
    machine.link("bin/python3", "python3")
    (machine.bin / "python3.9").mkdir()
    machine.program("bin/python3.10", mode=0o644)
    machine.program("bin/python3.11", "")
    os.mkfifo(machine.bin / "python3.12")
    assert found(machine.surroundings(running=str(machine.folder / "gone"))) == {}


def test_environments_that_are_gone_are_none(machine: MadeMachine) -> None:
    (machine.folder / "empty").mkdir()
    (machine.folder / "file").touch()
    gone = ("/nonexistent/venv", f"{machine.folder}/file", f"{machine.folder}/empty", "relative", "", "\0")
    assert found(machine.surroundings(environments=gone)) == {}


@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root looks at everything")
def test_what_exists_and_cannot_be_looked_at_is_told(machine: MadeMachine) -> None:
    machine.program("closed/bin/python")
    (machine.folder / "closed").chmod(0)
    try:
        (one,) = candidates(machine.surroundings(environments=(f"{machine.folder}/closed",)))
    finally:
        (machine.folder / "closed").chmod(0o755)
    assert "cannot be examined" in one.obstacle


def test_apples_stand_in_that_asks_for_an_installation_is_left_out(machine: MadeMachine) -> None:
    machine.link("bin/python3", "/usr/bin/env")
    assert list(found(machine.surroundings())) == [str(machine.bin / "python3")]
    assert found(machine.surroundings(platform="darwin")) == {}


def test_of_very_many_the_rest_is_told_and_not_looked_at(machine: MadeMachine) -> None:
    names = [machine.program(f"home/.pyenv/versions/3.{at:04}/bin/python") for at in range(MAX_CANDIDATES + 5)]
    listed = candidates(machine.surroundings())
    assert [one.path for one in listed] == names[: MAX_CANDIDATES + 1]
    assert [bool(one.obstacle) for one in listed] == [False] * MAX_CANDIDATES + [True]


def test_that_a_cache_names_very_many_environments_is_told(machine: MadeMachine) -> None:
    here = machine.surroundings(environments=tuple(f"/nonexistent/{at}" for at in range(MAX_ENVIRONMENTS + 1)))
    (one,) = candidates(here)
    assert (one.path, one.sources) == (f"/nonexistent/{MAX_ENVIRONMENTS}", ("selfcheck",))
    assert one.obstacle == f"the cache names more than {MAX_ENVIRONMENTS} environments, this one and others"


def test_nothing_that_lies_there_makes_the_search_fail(machine: MadeMachine) -> None:
    machine.program("home/.conda/environments.txt", "/\u00ff\n" + "x" * 100_000)
    machine.link("home/.pyenv/versions", "versions")
    machine.program("home/.local/share/uv/python", "a file")
    machine.program("venv/bin/python")
    machine.program("venv/pyvenv.cfg", "\0 = \u00ff = = \n[x]")
    (one,) = candidates(machine.surroundings(environments=(f"{machine.folder}/venv",)))
    assert isinstance(one, Candidate)
