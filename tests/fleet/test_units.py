"""A unit: one command on one cache in a process of its own, with its document, its exit code and its end."""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipcacheplus.fleet.crew import run_unit
from pipcacheplus.fleet.run import results_of
from pipcacheplus.fleet.unit import Unit, UnitResult
from tests.fleet.caches import Ran, comparable, demo_wheel, living_children, options_for
from tests.support.builders import Cache, file_headers, file_url, tree
from tests.support.processes import LIMIT_S, PIPCACHEPLUS, started
from tests.support.processes import run as run_process

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="takes processes that can be copied")

_SERVER = """\
import os, subprocess, sys, time
sys.path[:] = sys.argv[2:]
from pipcacheplus.fleet import server
server._END_S = 0.1

def command(words):
    if words[0] == "hang":
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-I", "-c", "import signal; signal.pause()"])
        print(child.pid, flush=True)
        signal.pause()
    if words[0] == "leave":
        print(subprocess.Popen([sys.executable, "-I", "-c", "import signal; signal.pause()"]).pid, flush=True)
    if words[0] == "who":
        print(os.getpid())
    if words[0] == "stopped":
        return 143
    if words[0] == "die":
        os.kill(os.getpid(), 9)
    if words[0] == "raise":
        raise RuntimeError("of the command")
    return 7

server.serve(int(sys.argv[1]), command)
"""
"""The server of the package, with a command that hangs, one that leaves a process, and one that fails."""


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("verify",),
        ("info", "--python", "current"),
        ("why", "demo-app"),
        ("prune", "-n", "--corrupt", "--partial"),
        ("list", "no-such-project"),
    ],
    ids=" ".join,
)
def test_the_document_and_the_exit_code_of_a_unit_are_those_of_the_command(
    caches: list[Cache], words: tuple[str, ...]
) -> None:
    path = str(caches[0].path)
    result = run_unit(Unit(path, words))
    alone = run_process([*PIPCACHEPLUS, "--cache-dir", path, *words, "--format", "json", "--no-input"])
    assert result.error is None
    assert comparable(result.document) == comparable(json.loads(alone.stdout))
    assert result.code == alone.returncode


def test_a_command_that_refuses_gives_the_sentence_it_prints(caches: list[Cache], tmp_path: Path) -> None:
    path = str(caches[0].path)
    assert "is no version range" in str(run_unit(Unit(path, ("why", "x=1"))).error)
    unknown = run_unit(Unit(path, ("list", "--no-such-option")))
    assert unknown.code == 2
    assert "--no-such-option" in str(unknown.error)
    missing = run_unit(Unit(str(tmp_path / "nowhere"), ("list",)))
    assert missing.code == 10
    assert str(tmp_path / "nowhere") in str(missing.error)
    assert not unknown.is_lost
    assert not missing.is_lost


