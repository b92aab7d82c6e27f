"""Wheel tags and pip of an interpreter: of the running one from its own modules, of any other by running it.

An interpreter answers with facts (`InterpreterFacts`); tags are worked out here, so that Pythons too old to have
`packaging`, down to 2.7, can be judged as well.
"""

import json
import os
import select
import signal
import stat
import sys
import sysconfig
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from typing import IO, TYPE_CHECKING

from pipcacheplus.errors import InterpreterError
from pipcacheplus.host.interpreter_cache import InterpreterCache, interpreter_stamp, libc_here
from pipcacheplus.host.interpreter_probe import MARK, PROBE, InterpreterFacts
from pipcacheplus.host.pip_version import version_of_pip
from pipcacheplus.host.wheel_tags import legacy_tags, short_name, tags_of
from pipcacheplus.model.pythons import Interpreter

if TYPE_CHECKING:
    import subprocess

__all__ = [
    "Interpreter",
    "SilentInterpreterError",
    "keep_silence",
    "output_of",
    "probe",
    "recalled",
    "running",
]

_MAX_ANSWER_BYTES = 1 << 20
_END_S = 10
"""Seconds that a killed interpreter may take to end."""
_SILENT_S = 86_400
"""Seconds for which it is stored that an interpreter did not answer in time: a machine may only be busy today."""
_LEFT_OUT = ("PYTHON", "__PYVENV_LAUNCHER__")


class SilentInterpreterError(InterpreterError):
    """An interpreter did not answer in time."""


def running() -> Interpreter:
    """Return the interpreter that runs this program; it is not started again."""
    return _interpreter(
        sys.executable,
        short_name(sys.implementation.name),
        sys.version_info[:2],
        prefix=sys.prefix,
        tags=_running_tags(),
        search_path=sys.path,
    )


@lru_cache(maxsize=1)
def _running_tags() -> frozenset[str]:
    """Return the tags of the interpreter that runs this program; they stay the same as long as it runs."""
    # Slow to import: three times the start of an interpreter.
    from packaging.tags import interpreter_name, sys_tags  # noqa: PLC0415 - see above

    known = frozenset(map(str, sys_tags()))
    pypy: tuple[int, ...] | None = getattr(sys, "pypy_version_info", None)
    older = legacy_tags(
        interpreter_name(),
        sys.version_info[:2],
        known,
        pypy_version=(pypy[0], pypy[1]) if pypy else None,
        macos=_newest_macos(known),
    )
    return known | older


def _newest_macos(known: frozenset[str]) -> tuple[int, int] | None:
    # packaging asks the system for its version in a way of its own, but lists only `11_0` for macOS 11.6.
    # Slow to import, see `running`; elsewhere the version is empty.
    import platform  # noqa: PLC0415 - see above

    major, minor, *_ = (*(int(part) for part in platform.mac_ver()[0].split(".") if part), 0, 0)
    return (major, minor) if any(f"-macosx_{major}_0_" in tag for tag in known) else None


def _interpreter(
    path: str,
    short: str,
    version: tuple[int, int],
    *,
    prefix: str,
    tags: frozenset[str],
    search_path: Iterable[str],
) -> Interpreter:
    folders = tuple(folder for folder in search_path if os.path.isabs(folder))
    # pip is looked up each time, also beside a stored answer: it changes more often than its Python.
    return Interpreter(
        path=path,
        implementation=short,
        version=version,
        prefix=prefix,
        name=f"{short}{version[0]}{version[1]}",
        tags=tags,
        pip=version_of_pip(folders),
        search_path=folders,
    )


def probe(
    path: str,
    *,
    memory: InterpreterCache | None = None,
    timeout_s: float = 30,
    environ: Mapping[str, str] | None = None,
) -> Interpreter:
    """Run an interpreter, and return what it can install.

    It runs without the variables that would make it another one (`PYTHON*`), without the user's own packages, and
    writes no bytecode; packages in its environment can still make it do anything, as at any start.

    Args:
        path: Path of the interpreter, with a directory. A bare name is refused: the search path is not used.
        memory: Stored answers, which are valid as long as the interpreter and the system stay the same. The answer is
            stored only if the interpreter names exactly this file as its executable: a shim may run another one
            tomorrow.
        timeout_s: Time to answer; then it is ended with all that it started.
        environ: Variables for it; those of this process by default.

    Raises:
        InterpreterError: It is no file, does not run, or is not a Python; `reason` describes it.
    """
    if os.path.basename(path) == path:
        raise InterpreterError(path, "it is a name, not a path")
    path = os.path.abspath(path)
    _expect_program(path)
    # Before it is run, so that one that is replaced meanwhile is run again the next time.
    stamp = interpreter_stamp(path, PROBE) if memory else None
    found = InterpreterFacts.from_json(memory.load(path, stamp)) if memory and stamp else None
    if found is None:
        answer = _answer(path, timeout_s, os.environ if environ is None else environ)
        found = InterpreterFacts.from_json(answer)
        if found is None:
            raise InterpreterError(path, "it is not a Python that reports its version and platform")
        if memory and stamp and _is_lasting(found, path):
            memory.store(path, stamp, answer)
    return _of_facts(path, found)


