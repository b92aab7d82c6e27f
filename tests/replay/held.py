"""A process that puts questions in children of its own, which stop at a moment: to be held there, or killed.

`python -m tests.replay.held`, which `Held` does. A child takes 20 ms, where a new process takes 300. Only for Linux.
"""

import base64
import json
import os
import pickle
import select
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NoReturn

from tests.deletion.children import import_all
from tests.support.asking import Answer, Asker, Question
from tests.support.processes import Service

__all__ = ["MOMENTS", "Held", "Moment"]

Moment = tuple[str, int]
"""What happens in the process that asks, and for which time."""
MOMENTS = ("progress", "open", "sql")
"""Progress is shown; anything is opened; SQL is carried out."""
_HERE = Path(__file__).parents[2]


class Held:
    """The process, seen from the test; a context manager."""

    def __init__(self, state: Path) -> None:
        """Start it.

        Args:
            state: What takes the place of `~/.local/state` where nothing else is said.
        """
        environment = os.environ | {"XDG_STATE_HOME": str(state)}
        self._service = Service([sys.executable, "-m", "tests.replay.held"], limit_s=60, env=environment, cwd=_HERE)

    def __enter__(self) -> "Held":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._service.__exit__(kind, error, trace)

    def begin(self, asker: Asker, asked: Question, moment: Moment) -> Answer | None:
        """Ask until a moment has come, and return `None`; or the answer, if it never came."""
        request = base64.b64encode(pickle.dumps((asker, asked, moment))).decode()
        return self._answer(json.dumps(["begin", request]))

    def go_on(self) -> Answer | None:
        """Let the one that is held go on, and return its answer."""
        return self._answer(json.dumps(["go on"]))

    def kill(self) -> None:
        """Kill the one that is held."""
        assert self._answer(json.dumps(["kill"])) is None

    def _answer(self, line: str) -> Answer | None:
        kind, said = json.loads(self._service.ask(line))
        assert kind != "failed", said
        if said is None:
            return None
        answer = pickle.loads(base64.b64decode(said))  # noqa: S301 - of a process of our own
        assert isinstance(answer, Answer)
        return answer


class _Child:
    """A child that asks."""

    def __init__(self, request: str) -> None:
        self._result = tempfile.TemporaryFile()
        self._held, held = os.pipe()
        on, self._on = os.pipe()
        self._number = os.fork()
        if not self._number:
            _ask(request, lambda: _wait_for(held, on), self._result)
        os.close(held)
        os.close(on)
        self._end = os.pidfd_open(self._number)

    def look(self) -> tuple[str, str | None]:
        """Wait until it is held or over."""
        ready, _, _ = select.select([self._held, self._end], [], [])
        if self._end not in ready and os.read(self._held, 1):
            return "held", None
        _, status = os.waitpid(self._number, 0)
        for descriptor in (self._held, self._on, self._end):
            os.close(descriptor)
        self._result.seek(0)
        said = self._result.read().decode("utf-8", "replace")
        if os.waitstatus_to_exitcode(status) == -signal.SIGKILL:
            return "killed", None
        return ("answered", said) if os.waitstatus_to_exitcode(status) == 0 else ("failed", said)

    def go_on(self) -> None:
        os.write(self._on, b".")

    def kill(self) -> None:
        os.kill(self._number, signal.SIGKILL)


def _wait_for(held: int, on: int) -> None:
    os.write(held, b".")
    os.read(on, 1)


def _ask(request: str, hold: Callable[[], None], result: BinaryIO) -> NoReturn:
    """Ask, hold once at a moment, and write the answer."""
    code = 1
    asker, asked, (what, number) = pickle.loads(base64.b64decode(request))  # noqa: S301 - of the test
    counted = _Countdown(number, hold)
    try:
        if what == "open":
            sys.addaudithook(lambda event, _: counted.count() if event == "open" else None)
        elif what == "sql":
            sys.setprofile(lambda _, event, called: counted.count() if event == "c_call" and _is_sql(called) else None)
        shown = (lambda _done, _total: counted.count()) if what == "progress" else None
        said = asker.ask(asked, progress=shown)
        sys.setprofile(None)
        counted.is_over = True
        result.write(base64.b64encode(pickle.dumps(said)))
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it is, it is told and the child ends here
        counted.is_over = True
        result.write(traceback.format_exc().encode())
    finally:
        result.flush()
        os._exit(code)


class _Countdown:
    """Does something when it was called so many times in this process."""

    def __init__(self, number: int, do: Callable[[], None]) -> None:
        self._left = number
        self._do = do
        self._process = os.getpid()
        self.is_over = False

    def count(self) -> None:
        """Count one."""
        if self.is_over or os.getpid() != self._process:
            return
        self._left -= 1
        if self._left == 0:
            self.is_over = True
            self._do()


def _is_sql(called: Any) -> bool:  # noqa: ANN401 - any function
    return type(getattr(called, "__self__", None)).__module__ == "sqlite3"


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    child: _Child | None = None
    for line in sys.stdin:
        command, *request = json.loads(line)
        if command == "begin":
            child = _Child(*request)
        elif child is not None:
            child.go_on() if command == "go on" else child.kill()
        assert child is not None
        answers.write(json.dumps(child.look()) + "\n")
        answers.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    import_all(("concurrent.futures.process", "concurrent.futures.thread", "multiprocessing.popen_fork"))
    _serve()
