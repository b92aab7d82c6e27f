"""The version stands in two places, since nobody who builds a wheel can import the package first."""

import re

from pipcacheplus import __version__
from tests.support.jobs import TOP


def test_the_package_has_the_version_that_the_wheel_says() -> None:
    (version,) = re.findall(r'^version = "(.+)"$', (TOP / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version == __version__
