"""The check `selfcheck-orphaned`."""

import sys

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


def test_a_selfcheck_of_an_environment_that_is_gone_is_told(cache: Cache) -> None:
    cache.selfcheck("/nonexistent/env")
    assert told("selfcheck-orphaned", cache) == [
        ("self-check of an environment that is gone", "info", "remove-if-asked")
    ]


def test_a_selfcheck_of_an_environment_that_is_there_stays(cache: Cache) -> None:
    cache.selfcheck(sys.prefix)
    assert told("selfcheck-orphaned", cache) == []


def test_one_environment_that_is_there_is_enough(cache: Cache) -> None:
    cache.old_selfcheck("/nonexistent/env", sys.prefix)
    assert told("selfcheck-orphaned", cache) == []
