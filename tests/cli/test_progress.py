"""The line that shows how far the work is, on a terminal of its own."""

import io
import os
import struct
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

import pytest

from pipcacheplus.cli.base.console import Console, open_console
from pipcacheplus.cli.base.progress import countdown, progress, progress_of_caches
from pipcacheplus.model.values import Waiting


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def console(err: TextIO) -> Console:
    return Console(out=sys.stdout, err=err, width=None, color=False, shows_progress=True, is_quiet=False, can_ask=False)


def row(written: str) -> str:
    """Return the row that a terminal shows: a carriage return goes to its left, all else overwrites."""
    assert written.replace("\r", "").isprintable()
    assert written.isascii()
    cells: list[str] = []
    for part in written.split("\r"):
        cells[: len(part)] = part
    return "".join(cells).rstrip()


def test_nothing_is_shown_in_the_first_second(clock: Clock) -> None:
    err = io.StringIO()
    with progress(console(err), "reading", clock=clock) as show:
        assert show is not None
        show(1, 2)
        clock.now_s += 0.9
        show(2, 2)
    assert err.getvalue() == ""


@pytest.mark.parametrize(
    ("done", "total", "is_bytes", "shown"),
    [
        (0, None, False, "reading  0:02"),
        (1, None, False, "reading  1 entry  0:02"),
        (12_345, None, False, "reading  12,345 entries  0:02"),
        (12_345, None, True, "reading  12 kB  0:02"),
        (0, 0, True, "reading  0:02"),
        (0, 4000, False, "reading  [                    ]    0%  0 of 4,000 entries  0:02"),
        (1000, 4000, False, "reading  [#####               ]   25%  1,000 of 4,000 entries  0:02"),
        (1_200_000_000, 1_210_000_000, True, "reading  [################### ]   99%  1.2 GB of 1.2 GB  0:02"),
        (4000, 4000, False, "reading  [####################]  100%  4,000 of 4,000 entries  0:02"),
        (5000, 4000, False, "reading  [####################]  100%  5,000 of 4,000 entries  0:02"),
    ],
)
def test_the_line_has_the_work_the_share_the_amount_and_the_time(
    clock: Clock,
    done: int,
    total: int | None,
    is_bytes: bool,  # noqa: FBT001 - a row's value
    shown: str,
) -> None:
    err = io.StringIO()
    with progress(console(err), "reading", is_bytes=is_bytes, clock=clock) as show:
        assert show is not None
        clock.now_s += 2
        show(done, total)
        assert shown == row(err.getvalue())


def test_a_shorter_line_leaves_nothing_of_a_longer_one(clock: Clock) -> None:
    err = io.StringIO()
    with progress(console(err), "reading", clock=clock) as show:
        assert show is not None
        clock.now_s += 2
        show(1000, 4000)
        clock.now_s += 60
        show(0, None)
        assert row(err.getvalue()) == "reading  1:02"


def test_the_line_is_drawn_at_most_ten_times_a_second(clock: Clock) -> None:
    err = io.StringIO()
    with progress(console(err), "reading", clock=clock) as show:
        assert show is not None
        clock.now_s += 1
        for done in range(1000):
            clock.now_s += 0.001
            show(done, None)
        assert 5 < err.getvalue().count("reading") <= 10


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_whatever_ends_the_work_the_line_is_gone(clock: Clock, error: type[BaseException]) -> None:
    err = io.StringIO()

    def work() -> None:
        with progress(console(err), "reading", clock=clock) as show:
            assert show is not None
            clock.now_s += 2
            show(1000, 4000)
            err.write("^C")  # as a terminal echoes it
            raise error

    with pytest.raises(error):
        work()
    assert (row(err.getvalue()), err.getvalue()[-1]) == ("", "\r")


def test_a_terminal_that_is_gone_does_not_stop_the_work(clock: Clock) -> None:
    reader, writer = os.pipe()
    with open(writer, "w", encoding="ascii") as err:
        os.close(reader)
        with progress(console(err), "reading", clock=clock) as show:
            assert show is not None
            clock.now_s += 2
            show(1, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), err.fileno())  # what was not written goes there at the end


