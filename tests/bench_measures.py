"""Measure a command beside a yardstick: wall time, processor time, memory, files opened."""

import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

__all__ = ["PIP", "US", "Bench"]

US = (sys.executable, "-m", "pipcacheplus")
PIP = (sys.executable, "-m", "pip")
_FINE = frozenset({0, 3})
_SAMPLE_S = 0.02
_MIB = 1 << 20
_START = """
import os, sys
null = os.open(os.devnull, os.O_WRONLY)
silent = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, usage = os.wait4(process, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Starts a program and prints its most KiB. Until it is another program, a process counts as large as the one that
started it: so that one has to be small."""
_LOG_OPENS = """
import os, runpy, sys
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_APPEND)

def note(event, given):
    if event == "open" and not isinstance(given[0], int) and not given[2] & os.O_DIRECTORY:
        os.write(log, os.path.basename(os.fsencode(given[0])) + bytes(1))

sys.addaudithook(note)
runpy.run_module("pipcacheplus", run_name="__main__", alter_sys=True)
"""
"""Runs the command line and writes the last part of the name of each file that it opens into a log; forked processes
do so too."""


class _Time(NamedTuple):
    """Seconds that a command took."""

    wall: float
    processor: float
    """User and system, of it and all processes that it started and waited for."""


class _Memory(NamedTuple):
    """MiB that a command held at its most."""

    largest: float
    """Of its largest process, by `getrusage`."""
    together: float
    """Of all its processes, as sampled: the largest, and what each other one has for itself alone."""


class Bench:
    """Compare commands with yardsticks; each comparison is a row of a table."""

    def __init__(self, folder: Path, runs: int) -> None:
        self.folder = folder
        self._runs = runs
        self.rows = [
            "| work | pipcacheplus | processor | yardstick | | processor | ratio | of processor |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        told = subprocess.check_output([*PIP, "--version"], text=True)
        self.pip = "pip " + told.split()[1]

    def forget(self) -> None:
        """Empty the state directory, as before the first run on a cache."""
        shutil.rmtree(self._state, ignore_errors=True)

    def compare(
        self,
        work: str,
        ours: Sequence[str],
        name: str,
        yardstick: Sequence[str],
        *,
        before: Callable[[], object] = lambda: None,
    ) -> None:
        """Run both in turn, after one run each that is not counted; add the medians.

        Args:
            work: What is done.
            ours: Our command.
            name: The yardstick's, for the table.
            yardstick: Its command.
            before: Called before each run of either; not measured.
        """
        pairs = []
        for _ in range(self._runs + 1):
            before()
            mine = self._time(ours)
            before()
            pairs.append((mine, self._time(yardstick)))
        mine, theirs = (_median(side) for side in zip(*pairs[1:], strict=True))
        self._add(
            work,
            f"{mine.wall:.2f} s | {mine.processor:.2f} s",
            name,
            f"{theirs.wall:.2f} s | {theirs.processor:.2f} s",
            f"{mine.wall / theirs.wall:.2f} | {mine.processor / theirs.processor:.2f}",
        )

    def memory(self, work: str, command: Sequence[str]) -> None:
        """Add the most memory that a command holds, beside an interpreter that does nothing."""
        ours, empty = self._held(command), self._held([sys.executable, "-c", "pass"])
        self._add(
            work,
            f"{ours.largest:.0f} MiB, all processes {ours.together:.0f} MiB |",
            "an empty interpreter",
            f"{empty.largest:.0f} MiB |",
            f"{ours.largest / empty.largest:.1f} |",
        )

    def opens(self, work: str, arguments: Sequence[str], cache: Path) -> None:
        """Add how many files below a cache a command of ours opens, beside those that are there."""
        there = [path.name.encode() for path in cache.rglob("*") if path.is_file()]
        log = self.folder / "opens"
        log.write_bytes(b"")
        self._time([sys.executable, "-c", _LOG_OPENS, str(log), *arguments])
        names = frozenset(there)
        opened = [name for name in log.read_bytes().split(b"\0") if name in names]
        self._add(
            work,
            f"{_by_role(opened)} |",
            "files of the cache",
            f"{_by_role(there)} |",
            f"{len(opened) / len(there):.2f} |",
        )

    def run(self, command: Sequence[str]) -> None:
        """Run a command without measuring it."""
        self._time(command)

    def _add(self, work: str, ours: str, name: str, theirs: str, ratio: str) -> None:
        row = f"| {work} | {ours} | {name} | {theirs} | {ratio} |"
        self.rows.append(row)
        print(row, flush=True)

    def _held(self, command: Sequence[str]) -> _Memory:
        small = [sys.executable, "-I", "-S", "-c", _START, *command]
        with subprocess.Popen(small, env=self._environment, stdout=subprocess.PIPE, text=True) as process:
            starter, together = psutil.Process(process.pid), 0
            while process.poll() is None:
                together = max(together, _together(starter.children(recursive=True)))
                time.sleep(_SAMPLE_S)
            assert process.stdout is not None
            told = process.stdout.read()
        _check(command, process.returncode)
        return _Memory(int(told) / 1024, together / _MIB)

    def _time(self, command: Sequence[str]) -> _Time:
        processor_s, start_s = _processor_s(), time.perf_counter()
        ran = subprocess.run(
            command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
        took = _Time(time.perf_counter() - start_s, _processor_s() - processor_s)
        _check(command, ran.returncode)
        return took

    @property
    def _state(self) -> Path:
        return self.folder / "state"

    @property
    def _environment(self) -> dict[str, str]:
        # Without bytecode, what is not installed would be compiled at each start.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {
            **inherited,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "XDG_STATE_HOME": str(self._state),
        }


def _median(times: Sequence[_Time]) -> _Time:
    return _Time(*map(statistics.median, zip(*times, strict=True)))


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _together(processes: Sequence[psutil.Process]) -> int:
    """Return the bytes that processes hold: all of the largest, of the others what they share with none."""
    held = []
    for process in processes:
        with suppress(psutil.Error):  # it has ended
            told = process.memory_full_info()
            held.append((told.rss, told.uss))
    held.sort()
    return sum(uss for _, uss in held[:-1]) + held[-1][0] if held else 0


def _by_role(names: Sequence[bytes]) -> str:
    bodies = sum(name.endswith(b".body") for name in names)
    return f"{bodies:,} content files, {len(names) - bodies:,} others"


def _check(command: Sequence[str], status: int) -> None:
    if status not in _FINE:
        message = f"{shlex.join(command)[:200]} ended with {status}"
        raise SystemExit(message)
