"""Questions about built wheels alone: how far a cache is read for them, and what their answers rest on."""

import sqlite3
import sys
import sysconfig
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.errors import BadRequestError
from pipcacheplus.model.values import Kind, Plan
from pipcacheplus.one_call import prune_outdated_builds
from tests.catalog.mixtures import BUILDS
from tests.support.builders import DAY_S, FILE_URL, Cache
from tests.support.builds import compiled
from tests.support.elves import AARCH64, elf

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only wheels in ELF are judged")

OWN = f"cp{sys.version_info[0]}{sys.version_info[1]}"
TAG = f"{OWN}-{OWN}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
ELSEWHERE = elf(machine=AARCH64, exports=["PyInit__demo"])


def build(cache: Cache, *, age_s: float = 7 * DAY_S, tag: str = TAG, content: bytes = ELSEWHERE) -> str:
    """Build a wheel for the running interpreter."""
    return compiled(cache, {"_demo.so": content}, tag=tag, interpreter=OWN[2:], age_s=age_s)


@pytest.fixture
def opened(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PipCache:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return PipCache(cache.path)


def going(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {action.entry.id: action.reasons for action in plan.actions}


def read_to_their_end(tmp_path: Path) -> set[str]:
    (file,) = (tmp_path / "state" / "pipcacheplus" / "catalogs").glob("*.sqlite3")
    with closing(sqlite3.connect(file)) as database:
        return {id_.decode() for (id_,) in database.execute("SELECT id FROM content")}


def test_no_download_is_read_to_its_end_for_built_wheels(cache: Cache, opened: PipCache, tmp_path: Path) -> None:
    path = build(cache)
    sound = cache.built_wheel("other")
    BUILDS["wheel without a page"](cache)
    BUILDS["sdist"](cache)
    BUILDS["http-v2, byte flipped"](cache)
    assert going(opened.plan(outdated_builds=True)) == {path: ("built-wheel-outdated",)}
    assert read_to_their_end(tmp_path) == {path, sound}


def test_with_what_is_damaged_all_is_read(cache: Cache, opened: PipCache) -> None:
    path = build(cache)
    damaged = cache.built_wheel("other", content=b"PK")
    plan = opened.plan(outdated_builds=True, corrupt=True)
    assert going(plan) == {path: ("built-wheel-outdated",), damaged: ("built-wheel-broken",)}


def test_what_is_remembered_makes_no_difference(cache: Cache, opened: PipCache) -> None:
    for name in ("wheels, outdated", "wheels, of too old a C library", "built wheel", "wheels, half"):
        BUILDS[name](cache)
    first = opened.plan(outdated_builds=True)
    opened.verify()
    opened.plan(corrupt=True)
    assert going(first) == going(opened.plan(outdated_builds=True))
    assert going(first) == going(opened.plan(outdated_builds=True, remembers=False))
    assert len(first.actions) == 2


def test_the_machine_is_asked_at_each_run(
    cache: Cache, opened: PipCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = sysconfig.get_platform().partition("-")[2]
    if machine != "x86_64":
        pytest.skip("the library that is made is for another machine")
    build(cache, content=elf(["libpipcacheplus-demo.so.1"], exports=["PyInit__demo"]))
    strict = opened.plan(outdated_builds="strict")
    assert len(strict.actions) == 1
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libpipcacheplus-demo.so.1").write_bytes(elf())
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path / "lib"))
    assert opened.plan(outdated_builds="strict").actions == ()
    (tmp_path / "lib" / "libpipcacheplus-demo.so.1").unlink()
    assert going(opened.plan(outdated_builds="strict")) == going(strict)


def test_what_is_kept_stays(cache: Cache, opened: PipCache) -> None:
    build(cache)
    plan = opened.plan(outdated_builds=True, keep=[Kind.BUILT_WHEEL])
    assert (plan.actions, len(plan.kept)) == ((), 1)


def test_one_call_removes_them(cache: Cache, opened: PipCache) -> None:
    path = build(cache)
    cache.http_v2(f"{FILE_URL}/x", b"x")
    report = prune_outdated_builds(cache_dir=opened.dir.path, exclusive=True)
    assert [outcome.action.entry.id for outcome in report.removed] == [path]
    assert not cache.real(path).exists()
    assert prune_outdated_builds(cache_dir=opened.dir.path, exclusive=True, strict=True).removed == ()


@pytest.mark.parametrize("word", ["Strict", "", "yes"])
def test_another_word_than_strict_is_refused(opened: PipCache, word: str) -> None:
    with pytest.raises(BadRequestError, match=r"`outdated_builds`: .* pass True, False or 'strict'"):
        opened.plan(outdated_builds=word)


@pytest.mark.parametrize("value", [0, 1, None, 1.5])
def test_what_is_no_switch_is_refused(opened: PipCache, value: Any) -> None:  # noqa: ANN401 - any value
    with pytest.raises(TypeError, match="outdated_builds is True or False"):
        opened.plan(outdated_builds=value)
    with pytest.raises(TypeError, match="strict is True or False"):
        prune_outdated_builds(cache_dir=opened.dir.path, strict=value)


DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("moment", "goes"),
    [
        (DAY, True),
        (DAY - timedelta(days=20), False),
        (DAY.replace(tzinfo=None), True),
        (timedelta(0), True),
        (0, True),
        (timedelta(days=365 * 200), False),
        (365 * 200 * DAY_S, False),
    ],
)
def test_compiled_wheels_that_were_built_before_a_moment_go(
    cache: Cache, opened: PipCache, moment: "float | timedelta | datetime", *, goes: bool
) -> None:
    path = build(cache, age_s=7 * DAY_S)  # before the first of January 2026
    cache.built_wheel("pure", age_s=7 * DAY_S)
    assert going(opened.plan(built_before=moment)) == ({path: ("built-wheel-old",)} if goes else {})


@pytest.mark.parametrize("moment", ["2025-01-01", True, -1, b"", float("nan")])
def test_what_is_no_moment_is_refused(opened: PipCache, moment: Any) -> None:  # noqa: ANN401 - any value
    with pytest.raises(BadRequestError, match="`built_before`"):
        opened.plan(built_before=moment)


def test_the_age_of_a_build_alone_takes_nothing_that_is_outdated(cache: Cache, opened: PipCache) -> None:
    build(cache)
    assert opened.plan(built_before=timedelta(days=365 * 200)).actions == ()
    assert replace(opened.plan(built_before=0)).actions != ()
