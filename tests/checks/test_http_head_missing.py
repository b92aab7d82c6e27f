"""The check `http-head-missing`."""

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_a_body_without_a_head_is_told_once_it_is_old(cache: Cache) -> None:
    cache.http_v2(URL, b"x", has_head=False, age_s=7 * 86_400)
    assert told("http-head-missing", cache) == [("cached response has no metadata file", "warning", "remove")]


def test_a_body_without_a_head_that_is_young_may_be_in_use(cache: Cache) -> None:
    cache.http_v2(URL, b"x", has_head=False, age_s=60)
    assert [(severity, remedy) for _, severity, remedy in told("http-head-missing", cache)] == [("info", "none")]


def test_a_body_without_a_head_from_the_future_counts_as_young(cache: Cache) -> None:
    cache.http_v2(URL, b"x", has_head=False, age_s=-60)
    assert [severity for _, severity, _ in told("http-head-missing", cache)] == ["info"]


def test_a_body_without_a_head_is_not_seen_where_all_is_whole(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.http(URL, b"x")
    cache.built_wheel("demo")
    cache.foreign()
    assert told("http-head-missing", cache) == []
