"""The action as its runner starts it, but for the installation of the tool, which an earlier step of the job made."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.support.builders import Cache, tree
from tests.support.jobs import TOP, Machine, assigned

ACTION: dict[str, Any] = yaml.safe_load((TOP / "action.yml").read_text(encoding="utf-8"))
(STEP,) = ACTION["runs"]["steps"]
INPUTS = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="paths have another form in its bash")


class Job(NamedTuple):
    """A job of GitHub, on a machine with a cache."""

    machine: Machine
    cache: Cache
    outputs: Path
    summary: Path

    def use(self, inputs: dict[str, str], **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run the action with these inputs, the others as they are by default."""
        assert inputs.keys() <= ACTION["inputs"].keys()
        given = {name: one["default"] for name, one in ACTION["inputs"].items()} | inputs
        env = {name: INPUTS.sub(lambda found: given[found[1]], text) for name, text in STEP["env"].items()}
        env |= {name: str(TOP) for name, text in env.items() if text == "${{ github.action_path }}"}
        files = {"GITHUB_OUTPUT": str(self.outputs), "GITHUB_STEP_SUMMARY": str(self.summary)}
        service = {"GITHUB_ACTIONS": "true", "CI": "true", "RUNNER_TEMP": str(self.machine.temporary), **files}
        return self.machine.run(STEP["run"], {**service, **env, **variables})


@pytest.fixture
def job(tmp_path: Path) -> Job:
    machine = Machine(tmp_path)
    machine.install_tool()
    return Job(machine, machine.cache(), tmp_path / "outputs", tmp_path / "summary")


def bodies(cache: Cache) -> int:
    return sum(path.endswith(".body") for path in tree(cache.path))


def test_no_input_is_part_of_the_script() -> None:
    assert "${{" not in STEP["run"]
    assert {name for text in STEP["env"].values() for name in INPUTS.findall(text)} == set(ACTION["inputs"])


def test_every_output_is_passed_on(job: Job) -> None:
    assert job.use({}).returncode == 0
    passed = {f"${{{{ steps.{STEP['id']}.outputs.{name} }}}}" for name in assigned(job.outputs)}
    assert {one["value"] for one in ACTION["outputs"].values()} == passed


def test_before_an_install_what_would_break_it_goes(job: Job) -> None:
    done = job.use({"mode": "pre-install", "args": "--exclusive"})
    assert (done.returncode, done.stderr) == (0, "")
    values = assigned(job.outputs)
    report = json.loads(Path(values["report"]).read_text(encoding="utf-8"))
    assert report["command"] == "prune"
    assert report["summary"]["entries"] == 2
    assert (values["cache-dir"], values["removed-entries"]) == (str(job.cache.path), "2")
    assert (values["corrupt-entries"], values["bytes-freed"]) == ("1", str(report["summary"]["du_bytes"]))
    assert int(values["bytes-before"]) - int(values["bytes-after"]) == int(values["bytes-freed"])
    assert done.stdout == f"pre-install: entries removed: 2, bytes freed: {values['bytes-freed']}, corrupt: 1\n"
    assert done.stdout.strip() in job.summary.read_text(encoding="utf-8")
    assert bodies(job.cache) == 1


def test_a_mark_is_what_a_later_prune_goes_by(job: Job) -> None:
    assert job.use({"mode": "mark"}).stdout == "mark: marked\n"
    assert bodies(job.cache) == 3
    done = job.use({"mode": "prune", "args": "--exclusive --python current"})
    assert done.returncode == 0, done.stderr
    assert assigned(job.outputs)["corrupt-entries"] == "1"
    assert bodies(job.cache) <= 1


def test_a_verdict_says_what_of_a_marked_cache_was_used_and_changes_nothing(job: Job) -> None:
    unknown = job.use({"mode": "verdict"})
    assert unknown.stdout == "verdict: not known: the cache was not marked when it was restored\n"
    job.use({"mode": "mark"})
    done = job.use({"mode": "verdict"})
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(r"verdict: bytes restored: (\d+), used: (\d+), never used: (\d+), added: 0\n", done.stdout)
    assert found is not None, done.stdout
    restored, used, unused = map(int, found.groups())
    assert restored == used + unused > 0
    assert bodies(job.cache) == 3


