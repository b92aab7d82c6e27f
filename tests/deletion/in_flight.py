"""Pips at work on a cache that is pruned meanwhile: an index that answers when it may, who asks, who prunes.

Nobody sleeps here: the index holds an answer back until the pruner has come to its next turn, and for no longer than
`HOLD_S`; the pruner begins as soon as somebody waits for such an answer. So whoever asks is crossed by a removal.

`HOLD_S` is a quarter of `WAIT_S`, where pip's time-out of 15 s is three quarters of the 20 s that a real run waits.
What the rest is for, pip's own work between the answer and its next look at the cache, takes as long here as there: it
is 1.5 s instead of 5.
"""

import io
import os
import tarfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Condition
from types import TracebackType

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.model.values import Plan, Report, State
from tests.support import artefacts
from tests.support.answers import Answer
from tests.support.pips import Pip
from tests.support.server import IndexServer, _Handler

__all__ = ["HOLD_S", "WAIT_S", "Pips", "Pruner", "SlowIndex", "slow_sdist"]

HOLD_S = 0.5
WAIT_S = 2.0
_PATIENCE_S = 0.5
"""How long the pruner waits for somebody who asks, before it looks if there is anybody left at all."""
_WORKERS = 3
_BUILDING = "/building"
_SLOW_BACKEND = """\
from urllib.request import urlopen
from backend import *
import backend

def build_wheel(*arguments, **named):
    urlopen({url!r}).read()
    return backend.build_wheel(*arguments, **named)
"""


