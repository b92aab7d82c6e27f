"""The check `directory-empty`."""

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_an_empty_directory_is_told_once_it_is_old(cache: Cache) -> None:
    cache.directory("wheels/18/ac/23/" + "5" * 50, age_s=7 * 86_400)
    assert told("directory-empty", cache) == [("directory is empty", "info", "remove")]


def test_an_empty_directory_that_is_young_may_be_in_use(cache: Cache) -> None:
    cache.directory("wheels/18/ac/23/" + "5" * 50, age_s=60)
    assert [(severity, remedy) for _, severity, remedy in told("directory-empty", cache)] == [("info", "none")]


def test_an_empty_directory_from_the_future_counts_as_young(cache: Cache) -> None:
    cache.directory("wheels/18/ac/23/" + "5" * 50, age_s=-60)
    assert [severity for _, severity, _ in told("directory-empty", cache)] == ["info"]


def test_an_empty_directory_is_not_seen_where_all_is_whole(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.http(URL, b"x")
    cache.built_wheel("demo")
    cache.foreign()
    assert told("directory-empty", cache) == []


def test_an_empty_directory_that_pip_did_not_make_is_nobodys_business(cache: Cache) -> None:
    cache.directory("mine/deep")
    cache.directory("wheels/mine")
    assert told("directory-empty", cache) == []


def test_an_areas_own_directory_may_be_empty(cache: Cache) -> None:
    cache.directory("wheels")
    assert told("directory-empty", cache) == []
