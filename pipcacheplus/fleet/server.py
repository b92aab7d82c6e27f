"""A process that runs commands in copies of itself.

It imports everything once and never opens a cache. Each copy becomes the owner of a cache before it opens anything,
and ends with the command. The process has a single thread, so that its copies work, also where the program that
started it has many, as a worker of an engine has.
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

__all__ = ["serve"]

_MAX_REQUEST_BYTES = 16 << 20
"""The largest request: the words of a command line, with the digests of an advisory."""
Command = Callable[[Sequence[str]], int]
_LOOK_S = 0.05
_END_S = 15.0
"""Seconds that a command has to end after it was terminated."""
_NO_CODE = -1
_FAILED = 1
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
    with socket.socket(fileno=descriptor) as connection:
        _serve(connection, command)


def _serve(connection: socket.socket, command: Command) -> None:
    import_late()
    gc.freeze()
    while True:
        received, descriptors = _receive(connection)
        if not received:
            return
        try:
            answer = _run(json.loads(received), descriptors, connection, command)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        try:
            connection.sendall(json.dumps(answer).encode("ascii") + b"\n")
        except OSError:
            return  # the program that started this one has ended


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
    return bytes(received), [*descriptors]


def _run(request: dict[str, Any], streams: list[int], connection: socket.socket, command: Command) -> dict[str, Any]:
    started_s = time.monotonic()
    pid = os.fork()
    if not pid:
        _run_child(request, streams, connection, command)
    code, is_late = _wait(pid, started_s + float(request["limit_s"]), connection)
    return {"code": code, "is_late": is_late, "seconds": time.monotonic() - started_s}


def _wait(pid: int, end_s: float, connection: socket.socket) -> tuple[int, bool]:
    """Wait for the end of a child, and return its exit code, and whether its time was up.

    If its time is up, or the other end requests it by a line or is closed, the child is terminated: then it ends after
    the present entry, and prints what was done. A while later it is killed, with all that it started.
    """
    is_late = is_ending = False
    ended = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    try:
        while True:
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                break
            # After the request to end, which may also be the end of the connection, nothing else comes.
            awaited = [*([] if is_ending else [connection.fileno()]), *([ended] if ended >= 0 else [])]
            left_s = end_s - time.monotonic()
            ready, _, _ = select.select(awaited, (), (), max(0.0, min(left_s, 1.0 if ended >= 0 else _LOOK_S)))
            if left_s <= 0 and is_ending:
                _kill(pid)
                _, status = os.waitpid(pid, 0)
                break
            is_asked = connection.fileno() in ready and not is_ending
            if left_s <= 0 or is_asked:
                is_late, is_ending = not is_asked, True
                end_s = time.monotonic() + _END_S
                _terminate(pid)
                if is_asked:
                    connection.recv(1)
    finally:
        if ended >= 0:
            os.close(ended)
    _kill_group(pid)
    code = os.waitstatus_to_exitcode(status)
    return (code if code >= 0 else _NO_CODE), is_late


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


def _run_child(request: dict[str, Any], streams: list[int], connection: socket.socket, command: Command) -> NoReturn:
    """Become the user, run the command, and end; never return to the loop of the parent."""
    code = _FAILED
    try:
        connection.close()
        os.setpgid(0, 0)
        _use_streams(streams)
        environ = {str(name): str(value) for name, value in request["environ"].items()}
        os.environ.clear()
        os.environ.update(environ)
        os.chdir("/")
        if request["uid"] is not None:
            become_user(request["uid"])
        # Only now: the rights are those of the user, and so is what a link that appeared meanwhile leads to.
        found = request.get("found")
        if found is not None and is_another(request["path"], tuple(found)):
            os.write(2, f"ERROR: {_ANOTHER}\n".encode(_ENCODING))
        else:
            code = _code_of(command, request["words"])
    except PipCachePlusError as error:
        os.write(2, f"ERROR: {error}\n".encode(_ENCODING, "backslashreplace"))
    except BaseException as error:  # noqa: BLE001 - its process ends with it
        with suppress(Exception):
            os.write(2, f"{type(error).__name__}: {error}\n".encode(_ENCODING, "backslashreplace"))
    finally:
        os._exit(code)


def _use_streams(streams: list[int]) -> None:
    out, errors = streams
    os.dup2(out, 1)
    os.dup2(errors, 2)
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
