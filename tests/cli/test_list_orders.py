"""What `list` puts first, leaves out and adds up: in text, JSON and paths alike."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import PipCache
from pipcacheplus.__main__ import main
from pipcacheplus.render.order import ORDERS, SUMS, in_order
from tests.support.builders import DAY_S, Cache
from tests.support.processes import run as run_process


@pytest.fixture
def cache(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with built wheels of three sizes and ages, and two that share an origin."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name, version, size, age_s in (("bb", "1.9", 9, 1), ("bb", "1.10", 40, 3), ("aa", "2.0", 90, 2)):
        cache.built_wheel(name, version, content=os.urandom(size * 1000), age_s=age_s * DAY_S)
    cache.http_v2("https://files.example/x", b"a response", age_s=9 * DAY_S)
    cache.http_v2("https://other.example/y", b"another response", age_s=8 * DAY_S)
    return cache


@pytest.fixture
def run(cache: Cache, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        assert main(["list", *arguments, "--cache-dir", str(cache.path)]) == 0
        return capsys.readouterr().out

    return run


def names(told: str) -> list[str]:
    entries: list[dict[str, Any]] = json.loads(told)["entries"]
    return [f"{one['project']} {one['version']}" if one["project"] else one["url_shown"] or "?" for one in entries]


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("name", ["aa 2.0", "bb 1.9", "bb 1.10"]),
        ("size", ["aa 2.0", "bb 1.10", "bb 1.9"]),
        ("written", ["bb 1.10", "aa 2.0", "bb 1.9"]),
        ("used", ["bb 1.10", "aa 2.0", "bb 1.9"]),
    ],
)
def test_every_format_has_the_same_entries_in_the_same_order(
    run: Callable[..., str], order: str, first: list[str]
) -> None:
    words = ("kind:built-wheel", "--sort", order)
    assert names(run(*words, "--format", "json")) == first
    assert [" ".join(line.split("\t")[:2]) for line in run(*words).splitlines()] == first
    files = [line.rpartition("/")[2] for line in run(*words, "--format", "paths").splitlines() if line.endswith(".whl")]
    assert [f"{name} {version}" for name, version, *_ in (file.split("-") for file in files)] == first
    limited = run(*words, "--limit", "2", "--format", "json")
    assert names(limited) == first[:2]
    assert json.loads(limited)["summary"]["entries"] == 3
    assert len(run(*words, "--limit", "2").splitlines()) == 2


def test_no_order_loses_an_entry(cache: Cache) -> None:
    entries = PipCache(cache.path).scan().entries
    for order in (*ORDERS, None):
        found = in_order(entries, order)
        assert sorted(found, key=lambda entry: entry.id) == list(entries)
        assert list(in_order(entries, order, limit=2)) == list(found[:2]) == list(found)[:2]


@pytest.mark.parametrize("by", SUMS)
def test_sums_add_up_to_the_total(run: Callable[..., str], by: str) -> None:
    summary = json.loads(run("--by", by, "--format", "json"))["summary"]
    rows = summary["sums"]["rows"]
    for count in ("entries", "files", "bytes", "disk_bytes"):
        assert sum(row[count] for row in rows) == summary[count]
    assert len({row["name"] for row in rows}) == len(rows) == summary["sums"]["sums"]
    assert [row["disk_bytes"] for row in rows] == sorted((row["disk_bytes"] for row in rows), reverse=True)
    counts = ("entries", "files", "disk_bytes")
    expected = [[row["name"] or "-", *(str(row[count]) for count in counts)] for row in rows]
    assert [line.split("\t") for line in run("--by", by).splitlines()] == expected


def test_sums_have_the_words_that_selections_have(run: Callable[..., str]) -> None:
    assert [line.split()[0] for line in run("--by", "project").splitlines()] == ["aa", "bb", "-"]
    assert "built-wheel\t" in run("--by", "kind")
    told = json.loads(run("--by", "kind", "--sort", "name", "--limit", "1", "--format", "json"))["summary"]["sums"]
    assert [row["name"] for row in told["rows"]] == ["built-wheel"]
    assert told["sums"] > 1


def test_a_total_is_one_line(run: Callable[..., str]) -> None:
    assert run("--total", "kind:built-wheel").startswith("3\t")
    assert run("--total", "nobody") == "0\t0\t0\n"
    assert len(run("--total").splitlines()) == 1
    assert json.loads(run("--total", "--format", "json"))["entries"] == []


def test_a_terminal_gets_a_table_of_what_comes_first_and_how_much_more_there_is(
    run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    told = run("--sort", "size", "--limit", "2").splitlines()
    assert [line.split()[0] for line in told[:3]] == ["PROJECT", "aa", "bb"]
    assert told[3:5] == ["... and 3 more", ""]
    assert told[5].startswith("5 entries, ")
    sums = run("--by", "kind").splitlines()
    assert sums[0].split() == ["KIND", "ENTRIES", "FILES", "SIZE"]
    assert sums[-1].startswith("5 entries, ")
    assert run("--total", "kind:built-wheel").startswith("3 entries, ")
    assert len(run("--total").splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such terminals")
def test_a_real_terminal_gets_a_table_of_its_width_and_a_pipe_gets_values(cache: Cache) -> None:
    command = [sys.executable, "-m", "pipcacheplus", "list", "--no-color", "--cache-dir", str(cache.path)]
    script = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    environment = {**os.environ, "COLUMNS": "60"}
    shown = run_process([sys.executable, "-c", script, *command], env=environment, is_checked=True).stdout.splitlines()
    assert shown[0].startswith("PROJECT")
    assert max(map(len, shown)) <= 60
    piped = run_process(command, env=environment, is_checked=True).stdout.splitlines()
    assert {len(line.split("\t")) for line in piped} == {8}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--limit", "0"), "invalid number '0': use 1 or more"),
        (("--limit", "-1"), "--limit"),
        (("--sort", "colour"), "--sort: there is no 'colour'; use name, size, used or written"),
        (("--by", "kind", "--total"), "not allowed with"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cache: Cache, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["list", *words, "--cache-dir", str(cache.path)])
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err


def test_sums_by_use_are_refused(cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--by", "kind", "--sort", "used", "--cache-dir", str(cache.path)]) == 2
    assert "use --sort name or --sort size" in capsys.readouterr().err
