"""Run a command of this program within this process, with other variables and settings, and return what it writes."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from typing import NamedTuple

from pipcacheplus.cli.base.run import run
from pipcacheplus.cli.base.signals import StoppedError

__all__ = ["Captured", "run_captured"]

_STOPPED = 128
_COLUMNS = 75
"""Width of the terminal that a command writes to: as many as 80 columns have room for behind an indent."""


class Captured(NamedTuple):
    """What came of a command."""

    exit_code: int
    lines: tuple[str, ...]
    """Of stdout, then of stderr."""


def run_captured(arguments: Sequence[str], environ: Mapping[str, str]) -> Captured:
    """Run a command as `run` does on a terminal without colours, and return what it writes.

    The program goes by the name of this process, so that commands that are printed to be run begin as this one did.

    Args:
        arguments: Those of the command line.
        environ: The variables of this process meanwhile.

    Raises:
        KeyboardInterrupt: A signal has ended the command; as `StoppedError` for one that is not SIGINT.
    """
    written = BytesIO(), BytesIO()
    out, err = _text(written[0], _Terminal), _text(written[1], TextIOWrapper)
    shown = {**environ, "NO_COLOR": "1", "COLUMNS": str(_COLUMNS)}
    with _variables(shown), redirect_stdout(out), redirect_stderr(err):
        try:
            code = run(arguments)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
    if code > _STOPPED:
        number = code - _STOPPED
        raise KeyboardInterrupt if number == signal.SIGINT else StoppedError(number)
    return Captured(code, tuple(line for stream in written for line in _lines(stream)))


class _Terminal(TextIOWrapper):
    """Text that is laid out as for a terminal."""

    def isatty(self) -> bool:
        """Return true: the text is for people."""
        return True


def _text(stream: BytesIO, kind: type[TextIOWrapper]) -> TextIOWrapper:
    return kind(stream, encoding="utf-8", newline="\n", write_through=True)


def _lines(stream: BytesIO) -> list[str]:
    return stream.getvalue().decode("utf-8", "surrogateescape").splitlines()


@contextmanager
def _variables(environ: Mapping[str, str]) -> Iterator[None]:
    """Have this process run with other variables."""
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environ)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
