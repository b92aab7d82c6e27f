"""`state` shows what we keep outside of caches and where, and `--clear` removes that and nothing else."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipcacheplus import PipCache, clear_state, state
from pipcacheplus.__main__ import main
from pipcacheplus.catalog.store import open_store
from pipcacheplus.errors import BadRequestError
from pipcacheplus.host.interpreter_cache import InterpreterCache
from pipcacheplus.host.state import state_folder
from pipcacheplus.model.values import OwnState
from tests.support.builders import Cache, tree
from tests.support.holding import held
from tests.support.owners import SOMEBODY, is_root
from tests.support.stores import SCHEMA, filled


class Ran(NamedTuple):
    """What a run wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> Any:  # noqa: ANN401 - of a JSON document
        """Return the summary that stdout holds, as JSON."""
        return json.loads(self.out)["summary"]


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return our state directory, which is nowhere yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Path(state_folder())


@pytest.fixture
def run(cache: Cache, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `state`."""

    def run(*arguments: str) -> Ran:
        return Ran(main(["state", *arguments, "--cache-dir", str(cache.path)]), *capsys.readouterr())

    return run


@pytest.fixture
def full(folder: Path, cache: Cache, tmp_path: Path) -> dict[str, Path]:
    """Make two catalogs, a trash beside the first cache, and answers; return where they are."""
    cache.http_v2("https://files.example/demo", b"x" * 5000)
    opened = PipCache(cache.path)
    opened.apply(opened.plan_purge(), trash=True, exclusive=True)
    other = Cache(tmp_path / "other" / "cache")
    other.http_v2("https://files.example/demo", b"x")
    paths = {
        "one": filled(folder, "a", cache=str(cache.path)),
        "two": filled(folder, "b", cache=str(other.path)),
        "answers": folder / "interpreters",
        "indexes": folder / "indexes",
        "trash": next(cache.path.parent.glob(".pipcacheplus-trash-*")),
    }
    for name in ("answers", "indexes"):
        InterpreterCache(str(paths[name])).store("/usr/bin/python3", "0" * 64, {"a": 1})
    return paths


def kinds(found: OwnState) -> list[str]:
    return [one.kind.value for one in found.files]


def files_in(path: Path) -> list[str]:
    return [name for name, content in tree(path).items() if isinstance(content, bytes)]


def test_where_nothing_is_kept_there_is_nothing_and_nothing_is_made(run: Run, folder: Path) -> None:
    assert run() == (0, "Stored outside of caches: 0 files (0 bytes)\n", "")
    assert run("--clear", "--yes") == (0, "Files removed: 0 files (0 bytes)\n", "")
    assert not folder.exists()


def test_each_part_is_shown_with_its_place_its_cache_its_size_and_its_last_use(
    run: Run, full: dict[str, Path], cache: Cache, tmp_path: Path
) -> None:
    ran = run("--format", "json")
    assert ran.code == 0
    shown = ran.summary["state"]
    assert [(part["kind"], part["path"], part["cache"]) for part in shown] == [
        ("catalogs", str(full["one"]), str(cache.path)),
        ("catalogs", str(full["two"]), str(tmp_path / "other" / "cache")),
        ("trash", str(full["trash"]), str(cache.path)),
        ("interpreters", str(full["answers"]), None),
        ("interpreters", str(full["indexes"]), None),
    ]
    assert shown[0]["bytes"] == sum(path.stat().st_size for path in full["one"].parent.glob(full["one"].stem + "*"))
    assert shown[2]["bytes"] > 5000
    assert all(part["used"].endswith("Z") and part["files"] for part in shown)
    assert ran.summary["bytes"] == sum(part["bytes"] for part in shown)
    told = run().out
    for part in shown:
        assert f"    {part['path']}\n" in told
    assert f"used {shown[0]['used'][:10]}  {cache.path}\n" in told
    assert run("-q").out == told.splitlines()[-1] + "\n"
    assert run("--format", "paths").out.splitlines() == [part["path"] for part in shown]


@pytest.mark.parametrize("words", [("catalogs",), ("trash",), ("interpreters",), ("trash", "catalogs")])
def test_only_what_is_named_is_shown_or_removed(
    run: Run, full: dict[str, Path], cache: Cache, words: Sequence[str]
) -> None:
    assert set(kinds(state(*words))) == set(words)
    assert {part["kind"] for part in run(*words, "--clear", "--yes", "--format", "json").summary["state"]} == set(words)
    left = state(cache_dir=str(cache.path))
    assert set(kinds(left)) == {"catalogs", "trash", "interpreters"} - set(words)


def test_what_is_cleared_is_gone_and_nothing_else_is(
    run: Run, full: dict[str, Path], folder: Path, cache: Cache, tmp_path: Path
) -> None:
    (folder / "interpreters" / "notes.txt").write_text("mine")
    (folder / "catalogs" / "notes.txt").write_text("mine")
    before = files_in(tmp_path / "other"), files_in(cache.path)
    count = sum(one.files for one in state().files)
    ran = run("--clear", "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[-1].startswith(f"Files removed: {count} files (")
    assert state().files == ()
    assert sorted(files_in(folder)) == ["catalogs/kept-house", "catalogs/notes.txt", "interpreters/notes.txt"]
    assert not full["trash"].exists()
    assert (files_in(tmp_path / "other"), files_in(cache.path)) == before


def test_a_dry_run_says_what_would_go_and_removes_nothing(run: Run, full: dict[str, Path]) -> None:
    before = state()
    ran = run("--clear", "-n")
    assert ran.code == 0
    assert ran.out.splitlines()[-1].startswith("Files to remove: ")
    assert clear_state(dry_run=True) == state() == before


def test_nothing_is_removed_where_there_is_nobody_to_ask(run: Run, full: dict[str, Path]) -> None:
    before = state()
    assert run("--clear") == (
        2,
        "",
        "ERROR: state --clear: needs a confirmation, which this run cannot ask for; pass --yes\n",
    )
    assert state() == before


def test_what_another_run_uses_stays_and_is_told(run: Run, full: dict[str, Path], cache: Cache, folder: Path) -> None:
    with open_store(str(cache.path), SCHEMA, folder=str(folder)), held(cache.path):
        ran = run("--clear", "--yes")
    assert ran.code == 4
    assert f"WARNING: {full['one']}: another run uses it\n" in ran.err
    assert f"WARNING: {full['trash']}: another pipcacheplus" in ran.err
    assert kinds(state()) == ["catalogs", "trash"]


def test_a_kind_that_there_is_not_is_a_mistake(run: Run) -> None:
    ran = run("ledgers")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "ERROR: kind: there is no 'ledgers'; name one of catalogs, trash, interpreters, marks, records\n"
    with pytest.raises(BadRequestError):
        clear_state("ledgers")


def test_a_catalog_that_does_not_say_its_cache_is_shown_and_goes(run: Run, folder: Path) -> None:
    path = filled(folder, "a")
    path.write_bytes(b"no database" * 1000)
    lock = path.with_suffix(".lock")
    (part,) = run("--format", "json").summary["state"]
    assert (part["kind"], part["cache"], part["bytes"]) == ("catalogs", None, 11_000 + lock.stat().st_size)
    assert run("--clear", "--yes").code == 0
    assert state().files == ()


@is_root
def test_what_is_not_ours_is_neither_shown_nor_removed(run: Run, full: dict[str, Path], folder: Path) -> None:
    before = files_in(folder)
    os.chown(folder, SOMEBODY, SOMEBODY)
    ran = run("--clear", "--yes", "catalogs", "interpreters")
    assert ran.code == 4
    assert ran.err == f"WARNING: {folder}: belongs to another user (uid {SOMEBODY}, not 0)\n"
    assert files_in(folder) == before


def test_without_a_cache_directory_the_rest_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(folder, "a", cache="/nowhere/cache")
    assert main(["state", "--cache-dir", "/nowhere/cache"]) == 0
    assert "/nowhere/cache\n" in capsys.readouterr().out
