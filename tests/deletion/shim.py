"""Faults, and the shim that makes them: `shim.c`, compiled on the spot."""

import errno
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import NamedTuple

from tests.support.processes import run

__all__ = [
    "ERRNOS",
    "NO_FAULT",
    "Call",
    "Fault",
    "Kind",
    "Trait",
    "compiled",
    "environment",
    "errors_of",
    "kills_of",
    "lasting_of",
    "signals_of",
    "why_no_shim",
]

ERRNOS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOSPC, errno.ESTALE, errno.EBUSY)


class Kind(IntEnum):
    """What goes wrong; as in `shim.c`."""

    NOTHING = 0
    KILL_BEFORE = 1
    KILL_AFTER = 2
    FAIL = 3
    """The call returns an error, and does nothing."""
    FAIL_FROM = 4
    """So do all that follow: the disk is full, or has become read-only."""
    SHORT = 5
    """Half is written, and the call says so."""
    SHORT_KILL = 6
    """Half is written, then the process is gone."""
    SIGNAL = 7
    """A signal comes right before the call, which is done."""


class Trait(IntFlag):
    """What a file system does that is not like Linux's own; as in `shim.c`."""

    GONE_ENOENT = 1
    """Of an open file without a name nothing can be learned: ENOENT."""
    GONE_ESTALE = 2
    """The same: ESTALE."""
    RENUMBERS = 4
    """A file has another number each time that it is looked at."""
    NOATIME_REFUSED = 8
    NOATIME_IGNORED = 16
    """O_NOATIME is accepted, and reading moves access times all the same."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at which call that changes something, counted from 1."""

    kind: Kind = Kind.NOTHING
    nth: int = 0
    error: int = 0
    """Of a signal, its number."""

    def __str__(self) -> str:
        """Say it as a person would look for it."""
        if self.kind is Kind.SIGNAL:
            return f"{signal.Signals(self.error).name} at call {self.nth}"
        name = self.kind.name.lower().replace("_", " ")
        return f"{name} {errno.errorcode.get(self.error, '')} at call {self.nth}".replace("  ", " ")


NO_FAULT = Fault()


class Call(NamedTuple):
    """A call that changes something, as the shim logs it."""

    number: int
    name: str
    path: str
    second: str

    @classmethod
    def of(cls, line: str) -> "Call":
        """Read a line of the log."""
        number, name, path, second = line.split("\t")
        return cls(int(number), name, path, second)


def kills_of(calls: Sequence[Call]) -> Iterator[Fault]:
    """Yield every end that a process can meet at these calls."""
    for call in calls:
        yield Fault(Kind.KILL_BEFORE, call.number)
        yield Fault(Kind.KILL_AFTER, call.number)
        if call.name == "write":
            yield Fault(Kind.SHORT_KILL, call.number)


def errors_of(calls: Sequence[Call]) -> Iterator[Fault]:
    """Yield what can go wrong at these calls without ending the process.

    Most calls take away a directory that became empty: there, three errors at each, and each at every seventh.
    """
    for call in calls:
        at = call.number % len(ERRNOS)
        errors = (ERRNOS + ERRNOS)[at : at + 3] if call.name == "rmdir" else ERRNOS
        yield from (Fault(Kind.FAIL, call.number, error) for error in errors)
        if call.name == "write":
            yield Fault(Kind.SHORT, call.number)


def lasting_of(calls: Sequence[Call]) -> Iterator[Fault]:
    """Yield what can begin to go wrong at these calls and does not end: read-only or full, by turns."""
    for call in calls:
        yield Fault(Kind.FAIL_FROM, call.number, (errno.EROFS, errno.ENOSPC)[call.number % 2])


def signals_of(calls: Sequence[Call]) -> Iterator[Fault]:
    """Yield what asks a run to end at these calls: its terminal is closed, or nobody reads what it writes."""
    for call in calls:
        yield Fault(Kind.SIGNAL, call.number, signal.SIGHUP)
        yield Fault(Kind.SIGNAL, call.number, signal.SIGPIPE)


def why_no_shim() -> str | None:
    """Return why there can be no shim on this machine, `None` if there can."""
    if not sys.platform.startswith("linux"):
        return "LD_PRELOAD and /proc are those of Linux"
    return None if shutil.which("cc") else "there is no C compiler (cc)"


def compiled(folder: Path) -> Path:
    """Compile the shim, and return the library.

    Raises:
        AssertionError: It does not compile; with what the compiler says.
    """
    library = folder / "shim.so"
    source = Path(__file__).with_name("shim.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Wshadow", "-o", str(library), str(source), "-ldl"]
    run(command, is_checked=True)
    return library


def environment(shim: Path, state: Path) -> dict[str, str]:
    """Return the environment of a process with the shim: without any setting of this machine.

    No other interpreter is found there: one that is asked would be given no time to answer.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "XDG_", "SHIM_"))}
    own = {"LD_PRELOAD": str(shim), "PIP_CONFIG_FILE": os.devnull, "XDG_STATE_HOME": str(state), "NO_COLOR": "1"}
    own["PATH"] = os.path.join(os.sep, "nonexistent")
    return kept | own
