"""A process with the shim, which imports all there is once and then runs each command in a child of its own.

`python -m tests.deletion.driver MODULE:FUNCTION`, started with the shim as LD_PRELOAD; `Driver` does that. A child
takes 20 ms, where a new process takes 200. Only for Linux.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

from tests.deletion.children import end_with, import_all
from tests.deletion.shim import NO_FAULT, Call, Fault, Trait, environment
from tests.support.processes import PIPCACHEPLUS, Service, run

__all__ = ["Driver", "Processes", "Ran"]

_HERE = Path(__file__).parents[2]
_TIME_LIMIT_S = 60
_MAIN = "pipcacheplus.__main__:main"
_NO_MORE: Mapping[str, str] = {}
_NO_TRAITS = Trait(0)


class Ran(NamedTuple):
    """What became of a command."""

    status: int
    """Exit code, or minus the signal that ended it."""
    out: str
    err: str
    calls: tuple[Call, ...]
    """That changed something, in order; the one that went wrong too."""

    @property
    def is_killed(self) -> bool:
        """Whether it did not come to its end."""
        return self.status == -signal.SIGKILL

    @property
    def document(self) -> dict[str, Any] | None:
        """Return the JSON that was printed, `None` if nothing was."""
        return json.loads(self.out) if self.out else None


class Processes:
    """Runs each command as a user does, in a process of its own."""

    def __init__(self, shim: Path, roots: Sequence[Path], state: Path) -> None:
        """Take the same as `Driver`."""
        self._log = state.with_name("calls.log")
        self._environment = environment(shim, state)
        self._environment |= {"SHIM_ROOTS": ":".join(map(str, roots)), "SHIM_LOG": str(self._log)}

    def run(self, *arguments: str, fault: Fault = NO_FAULT, ahead_s: float = 0) -> Ran:
        """Run a command with a fault; arguments as of `Driver.run`."""
        self._log.unlink(missing_ok=True)
        wanted = {"KIND": int(fault.kind), "NTH": fault.nth, "ERRNO": fault.error, "AHEAD": int(ahead_s)}
        variables = {f"SHIM_{name}": str(value) for name, value in wanted.items()} | {"SHIM_SKIPS_WAITS": "1"}
        done = run([*PIPCACHEPLUS, *arguments], limit_s=_TIME_LIMIT_S, env=self._environment | variables, cwd=_HERE)
        log = self._log.read_text(encoding="utf-8", errors="surrogateescape")
        return Ran(done.returncode, done.stdout, done.stderr, tuple(map(Call.of, log.splitlines())))


class Driver:
    """The process, seen from the test; a context manager."""

    def __init__(
        self,
        shim: Path,
        roots: Sequence[Path],
        state: Path,
        *,
        main: str = _MAIN,
        env: Mapping[str, str] = _NO_MORE,
        traits: Trait = _NO_TRAITS,
    ) -> None:
        """Start it.

        Args:
            shim: The library.
            roots: Below these, calls count.
            state: What takes the place of `~/.local/state`.
            main: `module:function`; the function takes the arguments and returns an exit code.
            env: Variables on top.
            traits: Of the file system below the roots.
        """
        self._traits = traits
        self._roots = ":".join(map(str, roots))
        self._service = Service(
            [sys.executable, "-m", "tests.deletion.driver", main],
            limit_s=_TIME_LIMIT_S + 30,
            env={**environment(shim, state), **env},
            cwd=_HERE,
        )

    def __enter__(self) -> "Driver":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._service.__exit__(kind, error, trace)

    def run(self, *arguments: str, fault: Fault = NO_FAULT, ahead_s: float = 0) -> Ran:
        """Run a command in a child with a fault, and return what became of it.

        Args:
            arguments: Of the command line.
            fault: What goes wrong.
            ahead_s: How far its clocks go ahead. What it waits for comes at once, and they go ahead by as much.
        """
        wanted = {"arguments": arguments, "fault": (fault.kind, fault.nth, fault.error), "ahead_s": ahead_s}
        wanted["traits"] = int(self._traits)
        status, out, err, log = json.loads(self._service.ask(json.dumps(wanted | {"roots": self._roots})))
        return Ran(status, out, err, tuple(map(Call.of, log.splitlines())))


class _Files(NamedTuple):
    """What a child writes to."""

    out: BinaryIO
    err: BinaryIO
    log: BinaryIO

    def clear(self) -> None:
        for file in self:
            file.seek(0)
            file.truncate()

    def read(self) -> list[str]:
        texts = []
        for file in self:
            file.seek(0)
            texts.append(file.read().decode("utf-8", "surrogateescape"))
        return texts


def _serve(main: Callable[[Sequence[str]], int]) -> None:
    shim = ctypes.CDLL(None)
    shim.shim_time.argtypes = (ctypes.c_double, ctypes.c_int)
    answers = os.fdopen(os.dup(1), "w")
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as log:
        files = _Files(out, err, log)
        for line in sys.stdin:
            files.clear()
            wanted = json.loads(line)
            child = os.fork()
            if not child:
                end_with(_command(main, wanted, files, shim), files.out, files.err)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            answers.write(json.dumps([status, *files.read()]) + "\n")
            answers.flush()


def _command(
    main: Callable[[Sequence[str]], int], wanted: dict[str, Any], files: _Files, shim: ctypes.CDLL
) -> Callable[[], int]:
    def run() -> int:
        signal.alarm(_TIME_LIMIT_S)
        shim.shim_time(wanted["ahead_s"], 1)
        shim.shim_traits(wanted["traits"])
        shim.shim_arm(wanted["roots"].encode(), *wanted["fault"], files.log.fileno())
        return main(wanted["arguments"])

    return run


if __name__ == "__main__":
    import_all()
    _module, _, _name = sys.argv[1].partition(":")
    _main = getattr(importlib.import_module(_module), _name)
    _serve(_main)
