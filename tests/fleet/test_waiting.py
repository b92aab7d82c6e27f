"""Removal from many caches that pips may be using: what is kept is counted, and a wait holds up few other caches."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fleet.caches import Ran, options_for
from tests.support.builders import Cache, tree

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")
Run = Callable[..., Ran]


def used_now(cache: Cache, path: str) -> None:
    """Let a file look as if it was read just now."""
    real = cache.real(path)
    os.utime(real, ns=(int(real.stat().st_ctime_ns), real.stat().st_mtime_ns))


def test_entries_that_are_in_use_are_counted_with_the_option_that_removes_them(run: Run, tmp_path: Path) -> None:
    caches = [Cache(tmp_path / name) for name in ("ada", "bob", "eve")]
    words = ("prune", "--corrupt", "--python", "current")
    broken = [cache.built_wheel("broken", content=b"no wheel") for cache in caches]
    for cache, path in zip(caches, broken, strict=True):
        used_now(cache, path)
    done = run(*words, "--shared", *options_for(caches), "--executor", "threads:3")
    assert done.code == 4, done
    assert "kept: in use: 3 entries; pass --exclusive if no pip is running\n" in done.out
    lines = run(*words, "--shared", *options_for(caches), "--format", "jsonl").lines
    assert [line["summary"]["in_use"] for line in lines] == [1, 1, 1]
    assert all(path in tree(cache.path) for cache, path in zip(caches, broken, strict=True))
    gone = run(*words, "--exclusive", *options_for(caches))
    assert (gone.code, "in use" in gone.out) == (0, False)
    assert not any(path in tree(cache.path) for cache, path in zip(caches, broken, strict=True))
