"""`info` from arguments to output: what it reads, when it fails, and what a report of a bug does not say."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipcacheplus.__main__ import main
from tests.support import artefacts
from tests.support.asking import PRESENT_S, at
from tests.support.builders import INDEX_URL, Cache, file_headers, page_headers

PROJECT, USER, HOST, SECRET = "zebraproject", "zebrauser", "zebrahost.example", "zebrasecret"


class Ran(NamedTuple):
    """What a run wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> Any:  # noqa: ANN401 - a JSON document
        """Return the summary of the JSON document on stdout."""
        return json.loads(self.out)["summary"]


@pytest.fixture
def zebras(tmp_path: Path) -> Cache:
    """Return a cache in whose path, projects, URLs, pages and names of files the word `zebra` stands."""
    cache = Cache(tmp_path / USER / "zebracache")
    wheel = artefacts.wheel(tmp_path, PROJECT, "1.0")
    content = wheel.read_bytes()
    url = f"https://{USER}:{SECRET}@{HOST}/files/{wheel.name}"
    cache.http_v2(url, content, headers=file_headers(content))
    index = f"https://{USER}:{SECRET}@{HOST}/simple/{PROJECT}/"
    listing = json.dumps({"name": PROJECT, "files": [], "meta": {"api-version": "1.0"}}).encode()
    cache.http_v2(index, listing, headers=page_headers(listing))
    cache.http_v2(f"{INDEX_URL}{PROJECT}/half", b"half", has_head=False)
    cache.built_wheel(PROJECT, "1.0", content=b"broken")
    cache.selfcheck(f"/home/{USER}/zebraenv")
    cache.foreign("zebra-notes.txt")
    cache.foreign("/".join(["zebra"] * 70) + "/notes.txt")  # too deep to be looked at, which is a warning
    return cache