def test_damage_is_exit_code_3_with_rows_of_the_findings(cache: Cache, tmp_path: Path) -> None:
    content = demo_wheel(tmp_path).read_bytes()
    other = content[: len(content) // 2].ljust(len(content), b"0")
    cache.http_v2(file_url(content, "demo_app-1.0-py3-none-any.whl"), other, headers=file_headers(content))
    result = run_unit(Unit(str(cache.path), ("verify",), gathers=True))
    assert result.code == 3
    assert [row[3] for row in result.findings] == ["error"]
    assert "findings" not in (result.document or {})


def test_a_unit_whose_time_is_up_is_tried_once_more_and_then_reported(caches: list[Cache]) -> None:
    unit = Unit(str(caches[0].path), ("list",), limit_s=0.0)
    with ThreadPoolExecutor(1) as executor:
        [result] = results_of([unit], executor, ahead=1)
    assert result.is_lost
    assert result.document is None
    assert result.error == "ended after 0 s"


class _Counting(ThreadPoolExecutor):
    """An executor of the user's own that counts what is submitted."""

    submitted = 0

    def submit(self, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - as of the class
        self.submitted += 1
        return super().submit(*arguments, **more)


def test_a_unit_that_is_lost_is_submitted_twice_and_one_that_fails_once(caches: list[Cache], tmp_path: Path) -> None:
    with _Counting(1) as executor:
        assert [one.is_lost for one in results_of([Unit(str(caches[0].path), ("list",), limit_s=0)], executor, ahead=1)]
        assert executor.submitted == 2
    with _Counting(1) as executor:
        assert [one.code for one in results_of([Unit(str(tmp_path / "no"), ("list",))], executor, ahead=1)] == [10]
        assert executor.submitted == 1


class Served:
    """A server process, and the connection to it; a context manager, at whose end the server has ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self.connection, theirs = socket.socketpair()
        self.connection.settimeout(LIMIT_S)
        with theirs:
            words = [sys.executable, "-I", "-c", _SERVER, str(theirs.fileno()), *filter(os.path.isabs, sys.path)]
            self.process = self._stack.enter_context(
                started(words, pass_fds=[theirs.fileno()], stdout=None, stderr=None)
            )

    def begin(self, word: str, limit_s: float, **variables: str) -> Path:
        """Send a request, and return the file that gets what the command prints."""
        out = self.folder / word
        environ = {**os.environ, **variables}
        request = json.dumps({"words": [word], "environ": environ, "uid": None, "limit_s": limit_s})
        with out.open("wb") as file:
            socket.send_fds(self.connection, [request.encode() + b"\n"], [file.fileno(), file.fileno()])
        return out

    def answer(self) -> Any:  # noqa: ANN401 - JSON
        """Return the answer."""
        return json.loads(self.connection.recv(4096))

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()
        with self._stack:
            assert self.process.wait(LIMIT_S) == 0


def _ends(pid: int) -> bool:
    """Return whether a process ends, or has ended."""
    try:
        return psutil.Process(pid).wait(LIMIT_S) is None or True
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False


def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        out = served.begin("hang", limit_s=2.0)
        answer = served.answer()
        child = int(out.read_text())
        assert answer["is_late"]
        assert answer["code"] == -1
        assert _ends(child)
        served.begin("end", limit_s=60)
        assert served.answer()["code"] == 7, "the server goes on"


def _pid(served: Served, **variables: str) -> int:
    """Return the number of the process that runs a command."""
    out = served.begin("who", limit_s=60, **variables)
    assert served.answer()["code"] == 7
    return int(out.read_text())


def test_commands_of_one_user_run_in_one_process(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        first = _pid(served)
        assert _pid(served) == first
        assert _pid(served, LANG="C.UTF-8", OTHER="1") != first, "variables of one run are not those of another"
        assert first not in {served.process.pid, os.getpid()}


@pytest.mark.parametrize(("word", "code"), [("raise", 1), ("leave", 7), ("stopped", 143), ("die", -1)])
def test_a_process_whose_command_ended_in_an_unusual_way_runs_no_other(tmp_path: Path, word: str, code: int) -> None:
    with Served(tmp_path) as served:
        first = _pid(served)
        served.begin(word, limit_s=60)
        assert served.answer()["code"] == code
        assert _ends(first)
        assert _pid(served) != first


def test_a_process_that_is_killed_between_commands_costs_one_command(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        first = _pid(served)
        os.kill(first, signal.SIGKILL)
        served.begin("who", limit_s=60)
        assert served.answer()["code"] == -1
        assert _pid(served) != first


def test_a_process_that_a_command_leaves_is_killed_with_its_end(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        out = served.begin("leave", limit_s=60)
        answer = served.answer()
        assert (answer["code"], answer["is_late"]) == (7, False)
        assert _ends(int(out.read_text()))


def test_an_exception_of_a_command_is_exit_code_1_and_one_line(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        out = served.begin("raise", limit_s=60)
        assert served.answer()["code"] == 1
        assert out.read_text() == "RuntimeError: of the command\n"


def test_a_server_ends_with_the_connection_and_kills_what_it_runs(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        out = served.begin("hang", limit_s=600)
        child = 0
        while not child:
            text = out.read_text()
            child = int(text) if text.endswith("\n") else 0
    assert _ends(child)


def _servers() -> list[psutil.Process]:
    return [one for one in living_children() if "pipcacheplus.fleet.server" in " ".join(one.cmdline())]


def test_a_server_that_was_killed_is_replaced(caches: list[Cache]) -> None:
    unit = Unit(str(caches[0].path), ("list",))
    before = run_unit(unit)
    servers = _servers()
    assert servers
    for server in servers:
        server.kill()
    with ThreadPoolExecutor(1) as executor:
        # Each retry takes another server, and all that were free are dead.
        results = [result for _ in servers for result in results_of([unit], executor, ahead=1)]
    assert [comparable(one.document) for one in results[-1:]] == [comparable(before.document)]
    assert not {one.pid for one in servers} & {one.pid for one in _servers()}


def test_one_killed_server_costs_one_try_and_no_result(caches: list[Cache]) -> None:
    for server in _servers():
        server.kill()
    for _ in range(20):  # until no dead one is left
        if not run_unit(Unit(str(caches[0].path), ("dir",))).is_lost:
            break
    [server] = _servers()[:1]
    server.kill()
    with ThreadPoolExecutor(1) as executor:
        results = [*results_of([Unit(str(one.path), ("list",)) for one in caches], executor, ahead=2)]
    assert [one.error for one in results] == [None] * 3


def test_a_server_that_was_killed_does_not_interrupt_the_run(caches: list[Cache], run: Callable[..., Ran]) -> None:
    words = ("list", *options_for(caches), "--executor", "threads:1")
    assert run(*words).code == 0
    for server in _servers():
        server.kill()
        server.wait(LIMIT_S)
    while (ran := run(*words)).code == 4:  # each cache takes two of the dead ones
        assert "its process was lost" in ran.out + ran.err
    assert (ran.code, ran.err) == (0, "")


_COPY = """\
import os, sys
from pipcacheplus.fleet.crew import run_unit
from pipcacheplus.fleet.unit import Unit
unit = Unit(sys.argv[1], ("list",))
first = run_unit(unit)
import psutil
servers = {one.pid for one in psutil.Process().children()}
pid = os.fork()
if not pid:
    copied = run_unit(unit)
    own = {one.pid for one in psutil.Process().children()}
    os._exit(0 if copied.document == first.document and own and not own & servers else 1)
_, status = os.waitpid(pid, 0)
again = run_unit(unit)
assert {one.pid for one in psutil.Process().children()} == servers
print(os.waitstatus_to_exitcode(status), again.document == first.document)
"""


def test_a_copy_of_the_process_uses_servers_of_its_own(caches: list[Cache]) -> None:
    done = run_process([sys.executable, "-c", _COPY, str(caches[0].path)], is_checked=True)
    assert done.stdout == "0 True\n"


def test_servers_end_with_the_process_that_started_them(caches: list[Cache]) -> None:
    program = (
        "import sys, psutil\nfrom pipcacheplus.fleet.crew import run_unit\nfrom pipcacheplus.fleet.unit import Unit\n"
        "assert run_unit(Unit(sys.argv[1], ('dir',))).error is None\n"
        "print(*[one.pid for one in psutil.Process().children()], flush=True)\n"
        "if len(sys.argv) > 2:\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    for more, code in (((), 0), (("killed",), -signal.SIGKILL)):
        done = run_process([sys.executable, "-c", program, str(caches[0].path), *more])
        assert done.returncode == code
        servers = done.stdout.split()
        assert servers
        assert all(_ends(int(pid)) for pid in servers)


def test_a_run_that_is_stopped_begins_no_more_and_keeps_what_is_done(caches: list[Cache]) -> None:
    done: list[UnitResult] = []
    with ThreadPoolExecutor(1) as executor:
        units = (Unit(str(caches[number % 3].path), ("list",)) for number in range(1000))
        results = results_of(units, executor, ahead=2, stop=lambda: len(done) >= 2)
        while (result := next(results, None)) is not None:
            done.append(result)
    assert 2 <= len(done) <= 5
    assert [one.error for one in done[:2]] == [None, None]


def test_an_executor_gets_no_more_units_ahead_than_it_takes(caches: list[Cache]) -> None:
    begun: list[str] = []

    def units() -> Any:  # noqa: ANN401 - an iterator
        for number in range(6):
            begun.append(str(number))
            yield Unit(str(caches[0].path), ("dir",))

    with ThreadPoolExecutor(1) as executor:
        results = results_of(units(), executor, ahead=2)
        next(results)
        assert len(begun) <= 4
        assert len([*results]) == 5


def test_listing_leaves_the_caches_as_they_are(caches: list[Cache]) -> None:
    before = [tree(one.path) for one in caches]
    for one in caches:
        run_unit(Unit(str(one.path), ("verify",)))
    assert [tree(one.path) for one in caches] == before
