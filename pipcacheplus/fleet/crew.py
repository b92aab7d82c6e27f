"""Processes of this worker that run units: each server runs one at a time, in copies of itself."""

import array
import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile  # noqa: TID251 - for documents, which can be large; not below a cache
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from pipcacheplus.fleet.documents import Read, read_document
from pipcacheplus.fleet.unit import Unit, UnitResult
from pipcacheplus.host.state import LENT_STATE

__all__ = ["run_unit", "stop_units"]

_PROGRAM = """\
import sys
sys.path[:] = sys.argv[2:]
from pipcacheplus.cli.base.run import list_modules, run_on_streams
from pipcacheplus.fleet.server import serve
list_modules()
serve(int(sys.argv[1]), run_on_streams)
"""
"""The server imports what this process would, and nothing from the current directory or the variables `PYTHON*`."""
_PASSED = ("LANG", "LC_ALL", "LC_CTYPE", "PATH", "SSL_CERT_FILE", "TZ")
"""Variables that a process of another user gets; any other could hold a secret of this one."""
_NO_SIGNAL: int = getattr(socket, "MSG_NOSIGNAL", 0)
"""A server that was killed must not stop the run as a closed stdout does."""
_LATE_S = 10.0
"""Seconds after the limit of a unit in which its server has to answer."""
_MAX_ERROR = 4096
"""Characters of an error that are kept."""
_ERROR = "ERROR: "