class SlowIndex(IndexServer):
    """An index that lets those wait who ask if what they have is still good, and those who build.

    Its pages are good for no time at all: pip 26.3 asks about a page only when it has run out, others always do.
    """

    def __init__(self, files: Iterable[Path] = (), *, hold_s: float = HOLD_S) -> None:
        """Offer these files.

        Args:
            files: As `IndexServer`.
            hold_s: How long an answer is held back at most.
        """
        super().__init__(files)
        self.asking = 0
        """How many wait for an answer now."""
        self.crossed = 0
        """How many got theirs because the pruner had come to a turn, and not because it took too long."""
        self.holds = "nothing"
        """What the paths begin with whose answers are held back; those of pages only if somebody has them already."""
        self._hold_s = hold_s
        self._turns = 0
        self._changed = Condition()
        self.put(_BUILDING, Answer())

    def __enter__(self) -> "SlowIndex":
        """Start to answer."""
        super().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go and stop."""
        self.let_go()
        super().__exit__(kind, error, trace)

    def let_go(self) -> None:
        """Answer all who wait, and whoever comes."""
        self.holds = "nothing"
        self.turn()

    def turn(self) -> None:
        """Answer all who wait."""
        with self._changed:
            self._turns += 1
            self.crossed += self.asking
            self.asking = 0
            self._changed.notify_all()

    def wait_for_asker(self, number: int = 1, timeout_s: float = _PATIENCE_S) -> bool:
        """Wait until so many wait for an answer; return whether they do."""
        with self._changed:
            return self._changed.wait_for(lambda: self.asking >= number, timeout_s)

    def answer(self, request: _Handler) -> Answer:
        """Return the answer as it is after the wait."""
        is_asking = request.path == _BUILDING or "If-None-Match" in request.headers
        if is_asking and request.path.startswith(self.holds):
            with self._changed:
                turns = self._turns
                self.asking += 1
                self._changed.notify_all()
                if not self._changed.wait_for(lambda: self._turns != turns, self._hold_s):
                    self.asking -= 1
        answer = super().answer(request)
        return replace(answer, headers=tuple((name, value.replace("=600", "=0")) for name, value in answer.headers))


def slow_sdist(folder: Path, name: str, index: SlowIndex) -> Path:
    """Write a source distribution whose build asks the index before it has anything to show; return its path."""
    made = artefacts.sdist(folder, name)
    with tarfile.open(made) as plain:
        members = {member.name: plain.extractfile(member) for member in plain.getmembers()}
        content = {name: file.read() for name, file in members.items() if file is not None}
    stem = next(iter(content)).partition("/")[0]
    pyproject = content[f"{stem}/pyproject.toml"]
    content[f"{stem}/pyproject.toml"] = pyproject.replace(b'"backend"', b'"slow"')
    content[f"{stem}/slow.py"] = _SLOW_BACKEND.format(url=index.url + _BUILDING).encode()
    with tarfile.open(made, "w:gz") as archive:
        for path, text in content.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Pips:
    """Pips that do the same again and again, some at a time."""

    pip: Pip
    index: SlowIndex
    cache_dir: Path
    folder: Path
    """Empty; takes what they install."""
    projects: Sequence[str]
    each: int
    """How many of the projects a pip takes: others than the one before it."""
    prepare: Callable[[Path], None] | None = None
    """Is given the cache directory before each of them: then they come one by one."""
    commands: Sequence[str] = ("download", "install")

    def one(self, number: int) -> str:
        """Download or install some projects, and return what is wrong with it, nothing if all is well."""
        first = number * self.each % len(self.projects)
        return self.take(number, self.projects[first : first + self.each])

    def take(self, number: int, projects: Sequence[str]) -> str:
        """Download or install these projects; else as `one`."""
        target = self.folder / str(number)
        command = self.commands[number % len(self.commands)]
        if self.prepare is not None and number >= 0:
            self.prepare(self.cache_dir)
        where = ("--dest" if command == "download" else "--target", str(target))
        done = self.pip.run(
            *(command, "--no-deps", "--quiet", *where, *projects),
            cache_dir=self.cache_dir,
            index=self.index.index_url,
            is_checked=False,
        )
        if done.returncode:
            return f"{command} {number}: {done.stderr.strip()[-800:]}"
        names = os.listdir(target)
        stems = [project.replace("-", "_") for project in projects]
        missing = [stem for stem in stems if not any(name.startswith(stem) for name in names)]
        return f"{command} {number}: {missing} did not arrive" if missing else ""

    def run(
        self, times: int, meanwhile: Callable[[Callable[[], bool]], None], *, first_will_do: bool = False
    ) -> list[str]:
        """Let them work so often, while something else is done; return what failed.

        Args:
            times: How many pips run in all.
            meanwhile: What is done; it is given a function that tells if all pips are through.
            first_will_do: Whether one failure is enough.
        """
        with ThreadPoolExecutor(1 if self.prepare else _WORKERS) as pool:
            running = [pool.submit(self.one, number) for number in range(times)]
            meanwhile(lambda: _is_over(running, first_will_do=first_will_do))
            for future in running:
                future.cancel()
            self.index.let_go()
            return [found for future in running if not future.cancelled() and (found := future.result())]


def _is_over(running: Sequence[Future[str]], *, first_will_do: bool) -> bool:
    done = [future for future in running if future.done()]
    return len(done) == len(running) or (first_will_do and any(future.result() for future in done))


@dataclass(slots=True, kw_only=True)
class Pruner:
    """Removes what plans name, again and again, whenever somebody waits for an answer."""

    index: SlowIndex
    cache_dir: Path
    plans: Sequence[Callable[[PipCache], Plan]]
    """Taken in turn."""
    exclusive: bool = False
    wait_s: float = WAIT_S
    reports: list[Report] = field(default_factory=list)

    def go_on(self, is_over: Callable[[], bool]) -> None:
        """Prune until it is over."""
        while not is_over():
            if self.index.wait_for_asker():
                self.once(self.plans[len(self.reports) % len(self.plans)])

    def once(self, make_plan: Callable[[PipCache], Plan]) -> Report:
        """Prune once; the index has its turn when all is disarmed, and when all is done."""
        cache = PipCache(self.cache_dir)
        plan = make_plan(cache)
        # Before the wait it is called once for each action.
        calls = iter(range(len(plan.actions)))

        def progress(_done: int, _all: int | None) -> None:
            if next(calls, None) is None:
                self.index.turn()

        report = cache.apply(plan, exclusive=self.exclusive, wait_s=self.wait_s, progress=progress)
        self.index.turn()
        self.reports.append(report)
        return report

    def count(self, state: State) -> int:
        """Return how many outcomes were so."""
        return sum(outcome.state is state for report in self.reports for outcome in report.outcomes)
