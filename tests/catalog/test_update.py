"""Entries are gone through one by one or side by side, with the same result."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.catalog.queries import run_query
from pipcacheplus.catalog.shard import read_contents, read_facts
from pipcacheplus.model.values import Warned
from tests.support import artefacts
from tests.support.builders import Cache, file_headers
from tests.support.guarding import guarded, state_of
from tests.support.requests import Inline, entries_of, whole

URL = "https://files.example/"


@pytest.fixture
def many(cache: Cache) -> Cache:
    """Return a cache of more entries than are handed out at once, every fifth of them damaged."""
    for number in range(200):
        body = b"x" * 10
        head = cache.http_v2(f"{URL}{number}", body, headers=file_headers(body, project="demo"))
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


@pytest.mark.parametrize("what", [(), ("demo",)], ids=["all", "some"])
def test_progress_counts_every_byte(many: Cache, what: tuple[str, ...]) -> None:
    seen: list[int] = []
    for _ in range(2):
        seen.clear()
        result = PipCache(many.path).verify(*what, progress=lambda done, _total: seen.append(done))
        assert seen == sorted(seen)
        assert seen[-1] == result.bytes


def test_progress_never_goes_back_while_what_would_go_is_read_once_more(many: Cache) -> None:
    shown: list[tuple[int, int | None]] = []
    for _ in range(2):
        shown.clear()
        PipCache(many.path).plan(corrupt=True, progress=lambda *done: shown.append(done))
        done = [count for count, _ in shown]
        assert done == sorted(done)
        assert shown[-1] == (done[-1], done[-1])


class Meddling(Inline):
    """Does something once, before the first part of one stage."""

    def __init__(self, stage: Callable[..., object], meddle: Callable[[], None]) -> None:
        self._stage = stage
        self._meddle: Callable[[], None] | None = meddle

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401 - as Executor has it
        """Do both."""
        if fn is self._stage and self._meddle is not None:
            self._meddle()
            self._meddle = None
        return super().submit(fn, *args, **kwargs)


@pytest.mark.parametrize("stage", [read_facts, read_contents])
def test_what_vanishes_or_changes_after_it_was_seen_is_passed_over_and_seen_by_the_next_run(
    many: Cache, tmp_path: Path, stage: Callable[..., object]
) -> None:
    gone, changed, *others = (entry.id for entry in entries_of(many))

    def meddle() -> None:
        for path in (gone, gone + ".body"):
            many.real(path).unlink()
        many.write(changed + ".body", b"longer than it was before")

    query = whole(many, remembers=True, folder=str(tmp_path / "state"), clock_ns=1 << 62)
    warnings: list[Warned] = []
    found = run_query(replace(query, executor=Meddling(stage, meddle)), warnings)
    assert [one.entry.id for one in found] == sorted(others)
    assert list(run_query(query, warnings)) == list(run_query(whole(many), warnings))
    assert warnings == []


def test_no_thread_is_left_behind(many: Cache) -> None:
    before = threading.active_count()
    PipCache(many.path).verify()
    assert threading.active_count() == before
    assert os.path.isdir(many.path)


def test_a_second_verification_finds_what_the_first_found_and_a_damaged_catalog_hides_nothing(
    cache: Cache, tmp_path: Path
) -> None:
    content = artefacts.wheel(tmp_path, "demo", "1.0").read_bytes()
    cache.http_v2("https://files.example/a", content)
    broken = bytearray(content)
    broken[len(broken) // 3] ^= 0x55
    cache.http_v2("https://files.example/b", bytes(broken))
    first, second = guarded(cache, "verify"), guarded(cache, "verify")
    (catalog,) = state_of(cache).rglob("*.sqlite3")
    assert first.returncode == 3
    assert (first.returncode, first.stdout) == (second.returncode, second.stdout)
    catalog.write_bytes(b"no database")
    third = guarded(cache, "verify")
    assert (first.returncode, first.stdout) == (third.returncode, third.stdout)


def test_an_error_of_the_callers_progress_is_raised_at_once_and_costs_no_catalog(many: Cache) -> None:
    cache = PipCache(many.path)
    cache.verify()
    calls: list[int] = []

    def fail(done: int, _total: int | None) -> None:
        calls.append(done)
        message = "mine"
        raise ValueError(message)

    with pytest.raises(ValueError, match="mine"):
        cache.verify(progress=fail)
    assert len(calls) == 1
    cache.verify()
    assert cache.catalog_trouble is None


def test_a_part_that_is_empty_is_seen_again_when_it_changes_and_goes_when_it_is_asked_for(cache: Cache) -> None:
    cache.directory("wheels")
    pruner = PipCache(cache.path)
    for age_s in (50_000, 40_000, 30_000):
        cache.directory("wheels/0a", age_s=age_s)
        cache.directory("http-v2/0/1", age_s=age_s)
        assert {finding.entry.id for finding in pruner.verify().findings} == {"wheels/0a", "http-v2/0/1"}
        assert pruner.catalog_trouble is None
    pruner.apply(pruner.plan(partial=True, stale=True), exclusive=True)
    assert not any(cache.path.rglob("0a"))
    assert not any(cache.path.rglob("1"))
