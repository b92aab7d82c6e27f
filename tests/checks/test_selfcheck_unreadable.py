"""The check `selfcheck-unreadable`."""

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_a_selfcheck_that_cannot_be_read_is_told(cache: Cache) -> None:
    cache.write(cache.selfcheck("/env"), b"{")
    assert len(told("selfcheck-unreadable", cache)) == 1


def test_a_selfcheck_that_is_read_is_fine(cache: Cache) -> None:
    cache.selfcheck("/env")
    cache.old_selfcheck("/env")
    assert told("selfcheck-unreadable", cache) == []
