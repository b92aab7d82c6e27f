"""The check `build-directory-left`."""

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_a_build_directory_is_told_once_it_is_old(cache: Cache) -> None:
    cache.build_directory(cache.built_wheel("demo"), b"half", age_s=7 * 86_400)
    assert told("build-directory-left", cache) == [
        ("build directory of a pip that did not finish", "warning", "remove")
    ]


def test_a_build_directory_that_is_young_may_be_in_use(cache: Cache) -> None:
    cache.build_directory(cache.built_wheel("demo"), b"half", age_s=7200)
    assert told("build-directory-left", cache) == [
        ("build directory of a pip that did not finish, but recent enough to be in use", "info", "none")
    ]


def test_a_build_directory_from_the_future_counts_as_young(cache: Cache) -> None:
    cache.build_directory(cache.built_wheel("demo"), b"half", age_s=-60)
    assert [severity for _, severity, _ in told("build-directory-left", cache)] == ["info"]


def test_a_build_directory_is_not_seen_where_all_is_whole(cache: Cache) -> None:
    cache.http_v2(URL, b"x")
    cache.http(URL, b"x")
    cache.built_wheel("demo")
    cache.foreign()
    assert told("build-directory-left", cache) == []
