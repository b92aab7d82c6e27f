"""Processes that tests start: each ends in time, or is ended and fails its test.

What a process inherits of signals and settings is put right once, for all of them: see `inherited.py`.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import psutil
import pytest

from tests.support.deadlines import unless_done_in

__all__ = ["LIMIT_S", "PIPCACHEPLUS", "Command", "Service", "line_of", "run", "started"]

Command = Sequence[str | os.PathLike[str]]

LIMIT_S = 120
"""How long a process may take if nothing else is said: far longer than any does on a busy machine."""
PIPCACHEPLUS = (sys.executable, "-m", "pipcacheplus")
"""The command line, as a user starts it."""


def run(
    command: Command,
    *,
    limit_s: float = LIMIT_S,
    is_checked: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    **more: Any,  # noqa: ANN401 - any argument of `Popen`
) -> subprocess.CompletedProcess[str]:
    """Run a program that reads nothing to its end, and return what it said; bytes that are not UTF-8 are surrogates.

    Args:
        command: The program and its arguments.
        limit_s: After so many seconds it is ended, with all that it started, and the test fails.
        is_checked: Whether the test fails if the exit code is not 0.
        env: Its variables; those of this process if not given.
        cwd: Its working directory; that of this process if not given.
        more: Arguments of `Popen`.
    """
    with started(command, limit_s=limit_s, env=env, cwd=cwd, **more) as process:
        out, err = process.communicate()
    assert not is_checked or process.returncode == 0, (
        f"{_shown(command)} ended with {process.returncode}:\n{out}\n{err}"
    )
    return subprocess.CompletedProcess(list(command), process.returncode, out, err)


@contextmanager
def started(
    command: Command,
    *,
    limit_s: float = LIMIT_S,
    stdin: int | IO[Any] | None = subprocess.DEVNULL,
    stdout: int | IO[Any] | None = subprocess.PIPE,
    stderr: int | IO[Any] | None = subprocess.PIPE,
    **more: Any,  # noqa: ANN401 - any argument of `Popen`
) -> Iterator["subprocess.Popen[str]"]:
    """Start a program, and wait for its end when the block is left; a block that fails ends it at once.

    So whatever the test waits for meanwhile (a line, the end of a pipe, the program itself), it does not wait longer
    than the program may take.

    Args:
        command: The program and its arguments.
        limit_s: After so many seconds it is ended, with all that it started, and the test fails.
        stdin: As of `Popen`, as are the others; but if nothing is said there is nothing to read.
        stdout: A pipe if nothing is said.
        stderr: A pipe if nothing is said.
        more: Other arguments of `Popen`.
    """
    late: list[str] = []
    process = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        **{"encoding": "utf-8", "errors": "surrogateescape", **more},
    )

    def end_late() -> None:
        late.append(f"{_shown(command)} did not end within {limit_s:g} s")
        _end(process)

    try:
        with unless_done_in(limit_s, end_late), process:
            try:
                yield process
            except BaseException:
                _end(process)
                raise
    finally:
        if late:
            pytest.fail(late[0])


class Service:
    """A program that answers each line with a line; a context manager, at whose end there is nothing more to read."""

    def __init__(
        self, command: Command, *, limit_s: float, env: Mapping[str, str] | None = None, cwd: str | Path | None = None
    ) -> None:
        """Start it.

        Args:
            command: The program and its arguments.
            limit_s: How long an answer may take; then it is ended, and the test fails.
            env: Its variables; those of this process if not given.
            cwd: Its working directory; that of this process if not given.
        """
        self._limit_s = limit_s
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, cwd=cwd, encoding="utf-8"
        )

    def __enter__(self) -> "Service":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program; by force if anything failed, or if it goes on."""
        if error is not None:
            _end(self._process)
        try:
            self._process.communicate(timeout=self._limit_s)
        except subprocess.TimeoutExpired:
            _end(self._process)
            pytest.fail(f"{_shown(self._process.args)} did not end within {self._limit_s:g} s")

    def ask(self, line: str) -> str:
        """Return the answer to a line; both without their ends."""
        assert self._process.stdin is not None
        with unless_done_in(self._limit_s, partial(_end, self._process)):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = line_of(self._process)
        if not answer:
            pytest.fail(f"{_shown(self._process.args)} gave no answer within {self._limit_s:g} s to {line[:300]}")
        return answer


def line_of(process: "subprocess.Popen[str]") -> str:
    """Return the next line that a program prints, without its end; empty if it prints no more."""
    assert process.stdout is not None
    return process.stdout.readline().removesuffix("\n")


def _end(process: "subprocess.Popen[str]") -> None:
    """End a process and those that it started; if it has been waited for, its number is another's."""
    if process.poll() is not None:
        return
    with suppress(psutil.NoSuchProcess):
        top = psutil.Process(process.pid)
        for one in (*top.children(recursive=True), top):
            with suppress(psutil.NoSuchProcess):
                one.kill()


def _shown(command: Any) -> str:  # noqa: ANN401 - `Popen.args` may be any command
    return shlex.join(os.fsdecode(word) for word in command)
