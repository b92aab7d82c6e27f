"""Limits, use, newer versions: what `prune` leaves of a cache, and what it says of that."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import PipCache, prune_to_size
from pipcacheplus.__main__ import main
from pipcacheplus.errors import BadRequestError
from tests.support import artefacts, processes
from tests.support.builders import DAY_S, INDEX_URL, Cache, file_headers, page_headers, tree


@pytest.fixture
def aged(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """Return a cache with downloads, used today, two and three days ago, a built wheel and a file that is foreign."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for days, name in ((0.9, "one"), (2, "two"), (3, "three")):
        content = artefacts.wheel(tmp_path, name, "1.0").read_bytes()
        url = f"https://files.example/{name}-1.0-py3-none-any.whl"
        paths = cache.http_v2(url, content, headers=file_headers(content, project=name, version="1.0"))
        used(cache, paths, days)
        used(cache, paths + ".body", days)
    built = cache.built_wheel("built", "1.0")
    used(cache, built, 10)
    used(cache, built.rpartition("/")[0] + "/origin.json", 10)
    used(cache, cache.foreign(), 99)
    return cache


def used(cache: Cache, path: str, days: float) -> None:
    """Let a file be written 100 days ago, and read so many days ago."""
    now = time.time()
    os.utime(cache.real(path), (now - days * DAY_S, now - 100 * DAY_S))


@pytest.fixture
def run(aged: Cache, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    def run(*arguments: str, code: int = 0) -> dict[str, Any]:
        words = ["prune", "--exclusive", "--format", "json", *arguments, "--cache-dir", str(aged.path)]
        assert main(words) == code, capsys.readouterr().err
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        return document

    return run


def left(cache: Cache) -> set[str]:
    entries = PipCache(cache.path).scan().entries
    return {entry.project or entry.id for entry in entries}


ALL = {"one", "two", "three", "built", "notes.txt"}


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        (("--max-files", "100"), set()),
        (("--max-files", "7"), {"built"}),
        (("--max-files", "6"), {"built", "three"}),
        (("--max-files", "1"), {"built", "three", "two", "one"}),
        (("--max-files", "wheels=2"), {"three", "two"}),
        (("--max-files", "wheels=2", "--max-files", "4"), {"three", "two", "built"}),
        (("--max-size", "1GB"), set()),
        (("--max-size", "built wheel=0"), {"built"}),
        (("--max-age", "99d"), ALL - {"notes.txt"}),
        (("--max-age", "101d"), set()),
        (("--max-age", "wheel=99d"), {"one", "two", "three"}),
        (("--unused-since", "3d"), {"built"}),
        (("--unused", "90m"), {"built", "three", "two"}),
        (("--unused-since", "1999-12-31"), set()),
        (("--min-free", "0"), set()),
        (("--min-free-inodes", "0"), set()),
        (("--min-free", "999999999999999"), ALL - {"notes.txt"}),
    ],
)
def test_what_goes_and_what_is_left(
    aged: Cache, run: Callable[..., dict[str, Any]], words: tuple[str, ...], gone: set[str]
) -> None:
    dry = run("-n", *words)
    assert left(aged) == ALL
    done = run(*words)
    assert left(aged) == ALL - gone
    assert dry["summary"]["entries"] == done["summary"]["entries"] == len(gone)


def test_a_size_counts_as_du_does_and_the_longest_unused_goes_first(
    aged: Cache, run: Callable[..., dict[str, Any]]
) -> None:
    def taken() -> int:
        paths = [aged.path, *aged.path.rglob("*")]
        return sum(os.lstat(path).st_blocks * 512 for path in paths)

    for size in range(taken(), 0, -4096):
        run("--max-size", str(size))
        assert taken() <= size or left(aged) == {"notes.txt"}
        assert left(aged) in [ALL, ALL - {"built"}, {"one", "two", "notes.txt"}, {"one", "notes.txt"}, {"notes.txt"}]


def test_a_limit_that_cannot_be_kept_says_why(aged: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["prune", "--exclusive", "--max-files", "1", "--keep", "one", "--cache-dir", str(aged.path)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    stays = "entries that stay: 2 files kept, 1 file not written by pip"
    assert f"WARNING: --max-files 1 cannot be met: it is missed by 2 files; {stays}" in err
    assert "For --max-files 1: 3 entries" in out
    assert left(aged) == {"one", "notes.txt"}


def test_where_the_cut_falls_is_told_before(run: Callable[..., dict[str, Any]]) -> None:
    (cut,) = run("-n", "--max-files", "6")["summary"]["limits"]
    assert cut["limit"] == "max-files 6"
    assert cut["entries"] == 2
    assert cut["over"] == 0
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 3 * DAY_S))
    assert cut["used_before"].startswith(day)


