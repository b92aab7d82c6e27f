"""Reading verbs write nothing below the cache: every file event of the interpreter is watched."""

import os
from pathlib import Path

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.cli.base.command import Command
from pipcacheplus.cli.base.family import Family
from tests.support import artefacts
from tests.support.builders import Cache, tree
from tests.support.guarding import guarded

PLAN, NEW_PLAN = "plan.json", "new-plan.json"
"""Files outside of the cache: one with a plan, one that is not there yet."""
CACHE = "the cache"
"""Replaced by its path, which commands on one cache get as an option."""
VERBS = [
    ["dir"],
    ["caches", CACHE],
    ["info"],
    ["info", "-v"],
    ["info", "--read", "--fail-above", "1"],
    ["info", "--read", "-v", "--format", "json"],
    ["info", "--format", "prometheus"],
    ["info", "--bug-report"],
    ["list"],
    ["list", "--format", "json"],
    ["show", "demo"],
    ["verify"],
    ["verify", "--format", "json"],
    [
        "prune",
        "-n",
        "--exclusive",
        "--corrupt",
        "--partial",
        "--stale",
        "--incompatible",
        "--outdated-builds",
        "--unsafe",
        "--orphaned",
    ],
    ["pythons"],
    ["why", "demo"],
    ["remove", "-n", "demo", "--exclusive"],
    ["purge", "-n", "--yes", "--exclusive"],
    ["purge", "-n", "--yes", "--trash", "--exclusive"],
    ["prune", "--orphaned", "--plan-out", NEW_PLAN],
    ["apply", "-n", PLAN, "--exclusive"],
    ["prune", "-n", "--exclusive", "--ci", "--superseded", "--duplicates", "--max-size", "1kB", "--unused-since", "1d"],
    ["mark", "-n"],
    ["config"],
    ["export", "-n", "demo", "--to", NEW_PLAN],
    ["report", "--output", NEW_PLAN],
    ["report", "-n", "--output", NEW_PLAN],
    ["report", "--format", "json"],
    ["undo", "-n"],
    ["undo", "--list"],
    ["state"],
    ["state", "--clear", "-n"],
    ["stats"],
    ["stats", "--reset", "-n"],
    ["verdict"],
    ["shell-init", "bash"],
    ["completion", "zsh"],
]
RUN_A_PIP = {"demo", "pip", "warm"}
"""Commands that have a pip write what it wants; `demo` uses no cache that is named, see `tests/wrap/test_demo.py`."""

ON_A_TERMINAL = {"browse"}
"""Commands that need a terminal; their own tests have the same guard."""


@pytest.fixture
def full(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with sound, broken and left-over entries."""
    cache.http_v2("https://files.example/a", artefacts.wheel(tmp_path, "demo", "1.0").read_bytes())
    cache.http("https://files.example/b", artefacts.sdist(tmp_path, "demo", "1.0").read_bytes(), cc=2)
    cache.http_v2("https://files.example/c", b"half", has_body=False)
    cache.temporary(cache.built_wheel("demo", tag="cp27-cp27m-win32"))
    cache.selfcheck("/nonexistent")
    cache.foreign()
    return cache


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_reading_verb_writes_nothing_below_the_cache(full: Cache, verb: list[str], tmp_path: Path) -> None:
    opened = PipCache(full.path)
    opened.save_plan(opened.plan(orphaned=True), str(tmp_path / PLAN))
    verb = [str(tmp_path / word) if word in {PLAN, NEW_PLAN} else word for word in verb]
    verb = [str(full.path) if word == CACHE else word for word in verb]
    before = tree(full.path)
    times = {path: os.lstat(full.real(path)) for path in before}
    done = guarded(full, *verb)
    assert done.returncode in {0, 3}, done.stderr
    assert tree(full.path) == before
    assert {p: s.st_mtime_ns for p, s in times.items()} == {p: os.lstat(full.real(p)).st_mtime_ns for p in before}


def test_no_command_is_left_out() -> None:
    commands = Family("pipcacheplus.cli", "COMMAND", Command)
    told = {verb[0] for verb in VERBS}
    assert set(commands) - RUN_A_PIP - ON_A_TERMINAL == told, (
        "VERBS needs a row for each command, with -n if it removes"
    )


def test_the_guard_would_notice(full: Cache) -> None:
    done = guarded(full, "prune", "--orphaned")
    assert done.returncode == 99
    assert "GUARD os.remove" in done.stderr


def test_the_guard_would_notice_a_trash_beside_the_cache(full: Cache) -> None:
    done = guarded(full, "prune", "--orphaned", "--trash")
    assert done.returncode == 99
    assert "GUARD os.mkdir ('.pipcacheplus-trash-" in done.stderr
