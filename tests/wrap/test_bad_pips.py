"""Pips that are missing, broken, killed or interrupted, and arguments of every kind: as plain pip, nothing worse."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support import processes
from tests.support.builders import Cache, tree
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS, line_of
from tests.support.server import IndexServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no shell scripts there")

# An interpreter is asked for its pip as well, in another way than by `-m`.
COUNT = '[ "$1" = -m ] || exit 1; echo run >> "$RUNS"\n'
LOG = 'while [ "$1" != --log ]; do shift; done; log="$2"\n'
Install = Callable[..., "CompletedProcess[str]"]


class Fakes:
    """Programs in the place of an interpreter, and how often they ran."""

    def __init__(self, folder: Path, cache: Cache) -> None:
        self.folder = folder
        self.cache = cache
        self.runs_file = folder / "runs"

    def program(self, script: str) -> str:
        """Write a shell script, and return its path."""
        path = self.folder / "python"
        path.write_text(f"#!/bin/sh\n{COUNT}{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def command(self, script: str, *words: str) -> list[str]:
        """Return the command line that wraps a script."""
        return [*PIPCACHEPLUS, "--python", self.program(script), "pip", *(words or ("install", "demo"))]

    @property
    def environ(self) -> dict[str, str]:
        """The variables of a run."""
        own = {"XDG_STATE_HOME": str(self.folder / "state"), "PIP_CACHE_DIR": str(self.cache.path)}
        return {**os.environ, **own, "RUNS": str(self.runs_file), "PIP_CONFIG_FILE": os.devnull}

    def run(self, script: str, *words: str, **variables: str) -> "CompletedProcess[str]":
        """Run it, wrapped."""
        return processes.run(self.command(script, *words), env={**self.environ, **variables})

    @property
    def runs(self) -> int:
        """How often the script ran."""
        return len(self.runs_file.read_text(encoding="utf-8").splitlines())


@pytest.fixture
def fakes(tmp_path: Path, cache: Cache) -> Fakes:
    cache.built_wheel("demo", "1.0")
    return Fakes(tmp_path, cache)


@pytest.mark.parametrize("code", [1, 2, 3, 23, 126, 127, 128, 130, 143, 255])
def test_every_exit_code_passes_through_after_one_run(fakes: Fakes, code: int) -> None:
    before = tree(fakes.cache.path)
    done = fakes.run(f"{LOG}echo 'Collecting demo' > \"$log\"; exit {code}")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
    assert fakes.runs == 1
    assert tree(fakes.cache.path) == before


@pytest.mark.parametrize(
    "rubbish",
    [
        r"\377\376\000",
        r"\001\002Using cached \(1 MB\)\n",
        r"Using cached wheel link: file:///etc/passwd\n",
        r"Using cached x-1-py3-none-any.whl (99999999999999999999.9 MB)\n",
        r"Downloading link http://[::bad/x.whl (from y)\n",
        r"Using cached wheel link: file://%%%%\n",
        r"Collecting ../../../../etc\n",
    ],
)
@pytest.mark.parametrize("code", [0, 1])
def test_rubbish_in_a_log_is_no_traceback_and_removes_nothing(fakes: Fakes, rubbish: str, code: int) -> None:
    before = tree(fakes.cache.path)
    done = fakes.run(f"{LOG}printf '{rubbish}' > \"$log\"; exit {code}")
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert fakes.runs == 1
    assert tree(fakes.cache.path) == before


def test_an_interpreter_without_pip_says_so_itself(fakes: Fakes, tmp_path: Path) -> None:
    processes.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], is_checked=True)
    python = str(tmp_path / "bare" / "bin" / "python")
    done = processes.run([*PIPCACHEPLUS, "--python", python, "pip", "install", "demo"], env=fakes.environ)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("No module named pip")


def test_a_pip_that_is_killed_has_the_code_of_a_shell_and_runs_once(fakes: Fakes) -> None:
    assert fakes.run("kill -9 $$").returncode == 137
    assert fakes.runs == 1


def test_an_interruption_runs_it_once_and_ends_with_its_code(fakes: Fakes) -> None:
    script = f"{LOG}echo 'Collecting demo' > \"$log\"; trap 'exit 1' INT; echo ready; while :; do sleep 0.01; done"
    with processes.started(fakes.command(script), env=fakes.environ, start_new_session=True) as process:
        assert line_of(process) == "ready"
        os.killpg(process.pid, signal.SIGINT)
        process.communicate()
    assert process.returncode == 1
    assert fakes.runs == 1


@pytest.mark.parametrize("word", ["a b", "a\nb", "", "'\"$(id)", "\udcff\udcfe", "--", "-"])
def test_each_argument_reaches_pip_as_it_is(fakes: Fakes, word: str) -> None:
    script = 'for word do printf "%s\\0" "$word"; done'
    done = fakes.run(script, "install", word)
    words = done.stdout.split("\0")
    assert words[:3] == ["-m", "pip", "install"]
    assert words[3] == "--log"
    assert words[5:] == [word, ""]


def test_a_closed_stdout_is_pips_own_business(fakes: Fakes) -> None:
    command = fakes.command("exit 0")
    done = processes.run(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command], env=fakes.environ)
    assert done.returncode == 0
    assert fakes.runs == 1


@pytest.mark.parametrize("variables", [{"PIP_NO_CACHE_DIR": "1"}, {"PIP_CACHE_DIR": "/no/such/place"}, {"HOME": "/no"}])
def test_without_a_cache_it_is_plain_pip(fakes: Fakes, variables: dict[str, str]) -> None:
    done = fakes.run(f"{LOG}echo 'Collecting demo' > \"$log\"; exit 1", **variables)
    assert (done.returncode, done.stderr) == (1, "")
    assert fakes.runs == 1


@pytest.fixture
def real(pip_of: Callable[[str, str], Pip], index: IndexServer, tmp_path: Path, fakes: Fakes) -> Install:
    """Return a function that runs a real pip, wrapped."""
    pip = pip_of(NEWEST, "3.13")

    def install(*words: str, **variables: str) -> "CompletedProcess[str]":
        options = ("--index-url", index.index_url, "--trusted-host", "127.0.0.1", "--disable-pip-version-check")
        target = ("--target", str(tmp_path / "target"), *words, "demo-lib")
        command = [*PIPCACHEPLUS, "--python", pip.python, "pip", "install", *options, *target]
        return processes.run(command, env={**fakes.environ, **variables}, cwd=tmp_path)

    return install


@pytest.mark.pips
@pytest.mark.parametrize("how", ["option", "variable", "setting"])
def test_a_log_that_the_user_asked_for_is_written_and_read(real: Install, tmp_path: Path, how: str) -> None:
    log = tmp_path / "own.log"
    log.write_text("Collecting something-old\n", encoding="utf-8")
    (tmp_path / "pip.conf").write_text(f"[global]\nlog = {log}\n", encoding="utf-8")
    variables = {
        "option": {},
        "variable": {"PIP_LOG": str(log)},
        "setting": {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")},
    }
    done = real(*(("--log", "own.log") if how == "option" else ()), **variables[how])
    assert done.returncode == 0, done.stderr
    text = log.read_text(encoding="utf-8")
    assert text.startswith("Collecting something-old\n")
    assert "Collecting demo-lib" in text
    assert done.stderr.splitlines()[-1].startswith("cache: 0 of 1 file came from it, 1 downloaded (")


@pytest.mark.pips
def test_a_report_that_a_variable_asks_for_is_written(real: Install, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = real(PIP_REPORT=str(report), PIP_QUIET="1")
    assert (done.returncode, done.stderr) == (0, "")
    (installed,) = json.loads(report.read_text(encoding="utf-8"))["install"]
    assert installed["metadata"]["name"] == "demo-lib"


@pytest.mark.pips
def test_a_report_that_the_user_asked_for_on_stdout_is_there_alone(real: Install) -> None:
    done = real("--quiet", "--report", "-")
    assert done.returncode == 0, done.stderr
    (installed,) = json.loads(done.stdout)["install"]
    assert installed["metadata"]["name"] == "demo-lib"
