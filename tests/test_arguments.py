"""Arguments of the Python interface: what would be taken for something else is refused, in words of Python."""

import math
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import pipcacheplus
from pipcacheplus import Area, Kind, PipCache
from pipcacheplus.errors import BadRequestError, CacheDisabledError, CacheNotFoundError, PipCachePlusError
from pipcacheplus.model.arguments import age_in_seconds
from tests.support.asking import at
from tests.support.builders import INDEX_URL, Cache, page_headers, tree
from tests.support.stored import NOW_S

DAY_S = 86_400


@pytest.fixture
def opened(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PipCache:
    """Return a cache with a page that is a week old and fresh, a built wheel and a half."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    page = b'{"name": "demo", "files": [], "meta": {"api-version": "1.0"}}'
    cache.http_v2(INDEX_URL + "demo/", page, headers=page_headers(page) | {"Cache-Control": "max-age=9999999999"})
    cache.built_wheel("idna", "2.0")
    cache.http_v2("https://files.example/half", b"half", has_head=False)
    return PipCache(cache.path)


AGES: dict[str, Callable[[PipCache, Any], object]] = {
    "stale": lambda cache, age: cache.plan(stale=age),
    "min_age_s of plan": lambda cache, age: cache.plan(min_age_s=age),
    "min_age_s of plan_removal": lambda cache, age: cache.plan_removal("idna", min_age_s=age),
    "min_age_s of plan_purge": lambda cache, age: cache.plan_purge(min_age_s=age),
    "min_age_s of verify": lambda cache, age: cache.verify(min_age_s=age),
    "min_age_s of inspect": lambda cache, age: cache.inspect("idna", min_age_s=age),
    "min_age_s of prune_partial": lambda cache, age: pipcacheplus.prune_partial(
        cache_dir=cache.dir.path, min_age_s=age, dry_run=True
    ),
    "older_than_s": lambda cache, age: pipcacheplus.prune_stale(
        cache_dir=cache.dir.path, older_than_s=age, dry_run=True
    ),
    "lock_timeout_s": lambda cache, age: cache.apply(cache.plan(), lock_timeout_s=age, dry_run=True),
    "wait_s": lambda cache, age: cache.apply(cache.plan(), wait_s=age, dry_run=True),
    "lock_timeout_s of undo": lambda cache, age: cache.undo(lock_timeout_s=age, dry_run=True),
}
each_age = pytest.mark.parametrize("name", AGES)


@each_age
@pytest.mark.parametrize("age", [-1, -0.5, math.nan, math.inf, -math.inf, 10**400, "1h", timedelta(seconds=-1)])
def test_what_is_no_age_is_refused(opened: PipCache, name: str, age: object) -> None:
    before = tree(Path(opened.dir.path))
    with pytest.raises(BadRequestError, match=f"`{name.partition(' ')[0]}`: .*is not an age; pass seconds"):
        AGES[name](opened, age)
    assert tree(Path(opened.dir.path)) == before


@pytest.mark.parametrize("name", [name for name in AGES if name != "stale"])
@pytest.mark.parametrize("age", [True, False])
def test_a_bool_is_no_age(opened: PipCache, name: str, age: bool) -> None:  # noqa: FBT001 - a row's value
    with pytest.raises(BadRequestError, match=f"{age} is not an age"):
        AGES[name](opened, age)


@each_age
def test_an_age_is_seconds_or_a_timedelta(opened: PipCache, name: str) -> None:
    for age in (0, 1, 1.5, timedelta(0), timedelta(days=3)):
        AGES[name](opened, age)


def test_the_same_age_means_the_same_in_seconds_and_as_timedelta(opened: PipCache) -> None:
    with at(NOW_S):
        for days, goes in ((6, 1), (8, 0)):
            for age in (days * DAY_S, float(days * DAY_S), timedelta(days=days)):
                assert len(opened.plan(stale=age).actions) == goes
                assert len(opened.plan(partial=True, min_age_s=age).actions) == goes
    assert age_in_seconds("x", timedelta(days=1)) == DAY_S


def test_stale_is_a_switch_if_it_is_a_bool_and_an_age_if_it_is_a_number(opened: PipCache) -> None:
    bare = [action.entry.id for action in opened.plan().actions]
    assert [action.entry.id for action in opened.plan(stale=False).actions] == bare
    assert opened.plan(stale=True).actions == ()  # the page is fresh
    for age in (0, 1, 0.0):
        (page,) = opened.plan(stale=age).actions
        assert page.entry.kind is Kind.INDEX_PAGE


SWITCHES = ("corrupt", "partial", "incompatible", "unsafe", "orphaned", "remembers", "deep", "keep_missing_ok")


@pytest.mark.parametrize("value", ["no", "", 0, 1, None])
def test_what_is_no_bool_is_no_switch(opened: PipCache, value: Any) -> None:  # noqa: ANN401 - any value
    for name in SWITCHES:
        with pytest.raises(TypeError, match=f"{name} is True or False"):
            opened.plan(**{name: value})
    plan = opened.plan()
    for name in ("dry_run", "trash", *(("exclusive",) if value is not None else ())):
        with pytest.raises(TypeError, match=f"{name} is True or False"):
            opened.apply(plan, **{name: value})
    with pytest.raises(TypeError, match="dry_run is True or False"):
        opened.undo(dry_run=value)


@pytest.mark.parametrize("size", [-1, True, 1.5, math.nan, "2GB"])
def test_what_is_no_size_is_refused(opened: PipCache, size: Any) -> None:  # noqa: ANN401 - any value
    with pytest.raises(BadRequestError, match=r"`trash_size`: .*is not a size"):
        opened.apply(opened.plan(), trash=True, trash_size=size)


SINGLE: dict[str, Callable[[PipCache, Any], object]] = {
    "keep of plan": lambda cache, one: cache.plan(keep=one),
    "keep of plan_removal": lambda cache, one: cache.plan_removal("demo", keep=one),
    "keep of plan_purge": lambda cache, one: cache.plan_purge(keep=one),
    "keep of prune_stale": lambda cache, one: pipcacheplus.prune_stale(cache_dir=cache.dir.path, keep=one),
    "pythons of plan": lambda cache, one: cache.plan(pythons=one),
    "pythons of verify": lambda cache, one: cache.verify(pythons=one),
    "pythons of inspect": lambda cache, one: cache.inspect("idna", pythons=one),
    "pythons of overview": lambda cache, one: cache.overview(reads=True, pythons=one),
    "index_urls": lambda cache, one: PipCache(cache.dir.path, index_urls=one),
    "index_urls of locate": lambda cache, one: PipCache.locate(cache_dir=cache.dir.path, index_urls=one),
}


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("one", ["idna", b"idna", [7], [None], [["idna"]]])
def test_a_string_is_no_list_and_a_list_is_one_of_strings(opened: PipCache, name: str, one: object) -> None:
    before = tree(Path(opened.dir.path))
    with pytest.raises(TypeError):
        SINGLE[name](opened, one)
    assert tree(Path(opened.dir.path)) == before


def test_selections_are_given_one_by_one(opened: PipCache) -> None:
    asks: list[Callable[[Any], object]] = [opened.scan, opened.verify, opened.inspect, opened.plan_removal]
    for ask in (*asks, opened.scan().select):
        for wrong in (["idna"], ("idna",), 7, None, b"idna", Area.HTTP):
            with pytest.raises(TypeError, match="pass several one by one"):
                ask(wrong)


def test_a_kind_is_taken_where_its_word_is(opened: PipCache) -> None:
    built = [entry.id for entry in opened.scan(kind="built-wheel").entries]
    assert len(built) == 1
    assert built == [entry.id for entry in opened.scan(kind=Kind.BUILT_WHEEL).entries]
    assert built == [entry.id for entry in opened.entries(Kind.BUILT_WHEEL)]
    assert built == [entry.id for entry in opened.scan().select(kind=Kind.BUILT_WHEEL)]
    assert built == [action.entry.id for action in opened.plan_removal(Kind.BUILT_WHEEL).actions]
    assert built == [entry.id for entry in opened.plan_purge(keep=[Kind.BUILT_WHEEL]).kept]
    assert pipcacheplus.state(pipcacheplus.OwnKind.TRASH) == pipcacheplus.state("trash")


@pytest.mark.parametrize("kind", ["whel", "kind:wheel", "", 7, Area.HTTP])
def test_what_is_no_kind_is_refused(opened: PipCache, kind: Any) -> None:  # noqa: ANN401 - any value
    with pytest.raises(BadRequestError, match=r"`kind`: .* is not a kind; the kinds are wheel, sdist"):
        opened.scan(kind=kind)


def test_errors_name_arguments_and_no_options(opened: PipCache, tmp_path: Path) -> None:
    def told(ask: Callable[[], object]) -> str:
        with pytest.raises(PipCachePlusError) as caught:
            ask()
        return str(caught.value)

    settings = tmp_path / "pip.conf"
    settings.write_text("[global\n")
    environ = {"PIP_CONFIG_FILE": str(settings), "HOME": str(tmp_path)}
    said = [
        told(lambda: PipCache(tmp_path / "none")),
        told(lambda: PipCache.locate(cache_dir=str(tmp_path / "none"))),
        told(lambda: PipCache.locate(cache_dir="")),
        told(lambda: PipCache.locate(environ={"PIP_NO_CACHE_DIR": "1", "PIP_CONFIG_FILE": os.devnull})),
        told(lambda: PipCache.locate(environ=environ)),
        told(lambda: PipCache.locate(cache_dir="\0")),
        told(lambda: opened.scan("kind:egg")),
        told(lambda: opened.scan("")),
        told(lambda: opened.plan(keep=["-"])),
        told(lambda: opened.undo("20200101T000000Z")),
        told(lambda: opened.undo(opened.apply(opened.plan(keep=["half"]), dry_run=True))),
        told(lambda: pipcacheplus.state("ledgers")),
    ]
    assert [words for words in said if "--" in words] == []
    with pytest.raises(CacheNotFoundError, match=r"\(from `cache_dir`\); pass `cache_dir`, or run pip once"):
        PipCache.locate(cache_dir=str(tmp_path / "none"))
    with pytest.raises(CacheDisabledError, match="an empty `cache_dir`"):
        PipCache.locate(cache_dir="")
