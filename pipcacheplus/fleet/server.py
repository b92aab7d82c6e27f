"""A process that runs commands in copies of itself.

It imports everything once and never opens a cache. Each copy becomes the owner of caches before it opens anything, runs
commands for that owner alone, and ends. The process has a single thread, so that its copies work, also where the
program that started it has many, as a worker of an engine has.
"""

import array
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from pipcacheplus.errors import PipCachePlusError
from pipcacheplus.host.identity import is_another
from pipcacheplus.host.ownership import become_user, import_late
from pipcacheplus.host.pythons import keep_found

__all__ = ["serve"]

_MAX_REQUEST_BYTES = 16 << 20
"""The largest request: the words of a command line, with the digests of an advisory."""
Command = Callable[[Sequence[str]], int]
_MAX_ANSWER_BYTES = 100
_MOST_UNITS = 256
"""Commands that one copy runs."""
_MOST_S = 60.0
"""Seconds after which a copy begins no other command: what it found out about the machine is that old."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that a service manager sends to all processes: the server lets its copies end in order."""
_END_S = 15.0
"""Seconds that a command has to end after it was terminated."""
_NO_CODE = -1
_FAILED = 1
_BY_SIGNAL = 128
"""Codes from here on are those of a command that a signal stopped."""
_ANOTHER = "another directory was put there after it was found"
_STREAMS = 2
"""Descriptors that come with a request: for stdout and for stderr."""
_ENCODING = "utf-8"


def serve(descriptor: int, command: Command) -> None:
    """Run the commands that arrive, one after the other, until the other end is closed.

    Args:
        descriptor: Of the socket.
        command: Runs the words of a command line, and returns the exit code.
    """
    for number in _SIGNALS:
        signal.signal(number, _ignore)
    with socket.socket(fileno=descriptor) as connection:
        _serve(connection, command)


def _serve(connection: socket.socket, command: Command) -> None:
    import_late()
    gc.collect()
    gc.freeze()
    copy: _Copy | None = None
    while True:
        received, descriptors = _receive(connection)
        if not received:
            break
        try:
            request = json.loads(received)
            if copy is not None and not copy.is_for(request):
                copy.end()
                copy = None
            if copy is None:
                copy = _Copy(request, connection, command)
            answer = copy.run(received, descriptors, connection, float(request["limit_s"]))
            if not copy.is_usable:
                copy.end()
                copy = None
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        try:
            connection.sendall(json.dumps(answer).encode("ascii") + b"\n")
        except OSError:
            break  # the program that started this one has ended
    if copy is not None:
        copy.end()


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    """Return one request, a line, and the descriptors that came with it; empty at the end."""
    received, descriptors = bytearray(), array.array("i")
    while not received.endswith(b"\n"):
        data, ancillary, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(_STREAMS * descriptors.itemsize))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        if not data or len(received) > _MAX_REQUEST_BYTES:
            return b"", [*descriptors]
        received += data
        if received == b"\n":
            received.clear()  # a request to end a command that has ended meanwhile
    return bytes(received), [*descriptors]


class _Copy:
    """A copy of this process that has become a user, and runs commands for that user, one after the other.

    What a new copy costs is most of what a small cache costs: so it runs several, unless anything was unusual.
    """

    def __init__(self, request: dict[str, Any], connection: socket.socket, command: Command) -> None:
        self._who = _who(request)
        self._started_s = time.monotonic()
        self._units = 0
        self.is_usable = True
        """Whether it can run another command."""
        self._ours, theirs = socket.socketpair()
        with theirs:
            signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
            self._pid = os.fork()
            if not self._pid:
                connection.close()
                self._ours.close()
                _run_copy(request, theirs, command)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def is_for(self, request: dict[str, Any]) -> bool:
        """Return whether it has become the user of a request, with the same variables, and is not too old."""
        may_go_on = self._units < _MOST_UNITS and time.monotonic() - self._started_s < _MOST_S
        return may_go_on and self._who == _who(request)

    def run(self, received: bytes, streams: list[int], connection: socket.socket, limit_s: float) -> dict[str, Any]:
        """Run a command, and return its exit code, whether its time was up, and its wall time.

        If its time is up, or the other end of `connection` requests it by a line or is closed, it is terminated: then
        it ends after the present entry, and prints what was done. A while later it is killed, with all that it started.
        """
        started_s = time.monotonic()
        self._units += 1
        code, is_late, is_killed = _NO_CODE, False, False
        was_terminated = False
        with suppress(OSError):  # it has ended meanwhile, which the answer says
            sent = socket.send_fds(self._ours, [received], streams)
            self._ours.sendall(received[sent:])
        end_s = started_s + limit_s
        is_ending = False
        while True:
            # After the request to end, which may also be the end of the connection, nothing else comes.
            awaited = [self._ours.fileno(), *([] if is_ending else [connection.fileno()])]
            left_s = end_s - time.monotonic()
            ready, _, _ = select.select(awaited, (), (), max(0.0, left_s))
            if self._ours.fileno() in ready:
                answer = _line(self._ours)
                self.is_usable = bool(answer) and not is_ending and answer.endswith(b" again\n")
                code = int(answer.split()[0]) if answer else _NO_CODE
                was_terminated = not answer and self._was_terminated()
                break
            if left_s <= 0 and is_ending:
                is_killed = True
                break
            is_requested = connection.fileno() in ready and not is_ending
            if left_s <= 0 or is_requested:
                is_late, is_ending = not is_requested, True
                end_s = time.monotonic() + _END_S
                _terminate(self._pid)
                if is_requested:
                    connection.recv(1)
        self.is_usable = self.is_usable and not is_ending and code != _NO_CODE
        is_stopped = (is_ending or was_terminated) and not is_late and not is_killed
        seconds = time.monotonic() - started_s
        return {"code": code, "is_late": is_late, "is_stopped": is_stopped, "seconds": seconds}

    def _was_terminated(self) -> bool:
        """Return whether a signal that ends a run has ended it, before it handled signals; end it otherwise."""
        _kill(self._pid)
        ended = os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        return ended is not None and ended.si_code == os.CLD_KILLED and ended.si_status in _SIGNALS

    def end(self) -> None:
        """End it, with all that it has left behind."""
        self._ours.close()
        _kill(self._pid)
        os.waitpid(self._pid, 0)


