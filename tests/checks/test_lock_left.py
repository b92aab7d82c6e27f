"""The check `lock-left`."""

from collections.abc import Callable

import pytest

from tests.checks.objections import told
from tests.support.builders import Cache

URL = "https://files.example/demo"


@pytest.mark.parametrize("make", [Cache.lock_directory, Cache.lock_file])
@pytest.mark.parametrize(
    ("host", "pid", "age_s", "verdict"),
    [
        ("here", 4_000_001, 7 * 86_400, ("lock of a process that is gone", "warning", "remove")),
        ("here", 77, 7 * 86_400, ("lock of a process that is running", "info", "none")),
        ("here", 4_000_001, 60, ("lock of a process that is gone, but recent enough to be in use", "info", "none")),
        ("there", 77, 7 * 86_400, ("lock of a process that is gone", "warning", "remove")),
        ("there", 77, 7_200, ("lock of a process on another machine", "info", "none")),
    ],
)
def test_a_lock_is_left_when_its_process_is_gone(
    cache: Cache, make: Callable[..., str], host: str, pid: int, age_s: float, verdict: tuple[str, str, str]
) -> None:
    make(cache, cache.http(URL, b"x"), host=host, pid=pid, age_s=age_s)
    assert told("lock-left", cache) == [verdict]


def test_a_file_with_content_is_no_lock(cache: Cache) -> None:
    cache.write(cache.http(URL, b"x") + ".lock", b"mine")
    assert told("lock-left", cache) == []