def recalled(path: str, memory: InterpreterCache, *, now_s: float) -> Interpreter | str | None:
    """Return the stored answer of an interpreter, if it is still valid; the interpreter is not run.

    Args:
        path: Path of the interpreter, absolute.
        memory: The stored answers.
        now_s: The time, in seconds since 1970.

    Returns:
        The reason why it gave no answer, if that was within the last day; `None` if it has to be run.
    """
    stamp = interpreter_stamp(path, PROBE)
    kept = None if stamp is None else memory.load(path, stamp)
    match kept:
        case {"silent": str(reason), "asked_s": int(asked_s)} if 0 <= now_s - asked_s < _SILENT_S:
            return f"{reason}, and is not run again within a day"
    found = InterpreterFacts.from_json(kept)
    return None if found is None else _of_facts(path, found)


def keep_silence(path: str, reason: str, memory: InterpreterCache, *, now_s: float) -> None:
    """Store for a day that an interpreter did not answer in time; a later answer replaces this.

    Args:
        path: Path of the interpreter, absolute.
        reason: The failure, as a clause.
        memory: The stored answers.
        now_s: The time, in seconds since 1970.
    """
    stamp = interpreter_stamp(path, PROBE)
    if stamp is not None:
        memory.store(path, stamp, {"silent": reason, "asked_s": int(now_s)})


def _of_facts(path: str, found: InterpreterFacts) -> Interpreter:
    return _interpreter(
        path,
        short_name(found.implementation),
        found.version,
        prefix=_native(found.prefix),
        # Environments of one Python have the same tags, and there may be hundreds of them.
        tags=_tags(replace(found, prefix="", executable="", search_path=())),
        search_path=map(_native, found.search_path),
    )


@lru_cache(maxsize=64)
def _tags(found: InterpreterFacts) -> frozenset[str]:
    return tags_of(found, also_platforms=_platforms_shared_with(found))


