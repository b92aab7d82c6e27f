"""The check `origin-unreadable`."""

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_an_origin_that_cannot_be_read_is_told_and_left_alone(cache: Cache) -> None:
    cache.built_wheel("demo", origin=b'{"url": "https://loc')
    assert [(severity, remedy) for _, severity, remedy in told("origin-unreadable", cache)] == [("warning", "none")]


def test_a_sound_origin_is_fine(cache: Cache) -> None:
    cache.built_wheel("demo")
    assert told("origin-unreadable", cache) == []
