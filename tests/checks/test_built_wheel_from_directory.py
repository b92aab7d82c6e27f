"""The check `built-wheel-from-directory`."""

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_a_wheel_from_a_directory_is_stale(cache: Cache) -> None:
    cache.built_wheel("demo", origin={"dir_info": {}, "url": "file:///src/demo-1.0"})
    assert told("built-wheel-from-directory", cache) == [
        ("wheel was built from a local directory", "warning", "remove-if-asked")
    ]


def test_a_wheel_from_an_archive_is_not(cache: Cache) -> None:
    cache.built_wheel("demo")
    cache.built_wheel("other", has_origin=False)
    assert told("built-wheel-from-directory", cache) == []
