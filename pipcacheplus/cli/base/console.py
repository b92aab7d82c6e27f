"""The standard streams: whether they are terminals, how wide stdout is, and whether it takes colours."""

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple, TextIO

from pipcacheplus.cli.base.job import service_of
from pipcacheplus.cli.base.streams import redirect
from pipcacheplus.render.view import Service

__all__ = ["Console", "open_console", "width_of"]

_COLUMNS = 80
"""Of a terminal that does not say how wide it is."""


class Console(NamedTuple):
    """Where data and messages go, and what is possible there."""

    out: TextIO
    """Takes data."""
    err: TextIO
    """Takes messages and progress."""
    width: int | None
    """Columns of stdout; `None` if it is no terminal."""
    color: bool
    """Whether colours are written to stdout."""
    shows_progress: bool
    is_quiet: bool
    """Whether only the output that was requested, and what is wrong, is printed."""
    can_ask: bool
    """Whether stdin and stderr are terminals, and `--no-input` is not given."""
    service: Service | None = None
    """The CI service that reads both streams, if there is one."""

    def say(self, text: str) -> None:
        """Write a line to stderr; controls, and what its encoding lacks, are escaped, and credentials in URLs cut.

        Where stderr is closed, full or gone, nothing happens: what is to be done does not depend on who listens.
        """
        from pipcacheplus.pips.credentials import shown_text  # noqa: PLC0415 - most runs say nothing
        from pipcacheplus.render.text.words import safe  # noqa: PLC0415 - as above

        encoding = self.err.encoding or "ascii"
        line = safe(shown_text(text)).encode(encoding, "backslashreplace").decode(encoding)
        self.write_err(line + "\n")

    def write_err(self, text: str) -> None:
        """Write text to stderr as it is; if that cannot be, nothing is written there any more.

        What GitHub would take for a command is escaped, as names of files may look like one.
        """
        if self.service is Service.GITHUB:
            from pipcacheplus.render.text.workflow_commands import disarmed  # noqa: PLC0415 - of use in few runs

            text = disarmed(text)
        try:
            self.err.write(text)
            self.err.flush()
        except OSError:
            redirect(self.err)

    def confirm(self, question: str) -> bool:
        """Write a question to stderr, and return whether the line that stdin answers is `y` or `yes`."""
        self.err.write(f"{question} [y/N] ")
        self.err.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}


def open_console(
    environ: Mapping[str, str],
    *,
    color: str = "auto",
    no_input: bool = False,
    no_progress: bool = False,
    is_quiet: bool = False,
) -> Console:
    """Return a console for the standard streams of this process.

    Args:
        environ: `NO_COLOR` and `FORCE_COLOR` count if they are not empty. A terminal whose `TERM` is `dumb` gets
            neither colours nor progress; `CI` gets no progress.
        color: `always` and `never` win over the environment; with `auto`, `NO_COLOR` wins over `FORCE_COLOR`, and
            that over what stdout is.
        no_input: Whether nothing is asked.
        no_progress: Whether it is not shown how far the work is.
        is_quiet: Whether only the output that was requested, and what is wrong, is printed.
    """
    is_terminal = sys.stdout.isatty()
    is_dumb = environ.get("TERM") == "dumb"
    is_colorful = not environ.get("NO_COLOR") and (bool(environ.get("FORCE_COLOR")) or (is_terminal and not is_dumb))
    is_silent = no_progress or is_quiet or is_dumb or bool(environ.get("CI"))
    return Console(
        out=sys.stdout,
        err=sys.stderr,
        width=width_of(environ) or _COLUMNS if is_terminal else None,
        color=is_colorful if color == "auto" else color == "always",
        shows_progress=sys.stderr.isatty() and not is_silent,
        is_quiet=is_quiet,
        can_ask=not no_input and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty(),
        service=service_of(environ),
    )


def width_of(environ: Mapping[str, str]) -> int | None:
    """Return the columns of the terminal that stdout is, or those that `COLUMNS` says; `None` if nothing says."""
    columns = environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns[:6]) > 0:
        return int(columns[:6])
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, ValueError):
        return None
