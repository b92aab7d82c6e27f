"""The check `origin-alone`."""

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_an_origin_without_a_wheel_is_told_once_it_is_old(cache: Cache) -> None:
    cache.real(cache.built_wheel("demo", age_s=7 * 86_400)).unlink()
    assert told("origin-alone", cache) == [("origin.json without a wheel", "warning", "remove")]


def test_an_origin_without_a_wheel_that_is_young_may_be_in_use(cache: Cache) -> None:
    cache.real(cache.built_wheel("demo", age_s=60)).unlink()
    assert told("origin-alone", cache) == [
        ("origin.json without a wheel, but recent enough to be in use", "info", "none")
    ]


def test_an_origin_without_a_wheel_from_the_future_counts_as_young(cache: Cache) -> None:
    cache.real(cache.built_wheel("demo", age_s=-60)).unlink()
    assert [severity for _, severity, _ in told("origin-alone", cache)] == ["info"]


def test_an_origin_without_a_wheel_is_not_seen_where_all_is_whole(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.http(URL, b"x")
    cache.built_wheel("demo")
    cache.foreign()
    assert told("origin-alone", cache) == []
