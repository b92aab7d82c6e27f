"""What a run over many caches says about all of them: once, counted, and with an exit code that fits."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet.caches import Ran, options_for
from tests.support.builders import Cache
from tests.support.owners import given_away, is_root

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")
Run = Callable[..., Ran]
_REFUSED = "1 entry: cannot be read: Permission denied; --format jsonl names each"


@is_root
@pytest.mark.parametrize("word", ["sha256:{digest}", "hidden==1.0", "h*"], ids=["digest", "release", "pattern"])
def test_a_file_that_its_owner_may_not_read_is_no_all_clear(
    run: Run, theirs: Cache, caches: list[Cache], word: str
) -> None:
    theirs.built_wheel("hidden", "1.0")
    wheel = next(theirs.path.rglob("*.whl"))
    word = word.format(digest=hashlib.sha256(wheel.read_bytes()).hexdigest())
    wheel.chmod(0)
    given_away(theirs)
    ran = run("list", word, "--fail-if-found", *options_for([theirs, *caches]))
    assert (ran.code, _REFUSED in ran.err) == (4, True), ran.err
    wheel.chmod(0o644)
    assert run("list", word, "--fail-if-found", *options_for([theirs, *caches])).code == 3


@is_root
def test_verify_says_what_was_not_judged_in_any_cache(run: Run, theirs: Cache, caches: list[Cache]) -> None:
    theirs.built_wheel("hidden", "1.0")
    next(theirs.path.rglob("*.whl")).chmod(0)
    given_away(theirs)
    ran = run("verify", *options_for([theirs, *caches]))
    assert (ran.code, _REFUSED in ran.err) == (4, True), ran.err
    [line] = [line for line in ran.out.splitlines() if line.startswith("Not judged: ")]
    assert line.startswith("Not judged: 1 entry (")
    assert "that could not be read" in line


def test_a_word_that_matches_in_no_cache_is_remarked_upon_once(run: Run, caches: list[Cache]) -> None:
    caches[1].built_wheel("only-here", "1.0")
    words = ("list", "only-here", "nowhere", "7" * 64, *options_for(caches))
    ran = run(*words)
    assert ran.err.splitlines() == [
        'WARNING: No matching entries for "nowhere"',
        f'WARNING: No matching entries for "{"7" * 64}"',
    ]


@pytest.mark.parametrize(
    "words", [("prune", "-n", "--max-age", "2020"), ("prune", "-n", "--max-size", "abc"), ("verify", "kind:nothing")]
)
def test_a_request_that_makes_no_sense_is_one_sentence_and_exit_code_2(
    run: Run, caches: list[Cache], words: tuple[str, ...]
) -> None:
    ran = run(*words, *options_for(caches))
    assert ran.code == 2
    assert len([line for line in (ran.out + ran.err).splitlines() if line.startswith(("3 caches: ", "ERROR: "))]) == 1


@pytest.mark.parametrize("command", ["list", "verify", "info"])
def test_a_file_of_rows_and_lines_of_json_exclude_each_other(
    run: Run, caches: list[Cache], tmp_path: Path, command: str
) -> None:
    ran = run(command, *options_for(caches), "--output", tmp_path / "all.sqlite", "--format", "jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert "cannot be written together with --format jsonl" in ran.err
    assert not (tmp_path / "all.sqlite").exists()


def test_a_quiet_run_prints_the_caches_that_need_attention_alone(run: Run, caches: list[Cache]) -> None:
    assert run("verify", "-q", *options_for(caches)) == Ran(0, "", "")
    caches[1].built_wheel("broken", content=b"no zip")
    ran = run("verify", "-q", *options_for(caches))
    assert ran.code == 3
    table = ran.out.partition("\n\n")[0].splitlines()[1:]
    shown = {line.split()[0] for line in table}
    assert shown == {str(caches[1].path)}


def test_files_in_the_trash_are_not_free(run: Run, caches: list[Cache]) -> None:
    for cache in caches:
        cache.built_wheel("broken", content=b"no zip")
    ran = run("prune", "--corrupt", "--exclusive", "--trash", *options_for(caches))
    rows = [line.split() for line in ran.out.splitlines() if line.startswith(str(caches[0].path))]
    assert rows[0][2] == "1", ran.out
    assert "In the trash of their caches: " in ran.out
    assert not any(path.name.startswith("broken") for cache in caches for path in (cache.path / "wheels").rglob("*"))


def test_comments_in_a_list_of_caches_are_no_caches(run: Run, caches: list[Cache], tmp_path: Path) -> None:
    listed = tmp_path / "listed.txt"
    listed.write_text(f"# the caches of the runners\n\n{caches[0].path}\n#{caches[1].path}\n")
    assert [line["path"] for line in run("list", "--caches-from", listed, "--format", "jsonl").lines] == [
        str(caches[0].path)
    ]
