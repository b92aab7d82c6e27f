"""Entries are gone through one by one or side by side, with the same result."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from pipcacheplus.cache import PipCache
from pipcacheplus.catalog.shard import NamedShard, ReadRequest, ShardResult, Task, check_shard, name_shard
from pipcacheplus.checks.base.check import Context
from pipcacheplus.disk.open_cache import OpenCache
from pipcacheplus.disk.walk import scan
from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Checked, Entry
from tests.support.builders import NOW_S, Cache

URL = "https://files.example/"


@pytest.fixture
def many(cache: Cache) -> Cache:
    """Return a cache of more entries than are handed out at once, every fifth of them damaged."""
    for number in range(200):
        head = cache.http_v2(f"{URL}{number}", b"x" * 10)
        if number % 5 == 0:
            cache.write(head + ".body", b"x")
    return cache


@pytest.mark.parametrize("make", [ThreadPoolExecutor, lambda n: ProcessPoolExecutor(n, get_context("spawn"))])
def test_side_by_side_finds_what_one_by_one_finds(many: Cache, make: type[ThreadPoolExecutor]) -> None:
    alone = PipCache(many.path).verify()
    with make(2) as executor:
        together = PipCache(many.path).verify(executor=executor)
    assert len(alone.errors) + len(alone.findings) > 0
    assert [f.entry.id for f in alone.findings] == [f.entry.id for f in together.findings]
    assert (alone.entries, alone.bytes) == (together.entries, together.bytes)


def test_progress_counts_every_byte(many: Cache) -> None:
    seen: list[int] = []
    result = PipCache(many.path).verify(progress=lambda done, _total: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1] == result.bytes


@pytest.mark.parametrize("work", [check_shard, name_shard])
def test_what_vanishes_or_changes_after_it_was_seen_is_passed_over(
    many: Cache, work: Callable[[Task], ShardResult | NamedShard]
) -> None:
    with OpenCache(str(many.path)) as opened:
        seen = tuple(entry for entry in scan(opened) if isinstance(entry, Entry))
    gone, changed, *others = seen
    many.real(gone.id).unlink()
    many.write(changed.id + ".body", b"longer than it was before")
    what = ReadRequest(path=str(many.path), depth=Depth.ENDS, checks=(), context=Context(now_s=NOW_S))
    result = work(Task(what, entries=seen))
    found = [one for one, _ in result.found] if isinstance(result, NamedShard) else result.found
    assert [one.entry.id if isinstance(one, Checked) else one for one in found] == [entry.id for entry in others]


def test_no_thread_is_left_behind(many: Cache) -> None:
    before = threading.active_count()
    PipCache(many.path).verify()
    assert threading.active_count() == before
    assert os.path.isdir(many.path)