def run_unit(unit: Unit) -> UnitResult:
    """Run a unit, and return its result; nothing is raised for a unit that fails.

    It can be called in any thread of any process: with `Executor.submit(run_unit, unit)`, for instance.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        try:
            with _SERVERS.one(unit.uid) as server:
                answer = server.run(unit, out, errors)
        except _StoppedError:
            return UnitResult(unit.path, unit.uid, -1, None, "the run was interrupted before", is_begun=False)
        except OSError as error:
            text = f"its process was lost ({error.strerror or error})"
            return UnitResult(unit.path, unit.uid, -1, None, text, is_lost=True)
        return _result(unit, answer, out, errors)


def stop_units() -> None:
    """End all units that this process runs after the present entry; their results report what was done."""
    _SERVERS.stop()


def _result(unit: Unit, answer: Mapping[str, Any], out: IO[bytes], errors: IO[bytes]) -> UnitResult:
    code, seconds = int(answer["code"]), float(answer["seconds"])
    found, problem = Read(), None
    if answer["is_late"]:
        problem = f"ended after {unit.limit_s:g} s"
    elif (size := out.seek(0, os.SEEK_END)) > unit.max_bytes:
        problem = f"its document is longer than {unit.max_bytes:,} bytes"
    elif size:
        out.seek(0)
        try:
            found = read_document(out, gathers=unit.gathers)
        except (ValueError, RecursionError):
            problem = "its document cannot be read"
    document = found.document or None
    if problem is None:
        own = None if document is None else document.get("error")
        problem = own[:_MAX_ERROR] if isinstance(own, str) else None if document is not None else _printed(errors, code)
        problem = None if problem is None else problem.removeprefix(f"{unit.path}: ")
    return UnitResult(
        path=unit.path,
        uid=unit.uid,
        code=code,
        document=document,
        error=problem,
        entries=tuple(found.rows["entries"]),
        findings=tuple(found.rows["findings"]),
        seconds=seconds,
        is_lost=bool(answer["is_late"]) or (document is None and code < 0),
        is_begun=not (answer["is_stopped"] and code < 0 and not _size_of(out) and not _size_of(errors)),
    )


def _size_of(file: IO[bytes]) -> int:
    """Return the size of an open file."""
    return os.fstat(file.fileno()).st_size


def _printed(errors: IO[bytes], code: int) -> str:
    """Return the error that a process printed: hints can follow it; the last line if there is none."""
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _MAX_ERROR))
    lines = errors.read().decode("utf-8", "replace").splitlines()
    if not lines:
        return f"its process ended with {code}, and printed nothing"
    return next((line for line in lines if line.startswith(_ERROR)), lines[-1]).removeprefix(_ERROR)


class _StoppedError(Exception):
    """All units were stopped before this one began. Never leaves this module."""


class _Server:
    """A server process, seen from this one."""

    def __init__(self) -> None:
        self.is_stopped = False
        """Whether the command that it was lent for is to be ended."""
        self.uid: int | None = None
        """The user that it worked for last."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-c", _PROGRAM, str(theirs.fileno()), *filter(os.path.isabs, sys.path)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={name: value for name, value in os.environ.items() if name in _PASSED},
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        self._connection = ours

    def run(self, unit: Unit, out: IO[bytes], errors: IO[bytes]) -> Mapping[str, Any]:
        """Run a unit with these files as stdout and stderr, and return the answer of the server.

        Raises:
            OSError: The server has ended, or does not answer.
        """
        request = {
            "words": [
                *(["--cache-dir", unit.path] if unit.path else []),
                *unit.words,
                "--format",
                "json",
                "--no-input",
            ],
            "environ": _environ(unit),
            "uid": unit.uid,
            "path": unit.path,
            "found": unit.found,
            "limit_s": unit.limit_s,
        }
        line = json.dumps(request).encode("ascii") + b"\n"
        self._connection.settimeout(unit.limit_s + _LATE_S)
        streams = array.array("i", [out.fileno(), errors.fileno()])
        # Not by `socket.send_fds`, which ignores its flags (CPython 3.13, `Lib/socket.py`).
        sent = self._connection.sendmsg([line], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)], _NO_SIGNAL)
        self._connection.sendall(line[sent:], _NO_SIGNAL)
        if self.is_stopped:
            self.stop()  # once more: the first may have come before the request, and then ended nothing
        received = bytearray()
        while not received.endswith(b"\n"):
            data = self._connection.recv(1 << 12)
            if not data:
                raise ConnectionResetError("it has ended")  # noqa: EM101, TRY003 - part of a sentence
            received += data
        answer: Mapping[str, Any] = json.loads(received)
        return answer

    def is_alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the command that is running; the server goes on."""
        self.is_stopped = True
        with suppress(OSError):
            self._connection.sendall(b"\n", _NO_SIGNAL)

    def end(self) -> None:
        """End the server, and what it is running."""
        self._connection.close()
        try:
            self._process.wait(timeout=_LATE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environ(unit: Unit) -> dict[str, str]:
    if unit.uid is None or unit.uid == os.geteuid():
        environ = {name: value for name, value in os.environ.items() if name.isascii()}
    else:
        environ = {name: value for name, value in os.environ.items() if name in _PASSED} | {"HOME": "/"}
    if unit.state_root is not None and unit.uid is not None:
        environ[LENT_STATE] = os.path.join(_state_of(unit.state_root, unit.uid), "pipcacheplus")
    return environ


def _state_of(root: str, uid: int) -> str:
    """Return the state directory of a user in that of the site, made if it is not there.

    Only the user can write to it; the site's own is root's, and others can only pass through. If it cannot be made,
    the path is returned nevertheless: then the process keeps its catalog in memory.
    """
    path = os.path.join(root, str(uid))
    try:
        os.makedirs(root, mode=0o711, exist_ok=True)
        os.mkdir(path, mode=0o700)
        os.chown(path, uid, -1, follow_symlinks=False)
    except OSError:  # it is there, or cannot be
        pass
    return path


class _Servers:
    """The servers of this process: those that are free are used again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal can stop units while this thread has it
        self._free: list[_Server] = []
        self._busy: list[_Server] = []
        self._pid = os.getpid()
        self._stops = 0
        """How often all units were stopped."""

    @contextmanager
    def one(self, uid: int | None) -> Iterator[_Server]:
        """Lend a server to a thread, if possible one that worked for this user last; one that fails is ended.

        Raises:
            OSError: None can be started.
            _StoppedError: All units were stopped meanwhile.
        """
        with self._lock:
            stops = self._stops
            if self._pid != os.getpid():  # a copy of this process: the servers are those of the other
                self._pid, self._free, self._busy = os.getpid(), [], []
            dead = [one for one in self._free if not one.is_alive()]
            self._free = [one for one in self._free if one not in dead]
            server = next((one for one in self._free if one.uid == uid), None) or next(iter(self._free), None)
            if server is not None:
                self._free.remove(server)
        for one in dead:
            one.end()
        server = server or _Server()
        server.uid = uid
        with self._lock:
            server.is_stopped = False
            if self._stops != stops:
                self._free.append(server)
                raise _StoppedError
            self._busy.append(server)
        try:
            yield server
        except BaseException:
            server.end()
            raise
        else:
            with self._lock:
                self._free.append(server)
        finally:
            with self._lock:
                self._busy.remove(server)

    def stop(self) -> None:
        """End what all of them are running."""
        with self._lock:
            self._stops += 1
            for server in self._busy:
                server.stop()

    def end(self) -> None:
        """End all that are free."""
        with self._lock:
            servers, self._free = self._free, []
        if self._pid == os.getpid():
            for server in servers:
                with suppress(OSError):
                    server.end()


_SERVERS = _Servers()
atexit.register(_SERVERS.end)
