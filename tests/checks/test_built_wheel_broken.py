"""The check `built-wheel-broken`."""

import io
import zipfile

import pytest

from pipcacheplus.model.facts import Depth
from pipcacheplus.model.values import Severity
from tests.checks.objections import objections, told
from tests.support.builders import Cache

URL = "https://files.example/demo"


@pytest.mark.parametrize(
    ("share", "age_s", "objections"), [(1, 7 * 86_400, 0), (0.5, 7 * 86_400, 1), (0, 7 * 86_400, 1), (0.5, 60, 0)]
)
def test_a_built_wheel_that_ends_early_is_an_error_once_it_is_old(
    cache: Cache, share: float, age_s: float, objections: int
) -> None:
    path = cache.built_wheel("demo")
    content = cache.real(path).read_bytes()
    cache.write(path, content[: int(len(content) * share)], age_s=age_s)
    assert [severity for _, severity, _ in told("built-wheel-broken", cache)] == ["error"] * objections


def test_a_built_wheel_that_is_no_zip_is_an_error(cache: Cache) -> None:
    cache.built_wheel("demo", content=b"no zip at all")
    assert len(told("built-wheel-broken", cache)) == 1


def test_content_that_is_not_what_record_says_is_a_warning_because_pip_installs_it(cache: Cache) -> None:
    path = cache.built_wheel("demo")
    out = io.BytesIO()
    with zipfile.ZipFile(cache.real(path)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (b"More: x\n" if name.endswith("/METADATA") else b""))
    cache.write(path, out.getvalue())
    found = objections("built-wheel-broken", cache, depth=Depth.WHOLE)
    assert [(finding.severity, "RECORD" in finding.message) for finding in found] == [(Severity.WARNING, True)]
