"""Pruning after an install that went well: only if a setting says so, only when it is due, and in one line."""

import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from pipcacheplus import PipCache
from pipcacheplus.wrap.child import run_quietly
from tests.support import processes
from tests.support.builders import Cache
from tests.support.processes import PIPCACHEPLUS

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no shell scripts there")

Install = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def install(cache: Cache, tmp_path: Path) -> Install:
    """Return a function that runs a wrapped program in the place of pip, which ends with the code that it is given."""
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\nexit "${CODE:-0}"\n', encoding="utf-8")
    fake.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()

    def install(*words: str, **variables: str) -> "CompletedProcess[str]":
        own = {"HOME": str(home), "XDG_STATE_HOME": str(tmp_path / "state"), "PIP_CACHE_DIR": str(cache.path)}
        environment = {**os.environ, **own, "PIP_CONFIG_FILE": os.devnull, "PIPCACHEPLUS_MAX_FILES": "0", **variables}
        command = [*PIPCACHEPLUS, "--python", str(fake), "pip", *(words or ("install", "demo"))]
        return processes.run(command, env=environment, cwd=home)

    cache.built_wheel("demo", "1.0")
    return install


def left(cache: Cache) -> int:
    return len(list(PipCache(cache.path).entries()))


def test_without_the_setting_nothing_goes(cache: Cache, install: Install) -> None:
    assert install().stderr == ""
    assert left(cache) == 1


@pytest.mark.parametrize("period", ["daily", "weekly", "after-install"])
def test_with_it_the_cache_is_pruned_by_the_settings(cache: Cache, install: Install, period: str) -> None:
    done = install(PIPCACHEPLUS_AUTO=period)
    assert done.returncode == 0
    assert done.stderr.startswith("auto: Entries removed: 1, files: ")
    assert done.stderr.count("\n") == 1
    assert left(cache) == 0


def test_where_nothing_went_nothing_is_said(cache: Cache, install: Install) -> None:
    assert install(PIPCACHEPLUS_AUTO="after-install", PIPCACHEPLUS_MAX_FILES="100").stderr == ""
    assert left(cache) == 1


@pytest.mark.parametrize(("period", "again"), [("daily", 1), ("weekly", 1), ("after-install", 0)])
def test_it_is_done_once_a_period(cache: Cache, install: Install, period: str, again: int) -> None:
    install(PIPCACHEPLUS_AUTO=period)
    cache.built_wheel("demo", "1.0")
    install(PIPCACHEPLUS_AUTO=period)
    assert left(cache) == again


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        ((), {"CODE": "1"}),
        (("install", "--no-index", "demo"), {}),
        (("install", "--dry-run", "demo"), {}),
        (("download", "demo"), {}),
        (("list",), {}),
        ((), {"PIP_NO_INDEX": "1"}),
        ((), {"PIP_NO_CACHE_DIR": "1"}),
    ],
)
def test_it_is_not_done_after_a_failure_or_where_no_index_is_asked(
    cache: Cache, install: Install, words: tuple[str, ...], variables: dict[str, str]
) -> None:
    install(*words, PIPCACHEPLUS_AUTO="after-install", **variables)
    assert left(cache) == 1


def test_a_period_that_makes_no_sense_is_one_line_and_the_install_is_as_good(cache: Cache, install: Install) -> None:
    done = install(PIPCACHEPLUS_AUTO="hourly")
    assert done.returncode == 0
    assert done.stderr == ("auto: PIPCACHEPLUS_AUTO: 'hourly' is not a period; use daily, weekly, after-install\n")
    assert left(cache) == 1


def test_a_project_cannot_switch_it_on(cache: Cache, install: Install, tmp_path: Path) -> None:
    (tmp_path / "home" / "pyproject.toml").write_text('[tool.pipcacheplus]\nauto = "daily"\n', encoding="utf-8")
    assert install().stderr == ""
    assert left(cache) == 1


def test_what_takes_too_long_is_asked_to_end() -> None:
    code = "trap 'echo ended; exit' TERM; echo begun; while :; do sleep 0.01; done"
    assert run_quietly(["sh", "-c", code], os.environ, limit_s=0.5) == "ended"
