"""What comes of a single task: what cannot be read or listed is told, and what was known has to be so still."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache as cached
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.catalog.links import KeyFilter
from pipcacheplus.catalog.rows import ReadResult, ShardRows, entry_stamp, sealed
from pipcacheplus.catalog.shard import (
    LinkFilter,
    NamedShard,
    ShardResult,
    Task,
    check_shard,
    collect_links,
    compare_stamps,
    name_shard,
)
from pipcacheplus.model.values import Checked, Entry, Warned
from tests.support.builders import Cache
from tests.support.requests import entries_of, whole

URL = "https://files.example/"


def task(cache: Cache, *entries: Entry, **more: Any) -> Task:  # noqa: ANN401 - any field
    what = whole(cache, only_findings=False)
    return Task(what, entries=entries, links=LinkFilter(keys=KeyFilter(()), built=frozenset()), **more)


@cached
def _of(work: Callable[[Task], Any]) -> Callable[[Task], list[Checked | Warned]]:
    def found(one: Task) -> list[Checked | Warned]:
        result = work(one)
        return [judged for judged, _ in result.found] if isinstance(result, NamedShard) else list(result.found)

    return found


@pytest.mark.parametrize("work", [check_shard, name_shard])
@pytest.mark.parametrize("which", ["head", "body"])
def test_what_cannot_be_read_is_told_and_counts_as_unverifiable(
    cache: Cache, tmp_path: Path, work: Callable[[Task], ShardResult | NamedShard], which: str
) -> None:
    head = cache.http_v2(URL, b"x")
    (entry,) = entries_of(cache)
    path = cache.real(head if which == "head" else head + ".body")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    warned, judged = _of(work)(task(cache, entry))
    assert isinstance(warned, Warned)
    assert warned.message.startswith("cannot be read: ")
    assert judged == Checked(entry, is_unverifiable=True)


def test_what_cannot_be_read_says_nothing_of_others(cache: Cache) -> None:
    head = cache.http_v2(URL, b"x")
    (entry,) = entries_of(cache)
    cache.real(head).unlink()
    said, size = collect_links(task(cache, entry))
    assert (said.found, said.names, size) == ([], set(), entry.size)


@pytest.mark.parametrize("work", [check_shard, name_shard])
def test_what_cannot_be_listed_is_told_where_it_is_judged_alone(
    cache: Cache, work: Callable[[Task], ShardResult | NamedShard]
) -> None:
    cache.foreign("mine/" + "d/" * 80 + "notes.txt")
    one = task(cache)._replace(tops=("",))
    assert [type(told) for told in _of(work)(one)] == [Warned]
    assert collect_links(one)[1] == 0
    trace, found = compare_stamps(one)
    assert (trace.is_whole, found) == (False, [])
    assert check_shard(one).trace.is_whole is False


VERIFIED = ReadResult(sha256=None, blake2b=None, md5=None, metadata_sha256=None, damage=None, is_unknown=False)


@pytest.mark.parametrize(
    ("change", "is_whole"),
    [
        ({}, True),
        ({"damage": "RECORD is garbled"}, False),
        ({"is_unknown": True}, False),
        ({"sha256": "0" * 64}, False),
        ({"damage": "x" * 10, "sha256": "0" * 64}, False),
    ],
)
def test_a_built_wheel_that_is_read_once_more_has_to_show_what_it_showed(
    cache: Cache,
    change: dict[str, Any],
    is_whole: bool,  # noqa: FBT001 - a row's value
) -> None:
    cache.built_wheel("demo")
    (entry,) = entries_of(cache)
    stamp = entry_stamp(entry)
    memory = ShardRows(told={stamp: sealed(stamp, replace(VERIFIED, **change))})
    trace, found = compare_stamps(task(cache, entry, memory=memory, ids=frozenset({entry.id})))
    assert (trace.is_whole, found) == (is_whole, [entry])


def test_what_is_remembered_in_another_form_or_cannot_be_read_is_not_as_it_was(cache: Cache) -> None:
    built = cache.built_wheel("demo")
    (entry,) = entries_of(cache)
    stamp = entry_stamp(entry)
    trace, _ = compare_stamps(task(cache, entry, memory=ShardRows(told={stamp: b"no seal"})))
    assert not trace.is_whole
    cache.real(built).unlink()
    trace, _ = compare_stamps(task(cache, entry, memory=ShardRows(told={stamp: sealed(stamp, VERIFIED)})))
    assert not trace.is_whole


def test_a_worker_that_knows_nothing_of_links_keeps_none(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    said, _ = collect_links(Task(whole(cache), tops=("http-v2",)))
    assert (said.found, said.hosts) == ([], set())


def test_a_part_that_another_worker_scans_is_left_out(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.foreign()
    assert [
        one.entry.id for one in check_shard(task(cache)._replace(tops=("",))).found if isinstance(one, Checked)
    ] == ["notes.txt"]
