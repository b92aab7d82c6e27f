"""A process that runs each command in a child of its own, with so much memory, so much time, and as another user.

`python -m tests.deletion.walled`, which `Walled` does: it imports all there is once, and then reads requests, one JSON
document a line. Only for Linux.
"""

import json
import os
import select
import signal
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

from tests.deletion.children import end_with, import_all
from tests.support.processes import Service

__all__ = ["NOBODY", "PURGE_SHARED", "Ran", "Walled"]

NOBODY = 65534
"""Who takes the part of an ordinary user if the tests run as root."""
PURGE_SHARED = "purge-shared"
"""A command of its own: `purge` as while pips may be at work, but for the wait."""
_HERE = Path(__file__).parents[2]
_LATE = ("concurrent.futures.thread", "csv", "encodings.raw_unicode_escape", "multiprocessing.popen_fork", "platform")


class Ran(NamedTuple):
    """What became of a command."""

    status: int | None
    """Exit code, or minus the signal that ended it; `None` if it took too long."""
    out: str
    """What is not UTF-8 comes as surrogates."""
    err: str
    peak_bytes: int
    """The most memory that it, or a process of its own, had at once."""
    taken_s: float


class Walled:
    """The process, seen from the test; a context manager."""

    def __init__(self, state: Path, *, memory_bytes: int, time_s: float) -> None:
        """Start it.

        Args:
            state: What takes the place of `~/.local/state`.
            memory_bytes: The most that a command may allocate.
            time_s: The longest that a command may take.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "XDG_"))}
        own = {"PIP_CONFIG_FILE": os.devnull, "XDG_STATE_HOME": str(state), "NO_COLOR": "1", "HOME": "/nonexistent"}
        self._limits = {"memory_bytes": memory_bytes, "time_s": time_s}
        self._service = Service(
            [sys.executable, "-m", "tests.deletion.walled"], limit_s=time_s + 60, env=kept | own, cwd=_HERE
        )

    def __enter__(self) -> "Walled":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._service.__exit__(kind, error, trace)

    def run(self, *arguments: str, uid: int | None = None, later_s: int = 0) -> Ran:
        """Run a command, and return what became of it.

        Args:
            arguments: Of the command line.
            uid: As which user; as this one if none is named.
            later_s: How far its clock is ahead: times of change cannot be set, and what changed just now is young.
        """
        wanted = {**self._limits, "arguments": arguments, "uid": uid, "later_s": later_s}
        return Ran(*json.loads(self._service.ask(json.dumps(wanted))))


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        wanted = json.loads(line)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start_s = time.monotonic()
            child = os.fork()
            if not child:
                end_with(_command(wanted), out, err)
            status, peak_kib = _wait(child, wanted["time_s"])
            taken_s = time.monotonic() - start_s
            answers.write(json.dumps([status, _text(out), _text(err), peak_kib << 10, taken_s]) + "\n")
            answers.flush()


def _wait(child: int, time_s: float) -> tuple[int | None, int]:
    """Wait for a child, but not for ever; and take all down that it leaves behind."""
    watched = os.pidfd_open(child)
    is_done = bool(select.select([watched], [], [], time_s)[0])
    os.close(watched)
    try:
        os.killpg(child, signal.SIGKILL)  # while its number is its own: it has not been waited for
    except ProcessLookupError:
        os.kill(child, signal.SIGKILL)  # it has not come to be a group
    _, status, usage = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status) if is_done else None, usage.ru_maxrss


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "surrogateescape")


def _command(wanted: Mapping[str, Any]) -> Callable[[], int]:
    def run() -> int:
        os.setsid()
        _build_walls(wanted)
        now_ns, later_ns = time.time_ns, wanted["later_s"] * 10**9
        time.time_ns = lambda: now_ns() + later_ns
        time.time = lambda: time.time_ns() / 1e9
        return _run(wanted["arguments"])

    return run


def _build_walls(wanted: Mapping[str, Any]) -> None:
    import resource  # noqa: PLC0415 - not on Windows

    os.chdir("/")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (wanted["memory_bytes"],) * 2)
    if wanted["uid"] is not None:
        os.setgroups([])
        os.setgid(wanted["uid"])
        os.setuid(wanted["uid"])


def _run(arguments: Sequence[str]) -> int:
    from pipcacheplus.__main__ import main  # noqa: PLC0415 - only the process that serves needs it

    if arguments[0] != PURGE_SHARED:
        return main(arguments)
    from pipcacheplus import PipCache  # noqa: PLC0415 - as above

    cache = PipCache(arguments[1])
    report = cache.apply(cache.plan_purge(min_age_s=0), exclusive=False, wait_s=0)
    return 4 if report.failed or report.warnings else 0


if __name__ == "__main__":
    sysconfig.get_config_vars()  # imports what another user may not be able to read
    import_all(_LATE)
    _serve()