def test_a_cache_whose_file_system_keeps_no_access_times_loses_nothing_for_not_being_used(aged: Cache) -> None:
    opened = PipCache(aged.path)
    opened.last_use = "mtime"
    made = opened.plan(unused_since=1)
    assert not made.actions
    assert "keeps no access times" in made.notes[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--max-size", "-1"), "--max-size: '-1' is invalid; use bytes, or a number with kB"),
        (("--max-size", "lots"), "--max-size: 'lots' is invalid; use bytes"),
        (("--max-size", "eggs=1GB"), "--max-size: 'eggs' is not a kind; the kinds are wheel"),
        (("--max-size", "1GB", "--max-size", "2GB"), "--max-size: it is given twice for all entries"),
        (("--max-age", "1y"), "--max-age: '1y' is invalid; use seconds"),
        (("--max-files", "1.5"), "--max-files: '1.5' is invalid; pass a whole number, 0 or more"),
        (("--min-free", "NaN"), "--min-free: 'NaN' is invalid"),
        (("--unused-since", "nevermarked"), "--unused-since: this cache has no mark 'nevermarked'; set one with mark"),
        (("--unused-since", "2026-13-01"), "invalid date or age '2026-13-01'"),
        (("--max-age", "2025"), "--max-age: '2025' is invalid; it could be a year or seconds: write 2025s, or days as"),
        (("--unused-since", "2025"), "2025 could be a year or seconds: write 2025-01-01 or 2025s"),
        (("--built-before", "1900"), "--built-before: 1900 could be a year or seconds: write 1900-01-01 or 1900s"),
        (("--superseded=0",), "'0' is not a number of versions"),
        (("--keep-lock", "missing.toml"), "missing.toml: cannot be read (No such file or directory)"),
        (("--keep-lock", "."), ".: cannot be read (Is a directory)"),
        (("--keep-env", "./missing"), "missing"),
        (("--report", os.devnull), f"{os.devnull}: is not a regular file"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_nothing_goes(
    aged: Cache, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...], sentence: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    before = tree(aged.path)
    try:
        code = main(["prune", "--exclusive", *words, "--cache-dir", str(aged.path)])
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2
    assert sentence in capsys.readouterr().err
    assert tree(aged.path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_size": -1}, {"max_size": True}, {"max_size": 1.5}, {"max_size": ["1GB", "1GB"]}, {"max_files": "x"},
        {"max_age": -1}, {"max_age": float("nan")}, {"superseded": 0}, {"superseded": -1}, {"unused_since": "1x"},
        {"unused_since": -1},
    ],
)  # fmt: skip
def test_python_refuses_the_same(aged: Cache, arguments: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        PipCache(aged.path).plan(**arguments)


@pytest.mark.parametrize(("size", "goes"), [("1TiB", 0), ("1.5 GB", 0), (0, 4), ("0", 4)])
def test_sizes_are_taken_as_people_write_them(aged: Cache, size: str | int, goes: int) -> None:
    assert len(PipCache(aged.path).plan(max_size=size).actions) == goes


def lock(path: Path, *packages: str) -> str:
    path.write_text("".join(f"{package}\n" for package in packages), encoding="utf-8")
    return str(path)


def test_what_a_lock_names_stays_and_what_the_cache_has_not_is_counted(
    aged: Cache, run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    lock(tmp_path / "base.txt", "Built==1.0")
    first, second = (
        lock(tmp_path / "a.txt", "one==1.0", "-r base.txt"),
        lock(tmp_path / "b.txt", "absent==3", "two==2.0"),
    )
    done = run("--max-age", "0", "--keep-lock", first, "--keep-lock", second)
    assert left(aged) == {"one", "built", "notes.txt"}
    assert done["summary"]["locked"] == {"packages": 4, "missing": 2}


@pytest.mark.parametrize("verb", [["purge", "--yes"], ["remove", "--yes", "*"]], ids=["purge", "remove"])
def test_a_lock_keeps_from_every_verb(aged: Cache, tmp_path: Path, verb: list[str]) -> None:
    words = [*verb, "--exclusive", "--keep-lock", lock(tmp_path / "a.txt", "one==1.0"), "--cache-dir", str(aged.path)]
    assert main(words) == 0
    assert left(aged) == {"one", "notes.txt"}


def test_a_lock_that_is_cut_stops_the_run_before_anything_goes(aged: Cache, tmp_path: Path) -> None:
    cut = tmp_path / "pylock.toml"
    cut.write_text('lock-version = "1.0"\n[[packages', encoding="utf-8")
    before = tree(aged.path)
    for verb in (["prune", "--max-age", "0"], ["purge", "--yes"], ["remove", "one"], ["prune", "-n"]):
        assert main([*verb, "--exclusive", "--keep-lock", str(cut), "--cache-dir", str(aged.path)]) == 2
    assert tree(aged.path) == before


@pytest.mark.parametrize("content", ["", "# nothing\n", "-r base.txt\n"])
def test_a_lock_that_names_nothing_stops_the_run_unless_that_is_permitted(
    aged: Cache, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (tmp_path / "base.txt").write_text("")
    empty, full = tmp_path / "requirements.txt", lock(tmp_path / "full.txt", "one==1.0")
    empty.write_text(content)
    before = tree(aged.path)
    for verb in (["prune", "--max-age", "0"], ["purge", "--yes"], ["remove", "one"], ["purge", "-n"]):
        words = [*verb, "--exclusive", "--keep-lock", full, "--keep-lock", str(empty), "--cache-dir", str(aged.path)]
        assert main(words) == 2
        said = "names no package, so it keeps nothing"
        assert capsys.readouterr().err == f"ERROR: {empty}: {said}; write it again, or pass --keep-missing-ok\n"
        assert tree(aged.path) == before
        assert main([*words, "-n", "--keep-missing-ok"]) == 0
        assert f"WARNING: {empty}: {said}\n" in capsys.readouterr().err


def test_a_lock_that_only_includes_what_another_includes_too_is_not_empty(aged: Cache, tmp_path: Path) -> None:
    lock(tmp_path / "base.txt", "one==1.0")
    locks = [lock(tmp_path / name, "-r base.txt") for name in ("a.txt", "b.txt")]
    words = ["--keep-lock", locks[0], "--keep-lock", locks[1], "--cache-dir", str(aged.path)]
    assert main(["purge", "--yes", "--exclusive", *words]) == 0
    assert left(aged) == {"one", "notes.txt"}


def test_what_is_installed_in_an_environment_stays(
    aged: Cache, run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    environment = tmp_path / "environment"
    folder = environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (environment / "bin").mkdir(parents=True)
    (folder / "two-1.0.dist-info").mkdir(parents=True)
    (folder / "Built-1.0-py3.11.egg-info").mkdir()
    (folder / "three-9.dist-info").mkdir()
    (environment / "bin/python").symlink_to(sys.executable)
    (environment / "pyvenv.cfg").write_text(f"home = {os.path.dirname(sys.executable)}\n", encoding="utf-8")
    run("--max-age", "0", "--keep-env", str(environment / "bin/python"))
    assert left(aged) == {"two", "built", "notes.txt"}


def test_of_the_same_bytes_under_two_urls_the_one_used_last_stays(
    aged: Cache, run: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    content = artefacts.wheel(tmp_path, "one", "1.0").read_bytes()
    mirror = aged.http_v2("https://mirror.example/one-1.0-py3-none-any.whl", content, headers=file_headers(content))
    for path in (mirror, mirror + ".body"):
        used(aged, path, 2)
    (gone,) = run("--duplicates")["actions"]
    assert gone["id"] == mirror
    assert gone["reasons"] == ["duplicate"]
    assert left(aged) == ALL


def test_older_versions_go_and_the_pages_stay(aged: Cache, run: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    content = artefacts.wheel(tmp_path, "one", "2.0").read_bytes()
    aged.http_v2("https://files.example/one-2.0-py3-none-any.whl", content, headers=file_headers(content))
    page = json.dumps({"name": "one", "files": [], "meta": {"api-version": "1.0"}}).encode()
    aged.http_v2(INDEX_URL + "one/", page, headers=page_headers(page))
    assert run("--superseded=2")["summary"]["entries"] == 0
    done = run("--superseded")
    assert [action["reasons"] for action in done["actions"]] == [["superseded"]]
    versions = {(entry.project, entry.version) for entry in PipCache(aged.path).scan().entries if entry.project}
    assert versions == {("one", "2.0"), ("one", None), ("two", "1.0"), ("three", "1.0"), ("built", "1.0")}


def test_reasons_and_a_limit_together_take_each_entry_once(run: Callable[..., dict[str, Any]]) -> None:
    summary = run("-n", "--unused", "5d", "--max-files", "6", "--max-age", "wheel=99d")["summary"]
    assert summary["entries"] == 4
    assert {reason: part["entries"] for reason, part in summary["by_reason"].items()} == {"unused": 1, "over-age": 3}


def test_a_mark_is_set_moved_and_shown(
    aged: Cache, run: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mark", "--cache-dir", str(aged.path)]) == 0
    assert "Marked: " in capsys.readouterr().out
    assert main(["mark", "build", "--cache-dir", str(aged.path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["mark"] == "build"
    assert main(["state", "marks", "--format", "json", "--cache-dir", str(aged.path)]) == 0
    state = json.loads(capsys.readouterr().out)["summary"]["state"]
    assert [(one["kind"], one["cache"]) for one in state] == [("marks", str(aged.path))] * 2
    (three,) = PipCache(aged.path).scan("three").entries
    used(aged, three.id, -1)
    run("--unused-since", "mark")
    assert left(aged) == {"three", "notes.txt"}
    assert main(["state", "marks", "--clear", "--yes", "--cache-dir", str(aged.path)]) == 0
    assert PipCache(aged.path).mark_moment() is None


@pytest.mark.parametrize("name", ["1d", "a/b", "", "x" * 65, "-x", "../x"])
def test_a_mark_has_a_plain_name(aged: Cache, name: str) -> None:
    with pytest.raises(BadRequestError, match="is not the name of a mark"):
        PipCache(aged.path).mark(name)


def test_a_dry_mark_marks_nothing(aged: Cache) -> None:
    assert main(["mark", "-n", "--cache-dir", str(aged.path)]) == 0
    assert PipCache(aged.path).mark_moment() is None


def test_a_directory_that_no_pip_has_filled_yet_can_be_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert main(["mark", "--cache-dir", str(tmp_path / "later")]) == 0
    (tmp_path / "later").mkdir()
    assert PipCache(tmp_path / "later").mark_moment() is not None


def test_in_ci_nothing_goes_for_not_being_used_without_a_mark(aged: Cache) -> None:
    made = PipCache(aged.path).plan(ci=True, pythons="current")
    assert not made.actions
    assert made.notes == ("nothing is removed as unused: the cache was not marked before",)


def test_in_ci_without_the_default_mark_the_marks_of_this_cache_are_named(
    aged: Cache, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("job", "again"):
        assert main(["mark", name, "--cache-dir", str(aged.path)]) == 0
    assert main(["mark", "elsewhere", "--cache-dir", str(tmp_path / "other")]) == 0
    capsys.readouterr()
    assert main(["prune", "--ci", "-n", "--cache-dir", str(aged.path)]) == 0
    said = "the cache has no mark named mark, only again, job: pass --unused-since with one of them"
    assert f"WARNING: nothing is removed as unused: {said}\n" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "command"), [(("mark",), "mark"), ((), "mark"), (("job",), "mark job")])
def test_without_a_mark_a_verdict_says_how_to_set_it(
    aged: Cache, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], command: str
) -> None:
    assert main(["verdict", *words, "--cache-dir", str(aged.path)]) == 0
    assert f" -m pipcacheplus {command} --cache-dir " in capsys.readouterr().out


@pytest.mark.parametrize("unpack", [["tar", "-xf"], ["tar", "-xmf"]], ids=["times kept", "times of now"])
def test_after_a_restore_nothing_goes_for_not_being_used_before_it(
    aged: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unpack: list[str]
) -> None:
    (one,) = PipCache(aged.path).scan("one").entries
    os.utime(aged.real(one.id), (time.time() - 2 * DAY_S, time.time() - 50 * DAY_S))
    archive = tmp_path / "saved.tar"
    processes.run(["tar", "-cf", archive, "-C", aged.path.parent, aged.path.name], is_checked=True)
    (tmp_path / "job").mkdir()
    processes.run([*unpack, archive, "-C", tmp_path / "job"], is_checked=True)
    restored = PipCache(tmp_path / "job" / aged.path.name)
    made = restored.plan(unused_since=DAY_S)
    assert not made.actions
    assert not any(note for note in made.notes if "restored" not in note)
    if unpack == ["tar", "-xf"]:
        assert "the cache was restored as a whole after that" in made.notes[0]
    assert len(restored.plan(max_files=0).actions) == 4


def test_functions_of_one_call_keep_to_a_size(aged: Cache) -> None:
    report = prune_to_size("1kB", cache_dir=str(aged.path), dry_run=True, exclusive=True)
    assert len(report.outcomes) == 4
    assert left(aged) == ALL
    prune_to_size(0, cache_dir=str(aged.path), exclusive=True, keep=["one"])
    assert left(aged) == {"one", "notes.txt"}