@pytest.mark.parametrize(("inputs", "code"), [({}, 0), ({"fail-on": "corrupt"}, 3)])
def test_corrupt_entries_fail_the_job_if_they_are_to_and_go_all_the_same(
    job: Job, inputs: dict[str, str], code: int
) -> None:
    done = job.use({"args": "--exclusive", **inputs})
    assert (done.returncode, bodies(job.cache)) == (code, 1)
    assert ("::error" in done.stdout) == bool(code)
    assert job.use({"args": "--exclusive", **inputs}).returncode == 0


@pytest.mark.parametrize(
    "inputs",
    [
        {"mode": "verdict?"},
        {"mode": "prune\n::add-mask::x"},
        {"fail-on": "stale"},
        {"mode": "mark", "fail-on": "corrupt"},
        {"args": "'"},
    ],
)
def test_an_input_that_makes_no_sense_is_refused_in_one_sentence(job: Job, inputs: dict[str, str]) -> None:
    done = job.use(inputs)
    assert (done.returncode, done.stderr) == (2, "")
    assert re.fullmatch(r"::error title=pipcacheplus::[^\n]+\n", done.stdout)
    assert bodies(job.cache) == 3


def test_an_unknown_argument_fails_the_job_and_removes_nothing(job: Job) -> None:
    done = job.use({"args": "--no-such-option"})
    assert (done.returncode, bodies(job.cache)) == (2, 3)
    assert "--no-such-option" in done.stderr


@pytest.mark.parametrize("name", ["mode", "args", "arguments", "fail-on", "python"])
def test_nothing_in_an_input_is_run(job: Job, tmp_path: Path, name: str) -> None:
    mark = tmp_path / "run"
    job.use({name: f'$(touch {mark}); `touch {mark}` "; touch {mark}; " && touch {mark}'})
    assert not mark.exists()
    assert bodies(job.cache) == 3


def test_the_former_input_and_output_still_work(job: Job) -> None:
    done = job.use({"arguments": "--partial --exclusive"})
    assert (done.returncode, bodies(job.cache)) == (0, 2)
    assert ACTION["outputs"]["bytes"]["value"] == ACTION["outputs"]["bytes-freed"]["value"]


@pytest.mark.parametrize("mode", ["mark", "pre-install", "prune", "verdict"])
@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"PIP_NO_CACHE_DIR": "1"}, "pip's cache is switched off"),
        ({"PIP_CACHE_DIR": "/nowhere/pip"}, "there is no pip cache yet"),
    ],
)
def test_a_job_without_a_cache_does_nothing_says_so_and_succeeds(
    job: Job, mode: str, variables: dict[str, str], why: str
) -> None:
    done = job.use({"mode": mode}, **variables)
    assert (done.returncode, done.stdout) == (0, f"{mode}: {why}: nothing to do\n")
    values = assigned(job.outputs)
    assert json.loads(Path(values["report"]).read_text(encoding="utf-8"))["command"] == "info"
    assert {values[name] for name in ("bytes-before", "bytes-after", "bytes-freed", "removed-entries")} == {"0"}
    assert bodies(job.cache) == 3


def test_a_home_that_keeps_no_mark_is_no_failure(job: Job, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = job.use({"mode": "mark"}, XDG_STATE_HOME=str(tmp_path / "file" / "state"))
    assert (done.returncode, done.stdout) == (0, "mark: not marked, so nothing will count as unused\n")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_left_alone(job: Job) -> None:
    job.cache.path.chmod(0o500)
    try:
        done = job.use({"mode": "prune"})
    finally:
        job.cache.path.chmod(0o700)
    assert (done.returncode, done.stdout) == (0, "prune: pip's cache cannot be written here: nothing to do\n")
    assert bodies(job.cache) == 3