def _ignore(_number: int, _frame: object) -> None:
    """Ignore a signal, with a handler: one that comes while a copy is made waits for that."""


def _who(request: dict[str, Any]) -> tuple[Any, Any]:
    return request["uid"], request["environ"]


def _line(connection: socket.socket) -> bytes:
    """Return a line; empty if the other end was closed before there was one."""
    received = bytearray()
    while not received.endswith(b"\n"):
        try:
            data = connection.recv(1 << 8)
        except OSError:
            return b""
        if not data or len(received) > _MAX_ANSWER_BYTES:
            return b""
        received += data
    return bytes(received)


def _terminate(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGTERM)


def _kill(pid: int) -> None:
    _kill_group(pid)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    """Kill what a child has left behind; it made itself the leader of a group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _run_copy(request: dict[str, Any], connection: socket.socket, command: Command) -> NoReturn:
    """Become the user, run the commands that arrive, and end; never return to the loop of the parent."""
    uid = request["uid"]
    try:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)  # one that came meanwhile ends it before it began
        os.setpgid(0, 0)
        environ = {str(name): str(value) for name, value in request["environ"].items()}
        os.environ.clear()
        os.environ.update(environ)
        os.chdir("/")
        keep_found()
        while True:
            received, streams = _receive(connection)
            if not received:
                break
            _use_streams(streams)
            code, is_usual = _run_one(json.loads(received), command, uid)
            uid = None
            connection.sendall(b"%d %s\n" % (code, b"again" if is_usual and not _has_children() else b"last"))
    except BaseException as error:  # noqa: BLE001 - the copy ends with it
        _print(error)
    finally:
        os._exit(_FAILED)


def _run_one(request: dict[str, Any], command: Command, uid: int | None) -> tuple[int, bool]:
    """Become a user, if one is given, run a command, and return its exit code, and whether that was a usual end."""
    try:
        if uid is not None:
            become_user(uid)
        # Only now: the rights are those of the user, and so is what a link that appeared meanwhile leads to.
        found = request.get("found")
        if found is not None and is_another(request["path"], tuple(found)):
            os.write(2, f"ERROR: {_ANOTHER}\n".encode(_ENCODING))
            return _FAILED, True
        code = _code_of(command, request["words"])
    except PipCachePlusError as error:
        os.write(2, f"ERROR: {error}\n".encode(_ENCODING, "backslashreplace"))
        return _FAILED, False
    except BaseException as error:  # noqa: BLE001 - as above
        _print(error)
        return _FAILED, False
    return code, code < _BY_SIGNAL


def _print(error: BaseException) -> None:
    with suppress(Exception):
        os.write(2, f"{type(error).__name__}: {error}\n".encode(_ENCODING, "backslashreplace"))


def _has_children() -> bool:
    """Return whether this process has started another one that it did not wait for."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _use_streams(streams: list[int]) -> None:
    out, errors = streams
    os.dup2(out, 1)
    os.dup2(errors, 2)
    for descriptor in streams:
        os.close(descriptor)
    sys.stdout = open(1, "w", encoding=_ENCODING, closefd=False)
    sys.stderr = open(2, "w", encoding=_ENCODING, errors="backslashreplace", closefd=False)


def _code_of(command: Command, words: list[str]) -> int:
    try:
        code = command(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else _FAILED
    sys.stdout.flush()
    sys.stderr.flush()
    return code
