"""What the README and the examples show works as it stands there, on a cache with something to find."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import artefacts
from tests.support.builders import Cache, tree

TOP = Path(__file__).parents[2]


@pytest.fixture
def used(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with a sound wheel and a leftover."""
    cache.http_v2("https://files.example/demo", artefacts.wheel(tmp_path, "demo", "1.0").read_bytes())
    cache.http_v2("https://files.example/half", b"x", has_head=False)
    return cache


def run(cache: Cache, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment |= {"PIP_CACHE_DIR": str(cache.path), "XDG_STATE_HOME": str(cache.path.parent / "state")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def taken(cache: Cache) -> int:
    """Return the bytes that all files and directories of a cache take on the disk."""
    return sum(path.lstat().st_blocks * 512 for path in (cache.path, *cache.path.rglob("*")))


def test_the_tour_runs_and_removes_what_it_says(used: Cache, tmp_path: Path) -> None:
    (tour,) = re.findall(r"```python\n(.*?)```", (TOP / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(tour.splitlines()) <= 22
    sound = {path: seen for path, seen in tree(used.path).items() if not path.endswith(".body") or seen != b"x"}
    before = taken(used)
    done = run(used, sys.executable, "-c", tour)
    assert done.returncode == 0, done.stderr
    assert f"{used.path} decided by environment" in done.stdout
    assert "demo 1.0 wheel" in done.stdout
    freed = before - taken(used)
    assert f"1 entries would be removed\n{freed} bytes on the disk are free again" in done.stdout
    assert tree(used.path) == sound


def test_the_step_before_an_install_heals_the_cache(used: Cache) -> None:
    before = taken(used)
    done = run(used, sys.executable, str(TOP / "examples" / "ci_pre_install.py"))
    assert (done.returncode, done.stdout) == (0, f"1 entries removed, {before - taken(used)} bytes freed\n")


def test_the_step_before_an_install_needs_no_cache(used: Cache, tmp_path: Path) -> None:
    used.path = tmp_path / "nothing"
    done = run(used, sys.executable, str(TOP / "examples" / "ci_pre_install.py"))
    assert done.returncode == 0
    assert done.stdout.startswith("nothing to heal")


def test_an_install_from_python_passes_pips_own_failure_on(used: Cache) -> None:
    before = tree(used.path)
    done = run(used, sys.executable, str(TOP / "examples" / "healing_install.py"), "--no-index", "demo-absent")
    assert done.returncode == 1
    assert f"with the cache {used.path}" in done.stdout
    assert done.stdout.splitlines()[-1] == "from the cache: 0 of 0 files"
    assert "No matching distribution found for demo-absent" in done.stderr
    assert tree(used.path) == before


def test_the_largest_projects_are_told(used: Cache) -> None:
    done = run(used, sys.executable, str(TOP / "examples" / "largest_projects.py"), "5")
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout.splitlines()[0]


def test_rows_are_added_up_with_or_without_a_library_of_data_frames(used: Cache) -> None:
    done = run(used, sys.executable, str(TOP / "examples" / "data_frame.py"))
    assert done.returncode == 0, done.stderr
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["wheel", "leftover"]


def test_the_first_command_of_the_readme_installs_and_shows_the_demonstration() -> None:
    first, *others = re.findall(r"```console\n(.*?)\n```", (TOP / "README.md").read_text("utf-8"), re.DOTALL)
    install = "python3 -m venv .venv && .venv/bin/pip install -q ."
    assert first == f"{install} && .venv/bin/python -m pipcacheplus demo"
    assert others[0] == ".venv/bin/python -m pipcacheplus verify"


def test_every_command_of_the_readme_is_one(used: Cache) -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    named = {words.split()[0] for words in re.findall(r"`python -m pipcacheplus ([^`]+)`", text)}
    listed = run(used, sys.executable, "-m", "pipcacheplus", "--help").stdout
    assert named
    assert all(re.search(rf"^ +{name}\b", listed, re.MULTILINE) for name in named), listed


def test_every_link_of_the_readme_is_defined_at_its_end_once_and_leads_to_a_file() -> None:
    text, *definitions = re.split(r"^(?=\[[^\]]+\]: )", (TOP / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    targets = {name: target for line in definitions for name, target in re.findall(r"^\[(.+)\]: (\S+)$", line.strip())}
    assert len(targets) == len(definitions) > 10
    assert set(re.findall(r"\]\[([^\]]+)\]", text)) == set(targets)
    assert "](" not in re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for target in targets.values():
        assert "://" in target or (TOP / target).is_file(), target


def test_the_readme_is_short() -> None:
    assert len((TOP / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_what_runs_in_ci_is_the_command_that_the_readme_has_for_the_tests() -> None:
    section = (TOP / "README.md").read_text(encoding="utf-8").partition("## Run the tests")[2]
    (command,) = re.findall(r"```console\n(.*?)\n```", section, re.DOTALL)
    assert (TOP / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == command