@pytest.fixture
def run(
    zebras: Cache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Ran]:
    """Return a function that runs the command line on the cache, some time after all in it was written."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / USER / "zebrastate"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, cache_dir: str | None = None) -> Ran:
        with at(PRESENT_S):
            try:
                code = main(["--cache-dir", cache_dir or str(zebras.path), *arguments])
            except SystemExit as stopped:
                code = int(stopped.code or 0)
        return Ran(code, *capsys.readouterr())

    return run


Run = Callable[..., Ran]
JSON = ("--format", "json", "--python", "current")


def test_a_plain_info_after_a_list_has_kinds_that_an_earlier_one_had_not(run: Run) -> None:
    first = run("info", *JSON).summary
    assert first["unread"]["response"]["entries"] == 2
    assert (first["projects"], first["read"]) == ([], False)
    run("list", "--python", "current")
    again = run("info", *JSON).summary
    assert again["unread"] == {}
    assert {"wheel", "index-page"} <= again["by_kind"].keys()
    assert [one["name"] for one in again["projects"]] == [PROJECT]
    for key in ("entries", "files", "bytes", "disk_bytes", "du_bytes", "by_last_use", "pip"):
        assert again[key] == first[key]


def test_reading_is_for_who_asks_for_it_and_is_remembered(run: Run) -> None:
    assert run("info", "-v", *JSON).summary["unread"] != {}
    read = run("info", "--read", *JSON).summary
    assert (read["unread"], read["read"]) == ({}, True)
    assert run("info", *JSON).summary["unread"] == {}
    assert run("info", "--no-catalog", *JSON).summary["unread"] != {}


@pytest.mark.parametrize("more", [(), ("--read",)])
def test_entries_are_listed_in_the_json_if_more_is_wanted_and_as_far_as_they_were_read(
    run: Run, more: tuple[str, ...]
) -> None:
    assert json.loads(run("info", *more, *JSON).out)["entries"] == []
    entries = json.loads(run("info", "-v", *more, *JSON).out)["entries"]
    assert len(entries) == run("info", *JSON).summary["entries"] > 0
    assert ("wheel" in {entry["kind"] for entry in entries}) is bool(more)


def test_each_reason_of_the_kinds_adds_up_to_that_of_all(run: Run) -> None:
    summary = run("info", "--read", *JSON).summary
    by_kind = summary["reclaimable_by_kind"]
    for reason, part in summary["reclaimable"].items():
        for key in ("entries", "files", "bytes", "disk_bytes"):
            assert part[key] == sum(kind["by_reason"].get(reason, {}).get(key, 0) for kind in by_kind.values())
    for key in ("entries", "files", "bytes", "disk_bytes"):
        assert summary["reclaimable_at_all"][key] == sum(kind[key] for kind in by_kind.values())


def test_a_cache_above_the_size_that_is_named_is_3_and_a_sentence_and_else_0(run: Run, zebras: Cache) -> None:
    foreign = zebras.path / "zebra"
    subprocess.run(["rm", "-r", str(foreign)], check=True, timeout=60)  # so that there is no other warning
    taken = run("info", *JSON).summary["du_bytes"]
    for size, code in ((f"{taken}", 0), (f"{taken - 1}", 3), ("1kB", 3), ("1TB", 0)):
        ran = run("info", *JSON, "--fail-above", size)
        assert ran.code == code
        assert ("more than the" in ran.out) is bool(code)
    assert run("info", *JSON, "--fail-above", "1TB").summary["fail_above"] == 10**12
    ran = run("info", "--fail-above", f"{taken - 1}")
    assert ran.err == (
        f"WARNING: the cache takes {taken:,} bytes on disk, more than the {taken - 1:,} bytes of --fail-above\n"
    )


@pytest.mark.parametrize(("above", "code"), [("1kB", 3), ("1TB", 0)])
def test_with_fail_above_a_quiet_run_prints_its_sentence_on_stderr_or_nothing(
    run: Run, zebras: Cache, above: str, code: int
) -> None:
    subprocess.run(
        ["rm", "-r", str(zebras.path / "zebra")], check=True, timeout=60
    )  # so that there is no other warning
    ran = run("info", "-q", "--fail-above", above)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.count("\n") == ("more than the" in ran.err) == bool(code)
    assert run("info", "-q").out.count("\n") == 7


def test_with_fail_above_a_named_directory_that_is_missing_is_10(run: Run, tmp_path: Path) -> None:
    ran = run("info", "-q", "--fail-above", "1kB", cache_dir=str(tmp_path / "none"))
    assert (ran.code, ran.out) == (10, "")


def test_with_fail_above_a_quiet_run_without_a_cache_prints_a_warning_on_stderr_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "none"))
    ran = Ran(main(["info", "-q", "--fail-above", "1kB"]), *capsys.readouterr())
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("WARNING: there is no cache directory at ")
    said = Ran(main(["info", *JSON, "--fail-above", "1kB"]), *capsys.readouterr())
    assert said.summary["fail_above"] == 1000


def test_a_size_that_is_none_is_2(run: Run) -> None:
    ran = run("info", "--fail-above", "much")
    assert (ran.code, ran.out) == (2, "")
    assert "--fail-above: invalid size 'much': use bytes" in ran.err


def test_metrics_of_a_cache_can_be_parsed_and_end_with_a_line_end(run: Run, zebras: Cache) -> None:
    ran = run("info", "--format", "prometheus", "--python", "current")
    assert ran.out.endswith("\n")
    values = {
        sample.name: sample.value
        for family in text_string_to_metric_families(ran.out)
        for sample in family.samples
        if sample.labels.keys() == {"cache"} and sample.labels["cache"] == str(zebras.path)
    }
    assert values["pipcacheplus_cache_bytes"] == run("info", *JSON).summary["du_bytes"]


@pytest.mark.parametrize("command", [("list",), ("verify",), ("prune", "-n"), ("purge", "--yes")])
def test_a_format_of_one_command_is_refused_for_others_before_anything_is_done(
    run: Run, zebras: Cache, command: tuple[str, ...]
) -> None:
    before = {*zebras.path.rglob("*")}
    ran = run(*command, "--format", "prometheus")
    assert (ran.code, ran.out) == (2, "")
    others = "ci, human, json, jsonl, paths"
    assert ran.err == f"ERROR: --format prometheus is for info alone; for {command[0]} use one of {others}\n"
    assert {*zebras.path.rglob("*")} == before


@pytest.mark.skipif(sys.platform == "win32", reason="a variable of this name is none there")
@pytest.mark.parametrize("more", [(), ("--read",), ("--no-catalog",), ("-v",)])
def test_a_bug_report_names_nobody_and_nothing(
    run: Run, zebras: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    settings = tmp_path / "zebra.conf"
    settings.write_text(
        f"[global]\nindex-url = https://{USER}:{SECRET}@{HOST}/simple/\n"
        f"[pipcacheplus]\nkeep = {PROJECT}\nzebra-name = 1\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.setenv("PIPCACHEPLUS_KEEP", PROJECT)
    monkeypatch.setenv("PIPCACHEPLUS_ZEBRA", SECRET)
    (tmp_path / "pyproject.toml").write_text(f'[tool.pipcacheplus]\nkeep = ["{PROJECT}"]\n')
    monkeypatch.setenv("USER", USER)
    run("verify", "--index-url", f"https://{USER}:{SECRET}@{HOST}/simple/")
    ran = run("info", "--bug-report", *more, "--python", "current")
    assert ran.code == 0
    said = ran.out + ran.err
    assert "zebra" not in said.lower()
    assert str(tmp_path) not in said
    assert "/" not in ran.out
    assert "@" not in said
    assert str(zebras.path.owner()) not in ran.out.split()
    assert os.uname().nodename not in ran.out.split()
    for line in ("pipcacheplus: ", "Python: ", "SQLite: ", "file system: ", "  keep (variable)", "  keep (project)"):
        assert f"\n{line}" in f"\n{ran.out}"
    assert "  keep (pip)\n" in ran.out
    assert ran.out.count("  other (") == 2
    assert "  leftover in http-v2: 1 (" in ran.out
    assert "\nwarnings: 1\n" in ran.out
    if more in {(), ("--read",), ("-v",)}:
        assert "  built-wheel-broken: 1\n" in ran.out


def test_a_bug_report_of_no_cache_says_so_without_its_path(run: Run, tmp_path: Path) -> None:
    ran = run("info", "--bug-report", cache_dir=str(tmp_path / "zebra-none"))
    assert (ran.code, ran.err) == (0, "")
    assert "cache: CacheNotFoundError\n" in ran.out
    assert "zebra" not in ran.out


@pytest.mark.parametrize("form", ["json", "paths", "prometheus"])
def test_a_bug_report_is_text_alone(run: Run, form: str) -> None:
    ran = run("info", "--bug-report", "--format", form)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"ERROR: --bug-report: has no form for {form}; leave --format away\n"
