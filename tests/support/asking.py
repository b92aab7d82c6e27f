"""Questions to a cache, as scripts put them, and their answers as values that can be compared.

The change time of a file cannot be set, and what changed just now is not remembered. So the present of these questions
is an hour after the process began: to them, all files have lain there for a while.
"""

import inspect
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipcacheplus.cache.pip_cache import PipCache
from pipcacheplus.checks.base.check import checks
from pipcacheplus.model.values import Action, Entry, File, Finding, Plan, Progress
from tests.support.builders import INDEX_URL

__all__ = ["KEPT", "PRESENT_S", "Answer", "Asker", "Question", "at", "question", "timeless", "with_state"]

PRESENT_S = float(int(time.time()) + 3600)
"""Seconds since 1970: the present of questions."""
_WITH_TAGS = ("inspect", "overview", "plan", "verify")
KEPT = ("catalogs", "ledgers")
"""Where what was read is remembered, below our state directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A method of `PipCache`, and its arguments."""

    verb: str
    what: tuple[str, ...]
    options: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        """Show it as a call."""
        arguments = [*map(ascii, self.what), *(f"{name}={value!r}" for name, value in self.options)]
        return f"{self.verb}({', '.join(arguments)})"


def question(verb: str, *what: str, **options: Any) -> Question:  # noqa: ANN401 - any argument of the method
    """Return a question."""
    return Question(verb=verb, what=what, options=tuple(sorted(options.items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All that an answer says, but for times of access, which reading may move."""

    entries: tuple[Entry, ...] = ()
    findings: tuple[Finding, ...] = ()
    actions: tuple[Action, ...] = ()
    kept: tuple[Entry, ...] = ()
    rest: tuple[object, ...] = ()
    """Counts, evidence, warnings, selections that fitted nothing."""

    @property
    def reasons(self) -> dict[str, tuple[str, ...]]:
        """Return what would go, by id, and why, as far as `verify` tells of it."""
        untold = {check.slug for check in checks() if not check.is_told}
        told = ((action.entry.id, tuple(sorted({*action.reasons} - untold))) for action in self.actions)
        return {name: slugs for name, slugs in told if slugs}


class Asker:
    """Puts questions to one cache, with a state directory of its own."""

    def __init__(self, cache: Path, state: Path, *, index_urls: Sequence[str] = (INDEX_URL,)) -> None:
        """Name them; nothing is made yet."""
        self.cache = cache
        self.state = state
        self.index_urls = tuple(index_urls)
        self.now_s = PRESENT_S

    def ask(
        self,
        asked: Question,
        *,
        executor: Executor | None = None,
        remembers: bool = True,
        progress: Progress | None = None,
    ) -> Answer:
        """Return the answer of a new `PipCache`."""
        with with_state(self.state), at(self.now_s):
            cache = PipCache(self.cache, index_urls=self.index_urls)
            method = getattr(cache, asked.verb)
            more: dict[str, object] = {"executor": executor, "remembers": remembers, "progress": progress}
            taken = inspect.signature(method).parameters
            more = {name: value for name, value in more.items() if name in taken}
            options = dict(asked.options)
            if asked.verb in _WITH_TAGS:
                # To look for those of this machine takes most of the time of a question to a small cache.
                options["pythons"] = options.get("pythons") or "current"
            return _answer(method(*asked.what, **more, **options))

    def ask_anew(self, asked: Question) -> Answer:
        """Return the answer of one that remembers nothing, and whose state directory is its own."""
        forgetful = Asker(self.cache, self.state.with_name(f"{self.state.name}-forgotten"), index_urls=self.index_urls)
        forgetful.now_s = self.now_s
        for name in KEPT:
            shutil.rmtree(forgetful.state / "pipcacheplus" / name, ignore_errors=True)
        return forgetful.ask(asked, remembers=False)


@contextmanager
def with_state(folder: Path) -> Iterator[None]:
    """Let a folder be `~/.local/state` meanwhile; what interpreters said is passed on, as asking them takes long."""
    before = os.environ["XDG_STATE_HOME"]
    _pass_on(Path(before), folder)
    os.environ["XDG_STATE_HOME"] = str(folder)
    try:
        yield
    finally:
        os.environ["XDG_STATE_HOME"] = before
        _pass_on(folder, Path(before))


def _pass_on(state: Path, other: Path) -> None:
    for name in ("indexes", "interpreters"):
        known, to = state / "pipcacheplus" / name, other / "pipcacheplus" / name
        for file in known.iterdir() if known.is_dir() else ():
            if not (to / file.name).exists():
                to.mkdir(parents=True, exist_ok=True, mode=0o700)
                shutil.copy(file, to)


@contextmanager
def at(now_s: float) -> Iterator[None]:
    """Let this be the present of this process, and of those that are forked from it."""
    real = time.time, time.time_ns
    time.time, time.time_ns = lambda: now_s, lambda: int(now_s * 1e9)
    try:
        yield
    finally:
        time.time, time.time_ns = real


def timeless(entry: Entry) -> Entry:
    """Return an entry without the times at which its files were read."""
    return replace(entry, files=_unread(entry.files))


def _unread(files: Iterable[File]) -> tuple[File, ...]:
    return tuple(file._replace(atime_ns=0) for file in files)


def _answer(said: Any) -> Answer:  # noqa: ANN401 - an inventory, a verification, an inspection, a plan
    if isinstance(said, Plan):
        return Answer(
            actions=tuple(replace(a, entry=timeless(a.entry), files=_unread(a.files)) for a in said.actions),
            kept=tuple(map(timeless, said.kept)),
            rest=(said.unmatched, said.warnings),
        )
    entries = said.entries
    counts = (said.entries, said.bytes, said.unverifiable, dict(said.not_judged)) if isinstance(entries, int) else ()
    evidence = {name: dict(value) for name, value in getattr(said, "evidence", {}).items()}
    return Answer(
        entries=() if isinstance(entries, int) else tuple(map(timeless, entries)),
        findings=tuple(replace(finding, entry=timeless(finding.entry)) for finding in said.findings),
        rest=(tuple(said.unmatched), tuple(said.warnings), counts, evidence),
    )
