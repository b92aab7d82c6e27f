"""The job of a CI pipeline from the outside: restore a cache, mark it, install with a real pip, prune, save it."""

import json
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus import PipCache
from tests.support import processes
from tests.support.builders import tree
from tests.support.filled import Filled
from tests.support.pips import NEWEST, Pip
from tests.support.processes import PIPCACHEPLUS


def run(*arguments: str, cache: Path) -> dict[str, Any]:
    """Run the command as a user does; return its JSON."""
    environment = {**os.environ, "XDG_STATE_HOME": str(cache.parent / "state")}
    done = processes.run([*PIPCACHEPLUS, *arguments, "--cache-dir", str(cache), "--format", "json"], env=environment)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def pack_by_tar(cache: Path, archive: Path) -> None:
    processes.run(["tar", "-cf", archive, "-C", cache.parent, cache.name], is_checked=True)


def unpack_by_tar(archive: Path, folder: Path) -> None:
    processes.run(["tar", "-xf", archive, "-C", folder], is_checked=True)


def unpack_by_python(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        # It is one of our own.
        if sys.version_info >= (3, 12):
            opened.extractall(folder, filter="fully_trusted")  # noqa: S202 - see above
        else:
            opened.extractall(folder)  # noqa: S202 - see above


def install(pip: Pip, filled: Filled, cache: Path, folder: Path, *more: str) -> list[str]:
    """Install, and return the files that were downloaded for it."""
    filled.index.clear_requests()
    options = ("--target", str(folder), *more, "demo-app")
    pip.run("install", *options, cache_dir=cache, index=filled.index.index_url)
    return [request.path for request in filled.index.requests if request.path.startswith("/packages/")]


@pytest.mark.parametrize("unpack", [unpack_by_tar, unpack_by_python], ids=["tar", "tarfile"])
@pytest.mark.parametrize("is_recorded", [False, True], ids=["access times", "a report"])
def test_the_saved_cache_holds_what_the_install_used_and_nothing_else(
    filled_cache: Callable[[str], Filled],
    tmp_path: Path,
    unpack: Callable[[Path, Path], None],
    *,
    is_recorded: bool,
) -> None:
    filled = filled_cache("newest")
    pip = filled.pips[0]
    pack_by_tar(filled.path, tmp_path / "saved.tar")
    (tmp_path / "job").mkdir()
    unpack(tmp_path / "saved.tar", tmp_path / "job")
    cache = tmp_path / "job" / filled.path.name
    if not is_recorded and PipCache(cache).last_use != "atime":
        pytest.skip("this file system keeps no access times")
    run("mark", cache=cache)
    report = tmp_path / "report.json"
    assert install(pip, filled, cache, tmp_path / "first", "--report", str(report)) == []
    words = ("--report", str(report)) if is_recorded else ()
    done = run("prune", "--ci", "--exclusive", "--python", pip.python, *words, cache=cache)
    assert done["summary"]["entries"] > 0
    entries = run("list", cache=cache)["entries"]
    kinds = {(entry["kind"], entry["project"]) for entry in entries}
    used = {("index-page", name) for name in ("demo-app", "demo-lib", "demo-source")}
    used |= {("wheel", "demo-app"), ("wheel", "demo-lib"), ("built-wheel", "demo-source")}
    assert used <= kinds
    assert kinds <= used | {("metadata", "demo-app"), ("metadata", "demo-lib")}
    assert all(entry["version"] in {None, "1.0", "1.1", "2.0"} for entry in entries)
    pack_by_tar(cache, tmp_path / "again.tar")
    assert (tmp_path / "again.tar").stat().st_size < (tmp_path / "saved.tar").stat().st_size
    (tmp_path / "next").mkdir()
    unpack(tmp_path / "again.tar", tmp_path / "next")
    assert install(pip, filled, tmp_path / "next" / cache.name, tmp_path / "second") == []
    assert tree(tmp_path / "second").keys() == tree(tmp_path / "first").keys()


def test_what_a_real_pylock_names_is_enough_to_install_without_an_index(
    pip_of: Callable[[str, str], Pip], filled_cache: Callable[[str], Filled], tmp_path: Path
) -> None:
    filled = filled_cache("newest")
    pip = pip_of(NEWEST, "3.13")
    index, lock = filled.index, tmp_path / "pylock.toml"
    words = ("--index-url", index.index_url, "demo-app", "--quiet", "--output", str(lock))
    pip.run("lock", *words, cache_dir=filled.path)
    before = {entry["id"] for entry in run("list", cache=filled.path)["entries"]}
    done = run("prune", "--max-age", "0", "--exclusive", "--keep-lock", str(lock), cache=filled.path)
    assert done["summary"]["locked"] == {"packages": 3, "missing": 0}
    left = run("list", cache=filled.path)["entries"]
    assert {entry["project"] for entry in left} == {"demo-app", "demo-lib", "demo-source"}
    assert {entry["kind"] for entry in left} <= {"wheel", "metadata", "sdist", "built-wheel"}
    assert {entry["id"] for entry in left} < before
    index.clear_requests()
    target = ("--target", str(tmp_path / "installed"), "--no-deps", "-r", str(lock))
    pip.run("install", *target, cache_dir=filled.path)
    assert [request.path for request in index.requests if request.path.startswith("/packages/")] == []
    assert (tmp_path / "installed" / "demo_lib.py").exists()
