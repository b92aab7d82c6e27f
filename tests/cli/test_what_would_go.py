"""What each reason would free: tables in which an entry that goes for several reasons counts once in all."""

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.__main__ import main
from pipcacheplus.cache.pip_cache import PipCache
from tests.support import artefacts
from tests.support.asking import PRESENT_S, at
from tests.support.builders import DAY_S, Cache, file_headers


@pytest.fixture
def full(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache in which an old version is damaged too, and another one lies under two URLs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for version, hosts in (("1.0", ("a", "b")), ("2.0", ("a",))):
        content = artefacts.wheel(tmp_path, "demo", version).read_bytes()
        for host in hosts:
            cache.http_v2(f"https://{host}.example/demo-{version}.whl", content, headers=file_headers(content))
    cache.built_wheel("built", "1.0", content=b"broken")
    cache.built_wheel("built", "2.0")
    cache.http_v2("https://a.example/half", b"half", has_head=False, age_s=9 * DAY_S)
    return cache


@pytest.fixture
def run(full: Cache, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        assert main([*arguments, "--python", "current", "--cache-dir", str(full.path)]) == 0
        return capsys.readouterr().out

    return run


WORDS = ("prune", "-n", "--exclusive", "--corrupt", "--partial", "--superseded", "--duplicates")


def test_a_dry_run_shows_what_each_reason_would_free(run: Callable[..., str]) -> None:
    table = run(*WORDS).partition("Reason ")[2].splitlines()
    rows = {line[:22].strip(): [*map(int, line[22:].replace(" kB", "").split()[:2])] for line in table[1:-1]}
    assert rows == {
        "built wheel broken": [1, 2],
        "duplicate": [1, 2],
        "http head missing": [1, 1],
        "superseded": [1, 2],
        "all": [4, 7],
    }


def test_one_reason_needs_no_table(run: Callable[..., str]) -> None:
    assert "Reason" not in run("prune", "-n", "--exclusive", "--superseded")


def test_info_names_the_command_for_each_line_and_what_all_of_them_free(run: Callable[..., str]) -> None:
    text = run("info", "--read")
    for word in ("corrupt", "partial", "superseded"):
        assert f"prune --{word} --cache-dir" in text
    assert re.search(
        r"^1 entry \(\d.*\) is listed under a further reason, and counted once in the total\.$", text, re.MULTILINE
    )
    summary: dict[str, Any] = json.loads(run("info", "--read", "--format", "json"))["summary"]
    parts = summary["reclaimable"]
    assert {key: part["entries"] for key, part in parts.items()} == {"corrupt": 1, "partial": 1, "superseded": 3}
    assert summary["reclaimable_at_all"]["entries"] == 4


def test_in_a_restored_cache_info_counts_the_duplicate_that_a_plan_removes(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    content = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    now_s = time.time()
    # The access times are those of unpacking an archive: what was unpacked last was not used last.
    heads = []
    for host, written_days, read_s in (("a", 9, 10), ("b", 5, 60)):
        head = cache.http_v2(f"https://{host}.example/demo-1.0.whl", content, headers=file_headers(content))
        for path in (cache.real(head), cache.real(head + ".body")):
            os.utime(path, (now_s - read_s, now_s - written_days * DAY_S))
        heads.append(head)
    with at(PRESENT_S):
        opened = PipCache(cache.path)
        opened.verify(pythons="current")
        (action,) = opened.plan(duplicates=True, pythons="current").actions
        assert action.entry.id == heads[0]
        assert opened.overview(reads=True, pythons="current").redundant == {"duplicate": frozenset({heads[0]})}
