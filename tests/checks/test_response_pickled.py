"""The check `response-pickled`."""

import os
import pickle
from pathlib import Path

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


class Trap:
    """Makes a directory when it is loaded."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.path,)


def test_a_pickle_of_pips_own_is_a_warning(cache: Cache) -> None:
    cache.http(URL, b"x", cc=1)
    assert [(severity, remedy) for _, severity, remedy in told("response-pickled", cache)] == [
        ("warning", "remove-if-asked")
    ]


def test_a_pickle_that_runs_something_is_an_error_and_is_not_run(cache: Cache, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    cache.write(cache.http(URL, b"x", cc=1), b"cc=1," + pickle.dumps({"response": Trap(str(trap))}, 2))
    assert [severity for _, severity, _ in told("response-pickled", cache)] == ["error"]
    assert not trap.exists()


def test_a_pickle_that_was_not_followed_to_its_end_is_an_error_that_says_so(cache: Cache) -> None:
    cache.write(cache.http(URL, b"x", cc=1), b"cc=1," + b"N0" * 60_000 + b"N.")
    assert told("response-pickled", cache) == [
        ("response is a pickle that could not be read to its end", "error", "remove-if-asked")
    ]


def test_what_is_no_pickle_is_fine(cache: Cache) -> None:
    cache.http(URL, b"x", cc=2)
    assert told("response-pickled", cache) == []
