"""A headless Chromium that shows a report from disk: what it logs, requests and refuses is noted."""

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.support.processes import run

__all__ = ["AXE", "Page", "axe_source", "find_chromium", "opened"]

AXE = "axe-core@4.14.1"
"""The package of npm that judges accessibility."""
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_LIMIT_S = 60
_WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => {
  refused.push(event.violatedDirective + " " + event.blockedURI);
});
"""


def find_chromium() -> tuple[str, str] | None:
    """Return the paths of a Chromium and its driver, `None` if this machine has not both."""
    driver = shutil.which("chromedriver")
    browser = next(filter(None, map(shutil.which, _NAMES)), None)
    return None if driver is None or browser is None else (browser, driver)


class Page:
    """A report in a browser."""

    def __init__(self, driver: webdriver.Chrome, path: Path) -> None:
        """Show a file, as if somebody had opened it from disk."""
        self.driver = driver
        self._log("browser")  # what the page before has left
        self._log("performance")
        self.url = path.as_uri()
        driver.get(self.url)

    def all(self, selector: str) -> list[WebElement]:
        """Return the elements that fit."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """Return the first element that fits."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """Return what is shown of an element."""
        return self.one(selector).text

    def texts(self, selector: str) -> list[str]:
        """Return what is shown of the elements that fit."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText.trim())", selector
        )
        return found

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - what the script returns
        """Run a script in the page."""
        return self.driver.execute_script(script, *arguments)

    def run_later(self, script: str) -> Any:  # noqa: ANN401 - as above
        """Run a script that calls its last argument with the result."""
        return self.driver.execute_async_script(script)

    def click(self, selector: str) -> None:
        """Click on the first element that fits."""
        self.run("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", self.one(selector))
        self.one(selector).click()

    def enter(self, selector: str, text: str) -> None:
        """Write into a field, in place of what stands there."""
        self.one(selector).send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.BACKSPACE, text)

    def choose(self, selector: str, text: str) -> None:
        """Choose an option by its text."""
        for option in self.one(selector).find_elements(By.TAG_NAME, "option"):
            if option.text == text:
                option.click()

    def _log(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call] # has no types
        return found

    def logged(self) -> list[str]:
        """Return what the console has, errors and warnings of the browser too."""
        return [entry["message"] for entry in self._log("browser")]

    def refused(self) -> list[str]:
        """Return what the policy of the page has refused."""
        found: list[str] = self.run("return window.refused")
        return found

    def requested(self) -> list[str]:
        """Return the URLs that were requested since the last call, but for parts of the browser itself.

        A `data:` URL is in the document, or the browser's own, as the icon of a control: nothing is sent for it.
        """
        messages = (json.loads(entry["message"])["message"] for entry in self._log("performance"))
        sent = (one["params"] for one in messages if one["method"] == "Network.requestWillBeSent")
        urls = (one["request"]["url"] for one in sent)
        return [url for url in urls if not url.startswith(("chrome://", "data:"))]

    def emulate(self, *, scheme: str = "light", medium: str = "screen") -> None:
        """Have the page shown in a colour scheme, or as printed."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": medium, "features": features})

    def violations(self, axe: str) -> list[str]:
        """Return what axe-core objects to."""
        self.run(axe)
        found: list[str] = self.run_later(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {resultTypes: ['violations']}).then("
            "(found) => done(found.violations.map("
            "(one) => one.id + ': ' + one.nodes[0].html + one.nodes[0].failureSummary)),"
            "(error) => done([String(error)]));"
        )
        return found


@contextmanager
def opened(browser: str, chromedriver: str, folder: Path) -> Iterator[webdriver.Chrome]:
    """Start a browser, and end it.

    Args:
        browser: The path of Chromium.
        chromedriver: The path of its driver.
        folder: For its profile.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    options.page_load_strategy = "normal"
    for word in ("headless=new", "disable-gpu", "disable-dev-shm-usage", "window-size=1280,1000", "hide-scrollbars"):
        options.add_argument(f"--{word}")
    options.add_argument(f"--user-data-dir={folder}")
    # What the browser itself would ask its makers is no request of the page.
    options.add_argument("--disable-background-networking")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium has none for root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    try:
        driver.set_page_load_timeout(_LIMIT_S)
        driver.set_script_timeout(_LIMIT_S)
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _WATCH})
        yield driver
    finally:
        driver.quit()


def axe_source(folder: Path) -> str | None:
    """Return the script of axe-core, fetched from npm's registry and kept in a folder; `None` if it cannot be had."""
    kept = folder / f"{AXE}.min.js"
    if not kept.exists():
        npm = shutil.which("npm")
        if npm is None:
            return None
        done = run([npm, "pack", "--silent", AXE, "--pack-destination", folder], cwd=folder)
        if done.returncode:
            return None
        with tarfile.open(folder / done.stdout.split()[-1]) as packed:
            member = packed.extractfile("package/axe.min.js")
            assert member is not None
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_bytes(member.read())
            part.replace(kept)
    return kept.read_text(encoding="utf-8")
