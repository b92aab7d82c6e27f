"""The check `built-wheel-misnamed`."""

import pytest

from tests.checks.objections import told
from tests.support.builders import Cache


@pytest.mark.parametrize(
    ("filename", "objections"),
    [
        ("demo-1.0-py3-none-any.whl", 0),
        ("Demo-1.0-py3-none-any.whl", 0),
        ("demo-1.0.0-py3-none-any.whl", 0),  # the same version, spelt otherwise
        ("demo-2.0-py3-none-any.whl", 1),
        ("other-1.0-py3-none-any.whl", 1),
        ("demo-no.version-py3-none-any.whl", 0),  # nothing that could be compared
    ],
)
def test_a_built_wheel_is_told_if_it_is_not_what_its_name_says(cache: Cache, filename: str, objections: int) -> None:
    built = cache.real(cache.built_wheel("demo"))
    built.rename(built.with_name(filename))
    assert objections == len(told("built-wheel-misnamed", cache))
