"""Work as the owner of a cache in a process of its own, so that this one stays root.

Who becomes a user for good cannot be root again, and who could is led by that user (`ownership`). So a process is
started that is root as long as it takes to import what it needs; then it becomes the owner, and opens the cache. It is
asked to stop by the end of what it reads: the same happens if we are killed.
"""

import errno
import os
import pickle
import selectors
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, BinaryIO

from pipcacheplus.apply.latch import Latch
from pipcacheplus.apply.told import REFUSALS, Told, line_of_error, line_of_progress, lines_of
from pipcacheplus.apply.trash.jsonvalues import line_of
from pipcacheplus.host.ownership import become_owner
from pipcacheplus.model.values import Report

__all__ = ["answer", "ask"]

# Isolated, and then with the path that we have: no variable decides what root imports there.
_ANSWER = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.buffer.readline()); "
    "from pipcacheplus.apply.as_owner import answer; answer(sys.stdin.buffer, sys.stdout.buffer)"
)
_POLL_S = 0.2
_CHUNK = 64 << 10


def ask(work: "partial[Report]", told: Told, stop: Callable[[], bool] | None) -> Report:
    """Have a function of this package called by a process that becomes the owner of a cache.

    Args:
        work: Picklable; it gets `stop` and `progress` as well.
        told: Listens; its cache is the one whose owner is meant.
        stop: Asked meanwhile; once it says so, nothing else is begun there.

    Raises:
        BadRequestError: As `work`; `CacheBusyError` and `NotACacheError` likewise.
        NotACacheError: The owner cannot be taken on.
        OSError: As `work`; or there is no such process, or it ended without a report.
    """
    with subprocess.Popen(
        [sys.executable, "-IB", "-c", _ANSWER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # an interrupt from the terminal is ours, and handed on by `stop`
    ) as process:
        assert process.stdin is not None  # noqa: S101 - for mypy: both are pipes
        assert process.stdout is not None  # noqa: S101 - as above
        said = process.stdout.fileno()
        with suppress(BrokenPipeError):  # what that means is told by what comes, or does not
            process.stdin.write(line_of(sys.path))
            pickle.dump((told.cache.path, told.plan is not None, work), process.stdin)
            process.stdin.flush()
        try:
            _listen(process.stdin, said, told, Latch(stop))
        finally:
            _close(process.stdin)
            while os.read(said, _CHUNK):  # it ends what it has in hand
                pass
    if told.report is None:
        raise ChildProcessError(errno.ECHILD, f"the process that worked as the owner ended with {process.returncode}")
    return told.report


def _listen(asked: IO[bytes], said: int, told: Told, latch: Latch) -> None:
    rest = b""
    with _hearing(said) as heard:
        while True:
            if latch.ask():
                _close(asked)
            if heard.select(_POLL_S):
                chunk = os.read(said, _CHUNK)
                if not chunk:
                    return
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    told.take(line)


def _close(asked: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # of what it did not want to read
        asked.close()


def _hearing(descriptor: int) -> selectors.BaseSelector:
    """Return what tells whether there is something to read; not `select.select`, which takes nothing above 1023."""
    selector = selectors.DefaultSelector()
    selector.register(descriptor, selectors.EVENT_READ)
    return selector


def answer(asked: BinaryIO, says: BinaryIO) -> None:
    """Do what `ask` asks for, and say what became of it; the process that does is another user's from then on."""
    path, has_plan, work = pickle.load(asked)  # noqa: S301 - what root says to a process of root

    def say(line: bytes) -> None:
        with suppress(BrokenPipeError):  # who asked is gone, and `stop` finds out
            says.write(line)
            says.flush()

    try:
        become_owner(path)
        with _hearing(asked.fileno()) as ended:  # there is nothing else to hear
            report = work(
                stop=lambda: bool(ended.select(0)),
                progress=lambda done, total: say(line_of_progress(done, total)),
            )
    except (*REFUSALS, OSError) as error:
        say(line_of_error(error))
    else:
        for line in lines_of(report, has_plan=has_plan):
            say(line)
