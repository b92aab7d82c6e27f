"""Real pips of chosen versions in environments of their own.

Making an environment takes the package registry that this machine is set up for; everything afterwards talks to
127.0.0.1 only. What is made is kept in a folder and used again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock, Timeout

from tests.support import processes
from tests.support.inherited import MACHINE
from tests.support.pythons import find_python

__all__ = [
    "GENERATIONS",
    "NEWEST",
    "Pip",
    "UnavailableError",
    "give_up",
    "pip_environment",
    "set_back",
    "unpacked_pip",
    "unpacked_wheel",
]

NEWEST = "26.3"
GENERATIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "http": (("21.3.1", "3.8"), ("23.2.1", "3.11")),
    "http-html": (("21.3.1", "3.8"),),
    "http-json": (("23.2.1", "3.11"),),
    "http-v2": (("24.0", "3.12"),),
    "newest": ((NEWEST, "3.13"), (NEWEST, "3.11")),
}
"""The pips, and the Pythons they run under, that fill a cache one after the other. pip 21.3 is the first that keeps
what it got by plain HTTP; up to 23.2 they write `http`, from 23.3 on `http-v2`."""

_INDEX_COMMANDS = frozenset({"download", "install", "wheel"})
_PASSED_ON = ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")
_FETCHING = (
    *("--quiet", "--no-deps", "--no-compile", "--ignore-requires-python", "--only-binary", ":all:"),
    *("--timeout", "20", "--retries", "1"),
)
_FETCH_S = 200
"""How long the registry may take."""


class UnavailableError(Exception):
    """A pip cannot be had on this machine."""

    what: str
    reason: str

    def __init__(self, what: str, reason: str) -> None:
        self.what = what
        self.reason = reason
        super().__init__(what, reason)

    def __str__(self) -> str:
        """Say what failed, and why."""
        return f"cannot {self.what}: {self.reason}"


def give_up(reason: str) -> NoReturn:
    """Skip the test; with `PIPCACHEPLUS_REQUIRE_PIPS` set, fail it."""
    if os.environ.get("PIPCACHEPLUS_REQUIRE_PIPS"):
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pip:
    """A pip that can be run."""

    version: str
    python: str
    """Of the environment in which it is installed."""
    interpreter: str
    """Minor version of that Python: "3.11"."""
    home: str
    """The home directory it is given: empty, so that no settings lie in it."""

    def run(
        self,
        *arguments: str,
        cache_dir: Path,
        index: str | None = None,
        is_checked: bool = True,
        looks_for_newer_pip: bool = False,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it without any setting of this machine, and return what it did.

        Args:
            arguments: The command and its own arguments.
            cache_dir: The cache it uses.
            index: URL of the index it asks; without one it may ask none.
            is_checked: Whether an exit code other than 0 is an error.
            looks_for_newer_pip: Whether it makes its self check, which writes below `selfcheck`.
            env: Variables on top of the few that it is given.
            cwd: Its working directory.

        Raises:
            AssertionError: `is_checked`, and it failed; with what it said.
        """
        command = [self.python, "-m", "pip", "--isolated", "--no-input", "--cache-dir", str(cache_dir)]
        command += [] if looks_for_newer_pip else ["--disable-pip-version-check"]
        command += ["--trusted-host", "127.0.0.1", *arguments[:1]]
        if arguments[:1] and arguments[0] in _INDEX_COMMANDS:
            command += ["--no-index"] if index is None else ["--index-url", index]
        given = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        given |= {"PIP_CONFIG_FILE": os.devnull, "HOME": self.home, "LANG": "C.UTF-8", "NO_PROXY": "*", **(env or {})}
        done = processes.run((*command, *arguments[1:]), env=given, cwd=cwd or self.home)
        assert not is_checked or done.returncode == 0, f"pip {self.version} failed:\n{done.stdout}\n{done.stderr}"
        return done


