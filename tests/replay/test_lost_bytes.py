"""Bytes that were lost under an unchanged stamp are found all the same: each run reads one part in 64 again."""

from collections.abc import Callable

import pytest

from pipcacheplus.catalog.queries import answered
from pipcacheplus.catalog.shard import WalkShared, walk_shard
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import parts
from pipcacheplus.model.facts import Depth
from pipcacheplus.plan.select import Selection
from tests.replay.caches import Full, Runs, flipped, rewritten
from tests.support.pages import link, page


def deceive(runs: Runs) -> None:
    """Put the stamps of what lies there now into the rows of what lay there before: a stamp cannot be restored."""
    path = str(runs.cache.path)
    with OpenCache(path) as opened:
        tops = ["", *parts(opened)]
    with runs.database() as connection:
        for top in tops:
            walked = walk_shard(WalkShared(path), (top, None))
            stamps = [(row.files, row.changed_ns, row.id) for row in walked.rows or ()]
            connection.executemany("UPDATE entry SET files = ?, changed_ns = ? WHERE id = ?", stamps)
            connection.execute("UPDATE shard SET digest = ? WHERE name = ?", (walked.digest, top.encode()))


def _behind(full: Full, path: str, mark: bytes) -> tuple[str, int]:
    return path, full.runs.cache.real(path).read_bytes().index(mark) + len(mark) + 1


ROTTEN: dict[str, Callable[[Full], tuple[str, int]]] = {
    "of published digest": lambda full: (full.wheel + ".body", -30),
    "of a digest as ETag": lambda full: (full.other + ".body", 60),
    "built wheel": lambda full: _behind(full, full.built, b"demo.py"),
    "page": lambda full: _behind(full, full.page + ".body", b'"sha256": "'),
    "head": lambda full: _behind(full, full.wheel, b"Content-Length"),
    "origin": lambda full: (full.built.rpartition("/")[0] + "/origin.json", 0),
}


def _ask_otherwise(runs: Runs) -> None:
    runs.with_catalog(depth=Depth.ENDS)
    runs.with_catalog(selection=Selection(("kind:wheel",)))


@pytest.mark.parametrize("has_others", [False, True], ids=["alone", "in turn with other questions"])
@pytest.mark.parametrize("which", ROTTEN.values(), ids=ROTTEN)
def test_lost_bytes_under_an_unchanged_stamp_are_found_within_64_runs(
    known: Full,
    which: Callable[[Full], tuple[str, int]],
    has_others: bool,  # noqa: FBT001 - a row's value
) -> None:
    runs = known.runs
    path, at = which(known)
    before = runs.with_catalog()
    rewritten(runs, path, flipped(runs.cache.real(path).read_bytes(), at, bits=1))
    expected = runs.without()
    assert expected.checks != before.checks
    deceive(runs)
    assert runs.with_catalog().checks == before.checks
    count = 0
    while runs.with_catalog().told != expected.told:
        count += 1
        assert count < 64
        if has_others:
            _ask_otherwise(runs)
    assert [runs.with_catalog().told for _ in range(3)] == [expected.told] * 3


def test_a_run_that_reads_no_contents_forgets_those_of_which_the_ends_have_changed_and_no_others(known: Full) -> None:
    runs = known.runs
    path, at = ROTTEN["head"](known)
    rewritten(runs, path, flipped(runs.cache.real(path).read_bytes(), at, bits=1))
    deceive(runs)
    before = _contents(runs)
    runs.with_catalog(depth=Depth.ENDS, would_go=lambda _one: True)
    after = _contents(runs)
    assert after.items() <= before.items()
    assert before.keys() - after.keys() == {path}
    assert len(after) > 3
    assert runs.with_catalog().told == runs.without().told


def test_within_a_run_that_would_remove_an_entry_no_content_counts_that_it_has_not_read(known: Full) -> None:
    query = known.runs.query(depth=Depth.ENDS)
    assert len(answered(query, lambda run: run.same_contents(), [])) == 2
    removing = known.runs.query(depth=Depth.ENDS, would_go=lambda _one: True)
    assert answered(removing, lambda run: run.same_contents(), []) == {}
    assert len(answered(query, lambda run: run.same_contents(), [])) == 2


def _contents(runs: Runs) -> dict[str, object]:
    with runs.database() as connection:
        return {id_.decode(): rest for id_, *rest in connection.execute("SELECT * FROM content")}


def test_lost_bytes_of_what_tells_of_an_index_are_found_within_64_runs(known: Full) -> None:
    runs = known.runs
    page(runs.cache, "https://other.example/simple/demo/", "demo", [link("../../files/demo-9.zip")])
    tells = page(runs.cache, "https://no.example/x", "x", [link("https://other.example/files/x-1.zip")]) + ".body"
    before = runs.with_catalog()
    content = runs.cache.real(tells).read_bytes()
    rewritten(runs, tells, flipped(content, content.index(b"other.example") + 1, bits=1))
    expected = runs.without()
    assert expected.told != before.told
    deceive(runs)
    count = 0
    while runs.with_catalog().told != expected.told:
        count += 1
        assert count < 64


@pytest.mark.parametrize("which", ROTTEN.values(), ids=ROTTEN)
def test_lost_bytes_are_found_at_once_by_who_reads_all_again(
    known: Full, which: Callable[[Full], tuple[str, int]]
) -> None:
    path, at = which(known)
    rewritten(known.runs, path, flipped(known.runs.cache.real(path).read_bytes(), at, bits=1))
    deceive(known.runs)
    assert known.runs.with_catalog(is_deep=True).told == known.runs.without().told
    assert known.runs.with_catalog().told == known.runs.without().told
