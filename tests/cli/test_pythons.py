"""The interpreters that count: found, listed, asked before a wheel goes; and none is run because a cache names it."""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import Target, interpreters
from pipcacheplus.__main__ import main
from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.host.interpreters import running
from pipcacheplus.model.values import Remedy
from tests.support import processes
from tests.support.builders import Cache
from tests.support.made_machines import MadeMachine
from tests.support.owners import SOMEBODY, home_of_somebody, is_root
from tests.support.pips import give_up
from tests.support.pythons import find_python

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the made-up machines have files of POSIX")

MACHINE = platform.machine()
FITS, FITS_NOT = "py3-none-any", "cp27-cp27m-win32"
TELLING = '#!/bin/sh\necho run >> "{mark}"\nexit 1\n'


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeMachine:
    """Make a machine without interpreters, but for the running one, and let it be this one."""
    made = MadeMachine(tmp_path / "machine")
    for name in ("CONDA_PREFIX", "CONDA_EXE", "CONDA_ROOT", "MAMBA_ROOT_PREFIX", "CONDA_ENVS_PATH", "CONDA_ENVS_DIRS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(made.bin))
    monkeypatch.setenv("HOME", str(made.home))
    return made


@pytest.fixture
def wheels(cache: Cache) -> Cache:
    """Return a cache with a wheel for every Python, and one for none that is here."""
    cache.built_wheel("demo", tag=FITS)
    cache.built_wheel("demo", tag=FITS_NOT)
    return cache


@pytest.fixture
def run(wheels: Cache, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs the command line on that cache, and returns what it prints."""

    def run(*arguments: str) -> str:
        main(["--cache-dir", str(wheels.path), *arguments])
        return capsys.readouterr().out

    return run


def document(text: str) -> Any:  # noqa: ANN401 - a JSON document
    return json.loads(text)


def test_each_is_listed_with_what_it_can_use(machine: MadeMachine, run: Callable[..., str]) -> None:
    broken = machine.program("bin/python3.9", "#!/bin/sh\nexit 3\n")
    told = document(run("pythons", "--format", "json"))["summary"]
    assert told["wheels"] == 2
    here, other = told["pythons"]
    assert (here["path"], here["name"], here["sources"], here["wheels"]) == (
        sys.executable,
        running().name,
        ["running"],
        1,
    )
    assert (here["abi"], here["libc"]) == (running().abi, running().libc)
    assert (other["path"], other["name"], other["version"], other["wheels"]) == (broken, None, "3.9", None)
    assert other["reason"] == "it ended with exit code 3"
    assert "C library" in run("pythons", "-v")
    text = run("pythons")
    assert f"  {broken} (Python 3.9, PATH): it ended with exit code 3\n" in text
    assert text.endswith("\n1 interpreter, 2 wheels in the cache\n")


def test_a_target_counts_besides(machine: MadeMachine, run: Callable[..., str]) -> None:
    windows = ("--platform", "win32", "--python-version", "2.7")
    told = document(run("pythons", "--format", "json", *windows))["summary"]["pythons"]
    assert [(one["path"], one["name"], one["sources"], one["wheels"]) for one in told] == [
        (sys.executable, running().name, ["running"], 1),
        (None, "cp27", ["target"], 1),
    ]
    assert "cp27" in run("pythons", *windows)
    assert document(run("prune", "-n", "--incompatible", "--exclusive", "--format", "json", *windows))["actions"] == []
    assert document(run("prune", "-n", "--incompatible", "--exclusive", "--format", "json"))["actions"]


@pytest.mark.parametrize("command", [("info",), ("info", "--read"), ("verify",), ("prune", "-n", "--incompatible")])
def test_one_line_says_which_counted(machine: MadeMachine, run: Callable[..., str], command: tuple[str, ...]) -> None:
    line = f"Interpreters considered: {running().name} (1 interpreter)\n"
    assert line in run(*command)
    assert line not in run(*command, "-qq")
    machine.program("bin/python3", "#!/bin/sh\necho hello\n")
    assert line.removesuffix(
        "\n"
    ) + f"; left out: {machine.bin}/python3 (it is not a Python, and printed 'hello')" in run(*command)


@pytest.mark.parametrize(
    "command", [("prune", "-n"), ("prune", "-n", "--stale", "--corrupt"), ("list",), ("remove", "-n", "x"), ("state",)]
)
def test_nobody_is_asked_where_it_makes_no_difference(
    machine: MadeMachine, run: Callable[..., str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    machine.program("bin/python3", TELLING.format(mark=tmp_path / "mark"))
    assert "Interpreters considered" not in run(*command)
    assert not (tmp_path / "mark").exists()


def test_a_list_leaves_out_what_the_interpreters_that_are_named_cannot_use(
    machine: MadeMachine, run: Callable[..., str], wheels: Cache
) -> None:
    wheels.http_v2("https://files.example/x", b"a response")
    everything = document(run("list", "--format", "json"))
    some = document(run("list", "--format", "json", "--python", "current"))
    assert [one["tags"] for one in everything["entries"] if one not in some["entries"]] == [[FITS_NOT]]
    assert (everything["summary"]["entries"], some["summary"]["entries"]) == (3, 2)
    assert len(PipCache(wheels.path).scan(pythons="current").entries) == 2


def test_while_one_was_not_asked_no_wheel_goes_and_the_finding_says_why(
    machine: MadeMachine, run: Callable[..., str], wheels: Cache
) -> None:
    broken = machine.program("bin/python3.9", "#!/bin/sh\nexit 3\n")
    cache = PipCache(wheels.path)
    (found,) = [one for one in cache.verify().findings if one.check == "wheel-tag-incompatible"]
    assert found.remedy is Remedy.NONE
    assert found.message.endswith(f"but {broken} was not run")
    assert cache.plan(incompatible=True).actions == ()
    assert "Entries removed: 0" in run("prune", "--incompatible", "--exclusive")
    assert len(cache.plan(incompatible=True, pythons=["all"]).actions) == 0
    assert len(cache.plan(incompatible=True, pythons=[sys.executable]).actions) == 1
    assert len(cache.plan(incompatible=True, pythons="current").actions) == 1


def test_one_that_is_named_and_does_not_answer_is_an_error(machine: MadeMachine, wheels: Cache) -> None:
    broken = machine.program("elsewhere/python3.9", "#!/bin/sh\nexit 3\n")
    assert main(["--cache-dir", str(wheels.path), "pythons", "--python", broken]) == 2


def test_where_there_is_no_cache_yet_the_interpreters_are_there_all_the_same(
    machine: MadeMachine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CACHE_DIR", str(machine.folder / "none"))
    assert main(["pythons"]) == 0
    out, err = capsys.readouterr()
    assert running().name in out
    assert "there is no cache directory" in err
    assert [one.path for one in interpreters()] == [sys.executable]
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    assert main(["pythons"]) == 0
    assert main(["pythons", "--cache-dir", str(machine.folder / "none")]) == 10


def test_in_python_words_lists_and_targets_are_taken(machine: MadeMachine, wheels: Cache) -> None:
    cache = PipCache(wheels.path)
    windows = Target(platforms=("win32",), python_version="2.7")
    here = ("running",)
    assert [one.sources for one in cache.pythons()] == [here]
    assert [one.sources for one in cache.pythons([])] == [here]
    assert [one.sources for one in cache.pythons("all")] == [here]
    assert [one.sources for one in cache.pythons("current")] == [here]
    assert [one.sources for one in cache.pythons([windows])] == [here, ("target",)]
    assert [one.sources for one in cache.pythons(["current", windows])] == [here, ("target",)]
    assert [one.sources for one in cache.pythons(["all", Path(sys.executable)])] == [("named",)]
    assert cache.plan(incompatible=True, pythons=[windows]).actions == ()
    with pytest.raises(TypeError):
        cache.pythons("python3")


def test_an_environment_that_the_cache_names_counts(machine: MadeMachine, wheels: Cache) -> None:
    base = os.path.realpath(sys.executable)
    python = machine.environment("venv", base, version=f"{sys.version_info[0]}.{sys.version_info[1]}.0", pip="1.5")
    wheels.selfcheck(f"{machine.folder}/venv")
    wheels.old_selfcheck("/nonexistent/venv", f"{machine.folder}/venv")
    found = {one.path: one for one in interpreters(cache_dir=str(wheels.path))}
    assert found[python].sources == ("selfcheck",)
    assert (found[python].was_read, found[python].pip) == (True, "1.5")


def test_the_cache_that_each_pip_would_use_is_told(
    machine: MadeMachine, run: Callable[..., str], wheels: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_CONFIG_FILE")  # else no file counts
    base = os.path.realpath(sys.executable)
    python = machine.environment("venv", base, version=f"{sys.version_info[0]}.{sys.version_info[1]}.0", pip="24.0")
    wheels.selfcheck(f"{machine.folder}/venv")
    (machine.folder / "venv" / "pip.conf").write_text(f"[global]\ncache-dir = {machine.folder}/other\n")
    told = {one["path"]: one for one in document(run("pythons", "--format", "json"))["summary"]["pythons"]}
    assert told[python]["cache_dir"] == f"{machine.folder}/other"
    assert f"  {python}: its pip uses {machine.folder}/other\n" in run("pythons", "-v")


STARTS: list[str] = []


def _note_start(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen":
        STARTS.append(str(arguments[0]))


sys.addaudithook(_note_start)


def test_on_a_machine_of_several_pythons_none_loses_its_wheels_and_a_second_run_starts_none(
    machine: MadeMachine, cache: Cache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(machine.folder / "pyenv"))
    monkeypatch.setenv("XDG_STATE_HOME", str(machine.folder / "state"))
    for version in ("3.9", "3.11", "3.12"):
        python = find_python(version) or give_up(f"no Python {version} here")
        machine.link(f"pyenv/versions/{version}", os.path.dirname(os.path.dirname(os.path.realpath(python))))
        name = "cp" + version.replace(".", "")
        tag = f"{name}-{name}-manylinux_2_17_{MACHINE}.manylinux2014_{MACHINE}"
        cache.built_wheel("demo", tag=tag, interpreter=name[2:])
        cache.built_wheel("other", tag=f"py{name[2:]}-none-any", interpreter=name[2:])
    useless = cache.built_wheel("demo", tag="cp35-cp35m-manylinux1_x86_64")
    command = ["--cache-dir", str(cache.path), "prune", "-n", "--incompatible", "--exclusive", "--format", "json"]
    for are_known in (False, True):
        STARTS.clear()
        assert main(command) == 0
        told = document(capsys.readouterr().out)
        assert [one["id"] for one in told["actions"]] == [useless]
        names = {one["name"] for one in told["summary"]["pythons"]}
        assert {"cp39", "cp311", "cp312"} <= names
        assert bool(STARTS) != are_known
    assert main([*command, "--python", find_python("3.9") or ""]) == 0
    assert len(document(capsys.readouterr().out)["actions"]) == 5


@pytest.fixture
def planted(wheels: Cache) -> Iterator[tuple[MadeMachine, Path]]:
    """Return a machine with an environment that a cache names, and what it writes if it is run."""
    with home_of_somebody() as home:
        made = MadeMachine(home / "machine")
        made.program("planted/bin/python3.9", TELLING.format(mark=home / "mark"))
        (made.folder / "planted" / "pyvenv.cfg").write_text("home = /nonexistent\nversion = 3.9.2\n")
        wheels.selfcheck(f"{made.folder}/planted")
        yield made, home / "mark"


def of_somebody(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)


def shared_with_a_group(folder: Path) -> None:
    os.chown(folder / "bin", -1, SOMEBODY)
    (folder / "bin").chmod(0o775)


@is_root
@pytest.mark.parametrize("plant", [of_somebody, shared_with_a_group])
def test_a_python_that_a_planted_self_check_names_is_not_run_and_keeps_all_wheels(
    machine: MadeMachine,
    planted: tuple[MadeMachine, Path],
    run: Callable[..., str],
    plant: Callable[[Path], None],
) -> None:
    made, mark = planted
    plant(made.folder / "planted")
    out = run("prune", "--incompatible", "--exclusive")
    assert "Entries removed: 0" in out
    assert f"left out: {made.folder}/planted/bin/python3.9 (" in out
    for command in (["verify"], ["info"], ["info", "--read"], ["pythons"], ["prune", "--corrupt", "--exclusive"]):
        run(*command)
    assert not mark.exists()
    assert "Entries removed: 1" in run("prune", "--incompatible", "--exclusive", "--python", "current")


@is_root
def test_an_ordinary_user_runs_nothing_that_a_member_of_the_group_planted(
    machine: MadeMachine, planted: tuple[MadeMachine, Path]
) -> None:
    made, mark = planted
    script = """
import os, sys
from pipcacheplus.__main__ import main
from pipcacheplus.host.ownership import become_owner
become_owner(sys.argv[1])
assert os.geteuid()
sys.exit(main(["--cache-dir", sys.argv[1], "pythons", "--no-catalog"]))
"""
    cache = Cache(made.folder / "cache")
    cache.built_wheel("demo", tag=FITS)
    cache.selfcheck(f"{made.folder}/planted")
    of_somebody(made.folder)
    of_somebody(made.folder.parent)
    os.chown(made.folder / "planted", SOMEBODY, 23_456)
    (made.folder / "planted").chmod(0o775)
    done = processes.run([sys.executable, "-c", script, str(cache.path)], is_checked=True)
    assert f"{made.folder}/planted can be written by others" in done.stdout
    assert not mark.exists()
