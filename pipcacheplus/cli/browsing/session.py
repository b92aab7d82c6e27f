"""One run of the terminal view: it takes the terminal, and gives it back however it ends."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from pipcacheplus.cli.base import exits
from pipcacheplus.cli.base.console import Console
from pipcacheplus.cli.base.streams import redirect
from pipcacheplus.cli.browsing.app import Browser

__all__ = ["run_browser", "without_color"]

_HANGUP: "signal.Signals | None" = getattr(signal, "SIGHUP", None)


@contextmanager
def without_color(console: Console) -> Iterator[None]:
    """Let what is made in this block use attributes alone, if the console takes no colours."""
    before = os.environ.get("NO_COLOR")
    if not console.color:
        os.environ["NO_COLOR"] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("NO_COLOR", None)
        else:
            os.environ["NO_COLOR"] = before


class _LossyStream:
    """A stream whose failed writes are dropped.

    Textual writes to the terminal in a thread with a queue of 30 parts, also when the terminal is gone: then a write
    that fails ends the thread, and once 30 parts are queued, the next one would block.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text, and return its length."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        """Return any other attribute of the stream."""
        return getattr(self._stream, name)


@contextmanager
def _lossy_screen() -> Iterator[None]:
    """Drop failed writes to the screen, which for Textual is the standard error that Python began with."""
    screen = sys.__stderr__
    if screen is not None:
        sys.__stderr__ = cast("Any", _LossyStream(screen))  # type: ignore[misc]
    try:
        yield
    finally:
        sys.__stderr__ = screen  # type: ignore[misc]


def run_browser(browser: Browser) -> None:
    """Show the view until the user leaves it, or a signal ends it, whose number `browser.signal` has then."""
    with _lossy_screen():
        asyncio.run(_run(browser))


async def _run(browser: Browser) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, _HANGUP):
        # One that is ignored, as SIGHUP is by `nohup`, stays so.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(NotImplementedError):  # Windows has no such handlers
                loop.add_signal_handler(number, _stop, browser, number)
    await browser.run_async()
    if browser.is_abandoned and browser.signal is not None:
        # The terminal is given back. A thread cannot be ended, and what it does may be killed at any time.
        os._exit(exits.stopped_by(browser.signal))


def _stop(browser: Browser, number: int) -> None:
    screen = sys.__stderr__
    if number == _HANGUP and screen is not None and not screen.isatty():
        redirect(screen)  # the terminal is gone: a write to it would fail, and what waits to be written would fill up
    browser.stop_by(number)
