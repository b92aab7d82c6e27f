"""Entries are gone through one by one or side by side, with the same result."""

import os
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from pipcacheplus.cache import PipCache
from tests.builders import Cache

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


def test_what_vanishes_meanwhile_is_passed_over(many: Cache) -> None:
    class Vanishing(ThreadPoolExecutor):
        """Lets a file go before any is read."""

        def submit(self, *arguments: object, **more: object) -> object:  # type: ignore[override] # handed through
            for path in list(many.path.rglob("*.body"))[:1]:
                path.unlink()
            return super().submit(*arguments, **more)  # type: ignore[arg-type] # handed through

    executor: Executor
    with Vanishing(1) as executor:
        result = PipCache(many.path).verify(executor=executor)
    assert result.warnings == ()
    assert result.entries < 200


def test_no_thread_is_left_behind(many: Cache) -> None:
    before = threading.active_count()
    PipCache(many.path).verify()
    assert threading.active_count() == before
    assert os.path.isdir(many.path)