Terminal = tuple[TextIO, Callable[[], str]]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Open a terminal of 40 columns; give its end for a program, and a function that reads what came out."""
    pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 40, 0, 0))
    with open(theirs, "w", encoding="utf-8") as stream:
        yield stream, lambda: os.read(ours, 65_536).decode()
    os.close(ours)


def test_on_a_narrow_terminal_parts_are_left_out_and_the_last_column_is_free(clock: Clock, terminal: Terminal) -> None:
    stream, read = terminal
    with progress(console(stream), "reading", clock=clock) as show:
        assert show is not None
        clock.now_s += 2
        show(1000, 4000)
        assert row(read()) == "reading   25%  1,000 of 4,000 entries"
        clock.now_s += 2
        show(1000, 4000)
        written = read()
    assert max(map(len, written.split("\r"))) < 40
    assert row(written + read()) == ""


def test_a_terminal_that_reports_no_width_counts_as_80_columns(clock: Clock) -> None:
    err = io.StringIO()
    with progress(console(err), "x" * 100, clock=clock) as show:
        assert show is not None
        clock.now_s += 2
        show(1000, 4000)
    assert max(map(len, err.getvalue().split("\r"))) == 79


@pytest.mark.parametrize(
    ("environ", "is_quiet", "is_shown"),
    [
        ({"TERM": "xterm"}, False, True),
        ({}, False, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "xterm", "CI": "true"}, False, False),
        ({"TERM": "xterm"}, True, False),
    ],
)
def test_progress_is_for_somebody_who_looks(
    clock: Clock,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    is_quiet: bool,  # noqa: FBT001 - a row's value
    is_shown: bool,  # noqa: FBT001 - as above
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal[0])
    chosen = open_console(environ, is_quiet=is_quiet)
    with progress(chosen, "reading", clock=clock) as show:
        assert is_shown == (show is not None)


def test_nothing_is_shown_with_no_progress(clock: Clock, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal[0])
    with progress(open_console({"TERM": "xterm"}, no_progress=True), "reading", clock=clock) as show:
        assert show is None


def test_nothing_is_shown_in_a_pipe(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress(open_console({}), "reading", clock=clock) as show:
        assert show is None


PIP = Waiting("pip (process 123) is running", 123, 0)
MEANING = (
    "entries to remove are invalidated, and removed after up to 20 s, when no pip relies on them any more;"
    " --exclusive skips this"
)
SENTENCE = f"pip (process 123) is running: {MEANING}"


def test_why_it_waits_is_said_once_and_the_seconds_are_counted_down(clock: Clock) -> None:
    err = io.StringIO()
    with progress(console(err), "removing", clock=clock) as show, countdown(console(err)) as count:
        assert show is not None
        assert count is not None
        clock.now_s += 2
        show(1000, 4000)
        count(PIP._replace(left_s=19.98))
        said, _, line = err.getvalue().rpartition("\n")
        assert (row(said), row(line)) == (SENTENCE, "waiting  20 s")
        count(PIP._replace(left_s=19.01))
        assert err.getvalue().count("waiting  ") == 1
        count(PIP._replace(left_s=9.5))
        assert row(err.getvalue().rpartition("\n")[2]) == "waiting  10 s"
        count(PIP._replace(left_s=0))
        assert row(err.getvalue().rpartition("\n")[2]) == ""
        assert err.getvalue().count("\n") == 1


def test_in_a_pipe_the_reason_is_one_line_and_nothing_is_counted() -> None:
    err = io.StringIO()
    with countdown(console(err)._replace(shows_progress=False)) as count:
        assert count is not None
        for left_s in (20.0, 10.0, 0.0):
            count(Waiting("pips may be running", None, left_s))
    assert err.getvalue() == f"pips may be running: {MEANING}\n"


def test_who_wants_quiet_hears_of_no_wait() -> None:
    with countdown(console(io.StringIO())._replace(is_quiet=True)) as count:
        assert count is None


def test_whatever_ends_the_wait_the_line_is_gone() -> None:
    err = io.StringIO()

    def wait() -> None:
        with countdown(console(err)) as count:
            assert count is not None
            count(PIP._replace(left_s=20))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wait()
    assert row(err.getvalue().rpartition("\n")[2]) == ""


def test_the_line_of_many_caches_has_the_caches_and_the_bytes_in_those_that_are_done(clock: Clock) -> None:
    err = io.StringIO()
    with progress_of_caches(console(err), "verify", clock=clock) as show:
        assert show is not None
        show(0, 40, 0)
        assert err.getvalue() == ""
        clock.now_s += 2
        show(12, 40, 3_200_000_000)
        assert row(err.getvalue()) == "verify  [######              ]   30%  12 of 40 caches, 3.2 GB  0:02"
    assert row(err.getvalue()) == ""


def test_the_line_of_many_caches_is_drawn_on_a_terminal_alone() -> None:
    quiet = console(io.StringIO())._replace(shows_progress=False)
    with progress_of_caches(quiet, "verify") as show:
        assert show is None
