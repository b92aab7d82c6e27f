"""The Pythons of this machine: listed, judged by their owners, and then run, each once.

No program is run only because a cache names it: an environment that a self-check names is read as data if its base
Python has answered, and only programs that this user or root installed are run at all.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pipcacheplus.errors import InterpreterError
from pipcacheplus.host.interpreter_cache import InterpreterCache
from pipcacheplus.host.interpreters import SilentInterpreterError, keep_silence, probe, recalled, running
from pipcacheplus.host.pip_version import version_of_pip
from pipcacheplus.host.python_candidates import Candidate, Surroundings, candidates, settings_of
from pipcacheplus.host.python_owners import why_not_run
from pipcacheplus.model.pythons import FoundPython, Interpreter

__all__ = ["ALL_S", "AT_ONCE", "ONE_S", "find_pythons", "keep_found", "python_of", "surroundings"]

ONE_S = 10.0
"""Seconds that one interpreter may take to answer."""
ALL_S = 60.0
"""Seconds that all of them together may take; those without an answer by then count as not run."""
AT_ONCE = 8
"""Most interpreters that are run at the same time."""
_READ = frozenset({"selfcheck", "pipx", "uv tool"})
"""Sources of environments that are read, and run only if their base Python gives no answer: the first for safety,
the others because there may be dozens of them, all of a few Pythons."""
_PASSED_ON = frozenset(
    {
        *("HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
        *("APPDATA", "LOCALAPPDATA", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE"),
    }
)
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")
_IN_NAME = re.compile(r"(?:python|pypy|graalpy)(\d+\.\d+)t?d?(?:\.exe)?", re.IGNORECASE)

Ask = Callable[[str, float], Interpreter]
"""Runs the interpreter at a path, which may take so many seconds."""


_kept: dict[tuple[object, ...], tuple[FoundPython, ...]] | None = None
"""What was found before, if it is kept."""


def keep_found() -> None:
    """Find the Pythons of each place once, from now on.

    For a process that runs many commands in a row and then ends: a Python that is installed meanwhile is not seen.
    """
    global _kept  # noqa: PLW0603 - of the process
    _kept = {}


def find_pythons(
    here: Surroundings,
    *,
    uid: int | None,
    memory: InterpreterCache,
    environ: Mapping[str, str],
    asks: Ask | None = None,
    one_s: float = ONE_S,
    all_s: float = ALL_S,
    now_s: float | None = None,
) -> tuple[FoundPython, ...]:
    """Find the Pythons of a machine, and run those that may be run; in order of their sources, the running one first.

    Args:
        here: The places where they may lie.
        uid: The effective user; `None` where files have no owners.
        memory: Stored answers. Where they are still valid, nothing is run.
        environ: Variables; those that a Python needs to start are passed on to those that are run, and no others.
        asks: Gets the answer of one; by default it is run, and its answer stored.
        one_s: Seconds that one of them may take.
        all_s: Seconds that all of them may take.
        now_s: The time, in seconds since 1970; now by default. One that took all of `one_s` is not run again for a day.
    """
    if _kept is None:
        return _find(here, uid, memory, environ, asks, one_s=one_s, all_s=all_s, now_s=now_s)
    place = (uid, here.root, here.home, here.executable, here.environments, *sorted(here.environ.items()))
    if place not in _kept:
        _kept[place] = _find(here, uid, memory, environ, asks, one_s=one_s, all_s=all_s, now_s=now_s)
    return _kept[place]


def _find(
    here: Surroundings,
    uid: int | None,
    memory: InterpreterCache,
    environ: Mapping[str, str],
    asks: Ask | None,
    *,
    one_s: float,
    all_s: float,
    now_s: float | None,
) -> tuple[FoundPython, ...]:
    now_s = time.time() if now_s is None else now_s
    end_s = time.monotonic() + all_s
    plain = {name: value for name, value in environ.items() if name in _PASSED_ON or name.startswith("LC_")}
    ask = asks or (lambda path, limit_s: probe(path, memory=memory, timeout_s=limit_s, environ=plain))
    found = list(candidates(here))
    reasons = {one.key: _why_not(one, uid) for one in found}
    bases: dict[tuple[str, str], Candidate] = {}
    """Environments that are read rather than run: those of `_READ`, and those that may not be run."""
    for one in found:
        if reasons[one.key] is not None or _READ.issuperset(one.sources):
            base = _base_of(one)
            if base is not None:
                bases[one.key] = base
    for base in bases.values():
        if base.key not in reasons:
            reasons[base.key] = _why_not(base, uid)
            found.append(base)
    waiting = [one for one in found if reasons[one.key] is None and one.key not in bases]
    asking = _Asking(memory=memory, ask=ask, one_s=one_s, end_s=end_s, now_s=now_s)
    answers = _answers(waiting, asking)
    for one in found:
        base = bases.get(one.key)
        if base is not None and isinstance(answer := answers.get(base.key), Interpreter):
            answers[one.key] = _read_environment(one, answer)
    were_read = frozenset(bases) & frozenset(answers)
    left = [one for one in found if reasons[one.key] is None and one.key not in answers]
    answers |= _answers(left, asking)
    told = tuple(_found(one, answers.get(one.key), reasons[one.key], was_read=one.key in were_read) for one in found)
    is_running_told = any("running" in one.sources for one in told)
    return told if is_running_told else (_found_running(), *told)


def surroundings(environ: Mapping[str, str], environments: tuple[str, ...]) -> Surroundings:
    """Return the places where the Pythons of this machine may lie.

    Args:
        environ: The environment variables.
        environments: `sys.prefix` of environments that the cache names.
    """
    return Surroundings(
        environ=environ,
        home=os.path.expanduser("~"),
        platform=sys.platform,
        executable=sys.executable or "",
        registered=tuple(_registered()),
        environments=environments,
    )


def _registered() -> Iterator[str]:
    r"""Yield the interpreters that the registry of Windows names.

    Source: PEP 514: `Software\Python\<company>\<tag>\InstallPath`, for this user and for all.
    """
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - of Windows

        def inside(key: "winreg.HKEYType | int", path: str) -> Iterator[str]:
            try:
                with winreg.OpenKey(key, path) as opened:
                    names = [winreg.EnumKey(opened, at) for at in range(winreg.QueryInfoKey(opened)[0])]
            except OSError:
                return
            yield from (f"{path}\\{name}" for name in names)

        for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
            for company in inside(root, "Software\\Python"):
                for tag in inside(root, company):
                    try:
                        with winreg.OpenKey(root, f"{tag}\\InstallPath") as opened:
                            folder = winreg.QueryValue(opened, None)
                    except OSError:
                        continue
                    yield os.path.join(folder, "python.exe")
    yield from ()


def _found_running() -> FoundPython:
    return python_of(running(), ("running",))


def python_of(interpreter: Interpreter, sources: tuple[str, ...], *, was_read: bool = False) -> FoundPython:
    """Return an interpreter that answered as one that was found."""
    return FoundPython(
        path=interpreter.path,
        sources=sources,
        interpreter=interpreter,
        was_read=was_read,
        version=".".join(map(str, interpreter.version)),
        pip=interpreter.pip,
    )


def _base_of(one: Candidate) -> Candidate | None:
    """Return the base Python of an environment, `None` if it is not an environment or does not name one."""
    if not one.environment or one.obstacle or "running" in one.sources:
        return None
    real = one.real
    if real.startswith(one.environment + os.sep):  # a copy, as on Windows
        settings = settings_of(one.environment)
        version = _VERSION.match(settings.get("version") or settings.get("version_info") or "")
        if version is None or not os.path.isabs(settings.get("home", "")):
            return None
        name = "python.exe" if os.name == "nt" else "python" + ".".join(version[0].split(".")[:2])
        real = os.path.realpath(os.path.join(settings["home"], name))
        if not os.path.isfile(real):
            return None
    return Candidate(path=real, real=real, sources=("base",))


def _why_not(one: Candidate, uid: int | None) -> str | None:
    """Return the reason why a candidate is not run, as a clause; `None` if it may be."""
    if "running" in one.sources:
        return None
    if one.obstacle:
        return one.obstacle
    if uid is None:
        return "only the cache names it" if one.sources == ("selfcheck",) else None
    if not one.environment:
        return why_not_run(one.path, uid)
    home = settings_of(one.environment).get("home", "")
    also = (os.path.join(one.environment, "pyvenv.cfg"), *((home,) if os.path.isabs(home) else ()))
    return why_not_run(one.path, uid, also=also)


class _Asking(NamedTuple):
    """The function and the time limits for running interpreters; times as in `find_pythons`."""

    memory: InterpreterCache
    ask: Ask
    one_s: float
    end_s: float
    """End of the time for all of them, by the monotonic clock."""
    now_s: float


def _answers(waiting: Sequence[Candidate], asking: _Asking) -> dict[tuple[str, str], Interpreter | str]:
    """Return the answers of interpreters, or the reasons why there are none; those with a stored answer are not run."""
    answers: dict[tuple[str, str], Interpreter | str] = {}
    unknown: list[Candidate] = []
    for one in waiting:
        is_running = "running" in one.sources
        kept = running() if is_running else recalled(one.path, asking.memory, now_s=asking.now_s)
        if kept is None:
            unknown.append(one)
        else:
            answers[one.key] = kept
    todo = list(reversed(unknown))

    def work() -> None:
        while todo:
            try:
                one = todo.pop()
            except IndexError:  # another thread has taken the last one
                return
            answers[one.key] = _asked(one.path, asking)

    started = list(_started(threading.Thread(target=work) for _ in range(min(AT_ONCE, len(unknown)) - 1)))
    try:
        work()
    finally:
        todo.clear()  # if this is interrupted, no further one is run
        for thread in started:
            thread.join()
    return answers


def _started(threads: Iterable[threading.Thread]) -> Iterator[threading.Thread]:
    for thread in threads:
        try:
            thread.start()
        except RuntimeError:  # a limit of processes counts threads, too; then fewer do it
            return
        yield thread


def _asked(path: str, asking: _Asking) -> Interpreter | str:
    limit_s = min(asking.one_s, asking.end_s - time.monotonic())
    if limit_s <= 0:
        return "there was no time left to run it"
    try:
        return asking.ask(path, limit_s)
    except SilentInterpreterError as error:
        if limit_s == asking.one_s:
            keep_silence(path, error.reason, asking.memory, now_s=asking.now_s)
        return error.reason
    except InterpreterError as error:
        return error.reason


def _read_environment(one: Candidate, base: Interpreter) -> Interpreter:
    """Return what an environment can install, by the answer of its base Python; it is not run."""
    prefix = os.path.dirname(os.path.dirname(one.path))
    folders = tuple(_packages_of(one, base))
    settings = settings_of(one.environment)
    if settings.get("include-system-site-packages", "").lower() == "true":
        folders += base.search_path
    return replace(base, path=one.path, prefix=prefix, search_path=folders, pip=version_of_pip(folders))


def _packages_of(one: Candidate, base: Interpreter | None) -> Iterator[str]:
    """Yield the directories of packages of an environment, or of the Python at a path."""
    prefix = one.environment or os.path.dirname(os.path.dirname(one.path))
    if os.name == "nt":
        yield os.path.join(prefix, "Lib", "site-packages")
        return
    if base is not None:
        names = [f"{word}{base.version[0]}.{base.version[1]}" for word in ("python", "pypy", "graalpy")]
    else:
        names = [match[0]] if (match := _IN_NAME.fullmatch(os.path.basename(one.real))) else []
    for name in names:
        for lib in ("lib", "lib64"):
            folder = os.path.join(prefix, lib, name, "site-packages")
            if os.path.isdir(folder):
                yield folder


def _found(one: Candidate, answer: Interpreter | str | None, reason: str | None, *, was_read: bool) -> FoundPython:
    if isinstance(answer, Interpreter):
        return replace(python_of(answer, one.sources, was_read=was_read), path=one.path)
    why = answer if isinstance(answer, str) else reason
    return FoundPython(
        path=one.path,
        sources=one.sources,
        reason=why or "it gave no answer",
        version=_version_of(one),
        pip=version_of_pip(_packages_of(one, None)),
    )


def _version_of(one: Candidate) -> str | None:
    """Return the version of an interpreter that is not run, by its files."""
    if one.environment:
        settings = settings_of(one.environment)
        if found := _VERSION.match(settings.get("version") or settings.get("version_info") or ""):
            return found[0]
    named = _IN_NAME.fullmatch(os.path.basename(one.real))
    return named[1] if named else None
