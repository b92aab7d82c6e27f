"""The history of a cache: what lay in it on each day that a run looked, for two years."""

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from pipcacheplus import DayCount, PipCache
from pipcacheplus.catalog import schema
from pipcacheplus.catalog.history import DAYS_KEPT
from pipcacheplus.model.values import Kind
from tests.support import artefacts
from tests.support.asking import PRESENT_S, at, with_state
from tests.support.builders import FILE_URL, Cache
from tests.support.stores import file_of_catalog, forged

DAY_S = 86_400
TODAY = dt.datetime.fromtimestamp(PRESENT_S, dt.timezone.utc).date()


@pytest.fixture
def grown(cache: Cache, tmp_path: Path) -> Cache:
    """Return a cache with a wheel and a built wheel."""
    cache.http_v2(f"{FILE_URL}/demo-1.0-py3-none-any.whl", artefacts.wheel(tmp_path, "demo", "1.0").read_bytes())
    cache.built_wheel("demo")
    return cache


def history(cache: Cache, *, later_days: float = 0, looks: bool = True) -> tuple[DayCount, ...]:
    """Look at a cache on a later day, and return its history."""
    with with_state(cache.path.parent / "state"), at(PRESENT_S + later_days * DAY_S):
        if looks:
            PipCache(cache.path).scan()
        return PipCache(cache.path).report(pythons="current").history


def days(found: tuple[DayCount, ...]) -> list[int]:
    """Return the days of a history, as days after today."""
    return sorted({(one.day - TODAY).days for one in found})


def catalog(cache: Cache) -> Path:
    return file_of_catalog(cache.path.parent / "state" / "pipcacheplus")


def test_a_day_has_what_lies_in_the_cache_by_kind(grown: Cache) -> None:
    found = {one.kind: one for one in history(grown)}
    entries = PipCache(grown.path).scan().entries
    assert set(found) == {Kind.WHEEL, Kind.BUILT_WHEEL}
    assert {one.day for one in found.values()} == {TODAY}
    for entry in entries:
        assert found[entry.kind][2:] == (1, entry.size, entry.disk_size)


def test_a_later_run_of_the_day_takes_the_place_of_an_earlier_one(grown: Cache) -> None:
    history(grown)
    grown.http_v2(f"{FILE_URL}/half", b"half", has_head=False)
    grown.real("wheels").rename(grown.path.parent / "away")
    found = history(grown)
    assert {one.kind: one.entries for one in found} == {Kind.WHEEL: 1, Kind.LEFTOVER: 1}
    assert days(found) == [0]


def test_each_day_on_which_the_cache_is_looked_at_is_added(grown: Cache) -> None:
    history(grown)
    history(grown, later_days=1)
    assert days(history(grown, later_days=5)) == [0, 1, 5]


def test_a_cache_that_became_empty_was_looked_at(grown: Cache) -> None:
    history(grown)
    for area in ("http-v2", "wheels"):
        grown.real(area).rename(grown.path.parent / area)
    found = history(grown, later_days=1)
    assert days(found) == [0, 1]
    assert [one.entries for one in found if one.day > TODAY] == [0]


def test_days_go_after_two_years_and_days_to_come_at_once(grown: Cache) -> None:
    history(grown)
    history(grown, later_days=1)
    assert days(history(grown, later_days=DAYS_KEPT)) == [1, DAYS_KEPT]
    assert days(history(grown, later_days=2)) == [1, 2]


def test_nothing_is_noted_by_who_remembers_nothing(grown: Cache) -> None:
    history(grown)
    with with_state(grown.path.parent / "state"), at(PRESENT_S + 3 * DAY_S):
        PipCache(grown.path).scan(remembers=False)
    assert days(history(grown, later_days=1)) == [0, 1]


@pytest.mark.parametrize(
    "row",
    [
        (-5, "wheel", 1, 1, 1),
        (20_000, "no kind", 1, 1, 1),
        (20_000, "wheel", -1, 1, 1),
        (20_000, "wheel", "x", 1, 1),
        (20_000, "wheel", 1, 0.5, 1),
        (20_000, b"wheel", 1, 1, 1),
        (b"day", "wheel", 1, 1, 1),
    ],
    ids=repr,
)
def test_a_row_that_nobody_can_have_noted_is_left_out(grown: Cache, row: tuple[object, ...]) -> None:
    before = history(grown)
    with forged(catalog(grown)) as connection:
        connection.execute("INSERT INTO history VALUES (?, ?, ?, ?, ?)", row)
    assert history(grown) == before


def test_a_catalog_of_another_version_passes_its_history_on(grown: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    history(grown)
    history(grown, later_days=1)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    assert days(history(grown, later_days=2)) == [0, 1, 2]


def test_a_history_of_other_columns_is_not_passed_on(grown: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    history(grown)
    with forged(catalog(grown)) as connection:
        connection.execute("DROP TABLE history")
        connection.execute("CREATE TABLE history (day, kind)")
        connection.execute("INSERT INTO history VALUES (1, 2)")
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    assert days(history(grown, later_days=1)) == [1]


def test_a_history_of_another_cache_is_not_passed_on(grown: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    history(grown)
    with forged(catalog(grown)) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'cache'", (b"/another",))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    assert days(history(grown, later_days=1)) == [1]


def test_a_run_that_finds_nothing_new_on_the_same_day_writes_no_history(grown: Cache) -> None:
    history(grown)
    with forged(catalog(grown)) as connection:
        connection.execute("UPDATE history SET entries = 77")
    assert {one.entries for one in history(grown)} == {77}
    with sqlite3.connect(catalog(grown)) as connection:
        assert {row for (row,) in connection.execute("SELECT entries FROM history")} == {77}
    connection.close()
