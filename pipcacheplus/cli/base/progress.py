"""One line on stderr with the progress, if the work takes longer than a second."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from time import monotonic
from typing import TextIO

from pipcacheplus.cli.base.console import Console
from pipcacheplus.cli.base.streams import redirect
from pipcacheplus.model.values import Progress, Waiting

__all__ = ["countdown", "progress", "progress_of_caches"]

_PATIENCE_S = 1.0
_REDRAW_S = 0.1
_CELLS = 20
_COLUMNS = 80
"""The width of a terminal that does not report its own."""


@contextmanager
def progress(
    console: Console, what: str, *, is_bytes: bool = False, clock: Callable[[], float] = monotonic
) -> Iterator[Progress | None]:
    """Yield a callback that shows the progress; `None` if nothing is to be shown.

    Nothing is shown in the first second. At the end of the block, also by an interrupt, the line is erased.

    Args:
        console: The console, and whether it shows progress.
        what: The work, in one word.
        is_bytes: Whether the callback receives bytes; otherwise entries.
        clock: Returns seconds that never go back.
    """
    if not console.shows_progress:
        yield None
        return
    bar = _Bar(console.err, what, is_bytes=is_bytes, clock=clock)
    try:
        yield bar.show
    finally:
        bar.clear()


@contextmanager
def progress_of_caches(
    console: Console, what: str, *, clock: Callable[[], float] = monotonic
) -> Iterator[Callable[[int, int, int], None] | None]:
    """Yield a callback that shows the caches that are done, all of them, and the bytes of the entries in those.

    Otherwise as `progress`.
    """
    if not console.shows_progress:
        yield None
        return
    bar = _Bar(console.err, what, is_bytes=True, clock=clock)
    try:
        yield bar.show_caches
    finally:
        bar.clear()


@contextmanager
def countdown(console: Console) -> Iterator[Callable[[Waiting], None] | None]:
    """Yield a callback that reports the reason of the wait, and counts the seconds down; `None` with `-q`.

    The sentence is written once, to any stderr; the seconds only to a terminal.
    """
    if console.is_quiet:
        yield None
        return
    count = _Countdown(console)
    try:
        yield count.show
    finally:
        count.clear()


class _Countdown:
    """A sentence, and below it a line that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = _Bar(console.err, "", is_bytes=False, clock=monotonic)
        self._second: int | None = None

    def show(self, waiting: Waiting) -> None:
        """Write the sentence once, and draw the line if another second has begun."""
        second = ceil(waiting.left_s)
        if self._second is None:
            if self._console.shows_progress:
                self._bar.blank()  # text that was drawn there by others
            self._console.say(waiting.sentence)
        if second != self._second and self._console.shows_progress:
            if second:
                self._bar.draw(f"waiting  {second} s")
            else:
                self.clear()
        self._second = second

    def clear(self) -> None:
        """Draw blanks over the line, if it was ever drawn."""
        self._bar.clear()


