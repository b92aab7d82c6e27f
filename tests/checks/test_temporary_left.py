"""The check `temporary-left`."""

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_a_temporary_file_is_told_once_it_is_old(cache: Cache) -> None:
    cache.temporary(cache.http_v2(URL, b"x", has_head=False, has_body=False), age_s=7 * 86_400)
    assert told("temporary-left", cache) == [("temporary file of a pip that did not finish", "warning", "remove")]


def test_a_temporary_file_that_is_young_may_be_in_use(cache: Cache) -> None:
    cache.temporary(cache.http_v2(URL, b"x", has_head=False, has_body=False), age_s=60)
    assert told("temporary-left", cache) == [
        ("temporary file of a pip that did not finish, but recent enough to be in use", "info", "none")
    ]


def test_a_temporary_file_from_the_future_counts_as_young(cache: Cache) -> None:
    cache.temporary(cache.http_v2(URL, b"x", has_head=False, has_body=False), age_s=-60)
    assert [severity for _, severity, _ in told("temporary-left", cache)] == ["info"]


def test_a_temporary_file_is_not_seen_where_all_is_whole(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.http(URL, b"x")
    cache.built_wheel("demo")
    cache.foreign()
    assert told("temporary-left", cache) == []
