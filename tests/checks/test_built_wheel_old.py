"""The check `built-wheel-old`."""

import pytest

from tests.checks.objections import told
from tests.support.builders import DAY_S, NOW_S, Cache

SAID = ("compiled wheel was built before the given day", "info", "remove-if-asked")
TAG = "cp311-cp311-linux_x86_64"


@pytest.mark.parametrize(
    ("tag", "age_s", "is_old"),
    [
        (TAG, 3 * DAY_S, True),
        (TAG, DAY_S, False),
        (TAG, 2 * DAY_S, False),
        ("py3-none-any", 3 * DAY_S, False),
        ("py2.py3-none-any", 3 * DAY_S, False),
        ("cp311-abi3-macosx_11_0_arm64", 3 * DAY_S, True),
        ("cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64", 3 * DAY_S, True),
    ],
)
def test_a_compiled_wheel_is_told_that_was_built_before(cache: Cache, tag: str, age_s: int, *, is_old: bool) -> None:
    cache.built_wheel("demo", tag=tag, age_s=age_s)
    assert told("built-wheel-old", cache, built_before_s=NOW_S - 2 * DAY_S) == ([SAID] if is_old else [])


def test_nothing_is_told_if_no_day_is_named(cache: Cache) -> None:
    cache.built_wheel("demo", tag=TAG, age_s=1000 * DAY_S)
    assert told("built-wheel-old", cache) == []


def test_a_download_is_no_build(cache: Cache) -> None:
    cache.http_v2("https://files.example/demo-1.0-cp311-cp311-linux_x86_64.whl", b"x", age_s=3 * DAY_S)
    assert told("built-wheel-old", cache, built_before_s=NOW_S) == []
