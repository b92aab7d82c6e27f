"""What tests of the report ask for by name: a browser, and what judges accessibility."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from selenium import webdriver

    from tests.support.browser import Page


@pytest.fixture(scope="session")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[webdriver.Chrome]":
    pytest.importorskip("selenium", reason="selenium is not installed")
    from tests.support.browser import find_chromium, opened  # noqa: PLC0415 - needs selenium

    found = find_chromium()
    if found is None:
        pytest.skip("this machine has no chromium with its chromedriver")
    with opened(*found, tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def show(_browser: "webdriver.Chrome") -> "Callable[[Path], Page]":
    """Return a function that shows a file in a browser, in light colours."""
    from tests.support.browser import Page  # noqa: PLC0415 - as above

    def show(path: Path) -> Page:
        page = Page(_browser, path)
        page.emulate()
        return page

    return show


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the script of axe-core; it is kept from run to run."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    from tests.support.browser import AXE, axe_source  # noqa: PLC0415 - as above

    folder, kept = tmp_path_factory.mktemp("axe"), getattr(request.config, "cache", None)
    if kept is not None:
        with suppress(OSError):
            folder = Path(kept.mkdir("axe"))
    found = axe_source(folder)
    if found is None:
        pytest.skip(f"npm cannot fetch {AXE}")
    return found
