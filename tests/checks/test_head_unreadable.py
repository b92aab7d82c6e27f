"""The check `head-unreadable`."""

import pytest

from tests.checks.objections import told
from tests.support.builders import Cache, response

URL = "https://files.example/demo"


@pytest.mark.parametrize(
    ("head", "severities"),
    [
        (response(b"", {}), []),
        (response(b"", {})[:20], ["warning"]),
        (b"", ["warning"]),
        (b"cc=9,rest", ["warning"]),
        (b"?" * 200, ["warning"]),
        (response(b"", {}) + b"more", ["warning"]),
    ],
)
def test_a_head_that_no_pip_can_read_is_told(cache: Cache, head: bytes, severities: list[str]) -> None:
    cache.write(cache.http_v2(URL, b"x"), head)
    assert [severity for _, severity, _ in told("head-unreadable", cache)] == severities


def test_a_broken_zlib_stream_is_an_error_because_old_pips_crash(cache: Cache) -> None:
    path = cache.http(URL, b"x" * 999, cc=2)
    sound = cache.real(path).read_bytes()
    cache.write(path, sound[:20] + bytes([sound[20] ^ 0x55]) + sound[21:])
    assert [severity for _, severity, _ in told("head-unreadable", cache)] == ["error"]


def test_a_young_file_that_pip_writes_in_place_may_still_grow(cache: Cache) -> None:
    path = cache.http(URL, b"x" * 999)
    cache.write(path, cache.real(path).read_bytes()[:100], age_s=60)
    assert told("head-unreadable", cache) == []
