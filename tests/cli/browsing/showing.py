"""The terminal view of a cache, used by keys that are pressed without a terminal, and its screen as text."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.cli.base.command import Command, Request
from pipcacheplus.cli.base.console import open_console
from pipcacheplus.cli.base.family import Family
from pipcacheplus.cli.base.parsing import parse_arguments
from pipcacheplus.cli.browsing.app import Browser
from pipcacheplus.cli.browsing.facts import BrowsedEntries
from pipcacheplus.cli.browsing.work import Work
from tests.support.asking import PRESENT_S, at
from tests.support.builders import INDEX_URL, Cache

__all__ = ["browser_of", "facts_of", "idle", "screen", "use", "work_of"]

WIDTH, HEIGHT = 80, 24


def work_of(cache: Cache, *arguments: str) -> Work:
    """Return what the view can do with a cache, with these options of `browse`."""
    words = ["--cache-dir", str(cache.path), "browse", "--exclusive", "--python", "current"]
    words += ["--index-url", INDEX_URL, *arguments]
    name, options = parse_arguments(words, Family("pipcacheplus.cli", "COMMAND", Command), {"human": ""}, version="0")
    assert name == "browse"
    console = open_console({})
    request = Request(
        command=name, options=options, console=console, environ=os.environ, separator=os.sep, now_s=PRESENT_S
    )
    return Work(request, PipCache(cache.path))


def browser_of(cache: Cache, *arguments: str, **options: bool | str) -> Browser:
    """Return the view of a cache, with these options of `browse`."""
    with at(PRESENT_S):
        work = work_of(cache, *arguments)
        return Browser(work, work.read(None), now_s=lambda: PRESENT_S, **options)


def facts_of(cache: Cache) -> BrowsedEntries:
    """Return what is read of a cache."""
    with at(PRESENT_S):
        return work_of(cache).read(None)


def use(browser: Browser, play: Callable[[Pilot[None]], Awaitable[None]], *, width: int = WIDTH) -> None:
    """Show the view on no terminal, and let somebody use it."""

    async def run() -> None:
        async with browser.run_test(size=(width, HEIGHT)) as pilot:
            await idle(pilot)
            await play(pilot)

    with at(PRESENT_S):
        asyncio.run(run())


async def idle(pilot: Pilot[None], *keys: str) -> str:
    """Press keys, wait until nothing is under way any more, and return the screen."""
    for key in keys:
        await pilot.press(key)
        browser = pilot.app
        assert isinstance(browser, Browser)
        await pilot.pause()
        while browser.is_busy:
            await browser.workers.wait_for_complete()
            await pilot.pause()
    await pilot.pause()
    return screen(pilot)


def screen(pilot: Pilot[None]) -> str:
    """Return the text of the screen, its lines without blanks at their ends."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)
