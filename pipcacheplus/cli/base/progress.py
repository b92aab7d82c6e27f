"""A bar on stderr, once work takes longer than somebody likes to wait without a sign."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from pipcacheplus.cli.base.console import Console

if TYPE_CHECKING:  # slow to import, and most runs show nothing
    from rich.progress import Progress, TaskID

__all__ = ["progress"]

_PATIENCE_S = 1.0


@contextmanager
def progress(
    console: Console, what: str, *, is_bytes: bool = False
) -> Iterator[Callable[[int, int | None], None] | None]:
    """Give a callback that shows what is done of all there is; `None` where nobody would see it."""
    if not console.shows_progress:
        yield None
        return
    bar = _Bar(what, started_s=monotonic(), is_bytes=is_bytes)
    try:
        yield bar.show
    finally:
        bar.stop()


class _Bar:
    """A bar that appears late, and is gone afterwards."""

    def __init__(self, what: str, *, started_s: float, is_bytes: bool) -> None:
        self._is_bytes = is_bytes
        self._what = what
        self._appears_s = started_s + _PATIENCE_S
        self._shown: tuple[Progress, TaskID] | None = None

    def show(self, done: int, total: int | None) -> None:
        """Tell how far the work is."""
        if self._shown is None:
            if monotonic() < self._appears_s:
                return
            self._shown = self._start()
        bar, task = self._shown
        bar.update(task, completed=done, total=total)

    def _start(self) -> "tuple[Progress, TaskID]":
        from rich.console import Console as RichConsole  # noqa: PLC0415 - slow to import
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        count = DownloadColumn() if self._is_bytes else MofNCompleteColumn()
        columns = (TextColumn("{task.description}"), BarColumn(), count, TimeElapsedColumn())
        bar = Progress(*columns, console=RichConsole(stderr=True), transient=True)
        bar.start()
        return bar, bar.add_task(self._what, total=None)

    def stop(self) -> None:
        """Take the bar away."""
        if self._shown is not None:
            self._shown[0].stop()