def pip_environment(version: str, interpreter: str, folder: Path) -> Pip:
    """Return just this pip under this Python; make the environment if the folder does not hold it yet.

    Several processes may ask at the same time, also those of another suite: what is made is never changed again.

    Args:
        version: Of pip: "24.0".
        interpreter: Minor version of the Python: "3.12".
        folder: Where environments are kept.

    Raises:
        UnavailableError: There is no such Python here, or the registry does not give this pip.
    """
    base = find_python(interpreter)
    if base is None:
        wanted = f"run Python {interpreter}"
        raise UnavailableError(wanted, "not found")
    base = os.path.realpath(base)  # the same in every environment that a suite may run in
    pip = unpacked_pip(version, folder)
    digest = hashlib.sha256(os.fsencode(base)).hexdigest()[:8]
    with _made(folder / f"pip-{version}-py{interpreter}-{digest}") as (place, is_new):
        if is_new:
            _make(base, place, pip)
    python = str(_python_of(place))
    return Pip(version=version, python=python, interpreter=interpreter, home=str(place / "home"))


def unpacked_pip(version: str, folder: Path) -> Path:
    """Return a directory with just this pip, for any interpreter; fetch it if the folder does not hold it yet.

    Several processes may ask at the same time.

    Raises:
        UnavailableError: The registry does not give this pip.
    """
    with _made(folder / f"pip-{version}") as (place, is_new):
        if is_new:
            # The running Python's pip fetches it: the pip to be tested may be too old for the registry, or its Python
            # for the newest pip. The machine's own pip settings apply here, and only here.
            fetch = (sys.executable, "-m", "pip", "install", *_FETCHING, "--target", str(place), f"pip=={version}")
            _run("get pip", *fetch, env=MACHINE)
    return place


def unpacked_wheel(name: str, version: str, interpreter: str, folder: Path) -> Path:
    """Return a directory with just this project, for this Python; fetch its wheel if the folder does not hold it yet.

    Several processes may ask at the same time.

    Raises:
        UnavailableError: The registry does not give a wheel of it for this Python and this machine.
    """
    with _made(folder / f"{name}-{version}-py{interpreter}") as (place, is_new):
        if is_new:
            which = ("--python-version", interpreter, "--target", str(place), f"{name}=={version}")
            _run(f"get {name}", sys.executable, "-m", "pip", "install", *_FETCHING, *which, env=MACHINE)
    return place


@contextmanager
def _made(place: Path) -> Iterator[tuple[Path, bool]]:
    """Give a directory, and whether it is empty and to be filled; nobody else is here meanwhile.

    Raises:
        UnavailableError: Somebody else has been here for too long.
    """
    mark = place.with_name(place.name + ".made")  # comes last: what was cut off is made anew
    try:
        with FileLock(f"{place}.lock", timeout=_FETCH_S):
            is_new = not mark.is_file()
            if is_new:
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir(parents=True)
            yield place, is_new
            mark.touch()
    except Timeout as error:
        wanted = f"make {place.name}"
        raise UnavailableError(wanted, str(error)) from error


def _python_of(place: Path) -> Path:
    return place / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _make(base: str, place: Path, pip: Path) -> None:
    _run("make an environment", base, "-m", "venv", "--without-pip", str(place / "venv"))
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    target = _run("ask an environment", str(_python_of(place)), "-c", where).strip()
    shutil.copytree(pip, target, dirs_exist_ok=True)
    (place / "home").mkdir()


def _run(what: str, *command: str, env: Mapping[str, str] | None = None) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_FETCH_S, env=env)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(what, str(error)) from error
    if done.returncode:
        raise UnavailableError(what, done.stderr.strip()[-2000:])
    return done.stdout


def set_back(folder: Path, age_s: float) -> None:
    """Make everything below a folder, and the folder, so much older; the order of times stays."""
    for parent, _, names in os.walk(folder, topdown=False):
        for path in (*(os.path.join(parent, name) for name in names), parent):
            status = os.lstat(path)
            past = (status.st_atime_ns - int(age_s * 1e9), status.st_mtime_ns - int(age_s * 1e9))
            os.utime(path, ns=past, follow_symlinks=False)