class _Bar:
    """A line that is redrawn in place, by the callback.

    No thread draws it, since a process that has one is not forked for workers. So it stands still
    while one large entry is read. It needs no escape sequence, which not every console of Windows supports.
    """

    def __init__(self, err: TextIO, what: str, *, is_bytes: bool, clock: Callable[[], float]) -> None:
        self._err = err
        self._what = what
        self._is_bytes = is_bytes
        self._clock = clock
        self._started_s = clock()
        self._due_s = self._started_s + _PATIENCE_S
        self._widest = 0

    def show(self, done: int, total: int | None) -> None:
        """Draw the line if it is due."""
        share = min(done / total, 1.0) if total else None
        self._show(share, lambda: _amount(done, total, is_bytes=self._is_bytes))

    def show_caches(self, done: int, total: int, size_bytes: int) -> None:
        """Draw the line of a run over many caches if it is due."""
        self._show(done / total, lambda: _amount_of_caches(done, total, size_bytes))

    def _show(self, share: float | None, amount: Callable[[], str]) -> None:
        now_s = self._clock()
        if now_s < self._due_s:
            return
        self._due_s = now_s + _REDRAW_S
        columns = self._columns()
        self._draw(_line(self._what, share, amount(), _elapsed(now_s - self._started_s), columns=columns), columns)

    def draw(self, text: str) -> None:
        """Draw a text, shortened to the width."""
        self._draw(text, self._columns())

    def blank(self) -> None:
        """Draw blanks over the whole line, also if other code drew it."""
        columns = self._columns()
        self._draw(" " * columns, columns)
        self._widest = 0

    def clear(self) -> None:
        """Draw blanks over the line, if it was ever drawn."""
        if self._widest:
            self._draw("", self._columns())

    def _draw(self, text: str, columns: int) -> None:
        self._widest = max(self._widest, len(text))
        # The cursor waits at the left, so that the ^C of an interrupt overwrites the line and does not follow it.
        line = "\r" + text.ljust(self._widest)[:columns] + "\r"
        try:
            self._err.write(line)
            self._err.flush()
        except OSError:
            redirect(self._err)  # a terminal that is gone does not stop the work

    def _columns(self) -> int:
        """Return the number of usable columns; in the last one, some consoles begin a new line."""
        try:
            columns = os.get_terminal_size(self._err.fileno()).columns
        except (OSError, ValueError):
            columns = 0
        return (columns or _COLUMNS) - 1


def _amount(done: int, total: int | None, *, is_bytes: bool) -> str:
    """Return the amount done, and the total.

    >>> _amount(1234, None, is_bytes=False), _amount(500, 2_000_000, is_bytes=True), _amount(0, None, is_bytes=True)
    ('1,234 entries', '500 bytes of 2.0 MB', '')
    """
    from pipcacheplus.render.text.words import number, size  # noqa: PLC0415 - most runs show nothing

    if total:
        return f"{size(done)} of {size(total)}" if is_bytes else f"{done:,} of {number(total, 'entry')}"
    if not done:
        return ""
    return size(done) if is_bytes else number(done, "entry")


def _amount_of_caches(done: int, total: int, size_bytes: int) -> str:
    """Return the caches that are done, and the bytes in those.

    >>> _amount_of_caches(12, 40, 3_200_000_000), _amount_of_caches(0, 1, 0)
    ('12 of 40 caches, 3.2 GB', '0 of 1 cache')
    """
    from pipcacheplus.render.text.words import number, size  # noqa: PLC0415 - as above

    caches = f"{done:,} of {number(total, 'cache')}"
    return f"{caches}, {size(size_bytes)}" if size_bytes else caches


def _elapsed(seconds: float) -> str:
    """Return an elapsed time.

    >>> _elapsed(61.9), _elapsed(3600)
    ('1:01', '1:00:00')
    """
    hours, rest = divmod(int(seconds), 3600)
    minutes, second = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"


def _line(what: str, share: float | None, amount: str, elapsed: str, *, columns: int) -> str:
    """Return a line of at most so many columns; parts without space are left out, the meter first.

    >>> _line("reading", 0.25, "1 of 4 entries", "0:02", columns=79)
    'reading  [#####               ]   25%  1 of 4 entries  0:02'
    >>> _line("reading", 0.25, "1 of 4 entries", "0:02", columns=30)
    'reading   25%  1 of 4 entries'
    """
    percent = "" if share is None else f"{int(share * 100):3}%"
    meter = "" if share is None else f"[{'#' * int(share * _CELLS):{_CELLS}}]"
    parts = {"what": what, "meter": meter, "percent": percent, "amount": amount, "elapsed": elapsed}
    for least_needed in ("meter", "elapsed", "amount", "percent"):
        if len(text := "  ".join(filter(None, parts.values()))) <= columns:
            return text
        del parts[least_needed]
    return what[:columns]
