"""Pips that are missing, broken, killed or interrupted, and arguments of every kind: as plain pip, nothing worse."""

import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipcacheplus.wrap.traced_pip import Trace, read_trace
from tests.support import processes
from tests.support.builders import Cache, tree
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS, line_of
from tests.support.server import IndexServer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no shell scripts there")

# An interpreter is asked for its pip as well, by other code.
COUNT = """\
case "$2" in *_run_module_as_main*) shift 2;; *) exit 1;; esac
echo run >> "$RUNS"
"""
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
    done = fakes.run(f"exit {code}")
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")
    assert fakes.runs == 1
    assert tree(fakes.cache.path) == before


@given(st.binary(max_size=60), st.sampled_from(["/cache", "/c\udcff", None]))
def test_whatever_stands_in_a_trace_it_names_nothing_outside_of_the_cache(content: bytes, path: str | None) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content + b"\0/cache/http-v2/a\0/cachex/b\0/dev/fd/63\0")
        file.flush()
        found = read_trace(path, file.name)
    assert found.is_known
    assert found.read_streams
    assert ("http-v2/a" in found.ids) == (path == "/cache")
    assert not any(id_.startswith("/") for id_ in found.ids if path is None)
    assert "b" not in found.ids


def test_without_a_trace_nothing_is_known(tmp_path: Path) -> None:
    assert read_trace("/cache", str(tmp_path / "absent")) == Trace()


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
    script = "trap 'exit 1' INT; echo ready; while :; do sleep 0.01; done"
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
    assert words == ["install", word, ""]


def test_a_closed_stdout_is_pips_own_business(fakes: Fakes) -> None:
    command = fakes.command("exit 0")
    done = processes.run(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command], env=fakes.environ)
    assert done.returncode == 0
    assert fakes.runs == 1


@pytest.mark.parametrize("variables", [{"PIP_NO_CACHE_DIR": "1"}, {"PIP_CACHE_DIR": "/no/such/place"}, {"HOME": "/no"}])
def test_without_a_cache_it_is_plain_pip(fakes: Fakes, variables: dict[str, str]) -> None:
    done = fakes.run("exit 1", **variables)
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
@pytest.mark.parametrize(("version", "interpreter"), [("21.3.1", "3.8"), (NEWEST, "3.13")])
@pytest.mark.parametrize("how", ["", "--log", "PIP_LOG"])
def test_all_that_pip_prints_and_logs_is_as_without_us(
    pip_of: Callable[[str, str], Pip], tmp_path: Path, fakes: Fakes, version: str, interpreter: str, how: str
) -> None:
    pip = pip_of(version, interpreter)
    (tmp_path / "broken").mkdir()
    project = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    (tmp_path / "broken" / "pyproject.toml").write_text(project, encoding="utf-8")
    (tmp_path / "broken" / "own.py").write_text("print('IMPORTANT'); raise SystemExit('no')\n", encoding="utf-8")
    words = ["install", "--disable-pip-version-check", "--no-index", str(tmp_path / "broken")]
    words += ["--log", "own.log"] if how == "--log" else []
    variables = {**fakes.environ, **({"PIP_LOG": "own.log"} if how == "PIP_LOG" else {})}
    told = []
    for command in ([pip.python, "-m", "pip"], [*PIPCACHEPLUS, "--python", pip.python, "pip"]):
        done = processes.run([*command, *words], env=variables, cwd=tmp_path)
        log = tmp_path / "own.log"
        logged = log.read_text(encoding="utf-8") if log.exists() else ""
        log.unlink(missing_ok=True)
        told.append((done.returncode, plain(done.stdout), plain(done.stderr), plain(logged)))
    assert [part.splitlines() for part in told[0][1:]] == [part.splitlines() for part in told[1][1:]]
    assert told[0][0] == told[1][0]
    assert "IMPORTANT" in "".join(told[0][1:])
    assert bool(told[0][3]) == bool(how)


def plain(text: str) -> str:
    """Return text without times, and without the random parts of names."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:,]+|(?<=[-/])(?:tmp)?[a-z0-9_]{8}\b|0x[0-9a-f]+|\d+\.\d+s", "?", text)


@pytest.mark.pips
def test_what_only_would_be_installed_is_not_noted_and_not_checked(real: Install, tmp_path: Path) -> None:
    assert real(PIP_DRY_RUN="1").returncode == 0
    assert not list((tmp_path / "state").rglob("*.jsonl"))


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
