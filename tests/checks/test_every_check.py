"""What holds for all checks."""

import importlib.util

import pytest

from pipcacheplus.checks.base.check import checks

SLUGS = [check.slug for check in checks()]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_check_has_a_test_of_its_own(slug: str) -> None:
    name = f"tests.checks.test_{slug.replace('-', '_')}"
    assert importlib.util.find_spec(name) is not None, f"{name} is missing"


def test_no_two_checks_have_one_slug() -> None:
    assert sorted(set(SLUGS)) == SLUGS
