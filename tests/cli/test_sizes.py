"""Sizes that people read are those of `du`, directories included; what is removed is what `du` says less."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.render.text.words import size
from tests.apply.trashes import everything
from tests.support.builders import Cache

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="du counts in another way elsewhere")


def du(path: Path) -> int:
    """Return the bytes that a directory takes, by another program."""
    done = subprocess.run(["du", "-s", "--block-size=1", str(path)], capture_output=True, check=True, timeout=60)
    return int(done.stdout.split()[0])


@pytest.fixture
def full(tmp_path: Path) -> Cache:
    """Return a cache with something of every shape, and files with several names within it."""
    cache = Cache(tmp_path / "cache")
    everything(cache)
    cache.directory("http-v2/0/0")
    os.link(cache.real(cache.foreign("notes.txt", b"x" * 9999)), cache.real("http/again"))
    return cache


@pytest.fixture
def run(
    full: Cache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., str]:
    """Return a function that runs the command line on the cache, and returns what it printed."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> str:
        main(["--cache-dir", str(full.path), *arguments])
        return capsys.readouterr().out

    return run


Run = Callable[..., str]


def summary(run: Run, *arguments: str) -> Any:  # noqa: ANN401 - a JSON document
    return json.loads(run(*arguments, "--format", "json"))["summary"]


@pytest.mark.parametrize("words", [("info",), ("info", "--read"), ("list",)], ids=" ".join)
def test_what_is_said_of_all_is_what_du_says(run: Run, full: Cache, words: tuple[str, ...]) -> None:
    told = summary(run, *words)
    assert told["du_bytes"] == du(full.path)
    folders = [path for path in (full.path, *full.path.rglob("*")) if path.is_dir()]
    assert told["directories"] == len(folders)
    assert told["directory_bytes"] == sum(path.stat().st_blocks * 512 for path in folders)
    assert told["bytes"] < told["disk_bytes"]
    pattern = r"^total +\d+ +(\S+ \S+) " if words[0] == "info" else r"\((\S+ \S+)\)$"
    (said,) = re.findall(pattern, run(*words, "--format", "ci"), re.MULTILINE)
    assert said == size(du(full.path))


def test_a_list_of_some_tells_of_no_directories(run: Run) -> None:
    told = summary(run, "list", "kind:wheel")
    assert (told["directories"], told["directory_bytes"], told["du_bytes"]) == (None, None, None)


def test_the_kinds_add_up_to_all(run: Run) -> None:
    told = summary(run, "info")
    for key in ("entries", "files", "bytes", "disk_bytes"):
        assert told[key] == sum(part[key] for part in told["by_kind"].values())
        assert told[key] == sum(part[key] for part in told["by_area"].values())
        assert told[key] == sum(part[key] for part in told["by_last_use"].values())


@pytest.mark.parametrize("more", [(), ("--trash",)], ids=["gone", "trash"])
@pytest.mark.parametrize(
    "words",
    [("purge", "--yes"), ("prune", "--corrupt", "--partial", "--stale"), ("prune",), ("remove", "kind:built-wheel")],
    ids=" ".join,
)
def test_what_is_removed_is_what_du_says_less_and_what_a_dry_run_says(
    run: Run, full: Cache, words: tuple[str, ...], more: tuple[str, ...]
) -> None:
    before = du(full.path)
    folders = sum(path.is_dir() for path in full.path.rglob("*"))
    dry = summary(run, *words, *more, "--exclusive", "-n")
    assert du(full.path) == before
    (said,) = re.findall(
        r"^(?:Entries to remove|Moved to the trash): .*", run(*words, "--exclusive", "-n"), re.MULTILINE
    )
    done = summary(run, *words, *more, "--exclusive")
    assert {**done, "run": None} == dry
    assert dry["du_bytes"] == before - du(full.path)
    assert dry["directories"] == folders - sum(path.is_dir() for path in full.path.rglob("*"))
    counted = f"{dry['entries']}, files: {dry['files']}, directories: {dry['directories']} ({size(dry['du_bytes'])})"
    assert said.partition(": ")[2] == counted


@pytest.mark.parametrize(
    ("group", "title"), [("corrupt", "Damaged"), ("partial", "Incomplete"), ("stale", "Stale (information only)")]
)
def test_a_command_that_is_printed_removes_what_is_counted_beside_it(run: Run, group: str, title: str) -> None:
    told = run("verify", "-v")
    ((listed, more, command),) = re.findall(
        rf"^{re.escape(title)}: (.*) \(.*\)$(?:\n  .*)*\n  To remove (?:it|them)(.*): .* ((?:prune|remove) .*)$",
        told,
        re.MULTILINE,
    )
    what = f"{listed} {more}"
    entries, directories = (
        sum(int(count) for count in re.findall(rf"(\d+) {noun}", what)) for noun in ("entr", "empty director")
    )
    assert group in command or command.startswith("remove ")
    words = command.partition(" --cache-dir ")[0].split()
    dry = json.loads(run(*words, "--exclusive", "-n", "--format", "json"))
    empty = sum(not action["paths"] for action in dry["actions"])
    assert (dry["summary"]["entries"], empty) == (entries, directories)
