"""Runs that are part of a CI job: which format they have, and the files of the service that they append to."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support import artefacts, processes
from tests.support.builders import Cache
from tests.support.jobs import assigned
from tests.support.processes import PIPCACHEPLUS

GITHUB = {"GITHUB_ACTIONS": "true"}
GITLAB = {"GITLAB_CI": "true"}


@pytest.fixture
def damaged(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with a sound wheel, one that is cut, and a leftover."""
    wheel = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2("https://files.example/demo", wheel)
    cache.http_v2("https://files.example/cut", wheel[: len(wheel) // 2])
    cache.http_v2("https://files.example/half", b"x", has_head=False)
    return cache


def run(cache: Cache, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    state = {"XDG_STATE_HOME": str(cache.path.parent / "state")}
    return processes.run(
        [*PIPCACHEPLUS, *arguments, "--cache-dir", str(cache.path)], env={**os.environ, **state, **variables}
    )


@pytest.mark.parametrize(
    ("variables", "arguments", "first"),
    [
        (GITHUB, (), "::group::pipcacheplus list"),
        (GITLAB, (), "\x1b[0Ksection_start:"),
        ({"CI": "true"}, (), "demo\t1.0\t"),
        ({"GITHUB_ACTIONS": ""}, (), "demo\t1.0\t"),
        (GITHUB, ("--format", "human"), "demo\t1.0\t"),
        (GITHUB, ("--format", "json"), "{"),
        ({}, ("--format", "ci"), "PROJECT  VERSION  "),
    ],
)
def test_a_job_has_a_format_of_its_own_unless_one_is_asked_for(
    damaged: Cache, variables: dict[str, str], arguments: tuple[str, ...], first: str
) -> None:
    done = run(damaged, "list", "demo", *arguments, **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(first)


def test_a_shell_can_take_the_directory_in_any_job(cache: Cache) -> None:
    for service in (GITHUB, GITLAB):
        assert run(cache, "dir", **service).stdout == f"{cache.path}\n"


def test_a_removal_appends_a_table_and_values(damaged: Cache, tmp_path: Path) -> None:
    summary, outputs = tmp_path / "summary", tmp_path / "outputs"
    summary.write_text("# Mine\n", encoding="utf-8")
    outputs.write_text("mine=1\n", encoding="utf-8")
    files = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs)}
    words = ("prune", "--corrupt", "--exclusive")
    done = run(damaged, *words, **GITHUB, **files)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Entries removed: 1" in done.stdout
    text = outputs.read_text(encoding="utf-8")
    assert text.startswith("mine=1\ncache-dir<<")
    ends = re.findall(r"<<(\w{32})$", text, re.MULTILINE)
    assert len(set(ends)) == len(ends) == 4
    (tmp_path / "ours").write_text(text.partition("\n")[2], encoding="utf-8")
    values = assigned(tmp_path / "ours")
    assert int(values.pop("bytes-freed")) > 0
    assert values == {"cache-dir": str(damaged.path), "removed-entries": "1", "corrupt-entries": "1"}
    table = summary.read_text(encoding="utf-8")
    assert table.startswith("# Mine\n### pipcacheplus prune\n")
    assert re.search(r"^\| all \| 1 \| 2 \| [\d.]+ kB \|$", table, re.MULTILINE)
    assert run(damaged, "list", **GITHUB).stdout.count("\ndemo  ") == 1


@pytest.mark.skipif(os.name == "nt", reason="no name has these characters there")
def test_a_directory_of_any_name_is_one_value(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    made = Cache(tmp_path / "a\nbytes-freed=1\nx<<EOF\n::add-mask::y\udcff" / "pip")
    made.http_v2("https://files.example/demo", b"x")
    done = run(made, "verify", **GITHUB, GITHUB_OUTPUT=str(outputs))
    assert done.returncode == 0, done.stderr
    assert assigned(outputs)["cache-dir"] == str(made.path)
    assert "\n::add-mask::" not in done.stdout


@pytest.mark.parametrize(("command", "code"), [("verify", 3), ("prune", 0)])
def test_files_that_cannot_be_written_are_one_warning(damaged: Cache, tmp_path: Path, command: str, code: int) -> None:
    files = {"GITHUB_STEP_SUMMARY": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "none" / "outputs")}
    done = run(damaged, command, **GITHUB, **files)
    assert done.returncode == code
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("WARNING: not written: GITHUB_STEP_SUMMARY: ")
    assert ", GITHUB_OUTPUT: " in warning


def test_errors_are_annotations_and_a_failure_one_too(damaged: Cache, tmp_path: Path) -> None:
    told = run(damaged, "verify", **GITHUB).stdout.splitlines()
    (warning,) = (line for line in told if line.startswith("::warning"))
    assert warning.startswith("::warning title=pipcacheplus%3A archive-broken::")
    (tmp_path / "##[add-mask]").mkdir()
    damaged.path = tmp_path / "##[add-mask]" / "nothing"
    done = run(damaged, "verify", **GITHUB)
    assert done.returncode == 10
    assert done.stdout.startswith("::error title=pipcacheplus verify::")
    damaged.path = tmp_path / "##[add-mask]nothing"  # a glob, which fits nothing
    done = run(damaged, "verify", **GITHUB)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing" in done.stderr
    assert "##[add-mask]" not in done.stderr


def test_other_services_get_no_files(damaged: Cache, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    run(damaged, "verify", **GITLAB, GITHUB_OUTPUT=str(outputs))
    run(damaged, "verify", "--format", "json", **GITHUB, GITHUB_OUTPUT=str(outputs))
    assert not outputs.exists()
