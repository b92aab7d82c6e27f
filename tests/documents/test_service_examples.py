"""The examples for services and schedules can be read, and the commands in them run on a cache with something to find.

Not run, as they need an index, a project or the service itself: installs and tests of the project, the steps that
restore and save, images of Docker, pre-commit, tox, systemd and cron. Of all that, what can be read is compared.
"""

import configparser
import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import processes
from tests.support.builders import Cache, tree
from tests.support.jobs import TOP, Machine, assigned, without_installs
from tests.support.owners import is_root

EXAMPLES = TOP / "examples"
ACTION: dict[str, Any] = yaml.safe_load((TOP / "action.yml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these services run shells of POSIX here")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def example(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


def read_yaml(name: str) -> Any:  # noqa: ANN401 - a document
    return yaml.safe_load(example(name))


def bodies(cache: Cache) -> list[bytes | str]:
    return sorted((content for path, content in tree(cache.path).items() if path.endswith(".body")), key=len)


def is_healed(cache: Cache) -> bool:
    """Return whether the leftover and the cut wheel are gone."""
    return len(bodies(cache)) <= 1 and b"x" not in bodies(cache)


def run(machine: Machine, script: str, variables: dict[str, str], **more: Any) -> str:  # noqa: ANN401 - of `Machine.run`
    """Run the commands of a script that need no index; there are some, and all are of pipcacheplus."""
    commands = without_installs(script)
    assert commands
    assert all("pipcacheplus" in command for command in commands)
    done = machine.run(commands, variables, **more)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    return done.stdout


def test_the_workflow_of_github_marks_heals_and_prunes_in_this_order(machine: Machine, tmp_path: Path) -> None:
    machine.install_tool()
    cache, outputs = machine.cache(), tmp_path / "outputs"
    (job,) = read_yaml("github.yml")["jobs"].values()
    (step,) = ACTION["runs"]["steps"]
    names = [one.get("uses", "run").partition("@")[0].removeprefix("actions/") for one in job["steps"]]
    ours = "pipcacheplus/pipcacheplus"
    before = ["checkout", "setup-python", "cache/restore", ours, ours]
    assert names == [*before, "run", "run", ours, "cache/save"]
    modes = []
    for one in (one for one in job["steps"] if one.get("uses", "").startswith(ours)):
        inputs = one["with"]
        assert inputs.keys() <= ACTION["inputs"].keys()
        modes.append(inputs["mode"])
        inputs = {"MODE": inputs["mode"], "ARGS": inputs.get("args", ""), "PYTHON": "python", "FAIL_ON": ""}
        service = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(outputs), "RUNNER_TEMP": str(machine.temporary)}
        done = machine.run(step["run"], {**service, **inputs, "ACTION_PATH": str(TOP)})
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert assigned(outputs)["cache-dir"] == str(cache.path)
        assert is_healed(cache) == (inputs["MODE"] != "mark")
    assert modes == ["mark", "pre-install", "prune"]
    restored, saved = (one["with"] for one in job["steps"] if "actions/cache" in one.get("uses", ""))
    assert (saved["path"], saved["key"]) == (restored["path"], restored["key"])
    assert cache.path == Path(restored["path"].replace("~", str(machine.home)))
    assert restored["key"].startswith(restored["restore-keys"])
    assert not any("${{" in one.get("run", "") for one in job["steps"])


def test_the_job_of_gitlab_heals_before_it_installs_and_prunes_before_the_cache_is_saved(
    machine: Machine, tmp_path: Path
) -> None:
    document = read_yaml("gitlab-ci.yml")
    project = tmp_path / "project"
    service = {"GITLAB_CI": "true", "CI": "true", "CI_PROJECT_DIR": str(project)}
    variables = {name: text.replace("$CI_PROJECT_DIR", str(project)) for name, text in document["variables"].items()}
    job = document["tests"]
    cache = machine.cache(Path(variables["PIP_CACHE_DIR"]))
    assert [str(project / path) for path in job["cache"]["paths"]] == [str(cache.path)]
    told = run(machine, "\n".join(job["before_script"]), {**service, **variables}, interpreter="sh", cwd=project)
    assert told.count("section_start") == told.count("section_end") == 2
    assert is_healed(cache)
    run(machine, "\n".join(job["after_script"]), {**service, **variables}, interpreter="sh", cwd=project)


def test_the_pipeline_of_azure_heals_before_it_installs_and_prunes_at_the_end(machine: Machine, tmp_path: Path) -> None:
    document = read_yaml("azure-pipelines.yml")
    workspace = str(tmp_path / "workspace")
    # Each variable of the pipeline is one of the scripts, with capitals and underscores.
    path = document["variables"]["PIP_CACHE_DIR"].replace("$(Pipeline.Workspace)", workspace)
    variables = {"TF_BUILD": "True", "PIPELINE_WORKSPACE": workspace, "PIP_CACHE_DIR": path}
    cache = machine.cache(Path(path))
    (cached,) = (step["inputs"] for step in document["steps"] if step.get("task") == "Cache@2")
    assert cached["path"] == "$(PIP_CACHE_DIR)"
    assert cached["key"].startswith(cached["restoreKeys"])
    scripts = [step["script"] for step in document["steps"] if "script" in step]
    assert not any("$(" in script for script in scripts)
    first, tests, last = scripts
    run(machine, first, variables)
    assert is_healed(cache)
    assert without_installs(tests) == ()
    run(machine, last, variables)


def test_the_pipeline_of_jenkins_heals_a_cache_that_stays_on_the_agent(machine: Machine, tmp_path: Path) -> None:
    text = example("Jenkinsfile")
    assert text.count("{") == text.count("}")
    ((name, path),) = re.findall(r'^ +(\w+) = "\$\{env\.JENKINS_HOME\}(.+)"$', text, re.MULTILINE)
    service = {"JENKINS_HOME": str(tmp_path / "jenkins"), "WORKSPACE": str(tmp_path / "workspace")}
    cache = machine.cache(Path(service["JENKINS_HOME"] + path))
    machine.python_at(Path(service["WORKSPACE"]) / ".venv" / "bin" / "python")
    install, always = re.findall(r"sh '''\n(.*?)'''", text, re.DOTALL)
    where = {"interpreter": "sh", "cwd": Path(service["WORKSPACE"])}
    run(machine, install, {**service, name: str(cache.path)}, **where)
    assert is_healed(cache)
    before = bodies(cache)
    run(machine, always, {**service, name: str(cache.path)}, **where)
    assert bodies(cache) == before  # what was used within a month stays


def stages(text: str) -> dict[str, list[str]]:
    """Return the instructions of each stage of a Dockerfile, with its lines joined."""
    found: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines():
        if started := re.fullmatch(r"FROM (\S+) AS (\S+)", line):
            found[started[2]] = [started[1]]
        elif line.strip():
            found[[*found][-1]].append(line)
    return found


@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_each_c_library_of_the_dockerfile_has_a_cache_of_its_own_that_is_healed(machine: Machine, libc: str) -> None:
    built = stages(example("Dockerfile"))
    assert set(built) == {"build-glibc", "build-musl", "glibc", "musl"}
    assert built[f"build-{libc}"][0] == built[libc][0]
    (step,) = (line for line in built[f"build-{libc}"] if line.startswith("RUN"))
    assert f"--mount=type=cache,id=pip-{libc},target=/root/.cache/pip,sharing=locked" in step
    cache = machine.cache()  # as /root is the home there
    run(machine, re.sub(r"^RUN( +--mount=\S+)*", "", step), {}, interpreter="sh")
    assert is_healed(cache)
    (final,) = (line for line in built[libc] if line.startswith("RUN"))
    assert f"from=build-{libc}," in final


class Unit(configparser.RawConfigParser):
    """A unit of systemd, whose names have capitals."""

    def optionxform(self, optionstr: str) -> str:
        """Return a name as it is written."""
        return optionstr


def read_unit(name: str) -> Unit:
    unit = Unit()
    unit.read_string(example(name))
    return unit


@is_root
def test_the_service_prunes_the_caches_of_all_homes(machine: Machine, tmp_path: Path) -> None:
    words = shlex.split(read_unit("pipcacheplus.service")["Service"]["ExecStart"])
    places = {
        "/opt/pipcacheplus/bin/python": sys.executable,
        "/opt/pipcacheplus/prune_users.py": str(EXAMPLES / "prune_users.py"),
        "/home": str(tmp_path),
    }
    assert places.keys() <= set(words)
    cache = machine.cache()
    done = processes.run([places.get(word, word) for word in words])
    assert re.search(r"/home: 2 entries removed", done.stdout), done.stderr
    assert is_healed(cache)


def test_the_timer_starts_the_service_every_night() -> None:
    timer = read_unit("pipcacheplus.timer")
    assert timer["Timer"]["OnCalendar"] == "daily"
    assert timer["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize("name", ["pipcacheplus.service", "pipcacheplus.timer"])
def test_systemd_understands_the_units(tmp_path: Path, name: str) -> None:
    for unit in ("pipcacheplus.service", "pipcacheplus.timer"):
        (tmp_path / unit).write_text(
            example(unit).replace("/opt/pipcacheplus/bin/python", sys.executable), encoding="utf-8"
        )
    try:
        done = processes.run(["systemd-analyze", "verify", "--man=no", str(tmp_path / name)])
    except FileNotFoundError:
        pytest.skip("there is no systemd-analyze")
    said = [line for line in done.stderr.splitlines() if "pipcacheplus" in line]
    assert said == []


def test_the_line_for_cron_prunes_the_cache_of_its_user_and_is_silent(machine: Machine) -> None:
    (line,) = (line for line in example("crontab").splitlines() if not line.startswith("#"))
    minute, hour, *days, command = line.split(maxsplit=5)
    assert (minute.isdigit(), hour.isdigit(), days) == (True, True, ["*", "*", "*"])
    assert "%" not in command  # cron takes it for the end of a line
    machine.python_at(machine.home / ".local" / "pipcacheplus" / "bin" / "python")
    cache = machine.cache()
    done = machine.run(command, {"SHELL": "/bin/sh", "LOGNAME": "ada", "PATH": "/usr/bin:/bin"}, interpreter="sh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert is_healed(cache)


def test_the_hooks_of_pre_commit_find_damage_and_remove_it(machine: Machine) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert list(hooks) == ["pipcacheplus-verify", "pipcacheplus-prune"]
    assert all(not hook["pass_filenames"] and hook["always_run"] for hook in hooks.values())
    cache = machine.cache()

    def code(name: str) -> int:
        return machine.run(hooks[name]["entry"], {"PRE_COMMIT": "1"}).returncode

    assert [code("pipcacheplus-verify"), len(bodies(cache))] == [3, 3]
    assert [code("pipcacheplus-prune"), is_healed(cache)] == [0, True]
    assert code("pipcacheplus-verify") == 0


def test_the_configuration_of_pre_commit_names_hooks_that_there_are() -> None:
    hooks = yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (repository,) = read_yaml("pre-commit-config.yaml")["repos"]
    assert {hook["id"] for hook in repository["hooks"]} == {hook["id"] for hook in hooks}
    assert all({*hook.get("stages", ())} <= {"pre-push", "manual"} for hook in (*repository["hooks"], *hooks))


def test_the_session_of_nox_heals_the_cache_in_no_environment(machine: Machine) -> None:
    pytest.importorskip("nox")
    cache = machine.cache()
    words = ["python", "-m", "nox", "-f", str(EXAMPLES / "nox_sessions.py"), "-s", "pip_cache", "--", "--exclusive"]
    done = machine.run(shlex.join(words), {})
    assert done.returncode == 0, done.stderr
    assert is_healed(cache)


def test_the_environment_of_tox_heals_the_cache_before_others_install(machine: Machine) -> None:
    settings = configparser.ConfigParser()
    settings.read_string(example("tox.ini"))
    assert settings["testenv"]["depends"] == "pip-cache"
    own = settings["testenv:pip-cache"]
    assert "PIP_*" in own["pass_env"]
    cache = machine.cache()
    run(machine, own["commands"], {"TOX_ENV_NAME": "pip-cache"}, interpreter="sh")
    assert is_healed(cache)


def test_every_example_has_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (TOP / "tests" / "documents").glob("*.py"))
    named = {path.name for path in EXAMPLES.iterdir() if path.is_file() and path.name in tests}
    assert named | {"action.sh", "action.py"} == {path.name for path in EXAMPLES.iterdir() if path.is_file()}
    assert "examples/action.sh" in (TOP / "action.yml").read_text(encoding="utf-8")
