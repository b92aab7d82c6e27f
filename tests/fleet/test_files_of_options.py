"""Files that options of a run over many caches name: the processes of the caches work in another directory."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipcacheplus.cli.base.files_for_units import with_whole_paths
from pipcacheplus.errors import BadRequestError
from tests.fleet.caches import Ran, options_for
from tests.support.builders import Cache, tree
from tests.support.owners import SOMEBODY, given_away, is_root

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")
Run = Callable[..., Ran]


@pytest.mark.parametrize("form", [["--keep-lock", "lock.txt"], ["--keep-lock=lock.txt"]], ids=" ".join)
def test_a_lock_with_a_relative_path_keeps_its_packages_in_each_cache(
    run: Run, caches: list[Cache], tmp_path: Path, form: list[str]
) -> None:
    (tmp_path / "lock.txt").write_text("demo-app==1.0\n")
    done = run(
        "prune", "--max-files", "0", "--exclusive", *form, *options_for(caches), "--format", "jsonl", "--min-age", "0"
    )
    assert done.code == 0, done
    assert [line["summary"]["failed"] for line in done.lines] == [0, 0, 0]
    for cache in caches:
        left = [path for path in tree(cache.path) if path.startswith("http-v2/") and path.endswith(".body")]
        assert len(left) == 1


def test_an_interpreter_with_a_relative_path_is_found_by_each_process(
    run: Run, caches: list[Cache], tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    done = run("info", "--python", "bin/python", *options_for(caches), "--format", "jsonl")
    assert [line["error"] for line in done.lines] == [None, None, None]


def test_a_file_that_cannot_be_read_is_one_sentence_before_a_cache_is_opened(
    run: Run, caches: list[Cache], tmp_path: Path
) -> None:
    done = run("prune", "--max-files", "0", "--keep-lock", "nowhere.txt", *options_for(caches))
    assert (done.code, done.out) == (2, "")
    problem = "cannot be read (No such file or directory); name another file"
    assert done.err == f"ERROR: --keep-lock {tmp_path}/nowhere.txt: {problem}\n"


def test_a_plan_of_many_caches_is_refused(run: Run, caches: list[Cache], tmp_path: Path) -> None:
    done = run("prune", "--corrupt", "--plan-out", "plan.json", *options_for(caches))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("ERROR: --plan-out: is for one cache at a time")
    assert not (tmp_path / "plan.json").exists()


def test_words_that_name_no_file_stay_as_they_are() -> None:
    words = ["list", "--python", "current", "--keep", "x", "six", "--", "--report", "six"]
    assert with_whole_paths(words, has_other_owners=True) == [
        *("list", "--python=current", "--keep", "x", "six", "--", "--report", "six")
    ]


@is_root
def test_a_lock_that_owners_may_not_read_is_refused_in_one_sentence(run: Run, theirs: Cache, tmp_path: Path) -> None:
    theirs.built_wheel("demo")
    given_away(theirs)
    lock = theirs.path.parent.parent / "lock.txt"
    lock.write_text("demo==1.0\n")
    words = (
        "prune",
        "--exclusive",
        "--max-files",
        "0",
        "--min-age",
        "0",
        "--keep-lock",
        lock,
        *options_for([theirs]),
        "--executor",
        "threads:1",
    )
    lock.chmod(0o600)
    refused = run(*words)
    assert (refused.code, refused.out) == (2, "")
    assert "cannot be read by the owners of the caches; copy it to a directory that all users can read" in refused.err
    lock.chmod(0o644)
    closed = theirs.path.parent.parent / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(BadRequestError, match="by the owners"):
        with_whole_paths(
            ["--report", str(closed / ".." / "closed" / lock.rename(closed / "lock.txt").name)], has_other_owners=True
        )
    (closed / "lock.txt").rename(lock)
    done = run(*words, "--executor", "threads:1", "--format", "jsonl")
    assert done.code == 0, done
    assert [path for path in tree(theirs.path) if path.endswith(".whl")], "it is kept"
    assert os.stat(theirs.path).st_uid == SOMEBODY
