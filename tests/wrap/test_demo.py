"""The demonstration: with real pips and with none, whatever stands around it, it shows its story and leaves nothing."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import pipcacheplus
from pipcacheplus.wrap.demo.damage import damage, find_copy
from pipcacheplus.wrap.demo.story import WHEELS
from tests.support.builders import Cache, tree
from tests.support.pips import NEWEST
from tests.support.processes import PIPCACHEPLUS, line_of, run, started

FAILS = [0, 1, 3, 0, 0, 0, 0, 0, 0]
"""Exit codes of the steps: the second install fails, and `verify` finds why."""
TOP = Path(pipcacheplus.__file__).parents[1]
needs_posix = pytest.mark.skipif(os.name == "nt", reason="signals, limits and shells are others there")


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that temporary ones are made in: empty, and empty afterwards."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return folder


@pytest.fixture
def with_pip(unpacked_pip_of: Callable[[str], Path]) -> Callable[[str], dict[str, str]]:
    """Return a function from a version to the variables in which this interpreter has that pip."""
    return lambda version: python_path(unpacked_pip_of(version), TOP)


def python_path(*folders: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}


def demo(*words: str, env: Mapping[str, str] | None = None, **more: Any) -> "subprocess.CompletedProcess[str]":  # noqa: ANN401 - of `Popen`
    return run([*PIPCACHEPLUS, "demo", *words], env=env, **more)


def summary_of(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert "Traceback" not in done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)["summary"]
    return summary


@pytest.mark.parametrize("version", ["21.3.1", "23.2.1", "24.0", NEWEST])
def test_a_real_pip_fails_by_one_bit_and_downloads_one_file_after_the_repair(
    with_pip: Callable[[str], dict[str, str]], version: str, scratch: Path
) -> None:
    done = demo("--format", "json", env=with_pip(version))
    summary = summary_of(done)
    assert (summary["pip"], summary["problem"], done.returncode) == (version, None, 0)
    steps = summary["steps"]
    assert FAILS == [step["exit_code"] for step in steps] == [step["expected_exit_code"] for step in steps]
    installed, failed, verified, pruned, left, again, downloaded, trashed, undone = (
        "\n".join([*step["output"], step["remark"]]) for step in steps
    )
    assert installed.endswith("The index sent 2 pages and 2 files.")
    assert "DO NOT MATCH THE HASHES" in failed
    assert "file: " not in failed
    assert "demo-lib 1.0" in verified
    assert "demo_lib.py" in verified
    assert "demo-lib 1.0" in pruned
    rows = [line.split()[:3] for line in left.splitlines()]
    assert ["demo-app", "1.0", "wheel"] in rows
    assert ["demo-lib", "1.0", "wheel"] not in rows
    assert again.endswith("sent 1 file: demo_lib-1.0-py3-none-any.whl.")
    assert downloaded.endswith("1 file: demo_old-1.0-cp27-cp27m-win32.whl.")
    for text in (trashed, undone):
        assert "demo-old 1.0, wheel for cp27" in text
        assert "demo-old, index page" in text
        assert "demo-app" not in text
    assert list(scratch.iterdir()) == []


def test_a_pip_that_keeps_nothing_by_plain_http_is_named_and_replaced(
    with_pip: Callable[[str], dict[str, str]],
) -> None:
    done = demo("--format", "json", env=with_pip("21.2.4"))
    summary = summary_of(done)
    first, second, *others = summary["steps"]
    assert (done.returncode, first["exit_code"], second["exit_code"]) == (0, 0, None)
    assert "pips before 21.3 keep nothing" in second["title"]
    assert [step["exit_code"] for step in others] == [None, 3, 0, 0, None, None, 0, 0]


def test_a_pip_that_does_not_run_under_this_python_ends_it_in_a_sentence(
    with_pip: Callable[[str], dict[str, str]], scratch: Path
) -> None:
    done = demo("-q", env=with_pip("18.1"))
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    words, verdict = done.stdout.splitlines()
    assert "ImportError" in words
    assert verdict == "Step 1 ended with exit code 1, not 0: the demonstration cannot go on."
    assert list(scratch.iterdir()) == []


@needs_posix
def test_without_a_pip_it_says_so_and_shows_the_story_on_a_cache_that_it_writes(tmp_path: Path, scratch: Path) -> None:
    environment = tmp_path / "bare"
    run([sys.executable, "-m", "venv", "--without-pip", str(environment)], is_checked=True)
    modules = tmp_path / "modules"
    modules.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if path.name != "pip" and not path.name.startswith(("pip-", "pipcacheplus", "__editable__")):
            (modules / path.name).symlink_to(path)
    (modules / "pipcacheplus").symlink_to(TOP / "pipcacheplus")
    command = [str(environment / "bin" / "python"), "-m", "pipcacheplus", "demo"]
    done = run(command, env=python_path(modules))
    assert (done.returncode, done.stderr) == (0, "")
    assert "This interpreter has no pip." in done.stdout
    assert "wheel is broken: checksum of demo_lib.py" in " ".join(done.stdout.replace("|", " ").split())
    assert "All 9 steps went as they should." in done.stdout
    assert list(scratch.iterdir()) == []


def test_cache_settings_and_state_of_the_user_are_not_touched(tmp_path: Path) -> None:
    home = tmp_path / "home"
    Cache(home / ".cache" / "pip").http_v2("https://files.example/canary", b"canary")
    project = home / "project"
    for path, content in {
        ".config/pip/pip.conf": "[global]\nindex-url = http://127.0.0.1:1/\nrequire-hashes = true\n",
        ".pip/pip.conf": "[install]\nuser = true\n[pipcacheplus]\nkeep = demo-lib\n",
        ".local/state/pipcacheplus/canary": "canary",
        "project/pyproject.toml": '[tool.pipcacheplus]\nkeep-lock = ["absent.txt"]\nmin-age = "1w"\n',
    }.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(content, encoding="utf-8")
    before = tree(home)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "XDG_"))}
    hostile = {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "PIP_INDEX_URL": "http://127.0.0.1:1/",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_REQUIRE_HASHES": "1",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_TARGET": str(home / "target"),
        "PIP_CACHE_DIR": str(home / ".cache" / "pip"),
        "PIP_NO_INDEX": "1",
        "PIP_QUIET": "3",
        "PIPCACHEPLUS_KEEP": "demo-lib",
        "PIPCACHEPLUS_MIN_AGE": "1w",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
        "REQUESTS_CA_BUNDLE": str(home / "absent"),
        "GITHUB_STEP_SUMMARY": str(home / "summary"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = demo("--format", "json", env={**environ, "PYTHONPATH": str(TOP), **hostile}, cwd=project)
    assert [step["exit_code"] for step in summary_of(done)["steps"]] == FAILS
    assert done.returncode == 0
    assert tree(home) == before


def test_a_cache_that_is_named_is_not_used(cache: Cache) -> None:
    cache.http_v2("https://files.example/canary", b"canary")
    before = tree(cache.path)
    done = demo("-q", "--cache-dir", str(cache.path))
    assert (done.returncode, done.stdout) == (0, "All 9 steps went as they should.\n")
    assert done.stderr == "WARNING: --cache-dir is not used: the demonstration works on a cache of its own\n"
    assert tree(cache.path) == before


def test_a_folder_that_is_kept_holds_a_sound_cache(tmp_path: Path, scratch: Path) -> None:
    kept = tmp_path / "kept \x1b[31m"
    done = demo("--keep", str(kept))
    assert (done.returncode, "\x1b" in done.stdout) == (0, False)
    assert "The folder stays, to try more in: " in done.stdout
    listed = run([*PIPCACHEPLUS, "list", "--cache-dir", str(kept / "cache"), "--format", "json"], is_checked=True)
    assert {"demo-app", "demo-lib", "demo-old"} == {one["project"] for one in json.loads(listed.stdout)["entries"]}
    run([*PIPCACHEPLUS, "verify", "--cache-dir", str(kept / "cache")], is_checked=True)
    assert list(scratch.iterdir()) == []


def test_a_folder_with_something_in_it_is_refused_and_not_touched(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine").write_text("mine", encoding="utf-8")
    done = demo("--keep", str(taken))
    assert (done.returncode, done.stdout) == (2, "")
    message = f"ERROR: --keep: {taken} is not empty; name a folder that is, or that does not exist\n"
    assert (done.stderr, tree(taken)) == (message, {"mine": b"mine"})


@needs_posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_steps_are_written_as_they_come_and_a_signal_between_them_leaves_nothing(
    scratch: Path, number: signal.Signals
) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with started([*PIPCACHEPLUS, "demo"], env=environ) as running:
        while not line_of(running).startswith("1. "):
            assert running.poll() is None
        assert [path.name.startswith("pipcacheplus-") for path in scratch.iterdir()] == [True]
        running.send_signal(number)
        out, err = running.communicate()
    assert running.returncode == 128 + number
    assert "All 9 steps" not in out
    assert err == f"ERROR: interrupted by {number.name}\n"
    assert list(scratch.iterdir()) == []


@needs_posix
def test_a_reader_that_goes_away_leaves_nothing(scratch: Path) -> None:
    with started([*PIPCACHEPLUS, "demo"]) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        line_of(running)
        running.stdout.close()
        assert (running.stderr.read(), running.wait()) == ("", 0)
    assert list(scratch.iterdir()) == []


@needs_posix
@pytest.mark.parametrize(("streams", "code"), [(">&-", 0), ("<&- >&- 2>&-", 0), ("> /dev/full", 1)])
def test_with_a_stdout_that_takes_nothing_it_ends_without_a_traceback(scratch: Path, streams: str, code: int) -> None:
    done = run(["/bin/sh", "-c", f'exec "$0" -m pipcacheplus demo {streams}', sys.executable])
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (code, "", False)
    assert list(scratch.iterdir()) == []


def test_in_the_log_of_a_ci_job_it_is_folded_and_its_commands_write_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page"
    done = demo("-q", env={**os.environ, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)})
    folded = ["::group::pipcacheplus demo", "All 9 steps went as they should.", "::endgroup::"]
    assert (done.returncode, done.stdout.splitlines(), page.exists()) == (0, folded, False)


@needs_posix
@pytest.mark.parametrize("limit_bytes", [0, 500])
def test_where_nothing_can_be_written_it_ends_in_a_sentence(scratch: Path, limit_bytes: int) -> None:
    code = (
        "import resource, sys\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, {limit_bytes}))\n"
        "from pipcacheplus.__main__ import main\n"
        "sys.exit(main(['demo', '-q']))\n"
    )
    done = run([sys.executable, "-c", code])
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "cannot go on" in done.stdout.splitlines()[-1]
    assert list(scratch.iterdir()) == []


def test_the_damage_is_one_bit_of_one_wheel(cache: Cache) -> None:
    app, lib, _ = WHEELS
    cache.http_v2("https://files.example/app", app.content)
    cache.http("https://files.example/lib", lib.content)
    before = tree(cache.path)
    copy = find_copy(str(cache.path), lib)
    assert copy is not None
    damage(copy, lib)
    (changed,) = [path for path, content in tree(cache.path).items() if content != before[path]]
    old, new = before[changed], tree(cache.path)[changed]
    assert isinstance(old, bytes)
    assert isinstance(new, bytes)
    assert [(one ^ other).bit_count() for one, other in zip(old, new, strict=True) if one != other] == [1]
