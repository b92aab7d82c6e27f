"""Real processes are seen for what they are: owners of locks, pips, and others."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pipcacheplus.host.processes import find_pip, is_pip, owner_is_alive, this_host
from tests.support.processes import line_of, run, started

NOBODY = 1 << 22  # beyond the largest number that Linux gives


@contextmanager
def waiting(*command: str, env: Mapping[str, str] | None = None) -> Iterator["subprocess.Popen[str]"]:
    """Run a command that reads its standard input to the end, which comes when the block is left."""
    with started(command, stdin=subprocess.PIPE, env=env) as process:
        yield process
        process.communicate()


def a_python_that_waits() -> tuple[str, ...]:
    return (sys.executable, "-c", "import sys; print('ready', flush=True); sys.stdin.read()")


def start_of(pid: int) -> float:
    return psutil.Process(pid).create_time()


def test_a_process_that_started_before_the_lock_can_be_its_owner() -> None:
    with waiting(*a_python_that_waits()) as process:
        assert line_of(process) == "ready"
        assert owner_is_alive([process.pid], start_of(process.pid) + 1)
        assert owner_is_alive([NOBODY, process.pid], start_of(process.pid) + 3600)


def test_a_process_that_started_after_the_lock_only_got_the_number_of_its_owner() -> None:
    with waiting(*a_python_that_waits()) as process:
        assert line_of(process) == "ready"
        assert not owner_is_alive([process.pid], start_of(process.pid) - 60)


def test_a_start_within_the_grain_of_the_clocks_counts_as_before() -> None:
    assert owner_is_alive([os.getpid()], start_of(os.getpid()) - 1)


def test_a_process_that_ended_owns_nothing() -> None:
    with waiting(*a_python_that_waits()) as process:
        started_s = start_of(process.pid)
    assert not owner_is_alive([process.pid], started_s + 3600)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no zombies")
def test_a_zombie_owns_nothing() -> None:
    with started((sys.executable, "-c", "")) as process:
        # Tells of the end without taking the zombie away.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not owner_is_alive([process.pid], start_of(process.pid) + 3600)


@pytest.mark.parametrize("pids", [[], [0], [-1], [NOBODY], [10**30], [0, -5, NOBODY]])
def test_numbers_that_no_process_has_own_nothing(pids: list[int]) -> None:
    assert not owner_is_alive(pids, 4e9)


def test_the_host_is_the_one_that_old_pips_write_into_their_locks() -> None:
    assert this_host() == socket.gethostname()


@pytest.mark.parametrize(
    "command",
    [
        ["pip", "install", "six"],
        ["/opt/venv/bin/pip3.11"],
        [r"C:\Python\Scripts\pip.exe", "install", "six"],
        ["/opt/venv/bin/python3.11", "/opt/venv/bin/pip", "install", "six"],
        ["/opt/venv/bin/python3.11", "-I", "/opt/venv/bin/pip3", "install", "six"],
        ["python", "-m", "pip", "install", "six"],
        ["python", "-mpip", "install", "six"],
        ["python", "-Im", "pip", "install", "six"],
        ["python", "-m", "pip.__main__"],
        ["python", "-W", "error", "-X", "dev", "-m", "pip"],
        ["python", "-Xfrozen_modules=off", "-bW", "error", "-m", "pip"],
        ["python", "/lib/site-packages/pip/__main__.py", "wheel", "six"],
        ["python", "/lib/site-packages/pip", "wheel", "six"],
        ["python", "/lib/site-packages/pip/__pip-runner__.py", "install"],
        ["python", "/tmp/pip-26.3-py3-none-any.whl/pip", "install"],
        ["python", "get-pip.py"],
        ["python", "-c", "import runpy; runpy.run_module('pip', run_name='__main__')"],
        [r"C:\Windows\py.exe", "-3.11", "-m", "pip", "list"],
        ["/Library/Frameworks/Python.app/Contents/MacOS/Python", "-m", "pip"],
        ["pypy3", "-m", "pip"],
    ],
)
def test_a_command_line_of_pip(command: list[str]) -> None:
    assert is_pip(command)


@pytest.mark.parametrize(
    "command",
    [
        [],
        [""],
        ["python"],
        ["python", "-m"],
        ["python", "-"],
        ["uv", "pip", "install", "six"],
        ["pipx", "run", "six"],
        ["pip-compile"],
        ["vim", "/opt/venv/bin/pip"],
        ["bash", "-c", "pip install six"],
        ["python", "-m", "pipcacheplus", "prune"],
        ["python", "-m", "pipcacheplus", "--cache-dir", "pip"],
        ["python", "-m", "pipenv", "install"],
        ["python", "-m", "build", "-m", "pip"],
        ["python", "/opt/venv/bin/pipcacheplus", "purge"],
        ["python", "script.py", "-m", "pip"],
        ["python", "/home/me/pip/setup.py"],
        ["python", "-c", "import pipcacheplus"],
        ["python", "-W", "pip", "script.py"],
    ],
)
def test_a_command_line_of_something_else(command: list[str]) -> None:
    assert not is_pip(command)


@pytest.fixture
def alone() -> Callable[[int], bool]:
    """Return a function that tells whether a process is seen as a pip; others, of other tests, may run."""

    def is_seen(pid: int) -> bool:
        return is_pip(psutil.Process(pid).cmdline())

    return is_seen


def standing_pip(folder: Path) -> Path:
    """Make a package `pip` that says it is ready and waits; its command line is the one of the true pip."""
    package = folder / "pip"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import sys; print('ready', flush=True); sys.stdin.read()")
    return package


def test_a_real_pip_that_waits_for_its_input_is_seen(alone: Callable[[int], bool]) -> None:
    # Its list of requirements is its standard input; it has none before the block is left.
    command = (
        sys.executable,
        "-m",
        "pip",
        "--isolated",
        "--no-cache-dir",
        "install",
        "-v",
        "--no-index",
        "-r",
        "/dev/stdin",
    )
    if os.name == "nt" or run((sys.executable, "-m", "pip", "--version")).returncode:
        pytest.skip("takes a pip in this environment, and /dev/stdin")
    with waiting(*command) as process:
        assert line_of(process).startswith("Using pip")
        assert alone(process.pid)
        assert find_pip(os.getpid()) is not None


@pytest.mark.parametrize("how", ["module", "file", "folder"])
def test_every_way_to_start_pip_from_python_is_seen(how: str, tmp_path: Path, alone: Callable[[int], bool]) -> None:
    package = standing_pip(tmp_path)
    ways = {
        "module": ("-m", "pip"),
        "file": (str(package / "__main__.py"),),
        "folder": (str(package),),
    }
    with waiting(sys.executable, *ways[how], env={**os.environ, "PYTHONPATH": str(tmp_path)}) as process:
        assert line_of(process) == "ready"
        assert alone(process.pid)
        assert find_pip(os.getpid()) is not None


ALONE = """
import os, subprocess, sys
from pipcacheplus.host.processes import find_pip
with subprocess.Popen((sys.executable, "-m", "pip"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as pip:
    assert pip.stdout.readline() == b"ready\\n"
    print(find_pip(os.getpid()) == (pip.pid,), find_pip(pip.pid) is not None)
"""
"""Runs where no other process can be seen: others, of other tests, may be pips."""


def test_the_one_that_asks_does_not_count(tmp_path: Path) -> None:
    standing_pip(tmp_path)
    apart = ("unshare", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc")
    if shutil.which("unshare") is None or run((*apart, "true")).returncode:
        pytest.skip("takes namespaces of Linux")
    program = tmp_path / "program"
    program.write_text(ALONE)
    done = run((*apart, sys.executable, program), env={**os.environ, "PYTHONPATH": str(tmp_path)}, is_checked=True)
    assert done.stdout == "True False\n"


def test_a_python_that_waits_is_no_pip(alone: Callable[[int], bool]) -> None:
    with waiting(*a_python_that_waits()) as process:
        assert line_of(process) == "ready"
        assert not alone(process.pid)