def _expect_program(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        raise InterpreterError(path, f"it cannot be found ({getattr(error, 'strerror', None) or error})") from error
    if not stat.S_ISREG(mode):
        raise InterpreterError(path, "it is not a file")
    if not os.access(path, os.X_OK):
        raise InterpreterError(path, "it is not executable")


def _is_lasting(found: InterpreterFacts, path: str) -> bool:
    # The stamp covers this process's C library. Another one, as musl's, can be replaced without a trace in it.
    is_its_libc_ours = not found.platform.startswith("linux") or _libc_of(found) == libc_here()
    return is_its_libc_ours and os.path.realpath(_native(found.executable)) == os.path.realpath(path)


def _libc_of(found: InterpreterFacts) -> str:
    return f"{found.libc} {found.libc_version[0]}.{found.libc_version[1]}"


def _platforms_shared_with(found: InterpreterFacts) -> Sequence[str]:
    # Slow to import, see `running`.
    from packaging.tags import platform_tags  # noqa: PLC0415 - see above

    # For one like the running interpreter, packaging itself decides what matches: it may support more than this module.
    is_alike = found.platform == sysconfig.get_platform() and (found.pointer_bytes == 8) == (sys.maxsize > 1 << 32)  # noqa: PLR2004 - bytes
    return tuple(platform_tags()) if is_alike and (not found.libc or _libc_of(found) == libc_here()) else ()


def _native(path: str) -> str:
    # An old Python in the C locale reads the bytes of the path as ASCII, and escapes all others.
    try:
        return path if os.name == "nt" else os.fsdecode(path.encode("utf-8", "surrogateescape"))
    except UnicodeError:
        # Not a path of this system.
        return ""


def _answer(path: str, timeout_s: float, environ: Mapping[str, str]) -> object:
    status, output = _run(path, timeout_s, environ)
    # The last line with the mark: start-up files of an environment may print, before and after.
    lines = output.decode("utf-8", "replace").splitlines()
    marked = [line.removeprefix(MARK) for line in lines if line.startswith(MARK)]
    if status or not marked:
        said = next((line.strip() for line in lines if line.strip()), "")[:200]
        ended = f"ended with exit code {status}" if status > 0 else f"was ended by signal {-status}"
        did = f"it {ended}" if status else "it is not a Python"
        raise InterpreterError(path, f"{did}, and printed {said!r}" if said else did)
    try:
        answer: object = json.loads(marked[-1])
    except (ValueError, RecursionError):
        raise InterpreterError(path, "it gave an answer that is not JSON") from None
    return answer


def _run(path: str, timeout_s: float, environ: Mapping[str, str]) -> tuple[int, bytes]:
    # Not -I, which 2.7 lacks, nor -S, without which up to 3.13 no environment has its own prefix.
    return output_of((path, "-B", "-E", "-s", "-c", PROBE), timeout_s=timeout_s, environ=environ)


def output_of(command: Sequence[str], *, timeout_s: float, environ: Mapping[str, str]) -> tuple[int, bytes]:
    """Run an interpreter with arguments, and return its exit code and its output, at most 1 MiB.

    Args:
        command: The interpreter's path, then its arguments.
        timeout_s: Time to end; then it is ended with all that it started.
        environ: Variables for it; `PYTHON*` are removed, which would make it another one.

    Raises:
        InterpreterError: It does not run, does not end, or prints too much.
    """
    # Slow to import, and the running interpreter is not started again.
    import subprocess  # noqa: PLC0415 - see above

    path = command[0]
    variables = {name: value for name, value in environ.items() if not name.startswith(_LEFT_OUT)}
    # The system's true version, for Pythons built before macOS 11.
    variables["SYSTEM_VERSION_COMPAT"] = "0"
    try:
        process = subprocess.Popen(
            tuple(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise InterpreterError(path, f"it cannot be run ({getattr(error, 'strerror', None) or error})") from error
    with _ended(process):
        return _listen(path, process, timeout_s)


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End a process, with all that it started, at the end of the block."""
    try:
        yield
    finally:
        # As long as the process was not waited for, its number, which is that of the group, is not used again.
        if process.returncode is None:
            with suppress(OSError):
                if os.name == "nt":
                    process.kill()
                else:
                    os.killpg(process.pid, signal.SIGKILL)
            from subprocess import TimeoutExpired  # noqa: PLC0415 - as above

            with suppress(TimeoutExpired):  # it may be another user's by now, or held by the system
                process.wait(_END_S)


def _listen(path: str, process: "subprocess.Popen[bytes]", timeout_s: float) -> tuple[int, bytes]:
    from subprocess import TimeoutExpired  # noqa: PLC0415 - as above

    pipe = process.stdout
    assert pipe is not None  # noqa: S101 - for mypy: it was requested
    try:
        heard = _heard_by_thread(pipe, timeout_s) if os.name == "nt" else _heard(pipe, timeout_s)
    except RuntimeError as error:
        raise InterpreterError(path, f"its output cannot be read ({error})") from error
    if heard is None:
        raise SilentInterpreterError(path, f"it did not answer within {timeout_s:g} s")
    if len(heard) > _MAX_ANSWER_BYTES:
        raise InterpreterError(path, f"it printed more than {_MAX_ANSWER_BYTES} bytes")
    try:
        return process.wait(timeout_s), heard
    except TimeoutExpired:
        raise SilentInterpreterError(path, f"it did not end within {timeout_s:g} s") from None


def _heard(pipe: IO[bytes], timeout_s: float) -> bytes | None:
    """Read a pipe to its end, or to the limit; return `None` if neither is reached in time.

    No thread is needed for it: a limit of processes counts threads, too.
    """
    heard, end_s = bytearray(), time.monotonic() + timeout_s
    with pipe:
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        while len(heard) <= _MAX_ANSWER_BYTES:
            if not poll.poll(max(0, end_s - time.monotonic()) * 1000):
                return None
            if not (data := os.read(pipe.fileno(), _MAX_ANSWER_BYTES)):
                break
            heard += data
    return bytes(heard)


def _heard_by_thread(pipe: IO[bytes], timeout_s: float) -> bytes | None:
    """Do the same where pipes have no time-out.

    Raises:
        RuntimeError: No thread can be started.
    """
    heard: list[bytes] = []

    def listen() -> None:
        with pipe:
            heard.append(pipe.read(_MAX_ANSWER_BYTES + 1))

    # It ends with the last process that holds the other end; a process that left the group must not keep this one from
    # ending.
    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    listener.join(timeout_s)
    return heard[0] if heard else None
